/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_SELF_H
#define ISOLAB_SELF_H
/*
 * self: what the kernel tells every program at its start, in the auxiliary vector (getauxval(3)):
 * reading it takes no system call. It does not hear of later changes: not for a process that has
 * become somebody else.
 */
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/types.h>

/* The user we were started as: geteuid(2). */
static inline uid_t self_user(void)
{
	return (uid_t)getauxval(AT_EUID);
}

/* Random bits, the same each time: to be mixed with something that changes. */
static inline uint64_t self_random(void)
{
	const void *bytes = (const void *)getauxval(AT_RANDOM);
	uint64_t bits = 0;

	if (bytes)
		memcpy(&bits, bytes, sizeof(bits));
	return bits;
}

#endif
