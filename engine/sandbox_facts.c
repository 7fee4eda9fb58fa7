/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Facts are read inside, on demand, by one static program, isolab-probe. It travels as a sealed
 * memfd, so that no file of ours has to lie in the image, and is run by exec with a pipe as its
 * stdout. Nobody waits: pipe and socket are watched by the lab, and what comes out goes into the
 * journal, from where it comes back as for everybody else. The host's own facts come from the same
 * program as a plain child.
 *
 *	memfd (sealed) → WIRE_EXEC → pipe: text … end-of-file → FACT events
 *
 * A sandbox inside another is asked for by the isolab in there: it journals the facts, and its
 * journal is mirrored to the outer one before the end of the pipe can be seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "lab_private.h"
#include "wire.h"

extern char **environ;

enum { FACTS_TIMEOUT_MS = 5000, INNER_TIMEOUT_MS = 30000, PROBE_BYTES_MAX = 1 << 20 };

static const char probe_program[] = "images/base/bin/isolab-probe";

/* ---- the program ---- */

static int open_probe(const struct lab *lab, struct err *e)
{
	char path[PATH_MAX];
	int fd, r;

	fd = open(lab_program_path(lab, probe_program, path, sizeof(path)), O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	r = err_sys(e, errno, "open '%s'", path);
	return err_hint(e, r, "build it with ./dev build, or install isolab again");
}

static int copy_probe(int from, int to, struct err *e)
{
	struct stat status;

	if (fstat(from, &status) < 0)
		return err_sys(e, errno, "look at the probe program");
	if (status.st_size <= 0 || status.st_size > PROBE_BYTES_MAX)
		return err_set(e, EFBIG, "the probe program has %lld bytes",
			       (long long)status.st_size);
	for (off_t left = status.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);

		if (n <= 0)
			return err_sys(e, n < 0 ? errno : EIO, "copy the probe program");
		left -= n;
	}
	return 0;
}

static int make_probe_memfd(struct lab *lab, struct err *e)
{
	auto_close int file = -1, fd = -1;
	int r;

	if (lab->probe_fd >= 0)
		return 0;
	r = file = open_probe(lab, e);
	if (r < 0)
		return r;
	fd = memfd_create("isolab-probe", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_sys(e, errno, "make a memfd");
	r = copy_probe(file, fd, e);
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return err_sys(e, errno, "seal the probe program");
	lab->probe_fd = fd_move(&fd);
	return 0;
}

/* ---- what came out ---- */

void sandbox_judge_facts(struct sandbox *s)
{
	if (!s->story.facts_are_new)
		return;
	s->story.facts_are_new = false;
	facts_judge(lab_host_facts(s->lab, NULL), s->story.facts);
}

static void journal_note(struct sandbox *s, const char *text)
{
	struct event event = {.t_ns = clock_now_ns(), .kind = EVENT_NOTE, .name = "facts"};

	snprintf(event.value, sizeof(event.value), "facts could not be read: %s", text);
	if (s->outer) /* has no journal of its own */
		story_add(&s->story, &event);
	else
		sandbox_journal(s, &event);
}

void sandbox_cancel_facts(struct sandbox *s, const char *reason)
{
	lab_drop_source(&s->facts_pipe);
	lab_drop_source(&s->facts_socket);
	free(s->facts_text);
	s->facts_text = NULL;
	s->facts_length = 0;
	if (reason)
		journal_note(s, reason);
}

/* In the lab network a sandbox's users are numbered below the lab's, so what is read inside is no
 * number of the host's. Its worker knows that one. */
static void mend_lab_root(struct sandbox *s, struct fact *fact)
{
	auto_strbuf told = {0};
	char *uid = strstr(fact->identity, "uid:");
	const char *root;
	unsigned number;

	if (sandbox_spec(s)->network != SPEC_NETWORK_LAB || fact->is_absent || !uid)
		return;
	if (sandbox_describe(s, "lab", &told, NULL) < 0 || !(root = strstr(told.data, "root ")) ||
	    sscanf(root, "root %u", &number) != 1) {
		fact->value[0] = '\0'; /* better unknown than wrong */
		return;
	}
	snprintf(fact->value, sizeof(fact->value), "uid %u", number);
	snprintf(uid, sizeof(fact->identity) - (size_t)(uid - fact->identity), "uid:%u", number);
}

static void journal_facts(struct sandbox *s)
{
	auto_free struct facts *facts = calloc(1, sizeof(*facts));
	struct event event = {.t_ns = clock_now_ns()};

	if (!facts)
		return;
	if (facts_parse(facts, s->facts_text, s->facts_length) == 0) {
		sandbox_cancel_facts(s, "the probe printed nothing");
		return;
	}
	for (size_t i = 0; probes[i].name; i++) {
		if (strcmp(probes[i].name, "uid_root_maps_to") == 0)
			mend_lab_root(s, &facts->fact[i]);
		if (!facts->fact[i].value[0])
			continue;
		story_encode_fact(&event, probes[i].name, &facts->fact[i]);
		sandbox_journal(s, &event);
	}
	sandbox_cancel_facts(s, NULL);
}

static void on_pipe(struct lab_source *source)
{
	struct sandbox *s = source->sandbox;
	ssize_t n = read(source->fd, s->facts_text + s->facts_length,
			 FACTS_TEXT_MAX - s->facts_length);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && s->outer)
		return; /* it speaks through its journal */
	if (n > 0)
		s->facts_length += (size_t)n;
	if (n <= 0 && s->outer) {
		s->outer->is_dirty = true;
		sandbox_cancel_facts(s, NULL);
	} else if (n <= 0 || s->facts_length == FACTS_TEXT_MAX) {
		journal_facts(s);
	}
}

