/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_SECCOMP_TABLE_H
#define ISOLAB_CONTAINER_SECCOMP_TABLE_H
/*
 * seccomp_table: which system calls a sandbox may make, as a table to read. seccomp_build turns
 * a profile into the kernel's program at build time; `explain` and the tests read the same
 * table.
 *
 *	a call of an `allowed` group			runs
 *	a call with a rule on an argument		runs, or fails with the rule's error
 *	any other call that has a name			EPERM: it exists, you may not
 *	a number without a name, another processor's	ENOSYS: libc falls back to an older call
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seccomp_group {
	const char *name;
	const char *why;
	const char *calls; /* names, separated by blanks */
	bool is_allowed;
	int error; /* of a denied one; 0: EPERM */
};

enum seccomp_test { SECCOMP_IS_ONE_OF, SECCOMP_HAS_ANY_BIT_OF };

enum { SECCOMP_VALUES_MAX = 8 };

/* Looks at the lower 32 bits of one argument: the kernel reads no more of these, and the upper
 * ones are the caller's to choose (a filter on all 64 is passed by setting one of them). */
struct seccomp_rule {
	const char *call, *why;
	unsigned argument; /* 0 = the first */
	enum seccomp_test test;
	uint32_t values[SECCOMP_VALUES_MAX]; /* one mask, or `count` values */
	size_t count;
	bool is_allowed_if_true; /* and refused otherwise; or the reverse */
	int error;
};

struct seccomp_profile {
	const struct seccomp_group *groups; /* ends with name == NULL */
	const struct seccomp_rule *rules;   /* ends with call == NULL */
};

/* The profile of this program (each worker has a table of its own). */
extern const struct seccomp_profile seccomp_profile;

#endif
