// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A program of the build: reads a profile (seccomp_table.h) and writes, as C, for one processor
 *
 *	filter	the kernel's program that refuses by itself
 *	notify	the same, but the worker is asked, and counts (notify.h)
 *	calls	every call of the profile with its number, group and rule
 *
 * libseccomp knows the numbers of the calls; only this program links it. The kernel's program is
 * written by seccomp_emit.c. See seccomp_syscall_resolve_name(3).
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seccomp_emit.h"

/* Which profile: meson says (-DSECCOMP_PROFILE), one such program for each. */
static const struct seccomp_profile *const profile = &SECCOMP_PROFILE;

struct build {
	uint32_t arch; /* libseccomp's = AUDIT_ARCH_… of the kernel */
	struct seccomp_call calls[SECCOMP_NUMBERS_MAX];
	size_t count;
	struct seccomp_code code;
};

static void fail(const char *what, const char *name)
{
	fprintf(stderr, "seccomp_build: %s '%s'\n", what, name);
	exit(1);
}

/* The place of a number in the list, made if there is none yet. */
static struct seccomp_call *place(struct build *b, unsigned number)
{
	size_t i = 0;

	while (i < b->count && b->calls[i].number < number)
		i++;
	if (i < b->count && b->calls[i].number == number)
		return &b->calls[i];
	memmove(&b->calls[i + 1], &b->calls[i], (b->count - i) * sizeof(b->calls[0]));
	b->count++;
	b->calls[i] = (struct seccomp_call){.number = (uint16_t)number, .group = SECCOMP_UNLISTED};
	return &b->calls[i];
}

/* One word of the table: NAME[@SINCE][=NUMBER]. Calls that this processor has not are left out. */
static struct seccomp_call *add_call(struct build *b, char *word)
{
	char *number_text = strchr(word, '='), *since = strchr(word, '@');
	unsigned major = 0, minor = 0;

	if (number_text)
		*number_text++ = '\0';
	if (since)
		*since++ = '\0';
	if (since && sscanf(since, "%u.%u", &major, &minor) != 2)
		fail("no version after the '@' of", word);
	int number = seccomp_syscall_resolve_name_arch(b->arch, word);
	int written = number_text ? (int)strtol(number_text, NULL, 10) : number;
	if (number >= 0 && number != written)
		fail("libseccomp knows another number of", word);
	number = written;
	if (number < 0 || number >= SECCOMP_NUMBERS_MAX)
		return NULL;
	struct seccomp_call *call = place(b, (unsigned)number);
	call->name = word;
	call->major = (uint8_t)major;
	call->minor = (uint8_t)minor;
	return call;
}

static void add_groups(struct build *b)
{
	for (unsigned group = 0; profile->groups[group].name; group++) {
		char *position = NULL, *words = strdup(profile->groups[group].calls);

		if (!words)
			fail("no memory for", profile->groups[group].name);
		for (char *word = strtok_r(words, " ", &position); word;
		     word = strtok_r(NULL, " ", &position)) {
			struct seccomp_call *call = add_call(b, word);
			if (call && call->group != SECCOMP_UNLISTED)
				fail("listed twice:", word);
			if (call)
				call->group = (uint8_t)group;
		}
	}
}

static void add_rules(struct build *b)
{
	for (unsigned rule = 0; profile->rules[rule].call; rule++) {
		const char *name = profile->rules[rule].call;
		int number = seccomp_syscall_resolve_name_arch(b->arch, name);

		if (number < 0 || number >= SECCOMP_NUMBERS_MAX)
			continue;
		struct seccomp_call *call = place(b, (unsigned)number);
		call->name = name;
		call->rule = (uint8_t)(rule + 1);
	}
}

static void print_calls(const struct build *b)
{
	for (size_t i = 0; i < b->count; i++)
		printf("{\"%s\", %u, %u, %u, %u, %u},\n", b->calls[i].name, b->calls[i].number,
		       b->calls[i].group, b->calls[i].rule, b->calls[i].major, b->calls[i].minor);
}

static void print_program(struct build *b, bool counts_refusals)
{
	const struct seccomp_choice choice = {.counts_refusals = counts_refusals};

	if (seccomp_emit(profile, b->calls, b->count, b->arch, &choice, &b->code) < 0)
		fail("too long a", "filter");
	printf("/* %zu instructions, %zu ranges */\n", b->code.length, b->code.range_count);
	for (size_t i = 0; i < b->code.length; i++)
		printf("{0x%02x, %u, %u, 0x%08x},\n", b->code.code[i].code, b->code.code[i].jt,
		       b->code.code[i].jf, b->code.code[i].k);
}

int main(int argc, char **argv)
{
	static struct build build;

	if (argc != 3) {
		fprintf(stderr, "usage: seccomp_build x86_64|aarch64 filter|notify|calls\n");
		return 2;
	}
	build.arch = seccomp_arch_resolve_name(argv[1]);
	if (!build.arch)
		fail("unknown processor", argv[1]);
	add_groups(&build);
	add_rules(&build);
	if (strcmp(argv[2], "calls") == 0)
		print_calls(&build);
	else
		print_program(&build, strcmp(argv[2], "notify") == 0);
	return 0;
}
