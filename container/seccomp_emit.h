/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_SECCOMP_EMIT_H
#define ISOLAB_CONTAINER_SECCOMP_EMIT_H
/*
 * seccomp_emit: writes the kernel's program for a profile. seccomp_build calls it when isolab is
 * built, for the filters that every start loads; a sandbox that was given a capability whose
 * calls the profile holds back gets a filter of its own, written by the same code when it starts.
 */
#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seccomp_table.h"

enum { SECCOMP_CODE_MAX = 768 };

/* What one filter shall do. */
struct seccomp_choice {
	uint64_t capabilities; /* asked for by --cap-add: open what the table says they open */
	/* EPERM is said by the worker, who counts it (notify.h), instead of by the kernel. What is
	 * denied with another error, and so tried by every libc, is not counted. */
	bool counts_refusals;
};

struct seccomp_code {
	struct sock_filter code[SECCOMP_CODE_MAX];
	size_t length;
	size_t range_count;
};

/* `arch`: AUDIT_ARCH_… of the calls. -E2BIG: the profile needs more than SECCOMP_CODE_MAX
 * instructions (never for those of the tree: a test builds all of them). */
int seccomp_emit(const struct seccomp_profile *profile, const struct seccomp_call *calls,
		 size_t call_count, uint32_t arch, const struct seccomp_choice *choice,
		 struct seccomp_code *ret);

/* True if a capability of the choice lets the rule or the group through. */
bool seccomp_is_opened(uint64_t opened_by, const struct seccomp_choice *choice);

#endif
