// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The filter is a binary search over *ranges* of numbers with the same verdict, since neighbours
 * often share one: about a hundred ranges instead of 300 single comparisons. The kernel runs the
 * filter once for each number when it is loaded (to remember what is always allowed), so a linear
 * list costs 340 µs of every start, a tree 100, this 20. See seccomp(2), bpf(4).
 */
#include "seccomp_emit.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

/* What happens to one number: a verdict of the kernel, or a rule (index + 1). */
struct fate {
	uint32_t verdict;
	uint32_t rule;
};

struct range {
	uint32_t first;
	struct fate fate;
};

struct emitter {
	const struct seccomp_profile *profile;
	const struct seccomp_choice *choice;
	struct range ranges[SECCOMP_NUMBERS_MAX];
	struct seccomp_code *out;
	bool is_too_long;
};

bool seccomp_is_opened(uint64_t opened_by, const struct seccomp_choice *choice)
{
	return opened_by & choice->capabilities;
}

static uint32_t refuse(const struct seccomp_choice *choice, int error)
{
	if (choice->counts_refusals && error != ENOSYS)
		return SECCOMP_RET_USER_NOTIF;
	return SECCOMP_RET_ERRNO | (uint32_t)error;
}

static struct fate decide(const struct emitter *emitter, const struct seccomp_call *call)
{
	if (call->rule)
		return (struct fate){.rule = call->rule};
	const struct seccomp_group *group = &emitter->profile->groups[call->group];
	if (group->is_allowed || seccomp_is_opened(group->opened_by, emitter->choice))
		return (struct fate){.verdict = SECCOMP_RET_ALLOW};
	return (struct fate){
	    .verdict = refuse(emitter->choice, group->error ? group->error : EPERM)};
}

static void add_number(struct emitter *emitter, uint32_t number, struct fate fate)
{
	size_t count = emitter->out->range_count;
	const struct fate *last = count ? &emitter->ranges[count - 1].fate : NULL;

	if (last && last->verdict == fate.verdict && last->rule == fate.rule)
		return;
	emitter->ranges[emitter->out->range_count++] = (struct range){number, fate};
}

/* `calls` are in the order of their numbers; what lies between is not implemented. */
static void find_ranges(struct emitter *emitter, const struct seccomp_call *calls, size_t count)
{
	const struct fate unknown = {.verdict = SECCOMP_RET_ERRNO | ENOSYS};
	size_t next = 0;

	for (uint32_t number = 0; number < SECCOMP_NUMBERS_MAX; number++) {
		bool is_known = next < count && calls[next].number == number;
		add_number(emitter, number, is_known ? decide(emitter, &calls[next]) : unknown);
		next += is_known;
	}
}

static void emit(struct emitter *emitter, uint16_t code, uint8_t if_true, uint8_t if_false,
		 uint32_t k)
{
	struct seccomp_code *out = emitter->out;

	emitter->is_too_long |= out->length == SECCOMP_CODE_MAX;
	if (!emitter->is_too_long)
		out->code[out->length++] =
		    (struct sock_filter){.code = code, .jt = if_true, .jf = if_false, .k = k};
}

/* Loads the lower half of the argument, compares, returns one verdict or the other. */
static void emit_rule(struct emitter *emitter, const struct seccomp_rule *rule)
{
	bool is_opened = seccomp_is_opened(rule->opened_by, emitter->choice);
	size_t count = is_opened ? rule->opened_count : rule->count;
	uint32_t refused = refuse(emitter->choice, rule->error);
	uint32_t if_true = rule->is_allowed_if_true ? SECCOMP_RET_ALLOW : refused;
	uint32_t if_false = rule->is_allowed_if_true ? refused : SECCOMP_RET_ALLOW;
	uint16_t test = rule->test == SECCOMP_IS_ONE_OF ? BPF_JEQ : BPF_JSET;

	if (is_opened && count == 0) {
		emit(emitter, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
		return;
	}
	emit(emitter, BPF_LD | BPF_W | BPF_ABS, 0, 0,
	     (uint32_t)offsetof(struct seccomp_data, args) + 8 * rule->argument);
	for (size_t i = 0; i < count; i++)
		emit(emitter, (uint16_t)(BPF_JMP | test | BPF_K), (uint8_t)(count - i), 0,
		     rule->values[i]);
	emit(emitter, BPF_RET | BPF_K, 0, 0, if_false);
	emit(emitter, BPF_RET | BPF_K, 0, 0, if_true);
}

static void emit_fate(struct emitter *emitter, const struct fate *fate)
{
	if (fate->rule)
		emit_rule(emitter, &emitter->profile->rules[fate->rule - 1]);
	else
		emit(emitter, BPF_RET | BPF_K, 0, 0, fate->verdict);
}

/* Ranges [low, high): halve until one is left. A conditional jump reaches 255 instructions, a
 * plain one any. */
static void emit_search(struct emitter *emitter, size_t low, size_t high)
{
	struct seccomp_code *out = emitter->out;
	size_t middle = low + (high - low) / 2;

	if (high - low == 1) {
		emit_fate(emitter, &emitter->ranges[low].fate);
		return;
	}
	emit(emitter, BPF_JMP | BPF_JGE | BPF_K, 0, 1, emitter->ranges[middle].first);
	size_t jump = out->length;
	emit(emitter, BPF_JMP | BPF_JA, 0, 0, 0);
	emit_search(emitter, low, middle);
	if (emitter->is_too_long)
		return;
	size_t distance = out->length - jump - 1;
	if (distance < 255) { /* short enough for the comparison itself: the plain jump goes */
		memmove(&out->code[jump], &out->code[jump + 1], distance * sizeof(out->code[0]));
		out->length--;
		out->code[jump - 1].jt = (uint8_t)distance;
		out->code[jump - 1].jf = 0;
	} else {
		out->code[jump].k = (uint32_t)distance;
	}
	emit_search(emitter, middle, high);
}

int seccomp_emit(const struct seccomp_profile *profile, const struct seccomp_call *calls,
		 size_t call_count, uint32_t arch, const struct seccomp_choice *choice,
		 struct seccomp_code *ret)
{
	struct emitter emitter = {.profile = profile, .choice = choice, .out = ret};

	ret->length = ret->range_count = 0;
	find_ranges(&emitter, calls, call_count);
	emit(&emitter, BPF_LD | BPF_W | BPF_ABS, 0, 0,
	     (uint32_t)offsetof(struct seccomp_data, arch));
	emit(&emitter, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, arch);
	emit(&emitter, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS);
	emit(&emitter, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offsetof(struct seccomp_data, nr));
	emit_search(&emitter, 0, ret->range_count);
	return emitter.is_too_long ? -E2BIG : 0;
}
