/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Never comes to anything: a boot that hangs, with interrupts off. */
#include "guest.h"
	.globl entry
entry:	jmp entry
