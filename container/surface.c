// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * "Of the kernel's calls" means of this kernel's: one that it is too old for is told apart, by the
 * version that the table has for it. What is known is counted by the container's list, which names
 * all calls; a profile that names only what it allows (the monitor's) refuses the rest.
 */
#include "surface.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "capabilities.h"
#include "names.h"
#include "seccomp_load.h"

struct kernel_version {
	unsigned major, minor;
};

struct tally {
	unsigned known, open, conditional, absent;
};

static struct kernel_version running_kernel(void)
{
	/* The monitor may not ask any more: then no call is too young. */
	struct kernel_version version = {.major = UINT_MAX};
	struct utsname name;

	if (uname(&name) == 0)
		sscanf(name.release, "%u.%u", &version.major, &version.minor);
	return version;
}

static bool is_absent(const struct seccomp_call *call, struct kernel_version kernel)
{
	return call->major > kernel.major ||
	       (call->major == kernel.major && call->minor > kernel.minor);
}

static bool is_group_open(const struct surface *surface, const struct seccomp_group *group)
{
	return !surface->has_filter || group->is_allowed ||
	       seccomp_is_opened(group->opened_by, &surface->choice);
}

static bool is_rule_in_force(const struct surface *surface, const struct seccomp_rule *rule)
{
	return surface->has_filter &&
	       !(seccomp_is_opened(rule->opened_by, &surface->choice) && rule->opened_count == 0);
}

static struct tally count_calls(const struct surface *surface)
{
	struct kernel_version kernel = running_kernel();
	struct tally tally = {0};
	size_t all_count;
	const struct seccomp_call *all = seccomp_calls(&all_count);

	for (size_t i = 0; i < all_count; i++) {
		if (seccomp_profile_container.groups[all[i].group].is_empty)
			continue;
		tally.known += !is_absent(&all[i], kernel);
		tally.absent += is_absent(&all[i], kernel);
	}
	for (size_t i = 0; i < surface->call_count; i++) {
		const struct seccomp_call *call = &surface->calls[i];
		const struct seccomp_profile *profile = surface->profile;

		if (is_absent(call, kernel))
			continue;
		if (call->rule) {
			tally.open++;
			tally.conditional += is_rule_in_force(surface,
							      &profile->rules[call->rule - 1]);
		} else {
			tally.open += is_group_open(surface, &profile->groups[call->group]);
		}
	}
	if (!surface->has_filter)
		tally.open = tally.known;
	return tally;
}

/* ---- lines ---- */

static void begin(struct strbuf *lines, const char *what)
{
	str_addf(lines, "{\"what\":\"%s\"", what);
}

static void put_text(struct strbuf *lines, const char *key, const char *text)
{
	str_addf(lines, ",\"%s\":", key);
	str_add_json(lines, text);
}

static void put_number(struct strbuf *lines, const char *key, uint64_t number)
{
	str_addf(lines, ",\"%s\":%llu", key, (unsigned long long)number);
}

static void put_opened_by(struct strbuf *lines, uint64_t opened_by)
{
	char text[256];

	if (opened_by)
		put_text(lines, "opened_by", capabilities_list(opened_by, text, sizeof(text)));
}

static void add_summary(const struct surface *surface, struct strbuf *lines)
{
	struct tally tally = count_calls(surface);
	char text[1024];

	begin(lines, "summary");
	put_number(lines, "known", tally.known);
	put_number(lines, "open", tally.open);
	put_number(lines, "conditional", tally.conditional);
	put_number(lines, "absent", tally.absent);
	put_number(lines, "filter", surface->has_filter);
	put_number(lines, "counted", surface->choice.counts_refusals);
	put_number(lines, "no_new_privs", surface->has_no_new_privs);
	put_number(lines, "landlock", surface->is_landlocked);
	put_text(lines, "capabilities",
		 capabilities_list(surface->capabilities, text, sizeof(text)));
	str_add(lines, "}\n");
}

/* "openat2@5.6 mount": the names of a group's calls on this processor, with since when they are. */
static void put_names(const struct surface *surface, unsigned group, struct strbuf *lines)
{
	auto_strbuf names = {0};

	for (size_t i = 0; i < surface->call_count; i++) {
		const struct seccomp_call *call = &surface->calls[i];
		if (call->group != group)
			continue;
		str_addf(&names, "%s%s", names.length ? " " : "", call->name);
		if (call->major)
			str_addf(&names, "@%u.%u", call->major, call->minor);
	}
	put_text(lines, "names", names.data ? names.data : "");
}

static void add_group(const struct surface *surface, unsigned index, struct strbuf *lines)
{
	const struct seccomp_group *group = &surface->profile->groups[index];
	struct kernel_version kernel = running_kernel();
	bool is_open = is_group_open(surface, group);
	unsigned calls = 0, absent = 0;

	for (size_t i = 0; i < surface->call_count; i++)
		if (surface->calls[i].group == index) {
			absent += is_absent(&surface->calls[i], kernel);
			calls += !is_absent(&surface->calls[i], kernel);
		}
	begin(lines, "group");
	put_text(lines, "name", group->name);
	put_text(lines, "why", group->why);
	put_number(lines, "open", is_open);
	put_number(lines, "calls", calls);
	put_number(lines, "absent", absent);
	if (!is_open)
		put_text(lines, "error", name_of_errno(group->error ? group->error : EPERM));
	put_opened_by(lines, group->opened_by);
	put_names(surface, index, lines);
	str_add(lines, "}\n");
}

static void add_rule(const struct surface *surface, const struct seccomp_rule *rule,
		     struct strbuf *lines)
{
	if (!is_rule_in_force(surface, rule))
		return;
	begin(lines, "rule");
	put_text(lines, "call", rule->call);
	put_text(lines, "why", rule->why);
	put_text(lines, "error", name_of_errno(rule->error));
	put_opened_by(lines, rule->opened_by);
	str_add(lines, "}\n");
}

static void add_denied(const struct denied *denied, struct strbuf *lines)
{
	char name[64];

	begin(lines, "denied");
	put_text(lines, "name", denied_name(denied, name, sizeof(name)));
	put_number(lines, "count", denied->count);
	str_add(lines, "}\n");
}

void surface_encode(const struct surface *surface, struct strbuf *lines)
{
	const struct seccomp_profile *profile = surface->profile;

	add_summary(surface, lines);
	for (unsigned group = 0; surface->has_filter && profile->groups[group].name; group++)
		add_group(surface, group, lines);
	for (unsigned rule = 0; profile->rules[rule].call; rule++)
		add_rule(surface, &profile->rules[rule], lines);
	for (size_t i = 0; i < surface->denied_count; i++)
		add_denied(&surface->denied[i], lines);
}
