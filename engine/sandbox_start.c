/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The life of a sandbox from outside: its directory is made, a worker is spawned into it, its end
 * is noticed, all of it is removed.
 *
 *	lock the directory → journal `request` → spawn: fd 3 directory, 4 lock, 5 lease
 *	→ forget the lock (the worker holds it now)
 *
 * The worker gets a session of its own, so that Ctrl-C at the front is not its business, and
 * /dev/null as stdin, stdout, stderr: what it has to say it says in the journal. What surprises: a
 * worker is watched by a pidfd only to be reaped; whether it lives is decided by its lock, as for
 * workers that others have spawned.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "lab_private.h"
#include "worker.h"

extern char **environ;

enum { FIRST_FREE_FD = 16, END_TIMEOUT_MS = 3000, KILL_TIMEOUT_MS = 5000, NAME_ATTEMPTS = 8 };
enum { KILL_ATTEMPTS = 200, KILL_PAUSE_MS = 5 };

int lab_make(struct lab *lab, const struct sandbox_spec *spec, struct sandbox **ret_sandbox,
	     struct err *e)
{
	auto_rundir dir = RUNDIR_NONE;
	auto_spec copy = {0};
	struct sandbox *s;
	bool is_chosen = !spec->name[0];
	int r = spec_copy(&copy, spec, e);

	if (r < 0)
		return r;
	copy.leased = lab->options.lease && !copy.detach;
	for (int attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
		if (is_chosen)
			spec_choose_name(&copy);
		err_clear(e);
		r = spec_validate(&copy, e);
		if (r == 0)
			r = rundir_create(&copy, &dir, e);
		if (r != -EEXIST || !is_chosen)
			break;
		copy.name[0] = 0;
	}
	if (r < 0)
		return r;
	rundir_finish(&dir); /* lets go of the lock: created, not started */
	r = sandbox_create(lab, copy.name, &s, e);
	if (r == 0 && (r = lab_insert(lab, s, e)) < 0)
		sandbox_destroy(s);
	if (r < 0)
		return err_ctx(e, r, "create '%s'", copy.name);
	s->is_mine = copy.leased;
	*ret_sandbox = s;
	return 0;
}

/* ---- spawning ---- */

/* A copy of `fd` with a number that dup2 to 3, 4, 5 will not run over. */
static int move_up(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
}

static int add_actions(posix_spawn_file_actions_t *actions, int dir_fd, int lock_fd, int lease_fd)
{
	int r = 0;

	for (int fd = 0; r == 0 && fd < 3; fd++)
		r = posix_spawn_file_actions_addopen(actions, fd, "/dev/null",
						     fd ? O_WRONLY : O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(actions, dir_fd, WORKER_FD_DIR);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(actions, lock_fd, WORKER_FD_LOCK);
	if (r == 0 && lease_fd >= 0)
		r = posix_spawn_file_actions_adddup2(actions, lease_fd, WORKER_FD_LEASE);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(actions, lease_fd >= 0
									  ? WORKER_FD_LEASE + 1
									  : WORKER_FD_LEASE);
	return r;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	sigdelset(&all, SIGKILL);
	sigdelset(&all, SIGSTOP);
	r = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
						     POSIX_SPAWN_SETSIGDEF);
	if (r == 0)
		r = posix_spawnattr_setsigmask(attributes, &none);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(attributes, &all);
	return r;
}