/* The worker's answer. Only a refusal matters here: the end of the program is the end of the
 * pipe. */
static void on_socket(struct lab_source *source)
{
	struct sandbox *s = source->sandbox;
	auto_free struct wire_message *message = calloc(1, sizeof(*message));
	struct err error = {0};
	int r = message ? wire_receive(source->fd, message, &error) : -ENOMEM;

	if (r == -EAGAIN)
		return;
	if (r > 0)
		wire_close_fds(message);
	if (r > 0 && message->header.type == WIRE_ERROR) {
		wire_error_decode(message, &error);
		sandbox_cancel_facts(s, error.what);
	} else if (r <= 0) {
		lab_drop_source(source); /* the worker is gone: the pipe will end, too */
	}
}

/* ---- asking ---- */

static int send_exec(struct sandbox *s, int socket, int out_fd, struct err *e)
{
	char *argv[] = {(char *)"isolab-probe", NULL}, *env[] = {NULL};
	char *inner_argv[] = {(char *)"isolab", (char *)"inspect", (char *)"--json",
			      s->outer ? strchr(s->name, '/') + 1 : NULL, NULL};
	auto_free struct wire_message *message = calloc(1, sizeof(*message));
	auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int r;

	if (!message || null < 0)
		return err_sys(e, errno, "prepare the probe");
	r = wire_exec_encode(message,
			     &(struct wire_exec_request){.argv = s->outer ? inner_argv : argv,
							 .env = env,
							 .flags = s->outer ? 0 : WIRE_EXEC_PROGRAM},
			     e);
	if (r < 0)
		return r;
	message->fds[0] = null;
	message->fds[1] = out_fd;
	message->fds[2] = null;
	message->fds[3] = s->lab->probe_fd;
	message->fd_count = s->outer ? 3 : 4;
	r = wire_send(socket, message, true);
	return r < 0 ? err_sys(e, -r, "talk to '%s'", s->name) : 0;
}

