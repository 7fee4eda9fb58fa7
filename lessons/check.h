/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CHECK_H
#define ISOLAB_CHECK_H
/*
 * check: predicates of lessons over the lab. One a line:
 *
 *	subject relation value : "why it failed"
 *	container.state is running : "no container is running"
 *
 *	subject		WHO.count		how many there are
 *			WHO.state		created starting running paused stopped failed
 *			WHO.boot, WHO.output	times: request → ready, → first output
 *			WHO.step.NAME		a boot step's duration: worker, clone, exec …
 *			WHO.fact.NAME		a fact's verdict: own shared hidden none
 *			WHO.value.NAME		a fact's value, a text
 *			WHO.memory, .overhead	sizes: inside, of the worker; WHO.total: both
 *			WHO.processes, WHO.exit	numbers
 *			WHO.console		what it printed, a text
 *			WHO.loop		ps a turn, of the last line that `burn` printed
 *	WHO		a kind (any sandbox of it: every route to the goal counts), a sandbox's
 *			name, or `lab` for any sandbox
 *	relation	is, is-not (words) · = != < <= > >= (numbers, times, sizes) ·
 *			contains (texts) · exists (no value)
 *	value		word, 500ms 2s 40us 9ns, 16M 1G, 3, "text"
 *
 * A line `!sh COMMAND` instead runs it with sh: exit 0 passes, 1 fails (what it prints says why), 2
 * fails with a hint, anything else is a fault of the lesson and never blamed on the learner.
 *
 * Checking reads only; what was not measured or read yet fails.
 */
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "lab.h"

enum check_field {
	CHECK_COUNT,
	CHECK_STATE,
	CHECK_BOOT,
	CHECK_OUTPUT,
	CHECK_STEP,
	CHECK_FACT,
	CHECK_VALUE,
	CHECK_MEMORY,
	CHECK_OVERHEAD,
	CHECK_TOTAL,
	CHECK_PROCESSES,
	CHECK_EXIT,
	CHECK_CONSOLE,
	CHECK_LOOP,
	CHECK_FIELDS
};

enum check_type { CHECK_IS_NUMBER, CHECK_IS_TIME, CHECK_IS_SIZE, CHECK_IS_WORD, CHECK_IS_TEXT };

enum check_relation {
	CHECK_EQUAL,
	CHECK_NOT_EQUAL,
	CHECK_LESS,
	CHECK_LESS_EQUAL,
	CHECK_MORE,
	CHECK_MORE_EQUAL,
	CHECK_IS,
	CHECK_IS_NOT,
	CHECK_CONTAINS,
	CHECK_EXISTS,
	CHECK_RELATIONS
};

struct check_subject {
	char who[64];
	enum check_field field;
	char name[64]; /* of a step or a fact */
};

struct check {
	bool is_script; /* text is a command for sh */
	struct check_subject subject;
	enum check_relation relation;
	uint64_t number; /* number, ns or bytes */
	char text[512];  /* word or text; a script's command */
	char why[512];   /* "" = none given */
};

/* What a subject is now. Strings are cut to fit. */
struct check_value {
	enum check_type type;
	uint64_t number;
	char text[512];
};

enum check_type check_type(enum check_field field);

/* Parses one line. -EINVAL with what is wrong: unknown field, relation that does not fit, … */
int check_parse(const char *line, struct check *ret_check, struct err *e);
/* Parses "WHO.field". */
int check_parse_subject(const char *word, struct check_subject *ret_subject, struct err *e);
/* Is there such a kind? (container, vm, process) */
bool check_is_kind(const struct lab *lab, const char *who);

/* The value of the subject on the first sandbox that has one. -ENODATA: none has. */
int check_measure(const struct check_subject *subject, struct lab *lab, struct check_value *ret);

enum check_result { CHECK_PASSED, CHECK_FAILED, CHECK_BROKEN /* the lesson's fault */ };
/* Evaluates one. When it has not passed, the reason is put into `reason`: check->why, or what the
 * script printed. */
enum check_result check_evaluate(const struct check *check, struct lab *lab, char *reason,
				 size_t size);

/* Why a sandbox that the check is about has failed, "" if none has: not the learner's fault
 * then. */
const char *check_failure(const struct check *check, struct lab *lab);

/* script.c: runs a `!sh` check; bounded in time (10 s) and output. */
enum check_result check_run_script(const char *command, char *reason, size_t size);

#endif
