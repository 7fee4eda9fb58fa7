// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A program of the build: reads a profile (seccomp_table.h), writes the kernel's filter for one
 * processor as a C array. libseccomp knows the numbers of the calls. The filter is a binary
 * search over *ranges* of numbers with the same verdict, since neighbours often share one:
 * about a hundred ranges instead of 300 single comparisons. The kernel runs the filter once for
 * each number when it is loaded (to remember what is always allowed), so a linear list costs
 * 340 µs of every start, a tree 100, this 20. See seccomp(2), bpf(4),
 * seccomp_syscall_resolve_name(3).
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seccomp_table.h"

enum { NUMBERS_MAX = 1024, PROGRAM_MAX = BPF_MAXINSNS, X32_BIT = 0x40000000 };

/* What happens to one number: a verdict of the kernel, or a rule (index + 1). */
struct fate {
	uint32_t verdict;
	unsigned rule;
};

struct range {
	unsigned first;
	struct fate fate;
};

struct build {
	uint32_t arch; /* libseccomp's = AUDIT_ARCH_… of the kernel */
	const struct seccomp_profile *profile;
	struct fate fates[NUMBERS_MAX];
	struct range ranges[NUMBERS_MAX];
	size_t range_count;
	struct sock_filter program[PROGRAM_MAX];
	size_t length;
};

static uint32_t refuse(int error)
{
	return SECCOMP_RET_ERRNO | (uint32_t)error;
}

static bool is_same_fate(const struct fate *a, const struct fate *b)
{
	return a->verdict == b->verdict && a->rule == b->rule;
}

/* The number of a call on the processor we build for, or -1: it has no such call. */
static int find_number(const struct build *b, const char *name)
{
	int number = seccomp_syscall_resolve_name_arch(b->arch, name);

	return number >= 0 && number < NUMBERS_MAX ? number : -1;
}

static void decide_unnamed(struct build *b)
{
	for (int number = 0; number < NUMBERS_MAX; number++) {
		char *name = seccomp_syscall_resolve_num_arch(b->arch, number);
		b->fates[number].verdict = refuse(name ? EPERM : ENOSYS);
		free(name);
	}
}

static void decide_group(struct build *b, const struct seccomp_group *group)
{
	char copy[2048], *position = NULL;

	snprintf(copy, sizeof(copy), "%s", group->calls);
	for (char *name = strtok_r(copy, " ", &position); name;
	     name = strtok_r(NULL, " ", &position)) {
		int number = find_number(b, name);
		if (number >= 0)
			b->fates[number].verdict =
			    group->is_allowed ? SECCOMP_RET_ALLOW
					      : refuse(group->error ? group->error : EPERM);
	}
}

static void decide_all(struct build *b)
{
	decide_unnamed(b);
	for (const struct seccomp_group *group = b->profile->groups; group->name; group++)
		decide_group(b, group);
	for (unsigned i = 0; b->profile->rules[i].call; i++) {
		int number = find_number(b, b->profile->rules[i].call);
		if (number >= 0)
			b->fates[number] = (struct fate){.rule = i + 1};
	}
	for (unsigned number = 0; number < NUMBERS_MAX; number++)
		if (number == 0 || !is_same_fate(&b->fates[number], &b->fates[number - 1]))
			b->ranges[b->range_count++] = (struct range){.first = number,
								     .fate = b->fates[number]};
}

static void emit(struct build *b, uint16_t code, uint8_t if_true, uint8_t if_false, uint32_t k)
{
	if (b->length >= PROGRAM_MAX) {
		fprintf(stderr, "seccomp_build: the filter is too long\n");
		exit(1);
	}
	b->program[b->length++] =
	    (struct sock_filter){.code = code, .jt = if_true, .jf = if_false, .k = k};
}

/* Loads the lower half of the argument, compares, returns one verdict or the other. */
static void emit_rule(struct build *b, const struct seccomp_rule *rule)
{
	uint32_t if_true = rule->is_allowed_if_true ? SECCOMP_RET_ALLOW : refuse(rule->error);
	uint32_t if_false = rule->is_allowed_if_true ? refuse(rule->error) : SECCOMP_RET_ALLOW;
	uint16_t test = rule->test == SECCOMP_IS_ONE_OF ? BPF_JEQ : BPF_JSET;

	emit(b, BPF_LD | BPF_W | BPF_ABS, 0, 0,
	     (uint32_t)offsetof(struct seccomp_data, args) + 8 * rule->argument);
	for (size_t i = 0; i < rule->count; i++)
		emit(b, (uint16_t)(BPF_JMP | test | BPF_K), (uint8_t)(rule->count - i), 0,
		     rule->values[i]);
	emit(b, BPF_RET | BPF_K, 0, 0, if_false);
	emit(b, BPF_RET | BPF_K, 0, 0, if_true);
}

static void emit_fate(struct build *b, const struct fate *fate)
{
	if (fate->rule)
		emit_rule(b, &b->profile->rules[fate->rule - 1]);
	else
		emit(b, BPF_RET | BPF_K, 0, 0, fate->verdict);
}

/* Ranges [low, high): halve until one is left. A conditional jump reaches 255 instructions, a
 * plain one any. */
static void emit_search(struct build *b, size_t low, size_t high)
{
	if (high - low == 1) {
		emit_fate(b, &b->ranges[low].fate);
		return;
	}
	size_t middle = low + (high - low) / 2;
	emit(b, BPF_JMP | BPF_JGE | BPF_K, 0, 1, b->ranges[middle].first);
	size_t jump = b->length;
	emit(b, BPF_JMP | BPF_JA, 0, 0, 0);
	emit_search(b, low, middle);
	size_t distance = b->length - jump - 1;
	if (distance < 255) { /* short enough for the comparison itself: the plain jump goes */
		memmove(&b->program[jump], &b->program[jump + 1],
			(b->length - jump - 1) * sizeof(b->program[0]));
		b->length--;
		b->program[jump - 1].jt = (uint8_t)distance;
		b->program[jump - 1].jf = 0;
	} else {
		b->program[jump].k = (uint32_t)distance;
	}
	emit_search(b, middle, high);
}

static void emit_all(struct build *b)
{
	emit(b, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offsetof(struct seccomp_data, arch));
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, b->arch);
	emit(b, BPF_RET | BPF_K, 0, 0, refuse(ENOSYS));
	emit(b, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offsetof(struct seccomp_data, nr));
	emit_search(b, 0, b->range_count);
}

static void print_program(const struct build *b)
{
	printf("/* made by seccomp_build: %zu instructions, %zu ranges */\n", b->length,
	       b->range_count);
	for (size_t i = 0; i < b->length; i++)
		printf("{0x%02x, %u, %u, 0x%08x},\n", b->program[i].code, b->program[i].jt,
		       b->program[i].jf, b->program[i].k);
}

int main(int argc, char **argv)
{
	static struct build build;

	if (argc != 2) {
		fprintf(stderr, "usage: seccomp_build x86_64|aarch64\n");
		return 2;
	}
	build.profile = &seccomp_profile;
	build.arch = seccomp_arch_resolve_name(argv[1]);
	if (!build.arch) {
		fprintf(stderr, "seccomp_build: unknown processor '%s'\n", argv[1]);
		return 2;
	}
	decide_all(&build);
	emit_all(&build);
	print_program(&build);
	return 0;
}
