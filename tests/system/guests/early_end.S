/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Switches the machine off before it has started anything. */
#include "guest.h"
	.globl entry
entry:	PORT(VM_PORT_POWER, 7 << 8)
	hlt
