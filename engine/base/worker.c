/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of a worker, from its command line to its exit status; worker_live() is the table of
 * contents.
 *
 * The other files each hold one side of it: worker_journal.c what it tells, worker_loop.c what it
 * waits for, worker_output.c and worker_input.c the console, worker_control.c the socket,
 * worker_exec.c programs started later, worker_stop.c how it ends, worker_terminal.c the user's
 * terminal, worker_options.c --check and help. Everything here is paid by every sandbox's start: no
 * printf, no allocation and no system call that is not needed.
 */
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "hooks.h"
#include "worker_private.h"

/* ---- the ways to be started ---- */

/* 0–2 must be open, or the next descriptors would be taken for the user's; nothing else may have
 * leaked in. */
static void tidy_descriptors(unsigned first_unknown)
{
	struct pollfd standard[3] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};

	if (poll(standard, 3, 0) > 0) /* asked for nothing: only what is not open answers */
		for (int fd = 0; fd <= 2; fd++)
			if (standard[fd].revents & POLLNVAL)
				open("/dev/null", O_RDWR);
	if (!hook_is_out("worker-sweep"))
		syscall(SYS_close_range, first_unknown, ~0u, 0);
}

/* Whoever executed us may have stamped the request; a stamp from the future or from long ago is
 * somebody else's. */
static uint64_t find_request(uint64_t now_ns)
{
	const char *text = getenv("ISOLAB_REQUEST_NS");
	uint64_t stamp = now_ns;

	if (text && str_parse_number(text, 1, now_ns, &stamp) == 0 && now_ns - stamp > 10000000000u)
		stamp = now_ns;
	if (text)
		unsetenv("ISOLAB_REQUEST_NS"); /* not the business of what runs inside */
	return stamp;
}

static int parse_run(struct worker *w, const struct wall *const walls[], int argc, char **argv,
		     struct err *e)
{
	int before = spec_count_options(argc, argv), r;
	const char *kind = before < argc ? argv[before] : "--";

	if (kind[0] == '-')
		return err_hint(
		    e, err_set(e, EINVAL, "run: which kind?"),
		    "isolab run KIND [OPTIONS] [-- CMD…], for example: isolab run %s -- true",
		    walls[0]->kind);
	w->wall = worker_find_wall(walls, kind);
	if (!w->wall)
		return err_hint(e, err_set(e, EINVAL, "run: there is no kind '%s' here", kind),
				"kinds: process container vm");
	str_copy(w->spec.kind, sizeof(w->spec.kind), kind);
	r = spec_parse_options(&w->spec, before, argv, e);
	if (r == 0)
		r = spec_parse_options(&w->spec, argc - before - 1, argv + before + 1, e);
	if (r == 0)
		r = spec_validate(&w->spec, e);
	if (r < 0)
		return err_ctx(e, r, "run %s", kind);
	w->is_foreground = true;
	/* `run` in the foreground means: make, start, attach, wait, remove. */
	w->shall_remove = w->spec.remove = w->spec.remove || !w->spec.detach;
	return 0;
}

/* A name that was made up may be taken: make up another. */
static int create_directory(struct worker *w, struct err *e)
{
	struct rundir_files files = RUNDIR_NO_FILES;
	bool is_chosen = w->spec.name[0] != '\0';
	int r = 0;

	for (int attempt = 0; attempt < 8; attempt++) {
		if (!is_chosen)
			w->spec.name[0] = '\0';
		spec_choose_name(&w->spec);
		r = rundir_create_open(&w->spec, &w->dir, &files, e);
		if (r != -EEXIST || is_chosen)
			break;
	}
	w->events_fd = files.events_fd;
	w->journal.has_room = true;
	w->console_fd = files.console_fd;
	return r;
}

/* --worker NAME: the directory is open at WORKER_FD_DIR, its lock held by WORKER_FD_LOCK. */
static int inherit_directory(struct worker *w, const struct wall *const walls[], const char *name,
			     struct err *e)
{
	int r;

