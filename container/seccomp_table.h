/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_SECCOMP_TABLE_H
#define ISOLAB_CONTAINER_SECCOMP_TABLE_H
/*
 * seccomp_table: which system calls a sandbox may make, as a table to read. seccomp_build turns
 * a profile into the kernel's program at build time; `explain --surface` and the tests read the
 * same table.
 *
 *	a call of an `allowed` group			runs
 *	a call with a rule on an argument		runs, or fails with the rule's error
 *	a call of a group that is not allowed		fails with the group's error
 *	a number that is not listed, another
 *	processor's call (i386, x32)			ENOSYS: libc falls back to an older call
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A call is written NAME[@SINCE][=NUMBER]:
 *
 *	read		every kernel that isolab runs on has it
 *	openat2@5.6	since Linux 5.6; an older kernel says ENOSYS by itself
 *	mseal@6.10=462	too young for the library that knows the numbers; from 424 on they are the
 *			same on all processors
 */
struct seccomp_group {
	const char *name;
	const char *why;
	const char *calls; /* separated by blanks */
	bool is_allowed;
	bool is_empty;      /* no kernel has code behind them any more: not counted as its calls */
	int error;          /* of a denied one; 0: EPERM */
	uint64_t opened_by; /* SECCOMP_BY(CAP_…): --cap-add of one of these allows the group */
};

#define SECCOMP_BY(capability) (1ULL << (capability))

enum seccomp_test { SECCOMP_IS_ONE_OF, SECCOMP_HAS_ANY_BIT_OF };

enum { SECCOMP_VALUES_MAX = 8, SECCOMP_UNLISTED = 255, SECCOMP_NUMBERS_MAX = 1024 };

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
	uint64_t opened_by;  /* with one of these capabilities … */
	size_t opened_count; /* … that many of the values count; 0: the rule refuses nothing */
};

struct seccomp_profile {
	const struct seccomp_group *groups; /* ends with name == NULL */
	const struct seccomp_rule *rules;   /* ends with call == NULL */
};

/* One call of the processor that we are built for; seccomp_build writes a list of all of them. */
struct seccomp_call {
	const char *name;
	uint16_t number;
	uint8_t group;        /* index in the profile, or SECCOMP_UNLISTED: it has a rule only */
	uint8_t rule;         /* index + 1 of its rule, 0: none */
	uint8_t major, minor; /* since which kernel, 0.0: long ago */
};

/* What a container may ask of the kernel; what the monitors of VMs may: the tiny machine's
 * (vm/seccomp_table.c), a Linux machine's worker, processors and devices
 * (vm/linux/seccomp_*.c). */
extern const struct seccomp_profile seccomp_profile_container, seccomp_profile_vm,
    seccomp_profile_linux, seccomp_profile_processor, seccomp_profile_qemu, seccomp_profile_io,
    seccomp_profile_io_vsock;

#endif
