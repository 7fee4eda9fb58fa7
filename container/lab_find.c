// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Finding the holder of the lab network. Its directory .lab is made whole, with the socket already
 * listening (rundir_create_lab()), so there are three cases: none, then we make one and start the
 * holder; one that answers; one that does not, because its holder is just ending (then wait a
 * moment) or was killed (then its lock is free: remove it). Of several workers who start one at the
 * same time one wins, the others find that.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fd.h"
#include "kernel.h"
#include "lab.h"
#include "rundir.h"
#include "wire.h"
#include "worker.h"

/* The same numbers as in net/keeper.h: what the holder's program inherits. */
enum { HANDED_DIR = 3, HANDED_LOCK = 4, HANDED_LISTEN = 5 };
enum { ATTEMPTS = 2000, STARTS = 8, PAUSE_NS = 1000000, ANSWER_MS = 10000 };

/* In the new process's child: nobody's child, nobody's session, no descriptor but three. */
static void become_holder(const char *program, const struct rundir *dir, int listen_fd)
{
	const int wanted[] = {dir->fd, dir->lock_fd, listen_fd};
	char *const argv[] = {(char *)"isolab-net", (char *)"--hold", NULL};
	char *const env[] = {(char *)"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", NULL};
	int moved[3], null;

	setsid();
	worker_child_signals();
	signal(SIGPIPE, SIG_DFL);
	for (int i = 0; i < 3; i++)
		moved[i] = fcntl(wanted[i], F_DUPFD_CLOEXEC, HANDED_LISTEN + 1);
	for (int i = 0; i < 3; i++)
		if (moved[i] < 0 || dup2(moved[i], HANDED_DIR + i) < 0)
			_exit(125);
	/* Not the user's: a pipe that reads our caller's output would stay open with us. */
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	kernel_close_range(HANDED_LISTEN + 1, ~0U, 0);
	execve(program, argv, env);
	_exit(127);
}

/* Forks twice: the holder outlives us, and is waited for by whoever waits for orphans. */
static int spawn(const char *program, const struct rundir *dir, int listen_fd, struct err *e)
{
	if (access(program, X_OK) < 0)
		return err_hint(e, err_sys(e, errno, "start the lab network '%s'", program),
				"isolab-net belongs beside isolab-container: build or install "
				"isolab again");
	pid_t pid = fork();
	if (pid == 0) {
		pid = fork();
		if (pid == 0)
			become_holder(program, dir, listen_fd);
		_exit(pid < 0);
	}
	int status = 1;
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid < 0 || status ? err_sys(e, EAGAIN, "make a process for the lab network") : 0;
}

/* Makes directory, lock and socket, connects, and only then starts who will accept: so nobody has
 * to wait until it listens. */
static int start(const struct lab_place *place, struct err *e)
{
	auto_rundir dir = RUNDIR_NONE;
	auto_close int listen_fd = -1, fd = -1;
	int r = rundir_create_lab(place->base_fd, &dir, &listen_fd, e);

	if (r < 0)
		return r;
	fd = r = wire_connect(dir.fd, e);
	if (r >= 0)
		r = spawn(place->program, &dir, listen_fd, e);
	if (r < 0) {
		rundir_remove_lab(&dir, NULL);
		return r;
	}
	return fd_move(&fd);
}

/* A connection, or -EAGAIN: try again. *starts counts the holders that we have started. */
static int find(const struct lab_place *place, unsigned *starts, struct err *e)
{
	auto_rundir dir = RUNDIR_NONE;
	int r = rundir_open_lab(place->base_fd, &dir);

	if (r == -ENOENT) {
		struct err error = {0};
		r = start(place, &error);
		*starts += r >= 0;
		if (r == -EEXIST)
			return -EAGAIN;
		if (r < 0 && e)
			*e = error;
		return r;
	}
	if (r < 0)
		return err_sys(e, r, "open the directory of the lab network");
	r = wire_connect(dir.fd, NULL);
	if (r == -ECONNREFUSED || r == -ENOENT) {
		rundir_sweep_lab(place->base_fd);
		return -EAGAIN;
	}
	return r < 0 ? err_sys(e, r, "reach the lab network") : r;
}

static void tell(struct lab_place *place)
{
	struct net_lease *lease = &place->lease;
	char address[16], gateway[16];

	net_wire_format_address(address, sizeof(address), lease->address);
	net_wire_format_address(gateway, sizeof(gateway), lease->gateway);
	snprintf(place->told, sizeof(place->told),
		 "a cable to the lab's bridge: %s/%u, the bridge is %s, %s%s", address,
		 lease->prefix_length, gateway,
		 *lease->uplink ? "the way outside is " : "nothing leads outside", lease->uplink);
}

/* -EAGAIN: it was just ending. */
static int ask_for_place(struct lab_place *place, const char *name, const char *hostname,
			 struct err *e)
{
	struct net_wire message = {.type = NET_JOIN};
	int r, fd = -1;

	str_copy(message.name, sizeof(message.name), name);
	str_copy(message.hostname, sizeof(message.hostname), hostname ? hostname : "");
	r = net_wire_send(place->socket, &message, -1);
	if (r == 0)
		r = net_wire_receive(place->socket, ANSWER_MS, &message, &fd);
	if (r == 0 || r == -EPIPE || r == -ECONNRESET)
		return -EAGAIN;
	if (r < 0)
		return err_sys(e, r, "ask the lab network for a place");
	place->userns_fd = fd;
	if (message.type == NET_ERROR)
		return net_wire_take_error(&message, e);
	if (message.type != NET_JOINED || fd < 0)
		return err_set(e, EPROTO, "the lab network gave no place");
	place->lease = message.lease;
	tell(place);
	return 0;
}

int lab_connect(struct lab_place *place, const char *name, const char *hostname, struct err *e)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	unsigned starts = 0;

	for (int attempt = 0; attempt < ATTEMPTS && starts < STARTS; attempt++) {
		int r = find(place, &starts, e);
		if (r >= 0) {
			place->socket = r;
			r = ask_for_place(place, name, hostname, e);
			if (r == 0)
				return 0;
			lab_finish(place);
		}
		if (r != -EAGAIN)
			return r;
		nanosleep(&pause, NULL);
	}
	rundir_sweep_lab(place->base_fd);
	return err_hint(e, err_set(e, ETIMEDOUT, "the lab network does not start"),
			"`isolab doctor`, line lab_network, says whether it can be had here");
}
