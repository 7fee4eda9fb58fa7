/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_SURFACE_H
#define ISOLAB_CONTAINER_SURFACE_H
/*
 * surface: how much of the kernel a sandbox can touch, as JSON lines for `explain --surface`. Each
 * object says by "what" it is:
 *
 *	summary	known, open, conditional, absent (calls that this kernel is too old for), filter,
 *		counted, no_new_privs, landlock, capabilities
 *	group	name, why, open, calls, absent, error, opened_by, names ("openat2@5.6 …")
 *	rule	call, why, error, opened_by
 *	denied	name, count
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "notify.h"
#include "seccomp_emit.h"
#include "str.h"

struct surface {
	const struct seccomp_profile *profile;
	const struct seccomp_call *calls; /* of the profile, by number */
	size_t call_count;
	struct seccomp_choice choice;
	uint64_t capabilities; /* of root inside */
	bool has_filter, has_no_new_privs, is_landlocked;
	const struct denied *denied;
	size_t denied_count;
};

void surface_encode(const struct surface *surface, struct strbuf *lines);

#endif
