/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A fault without an interrupt table: the processor gives up. */
#include "guest.h"
	.globl entry
entry:	ud2
