// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The options --cap-add and --cap-drop, with the meaning that docker gave them. Their words were
 * checked when they were typed: "ALL" or "CAP_" and a name.
 */
#include "capabilities.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

/* The three that stay: each acts on the sandbox's own files, processes and ports only. */
static const uint64_t kept_by_default = 1ULL << CAP_CHOWN | 1ULL << CAP_KILL |
					1ULL << CAP_NET_BIND_SERVICE;

static uint64_t all_known(void)
{
	uint64_t all = 0;

	for (int capability = 0; spec_capabilities[capability]; capability++)
		all |= 1ULL << capability;
	return all;
}

/* The named ones; *ret_all: ALL is among the words. */
static uint64_t read_words(char *const *words, bool *ret_all)
{
	uint64_t set = 0;

	*ret_all = false;
	for (; words && *words; words++) {
		int capability = spec_find_capability(*words);
		if (strcmp(*words, "ALL") == 0)
			*ret_all = true;
		else if (capability >= 0)
			set |= 1ULL << capability;
	}
	return set;
}

struct capabilities capabilities_choose(const struct sandbox_spec *spec)
{
	bool adds_all, drops_all;
	uint64_t added = read_words(spec->cap_add, &adds_all);
	uint64_t dropped = read_words(spec->cap_drop, &drops_all);

	if (adds_all) {
		added = all_known() & ~dropped;
		return (struct capabilities){added, added};
	}
	if (drops_all)
		return (struct capabilities){added, added};
	return (struct capabilities){(kept_by_default & ~dropped) | added, added};
}

const char *capabilities_list(uint64_t set, char *buffer, size_t size)
{
	size_t length = 0;

	snprintf(buffer, size, "none");
	for (int capability = 0; spec_capabilities[capability] && length < size; capability++)
		if (set & 1ULL << capability)
			length += (size_t)snprintf(buffer + length, size - length, "%s%s",
						   length ? " " : "",
						   spec_capabilities[capability]);
	return buffer;
}
