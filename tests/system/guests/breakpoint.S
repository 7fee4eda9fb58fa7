/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An instruction that some KVMs cannot emulate in ring 0; on the others it is a fault too many. */
#include "guest.h"
	.globl entry
entry:	int3
	hlt
