/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CMD_H
#define ISOLAB_CMD_H
/*
 * cmd: what the files of the engine's commands share. Each file cmd_NAME's entry is const and named
 * here; engine_commands[] in commands.c lists them in the order of the help.
 */
#include <signal.h>

#include "command.h"
#include "doc.h"

extern const struct command cmd_attach, cmd_bench, cmd_compare, cmd_create, cmd_doctor, cmd_events,
    cmd_exec, cmd_explain, cmd_help, cmd_image, cmd_inspect, cmd_kernel, cmd_kill, cmd_logs,
    cmd_pause, cmd_print, cmd_ps, cmd_rm, cmd_run, cmd_start, cmd_stats, cmd_stop, cmd_timeline,
    cmd_unpause, cmd_update, cmd_version, cmd_wait;

enum { CMD_STATUS_FAILED = 125, CMD_STATUS_USAGE = 2, CMD_STATUS_INTERRUPTED = 130 };
enum { CMD_OPTIONS_MAX = 16, CMD_SANDBOXES_MAX = 256, CMD_SCHEMA = 1 };

/* A sandbox's place in the lab network: for inspect. NULL, or nothing written: it has none. */
struct doc *inspect_lab_document(struct sandbox *s);
void inspect_lab_print(struct out *out, struct sandbox *s);

/* A command's words, sorted out by its option table. */
struct cmd_line {
	/* Same index as command->options: NULL = not given, "" = a flag that was. */
	const char *option[CMD_OPTIONS_MAX];
	char **words; /* the others, in order */
	int count;
	char **rest; /* behind "--"; NULL when there was none */
	int rest_count;
};

/* Sorts argv[1..] (in place). From `minimum` to `maximum` words (-1: any number). 0, or the exit
 * status after having told why. `stops_at` > 0: options end behind that many words, all after
 * belongs to rest (exec NAME CMD -x). */
int cmd_parse(struct command_context *context, int argc, char **argv, int minimum, int maximum,
	      int stops_at, struct cmd_line *ret);
/* The option's index in a command's table is its enum there: the value, or NULL. */
static inline bool cmd_has(const struct cmd_line *line, unsigned option)
{
	return line->option[option] != NULL;
}

/* Tells the error; returns the exit status that fits: 2 for what was said wrongly, 130 when
 * interrupted, else 125. */
int cmd_fail(struct command_context *context, const struct err *error);

/* All sandboxes that `names` mean, groups expanded, each once. With no name: all. Number or
 * -errno. */
int cmd_find(struct lab *lab, char **names, int count, struct sandbox *ret[CMD_SANDBOXES_MAX],
	     struct err *e);

/* The same for who only looks: "OUTER/INNER" means one that stands inside another. */
int cmd_find_shown(struct lab *lab, char **names, int count, struct sandbox *ret[CMD_SANDBOXES_MAX],
		   struct err *e);

/* The one sandbox that `name` means; a group of several is none: -EINVAL with their names. */
int cmd_find_one(struct lab *lab, const char *name, struct sandbox **ret, struct err *e);

/* Runs `act` on each sandbox that the words name and goes on after a failure, told at once.
 * Returns the exit status. */
int cmd_for_each(struct command_context *context, const struct cmd_line *line,
		 int (*act)(struct sandbox *s, void *arg, struct err *e), void *arg);

/* "TERM", "SIGTERM", "15" → number, or -EINVAL with a hint. */
int cmd_signal_number(const char *text, struct err *e);

/* Waits until none of them is starting any more. 0, -EINTR, -ETIMEDOUT. */
int cmd_wait_started(struct lab *lab, struct sandbox *const sandboxes[], size_t count,
		     struct err *e);
/* The same, and a line about each; failures as errors. Returns the exit status. */
int cmd_report_started(struct command_context *context, struct sandbox *const sandboxes[],
		       size_t count);
/* Waits until it has ended (or its directory is gone). */
int cmd_wait_ended(struct lab *lab, struct sandbox *s, int timeout_ms, struct err *e);
/* Waits until its facts are there, and those of the sandboxes inside it as far as they can be had
 * in the same time, less than a minute; 0, -EINTR, or why not. Asks for them itself. */
int cmd_wait_facts(struct lab *lab, struct sandbox *s, struct err *e);

struct cmd_signals {
	int fd;
	sigset_t before;
};
/* SIGINT, SIGTERM, SIGHUP and SIGWINCH as a descriptor, until cmd_signals_close(). */
void cmd_signals_open(struct cmd_signals *signals);
void cmd_signals_close(struct cmd_signals *signals);

/* The command that runs inside, its words parted by blanks, cut to `size`. */
const char *cmd_command_text(const struct sandbox *s, char *buffer, size_t size);

/* ---- report.c: parts of JSON documents that several commands share ---- */
struct doc *report_facts(const struct facts *facts);
struct doc *report_resources(const struct sandbox *s);
struct doc *report_boot(const struct sandbox *s);
/* The bricks that were left out of its wall: an array, with what that exposes and the fact that
 * shows it. */
struct doc *report_left_out(const struct sandbox *s);
/* True if the brick was left out of this sandbox by an option. */
bool report_is_left_out(const struct sandbox *s, const struct spec_brick_entry *brick);
/* "seccomp filter: no filter (shared)", or "" where no fact shows it. */
const char *report_brick_fact(const struct sandbox *s, const struct spec_brick_entry *brick,
			      char *buffer, size_t size);
/* The same as lines, each behind `indent` blanks; nothing if nothing was left out. */
void report_print_left_out(const struct sandbox *s, unsigned indent, struct out *out);
/* What happened while it ran: topic, text, at_ns. */
struct doc *report_life(const struct sandbox *s);
/* How it was stopped: steps as those of the boot. */
struct doc *report_end(const struct sandbox *s);
/* name, kind, flavour, accel, state … */
void report_head(struct doc *object, const struct sandbox *s);
/* The sandboxes inside it, each with its head, at_ns (its request, from the outer's on), boot,
 * life, end and facts; nothing is put if there is none. */
void report_put_inner(struct doc *object, const struct sandbox *s);
/* "vm, tiny, kvm-pvm" */
const char *report_label(const struct sandbox *s, char *buffer, size_t size);
/* For a fact that one inside another has of it, not of its own: "outer's". NULL: it is not so. */
const char *report_outer_fact(const struct sandbox *s, size_t index, char *buffer, size_t size);

/* ---- bars.c: boots as text, on one axis ---- */
void bars_print(struct sandbox *const sandboxes[], size_t count, struct out *out);

#endif
