/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stops the processor so that nothing can wake it. */
#include "guest.h"
	.globl entry
entry:	cli
	hlt
