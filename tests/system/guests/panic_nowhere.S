/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Says that its report lies outside its memory. */
#include "guest.h"
	.globl entry
entry:	PORT(VM_PORT_PANIC, 0xfffffff0)
	hlt
