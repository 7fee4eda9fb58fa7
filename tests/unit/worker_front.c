/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * See worker_front.h. The wall writes a byte to stdout (a pipe of the front's) when it stands, so
 * that nobody needs to wait blindly.
 */
#include "worker_front.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "fd.h"

/* ---- the wall ---- */

static bool is_command(struct worker *w, const char *word)
{
	const char *command = worker_spec(w)->argv[0];

	return command && strcmp(command, word) == 0;
}

static void on_flood_time(struct worker *w)
{
	static const char block[4096] = "flood";

	for (int i = 0; i < 2048; i++)
		worker_output(w, WORKER_STDOUT, block, sizeof(block));
	worker_exited(w, 0);
}

/* For one write the disk is full (a limit on the size of files stands for it). */
static void on_full_disk_time(struct worker *w)
{
	static const char block[4096] = "lost";
	const struct rlimit small = {.rlim_cur = 1000, .rlim_max = RLIM_INFINITY};
	const struct rlimit large = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	worker_output(w, WORKER_STDOUT, block, sizeof(block));
	setrlimit(RLIMIT_FSIZE, &large);
	worker_output(w, WORKER_STDOUT, "kept", 4);
	worker_exited(w, 0);
}

static int wall_start(struct worker *w, struct err *e)
{
	uint64_t now = clock_now_ns();

	worker_step(w, "clone", now, "a step");
	if (is_command(w, "fail"))
		return err_set(e, ENOSYS, "this wall does not stand");
	if (is_command(w, "missing"))
		return worker_command_error(w, err_sys(e, ENOENT, "run 'missing'"));
	if (is_command(w, "odd"))
		return worker_command_error(w, err_sys(e, EACCES, "run 'odd'"));
	if (!is_command(w, "boot"))
		worker_ready(w);
	if (is_command(w, "exit"))
		worker_exited(w, (int)strtol(worker_spec(w)->argv[1], NULL, 10) << 8);
	if (is_command(w, "say"))
		worker_output(w, WORKER_STDOUT, "said\n", 5);
	if (is_command(w, "flood"))
		worker_set_timer(w, now, on_flood_time);
	if (is_command(w, "full-disk"))
		worker_set_timer(w, now, on_full_disk_time);
	if (!is_command(w, "say") && write(STDOUT_FILENO, "S", 1) < 0)
		return -EPIPE;
	return 0;
}

static int wall_signal(struct worker *w, int signal_number, struct err *e)
{
	(void)e;
	if (!is_command(w, "deaf"))
		worker_exited(w, signal_number);
	return 0;
}

static int wall_kill(struct worker *w, struct err *e)
{
	(void)e;
	worker_exited(w, SIGKILL);
	return 0;
}

static int wall_pause(struct worker *w, bool on, struct err *e)
{
	(void)w, (void)on, (void)e;
	return 0;
}

/* Echoes; one that is "full" takes nothing. */
static ssize_t wall_input(struct worker *w, const void *data, size_t length)
{
	if (is_command(w, "full"))
		return 0;
	if (length == 0)
		worker_exited(w, 4 << 8);
	worker_output(w, WORKER_STDOUT, data, length);
	return (ssize_t)length;
}

/* A program writes its name and ends, but "stay" stays until it is sent a signal. */
static struct {
	unsigned id;
	int status;
} ended; /* one at a time is enough here */

static void on_exec_time(struct worker *w)
{
	worker_exec_exited(w, ended.id, ended.status);
}

static int wall_exec(struct worker *w, struct worker_exec *x, struct err *e)
{
	if (strcmp(x->argv[0], "missing") == 0)
		return worker_command_error(w, err_sys(e, ENOENT, "run 'missing'"));
	fd_write_all(x->fds[1], x->argv[0], strlen(x->argv[0]));
	ended.id = x->id;
	ended.status = 9 << 8;
	if (strcmp(x->argv[0], "stay") != 0)
		worker_set_timer(w, clock_now_ns(), on_exec_time);
	return 0;
}

static int wall_exec_signal(struct worker *w, unsigned id, int signal_number, struct err *e)
{
	(void)e;
	/* Tells of it on the console, where the test can see it. */
	worker_output(w, WORKER_STDOUT, signal_number == SIGHUP ? "HUP" : "SIG", 3);
	ended.id = id;
	ended.status = signal_number;
	worker_set_timer(w, clock_now_ns(), on_exec_time);
	return 0;
}

static const struct wall full_wall = {
    .kind = "fake",
    .start = wall_start,
    .signal = wall_signal,
    .kill = wall_kill,
    .pause = wall_pause,
    .input = wall_input,
    .exec = wall_exec,
    .exec_signal = wall_exec_signal,
};
static const struct wall bare_wall = {.kind = "bare", .start = wall_start, .kill = wall_kill};
const struct wall *const front_walls[] = {&full_wall, &bare_wall, NULL};

/* ---- the front ---- */

int front_make(void **state)
{
	struct front *front = calloc(1, sizeof(*front));

	assert_non_null(front);
	front->dir = RUNDIR_NONE;
	front->output = front->lease = front->events = front->console = -1;
	str_copy(front->path, sizeof(front->path), "/tmp/isolab-test-worker-XXXXXX");
	assert_non_null(mkdtemp(front->path));
	setenv("XDG_RUNTIME_DIR", front->path, 1);
	*state = front;
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status, (void)type, (void)walk;
	return remove(path);
}

int front_remove(void **state)
{
	struct front *front = *state;

	if (front->worker > 0) {
		kill(front->worker, SIGKILL);
		waitpid(front->worker, NULL, 0);
	}
	fd_close(&front->output);
	fd_close(&front->lease);
	fd_close(&front->events);
	fd_close(&front->console);
	rundir_finish(&front->dir);
	nftw(front->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(front);
	return 0;
}

static void make_spec(struct sandbox_spec *spec, const char *kind, const char *line)
{
	char copy[256], *rest = copy, *words[16];
	int count = 0;

	*spec = (struct sandbox_spec){.name = "demo", .interactive = true};
	str_copy(spec->kind, sizeof(spec->kind), kind);
	str_copy(copy, sizeof(copy), line);
	while (rest && count < 16)
		words[count++] = strsep(&rest, " ");
	assert_int_equal(spec_parse_options(spec, count, words, NULL), 0);
}

/* In the child: what a front hands down, at the numbers of the contract. */
static void become_worker(int dir_fd, int lock_fd, int lease_fd, int output_fd)
{
	char *argv[] = {"isolab-fake", "--worker", "demo", NULL};
	int high[3] = {fcntl(dir_fd, F_DUPFD, 20), fcntl(lock_fd, F_DUPFD, 20),
		       fcntl(lease_fd, F_DUPFD, 20)};

	dup2(output_fd, STDOUT_FILENO);
	dup2(high[0], WORKER_FD_DIR);
	dup2(high[1], WORKER_FD_LOCK);
	dup2(high[2], WORKER_FD_LEASE);
	_exit(worker_main(3, argv, front_walls));
}

void front_start_kind(struct front *front, const char *kind, const char *line, bool leased)
{
	auto_rundir made = RUNDIR_NONE;
	auto_spec spec = {0};
	int lease[2], output[2];
	char byte;

	make_spec(&spec, kind, line);
	spec.leased = leased;
	assert_int_equal(rundir_create(&spec, &made, NULL), 0);
	assert_int_equal(rundir_open("demo", &front->dir, NULL), 0);
	front->events = rundir_open_file(&front->dir, "events", O_RDONLY, NULL);
	front->console = rundir_open_file(&front->dir, "console", O_RDONLY, NULL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, lease), 0);
	assert_int_equal(pipe2(output, O_CLOEXEC), 0);
	front->worker = fork();
	if (front->worker == 0)
		become_worker(made.fd, made.lock_fd, lease[1], output[1]);
	close(lease[1]);
	close(output[1]);
	front->lease = lease[0];
	front->output = output[0];
	/* End-of-file when it could not start. */
	assert_true(read(front->output, &byte, 1) >= 0);
}

void front_start(struct front *front, const char *line)
{
	front_start_kind(front, "fake", line, false);
}

int front_wait_end(struct front *front)
{
	int status = 0;

	assert_int_equal(waitpid(front->worker, &status, 0), front->worker);
	front->worker = 0;
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

int front_dial(struct front *front)
{
	int fd = wire_connect(front->dir.fd, NULL);

	assert_true(fd >= 0);
	return fd;
}

/* Sends front->message and receives the answer into it. Returns the answer's type. */
uint32_t front_ask(struct front *front, int fd)
{
	assert_int_equal(wire_send(fd, &front->message, false), 0);
	assert_int_equal(wire_receive(fd, &front->message, NULL), 1);
	return front->message.header.type;
}

uint32_t front_request(struct front *front, int fd, enum wire_type type, uint32_t a, uint32_t b)
{
	front->message.header = (struct wire_header){.type = type, .a = a, .b = b};
	front->message.fd_count = 0;
	return front_ask(front, fd);
}

/* The last event of that kind and name ("" = any). False: none. */
bool front_find_event(struct front *front, enum event_kind kind, const char *name,
		      struct event *ret)
{
	struct journal_reader *reader;
	struct event event;
	bool is_found = false;
	int fd = fcntl(front->events, F_DUPFD_CLOEXEC, 3);

	lseek(fd, 0, SEEK_SET);
	assert_int_equal(journal_reader_create(fd, &reader, NULL), 0);
	while (journal_reader_next(reader, &event, NULL) == 1) {
		if (event.kind != kind || (name[0] && strcmp(event.name, name) != 0))
			continue;
		*ret = event;
		is_found = true;
	}
	assert_int_equal(journal_reader_skipped(reader), 0);
	journal_reader_destroy(reader);
	return is_found;
}

void front_assert_exit(struct front *front, const char *name, const char *value, const char *state)
{
	struct event event;

	assert_true(front_find_event(front, EVENT_EXIT, "", &event));
	assert_string_equal(event.name, name);
	assert_string_equal(event.value, value);
	assert_true(front_find_event(front, EVENT_STATE, "", &event));
	assert_string_equal(event.name, state);
}

ssize_t front_read_console(struct front *front, char *buffer, size_t size, uint64_t *ret_lost)
{
	struct console_reader reader = {.fd = front->console};

	return console_read(&reader, buffer, size, ret_lost);
}