int sandbox_read_facts(struct sandbox *s, struct err *e)
{
	auto_close int socket = -1, mine = -1, theirs = -1;
	int pipe_fds[2], r;

	if (sandbox_is_reading_facts(s))
		return 0;
	if (!sandbox_is_alive(s))
		return err_set(e, ESRCH, "'%s' is not running, it is %s", s->name,
			       sandbox_state_name(s->story.state));
	r = make_probe_memfd(s->lab, e);
	if (r < 0)
		return r;
	r = socket = wire_connect(s->outer ? s->outer->dir.fd : s->dir.fd, e);
	if (r < 0)
		return err_ctx(e, r, "talk to '%s'", s->name);
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_sys(e, errno, "make a pipe");
	mine = pipe_fds[0];
	theirs = pipe_fds[1];
	fd_set_nonblocking(mine, true);
	fd_set_nonblocking(socket, true);
	s->facts_text = malloc(FACTS_TEXT_MAX);
	if (!s->facts_text)
		return err_sys(e, ENOMEM, "read facts");
	s->facts_pipe.on_ready = on_pipe;
	s->facts_socket.on_ready = on_socket;
	r = send_exec(s, socket, theirs, e);
	if (r == 0)
		r = lab_add_source(&s->facts_pipe, fd_move(&mine), e);
	if (r == 0)
		r = lab_add_source(&s->facts_socket, fd_move(&socket), e);
	if (r < 0)
		sandbox_cancel_facts(s, NULL);
	s->facts_since_ns = clock_now_ns();
	lab_update_timer(s->lab);
	return r;
}

bool sandbox_is_reading_facts(const struct sandbox *s)
{
	return s->facts_pipe.fd >= 0;
}

void sandbox_check_facts_time(struct sandbox *s, uint64_t now_ns)
{
	uint64_t patience_ms = s->outer ? INNER_TIMEOUT_MS : FACTS_TIMEOUT_MS;

	for (size_t i = 0; i < s->inner_count; i++)
		sandbox_check_facts_time(s->inner[i], now_ns);
	if (s->facts_pipe.fd >= 0 && now_ns - s->facts_since_ns > patience_ms * 1000000)
		sandbox_cancel_facts(s, "the probe did not end in time");
}

/* ---- the host's ---- */

/* Reads until end-of-file, at most `timeout_ms`. */
static size_t read_all(int fd, char *text, size_t size, int timeout_ms)
{
	uint64_t end_ns = clock_now_ns() + (uint64_t)timeout_ms * 1000000;
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	size_t length = 0;

	while (length < size) {
		uint64_t now_ns = clock_now_ns();
		ssize_t n;

		if (now_ns >= end_ns)
			break;
		n = poll(&readable, 1, (int)((end_ns - now_ns) / 1000000) + 1);
		if (n > 0)
			n = read(fd, text + length, size - length);
		else if (n == 0 || errno == EINTR)
			continue;
		if (n <= 0)
			break;
		length += (size_t)n;
	}
	return length;
}

static int run_on_host(struct lab *lab, char *text, size_t size, struct err *e)
{
	char path[PATH_MAX], *argv[] = {(char *)"isolab-probe", NULL};
	posix_spawn_file_actions_t actions;
	int fds[2], r;
	size_t length;
	pid_t pid;

	lab_program_path(lab, probe_program, path, sizeof(path));
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, errno, "make a pipe");
	r = posix_spawn_file_actions_init(&actions);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn(&pid, path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	fd_close(&fds[1]);
	if (r) {
		fd_close(&fds[0]);
		r = err_sys(e, r, "run '%s'", path);
		return err_hint(e, r, "build it with ./dev build, or install isolab again");
	}
	length = read_all(fds[0], text, size, FACTS_TIMEOUT_MS);
	fd_close(&fds[0]); /* a probe that hangs gets SIGPIPE, or is killed by its next word */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return (int)length;
}

const struct facts *lab_host_facts(struct lab *lab, struct err *e)
{
	auto_free char *text = NULL;
	int r;

	if (lab->is_host_read)
		return &lab->host_facts;
	text = malloc(FACTS_TEXT_MAX);
	r = text ? run_on_host(lab, text, FACTS_TEXT_MAX, e)
		 : err_sys(e, ENOMEM, "read the host's facts");
	if (r > 0)
		facts_parse(&lab->host_facts, text, (size_t)r);
	lab->is_host_read = true; /* once only, also when it failed: verdicts are then "unknown" */
	return &lab->host_facts;
}
