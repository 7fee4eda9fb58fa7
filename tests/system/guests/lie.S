/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reports the end of a program that was never started. */
#include "guest.h"
	.globl entry
entry:	STARTED
	PORT(VM_PORT_MAILBOX, VM_ANSWER(VM_ANSWER_ENDED, 3, 0))
	hlt
