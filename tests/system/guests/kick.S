/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Says over and over that the program runs: kicks the mailbox for ever. */
#include "guest.h"
	.globl entry
entry:	STARTED
	jmp entry