	if (!str_is_name(name))
		return err_set(e, EINVAL, "--worker '%s': not a name", name);
	str_copy(w->dir.name, sizeof(w->dir.name), name);
	if (fcntl(WORKER_FD_DIR, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(WORKER_FD_LOCK, F_SETFD, FD_CLOEXEC) < 0)
		return err_hint(e, err_set(e, EBADF, "--worker: no directory was handed down"),
				"this is for isolab itself; use: isolab run KIND");
	w->dir.fd = WORKER_FD_DIR;
	w->dir.lock_fd = WORKER_FD_LOCK;
	w->dir.base_fd = openat(w->dir.fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->dir.base_fd < 0)
		return err_sys(e, errno, "open the runtime directory");
	r = rundir_load_spec(&w->dir, &w->spec, e);
	if (r < 0)
		return r;
	w->wall = worker_find_wall(walls, w->spec.kind);
	if (!w->wall)
		return err_set(e, EINVAL, "this worker makes no %s", w->spec.kind);
	w->shall_remove = w->spec.remove;
	if (w->spec.leased && fcntl(WORKER_FD_LEASE, F_SETFD, FD_CLOEXEC) == 0)
		w->lease_fd = WORKER_FD_LEASE;
	return 0;
}

/* ---- its life ---- */

/* Everything that will be needed is opened here: a wall may forbid to open anything later. */
static int prepare(struct worker *w, struct err *e)
{
	int r;

	if (w->events_fd < 0)
		w->events_fd = rundir_open_file(&w->dir, "events", O_WRONLY | O_APPEND, e);
	if (w->events_fd < 0)
		return w->events_fd;
	w->journal.fd = w->events_fd;
	r = worker_output_prepare(w, e);
	if (r == 0)
		r = worker_loop_prepare(w, e);
	if (r < 0)
		return r;
	w->is_stdin_open = w->is_foreground && w->spec.interactive;
	if (w->is_foreground) {
		worker_step_at(w, "request", w->request_ns, w->begin_ns, NULL);
		worker_event(w, EVENT_STATE, "starting", "", "");
	} else { /* the front that spawned us has journaled the request: everybody knows */
		worker_state_later(w, "starting");
	}
	worker_step(w, "worker", w->begin_ns, "the process that is this sandbox");
	return 0;
}

/* The status with which a start that failed ends. */
int worker_failure_status(const struct worker *w, int r)
{
	if (!w->is_command_error)
		return WORKER_STATUS_FAILED;
	return r == -ENOENT ? WORKER_STATUS_NOT_FOUND : WORKER_STATUS_NOT_INVOKED;
}

static int live(struct worker *w)
{
	struct err error = {0};
	int status, r;

	r = prepare(w, &error);
	if (r == 0)
		r = w->wall->start(w, &error);
	if (r < 0) {
		status = worker_failure_status(w, r);
		worker_hint(w, r, &error);
		err_ctx(&error, r, "%s '%s'", w->spec.kind, w->spec.name);
		worker_say_error(w, &error);
		worker_fail_event(w, &error);
		w->has_failed = true;
		/* A `run --detach` that never ran has told its user why; nothing is left to
		 * read. */
		w->shall_remove = w->shall_remove || w->is_foreground;
	} else {
		worker_loop_run(w);
		status = w->has_failed ? w->failed_status : worker_shell_status(w->wait_status);
	}
	worker_exec_finish(w);
	if (w->wall->finish)
		w->wall->finish(w);
	worker_end_events(w, status);
	return status;
}

/* Its descriptors are closed by the end of the process, which comes now: the lock last of all. */
static void finish(struct worker *w)
{
	struct err error = {0};

	worker_terminal_leave(w);
	worker_control_finish(w);
	worker_output_finish(w);
	str_finish(&w->steps);
	if (w->shall_remove && w->dir.fd >= 0 && rundir_remove(&w->dir, &error) < 0)
		worker_say_error(w, &error);
	spec_finish(&w->spec);
}

static int run_foreground(struct worker *w, const struct wall *const walls[], int argc, char **argv)
{
	struct err error = {0};
	int r, status = 0;

	tidy_descriptors(3);
	w->request_ns = find_request(w->begin_ns);
	r = parse_run(w, walls, argc, argv, &error);
	if (r < 0) {
		worker_say_error(w, &error);
		return WORKER_STATUS_USAGE;
	}
	r = create_directory(w, &error);
	if (r == 0)
		r = worker_keep(w, &status, &error);
	if (r > 0)
		return status; /* we only kept the terminal while our child was the worker */
	if (r < 0) {
		worker_say_error(w, &error);
		return WORKER_STATUS_FAILED;
	}
	return live(w);
}

static int run_for_front(struct worker *w, const struct wall *const walls[], const char *name)
{
	struct err error = {0};

	tidy_descriptors(WORKER_FD_LEASE + 1);
	/* Ctrl-C at the front's terminal is the front's. */
	setsid();
	if (inherit_directory(w, walls, name, &error) < 0) {
		w->is_foreground = true;
		worker_say_error(w, &error);
		return WORKER_STATUS_FAILED;
	}
	return live(w);
}

/* `run --help` or `run KIND --help`; further on it may be the command's own. */
static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && i < 4; i++)
		if (strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

int worker_main(int argc, char **argv, const struct wall *const walls[])
{
	struct worker w = {
	    .begin_ns = clock_now_ns(),
	    .dir = RUNDIR_NONE,
	    .events_fd = -1,
	    .signal_fd = -1,
	    .listen_fd = -1,
	    .lease_fd = -1,
	    .console_fd = -1,
	    .keeper_fd = -1,
	    .null_fd = -1,
	};
	const char *how = argc > 1 ? argv[1] : "";
	int status;

	str_borrow(&w.steps, w.step_room, sizeof(w.step_room));
	if (strcmp(how, "--check") == 0)
		return worker_check(walls);
	if (strcmp(how, "--worker") == 0 && argc == 3)
		status = run_for_front(&w, walls, argv[2]);
	else if (strcmp(how, "run") == 0 && !asks_for_help(argc, argv))
		status = run_foreground(&w, walls, argc - 2, argv + 2);
	else
		return worker_help(asks_for_help(argc, argv));
	finish(&w);
	return status;
}

/* ---- what a wall asks ---- */

void *worker_memory(struct worker *w, size_t size)
{
	size_t at = w->memory_used;

	size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	if (size > sizeof(w->memory) - at)
		return NULL;
	w->memory_used = at + size;
	return w->memory + at;
}

const struct sandbox_spec *worker_spec(const struct worker *w)
{
	return &w->spec;
}

const struct rundir *worker_rundir(const struct worker *w)
{
	return &w->dir;
}

void worker_set_state(struct worker *w, void *state)
{
	w->state = state;
}

void *worker_state(const struct worker *w)
{
	return w->state;
}

const char *worker_data_path(struct worker *w, const char *file, char *buffer, size_t size)
{
	char *slash;
	ssize_t n;

	if (!w->data_path[0]) {
		n = readlink("/proc/self/exe", w->data_path, sizeof(w->data_path) - 1);
		w->data_path[n > 0 ? n : 0] = '\0';
		slash = strrchr(w->data_path, '/');
		if (slash)
			*slash = '\0';
	}
	snprintf(buffer, size, "%s/%s", w->data_path, file);
	return buffer;
}

int worker_command_error(struct worker *w, int r)
{
	w->is_command_error = true;
	return r;
}

int worker_shell_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}