/* Spawns; 0 and *ret_pid, or a positive errno. */
static int spawn(const char *path, char *const argv[], int dir_fd, int lock_fd, int lease_fd,
		 pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r = posix_spawn_file_actions_init(&actions);

	if (r)
		return r;
	r = posix_spawnattr_init(&attributes);
	if (r) {
		posix_spawn_file_actions_destroy(&actions);
		return r;
	}
	r = add_actions(&actions, dir_fd, lock_fd, lease_fd);
	if (r == 0)
		r = set_attributes(&attributes);
	if (r == 0)
		r = posix_spawn(ret_pid, path, &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* The worker has ended: reap it; what its end means is in the journal. */
static void on_worker_end(struct lab_source *source)
{
	struct sandbox *s = source->sandbox;
	siginfo_t info;

	waitid((idtype_t)P_PIDFD, (id_t)source->fd, &info, WEXITED);
	lab_drop_source(source);
	lab_drop_source(&s->lease);
	s->pid = 0;
	s->is_dirty = s->must_check_lock = true;
	s->lab->needs_scan |= s->spec.remove; /* it has taken its directory along */
}

/* The worker rings: there is something new in its journal or console. How much it rang does not
 * matter, only that it did. */
static void on_bell(struct lab_source *source)
{
	struct sandbox *s = source->sandbox;
	char rings[1024];
	ssize_t n = recv(source->fd, rings, sizeof(rings), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		lab_drop_source(source);
		s->must_check_lock = true;
	}
	s->is_dirty = true;
	s->lab->generation++;
}

static int make_lease(struct sandbox *s, int *ret_theirs, struct err *e)
{
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, errno, "make a lease");
	*ret_theirs = move_up(pair[1]);
	r = *ret_theirs < 0 ? err_sys(e, errno, "pass descriptors") : 0;
	fd_close(&pair[1]);
	s->lease.on_ready = on_bell;
	if (r == 0)
		return lab_add_source(&s->lease, pair[0], e);
	fd_close(&pair[0]);
	return r;
}

static int spawn_worker(struct sandbox *s, struct err *e)
{
	char path[PATH_MAX],
	    *argv[] = {(char *)s->backend->worker, (char *)"--worker", s->name, NULL};
	auto_close int dir_fd = move_up(s->dir.fd), lock_fd = move_up(s->dir.lock_fd);
	auto_close int theirs = -1;
	int fd, r;

	lab_program_path(s->lab, s->backend->worker, path, sizeof(path));
	if (dir_fd < 0 || lock_fd < 0)
		return err_sys(e, errno, "pass descriptors");
	if (s->lab->options.lease && s->spec.leased) {
		r = make_lease(s, &theirs, e);
		if (r < 0)
			return r;
	}
	r = spawn(path, argv, dir_fd, lock_fd, theirs, &s->pid);
	if (r) {
		r = err_sys(e, r, "run '%s'", path);
		return err_hint(e, r, "build it with ./dev build, or install isolab again");
	}
	fd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	s->worker.on_ready = on_worker_end;
	return fd < 0 ? err_sys(e, errno, "watch the worker") : lab_add_source(&s->worker, fd, e);
}

static void journal_request(struct sandbox *s, uint64_t request_ns)
{
	struct event event = {.t_ns = request_ns, .kind = EVENT_STEP, .name = "request"};

	if (strcmp(s->backend->flavour, "-") != 0)
		str_copy(event.value, sizeof(event.value), s->lab->accel);
	if (s->is_together)
		str_copy(event.detail, sizeof(event.detail), "together");
	s->is_together = false;
	sandbox_journal(s, &event);
}

/* It never came to a worker: that, too, is in the journal. */
static void journal_failure(struct sandbox *s, const struct err *error)
{
	struct event event = {.t_ns = clock_now_ns(), .kind = EVENT_FAIL, .name = "worker"};

	str_copy(event.value, sizeof(event.value), error->what);
	str_copy(event.detail, sizeof(event.detail), error->hint);
	sandbox_journal(s, &event);
	event = (struct event){.t_ns = clock_now_ns(), .kind = EVENT_STATE, .name = "failed"};
	sandbox_journal(s, &event);
}

int sandbox_lock_ended(struct sandbox *s, struct err *e)
{
	uint64_t end_ns = clock_now_ns() + KILL_TIMEOUT_MS * 1000000ULL;
	int r = rundir_lock(&s->dir, e);

	while (r == -EBUSY && clock_now_ns() < end_ns) {
		err_clear(e);
		r = rundir_lock(&s->dir, e);
	}
	return r;
}

int sandbox_start(struct sandbox *s, struct err *e)
{
	uint64_t request_ns = clock_now_ns();
	struct err error = {0};
	int r;

	if (!s->backend) {
		r = err_set(e, ENOTSUP, "start '%s': kind '%s' is not known to this version",
			    s->name, sandbox_kind(s));
		return err_hint(e, r, "'isolab rm -f %s' removes it", s->name);
	}
	if (story_is_alive(&s->story))
		return err_set(e, EALREADY, "'%s' is already running", s->name);
	r = sandbox_lock_ended(s, e);
	if (r < 0)
		return err_ctx(e, r, "start '%s'", s->name);
	journal_request(s, request_ns);
	r = spawn_worker(s, &error);
	if (r < 0) {
		journal_failure(s, &error);
		lab_drop_source(&s->lease);
		if (e)
			*e = error;
		err_ctx(e, r, "start '%s'", s->name);
	}
	fd_close(&s->dir.lock_fd);
	sandbox_refresh(s);
	lab_update_timer(s->lab);
	return r;
}

void sandbox_mark_together(struct sandbox *s)
{
	s->is_together = true;
}

/* ---- ending and removing ---- */

static void remove_directory(struct sandbox *s)
{
	if (rundir_lock(&s->dir, NULL) < 0)
		return;
	rundir_remove(&s->dir, NULL);
	fd_close(&s->dir.lock_fd);
}

/* Waits until our own worker is reaped; kills it when it takes too long. */
static void await_worker(struct sandbox *s, uint64_t end_ns)
{
	struct pollfd ended = {.fd = s->worker.fd, .events = POLLIN};
	uint64_t now_ns = clock_now_ns();
	int left = now_ns < end_ns ? (int)((end_ns - now_ns) / 1000000) : 0;

	while (poll(&ended, 1, left) < 0 && errno == EINTR)
		;
	if (!ended.revents)
		syscall(SYS_pidfd_send_signal, s->worker.fd, SIGKILL, NULL, 0);
	s->worker.on_ready(&s->worker);
}

void lab_end_leases(struct lab *lab)
{
	uint64_t end_ns = clock_now_ns() + END_TIMEOUT_MS * 1000000ULL;
	bool was_mine = false;

	/* All at once, then wait for all: they end at the same time. */
	for (size_t i = 0; i < lab->count; i++)
		lab_drop_source(&lab->sandboxes[i]->lease);
	for (size_t i = 0; i < lab->count; i++) {
		struct sandbox *s = lab->sandboxes[i];

		if (!s->is_mine)
			continue;
		was_mine = true;
		if (s->worker.fd >= 0)
			await_worker(s, end_ns);
		remove_directory(s);
	}
	for (struct sandbox *s = lab->gone; s; s = s->next_gone)
		if (s->is_mine && s->worker.fd >= 0)
			await_worker(s, end_ns);
	if (was_mine)
		rundir_sweep(lab->base_fd, NULL);
}

/* One that is just starting may not listen yet: tries again for a moment. */
static int kill_inside(struct sandbox *s, struct err *e)
{
	int r = sandbox_kill(s, e);

	for (int attempt = 0; attempt < KILL_ATTEMPTS && (r == -ENOENT || r == -ECONNREFUSED);
	     attempt++) {
		poll(NULL, 0, KILL_PAUSE_MS);
		s->must_check_lock = true;
		sandbox_refresh(s);
		err_clear(e);
		r = sandbox_kill(s, e);
	}
	return r;
}

/* Kills what is inside and waits, boundedly, until the worker has let go. */
static int end_worker(struct sandbox *s, struct err *e)
{
	uint64_t end_ns = clock_now_ns() + KILL_TIMEOUT_MS * 1000000ULL;
	struct pollfd gone;
	int r = kill_inside(s, e), left;

	if (r < 0 && r != -ESRCH)
		return r;
	gone = (struct pollfd){.fd = s->control_fd, .events = POLLRDHUP};
	do {
		uint64_t now_ns = clock_now_ns();
		left = now_ns < end_ns ? (int)((end_ns - now_ns) / 1000000) : 0;
	} while (s->control_fd >= 0 && poll(&gone, 1, left) < 0 && errno == EINTR);
	if (s->control_fd >= 0 && !gone.revents) {
		r = err_set(e, EBUSY, "'%s' does not end", s->name);
		return err_hint(e, r, "its worker, process %d, hangs: kill -9 it", (int)s->pid);
	}
	if (s->worker.fd >= 0)
		await_worker(s, end_ns);
	return 0;
}

int sandbox_remove(struct sandbox *s, bool force, struct err *e)
{
	int r;

	if (story_is_alive(&s->story)) {
		if (!force) {
			r = err_set(e, EBUSY, "remove '%s': it is %s", s->name,
				    sandbox_state_name(s->story.state));
			return err_hint(e, r, "stop it first, or 'isolab rm -f %s'", s->name);
		}
		r = end_worker(s, e);
		if (r < 0)
			return err_ctx(e, r, "remove '%s'", s->name);
	}
	r = sandbox_lock_ended(s, e);
	if (r == -ENOENT) {
		/* Without its lock's file it is damaged, or its worker has been quicker. */
		err_clear(e);
		r = sandbox_is_there(s) ? rundir_remove(&s->dir, e) : 0;
	} else if (r == 0) {
		r = rundir_remove(&s->dir, e);
		fd_close(&s->dir.lock_fd);
	}
	s->lab->needs_scan = true;
	return r < 0 ? err_ctx(e, r, "remove '%s'", s->name) : 0;
}
