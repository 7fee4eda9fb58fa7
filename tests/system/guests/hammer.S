/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sets the timer as fast as it can, for ever. */
#include "guest.h"
	.globl entry
entry:	STARTED
1:	PORT(VM_PORT_TIMER, 1)
	jmp 1b
