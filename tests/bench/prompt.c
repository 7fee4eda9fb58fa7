// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * prompt RUNS PAUSE_MS NAME WORDS… [+ NAME WORDS…]…: what a start costs from a prompt that runs
 * already, by turns (race.h). This program is such a prompt: it links the engine.
 *
 *	sandbox KIND [OPTIONS] [-- CMD…]	its worker is spawned → the worker's exit is seen
 *	program COMMAND…			the same for a program, with posix_spawn(3) as well
 *	kill-sandbox KIND …			what runs is asked to be killed → its worker is gone
 *	end-sandbox KIND …			its worker is ended by SIGKILL → it is gone
 *	kill-program COMMAND…			the same for a program, once it has said something
 *
 * The sandbox's directory is made before and removed after the clock runs; what the worker does
 * about it, and the lab's own loop that reads the journal, are in. Programs are in the directory
 * that ISOLAB_BUILD names.
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab.h"
#include "race.h"
#include "str.h"

extern char **environ;

enum { TOO_LONG_MS = 20000, FAILED = 125 << 8 };

static uint64_t run_program(struct contestant *contestant)
{
	posix_spawn_file_actions_t actions;
	uint64_t start_ns = race_now_ns();
	int status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	for (int fd = 0; fd < 2; fd++)
		posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	if (posix_spawnp(&pid, contestant->words[1], &actions, NULL, contestant->words + 1,
			 environ) != 0 ||
	    waitpid(pid, &status, 0) < 0)
		race_die("run '%s'", contestant->name);
	posix_spawn_file_actions_destroy(&actions);
	contestant->failure = status;
	return race_now_ns() - start_ns;
}

/* The lab reaps its workers: then there is no such process any more. 0: that was before the start
 * had even returned. */
static bool has_ended(struct lab *lab, void *arg)
{
	pid_t worker = *(pid_t *)arg;

	(void)lab;
	return worker <= 0 || kill(worker, 0) < 0;
}

static struct sandbox *make(struct lab *lab, struct contestant *contestant)
{
	struct err error = {0};
	auto_spec spec = {0};
	struct sandbox *sandbox;

	str_copy(spec.kind, sizeof(spec.kind), contestant->words[1]);
	if (spec_parse_options(&spec, (int)contestant->word_count - 2, contestant->words + 2,
			       &error) < 0 ||
	    lab_make(lab, &spec, &sandbox, &error) < 0)
		race_die("%s: %s", contestant->name, error.what);
	return sandbox;
}

static uint64_t run_sandbox(struct contestant *contestant, struct lab *lab)
{
	struct sandbox *sandbox = make(lab, contestant);
	struct err error = {0};
	int r;

	lab_dispatch(lab, &error);
	uint64_t start_ns = race_now_ns();
	if (sandbox_start(sandbox, &error) < 0)
		race_die("%s: %s", contestant->name, error.what);
	pid_t worker = sandbox_pid(sandbox);
	r = lab_wait(lab, has_ended, &worker, TOO_LONG_MS, &error);
	uint64_t took_ns = race_now_ns() - start_ns;
	if (r < 0 || sandbox_state(sandbox) != SANDBOX_STOPPED)
		contestant->failure = FAILED;
	if (contestant->failure)
		fprintf(stderr, "%s: %s\n", contestant->name,
			r < 0 ? error.what : sandbox_failure(sandbox));
	if (sandbox_remove(sandbox, true, &error) < 0)
		race_die("%s: %s", contestant->name, error.what);
	lab_dispatch(lab, &error);
	return took_ns;
}

/* ---- the way out ---- */

static bool has_started(struct lab *lab, void *arg)
{
	(void)lab;
	return sandbox_state(arg) != SANDBOX_CREATED && sandbox_state(arg) != SANDBOX_STARTING;
}

/* From the wish to the worker's end: the VM is closed, its memory and its directory's lock free. */
static uint64_t end_sandbox(struct contestant *contestant, struct lab *lab, bool is_asked)
{
	struct sandbox *sandbox = make(lab, contestant);
	struct err error = {0};
	int r = sandbox_start(sandbox, &error);

	if (r == 0)
		r = lab_wait(lab, has_started, sandbox, TOO_LONG_MS, &error);
	pid_t worker = sandbox_pid(sandbox);
	if (r < 0 || sandbox_state(sandbox) != SANDBOX_RUNNING || worker <= 0)
		race_die("%s: %s", contestant->name, r < 0 ? error.what : "does not run");
	uint64_t start_ns = race_now_ns();
	r = is_asked ? sandbox_kill(sandbox, &error) : kill(worker, SIGKILL);
	if (r < 0 || lab_wait(lab, has_ended, &worker, TOO_LONG_MS, &error) < 0)
		race_die("%s: %s", contestant->name, error.what);
	uint64_t took_ns = race_now_ns() - start_ns;
	if (sandbox_remove(sandbox, true, &error) < 0)
		race_die("%s: %s", contestant->name, error.what);
	lab_dispatch(lab, &error);
	return took_ns;
}

static uint64_t kill_program(struct contestant *contestant)
{
	posix_spawn_file_actions_t actions;
	int ends[2], status;
	char byte;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		race_die("make a pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	if (posix_spawnp(&pid, contestant->words[1], &actions, NULL, contestant->words + 1,
			 environ) != 0)
		race_die("run '%s'", contestant->name);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		contestant->failure = FAILED;
	uint64_t start_ns = race_now_ns();
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	uint64_t took_ns = race_now_ns() - start_ns;
	close(ends[0]);
	return took_ns;
}

static uint64_t run_once(struct contestant *contestant, void *arg)
{
	const char *what = contestant->words[0];

	if (strcmp(what, "sandbox") == 0)
		return run_sandbox(contestant, arg);
	if (strcmp(what, "kill-sandbox") == 0 || strcmp(what, "end-sandbox") == 0)
		return end_sandbox(contestant, arg, what[0] == 'k');
	return strcmp(what, "kill-program") == 0 ? kill_program(contestant)
						 : run_program(contestant);
}

int main(int argc, char **argv)
{
	struct err error = {0};
	struct race race;
	struct lab *lab;

	race_parse(&race, argc, argv, "prompt RUNS PAUSE_MS NAME WORDS... [+ NAME WORDS...]...");
	struct lab_options options = {.lease = true, .programs_path = getenv("ISOLAB_BUILD")};
	if (lab_create(&options, &lab, &error) < 0)
		race_die("%s", error.what);
	race_run(&race, run_once, lab);
	race_report(&race);
	lab_destroy(lab);
	return 0;
}
