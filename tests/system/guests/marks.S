/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Never comes up, and marks its steps for ever. */
#include "guest.h"
	.globl entry
entry:	PORT(VM_PORT_MARK, VM_MARK_INIT)
	jmp entry
