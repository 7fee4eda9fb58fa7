// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The keeper: the outer one of isolab-net's two processes (holder.h). It was executed by a
 * worker, which made directory, lock and socket; from now on they are ours. It makes the holder
 * in new namespaces, writes its maps, accepts connections and hands over those of our own user,
 * starts what leads outside, and when the holder has ended it removes all that, holding the lock
 * to the last.
 */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/securebits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "holder.h"
#include "idmap.h"
#include "kernel.h"
#include "net_wire.h"
#include "rundir.h"
#include "subnet.h"
#include "uplink.h"

enum { ROUTES_MAX = 64 * 1024, REFUSALS_MAX = 64 };

struct keeper {
	struct rundir dir; /* with its lock */
	int listen_fd, signal_fd;
	int channel, holder_channel; /* our end and, until it is made, the holder's */
	int holder_pidfd;
	pid_t holder_pid;
	uid_t owner; /* to whom the holder's namespaces belong */
	struct holder_shared *shared;
	const char *uplink_name; /* what leads outside, "" = nothing */
	struct uplink uplink;
};

/* ---- making the holder ---- */

/* The widest map this user may give: what any of its sandboxes may use, and the holder itself as a
 * user whom no sandbox has. */
static void choose_map(struct idmap *map)
{
	idmap_choose(map);
	if (map->count == 1) {
		idmap_add_range(map);
		return;
	}
	map->range_uid = map->first_uid;
	map->range_gid = map->first_gid;
	map->range_count = map->count;
	map->first_uid = map->first_gid = KEEPER_HOLDER_ID;
	map->count = 1;
}

/* Root writes it itself. Where there is no such user for the holder (we are root of a small user
 * namespace), it is us. */
static int write_map(struct idmap *map, pid_t holder, struct err *e)
{
	if (geteuid() != 0)
		return idmap_write(map, holder, e);
	int r = idmap_write_directly(map, holder, e);
	if (r != -EPERM && r != -EINVAL)
		return r;
	err_clear(e);
	map->first_uid = geteuid();
	map->first_gid = getegid();
	return idmap_write_directly(map, holder, e);
}

static uint32_t choose_subnet(void)
{
	char routes[ROUTES_MAX];

	if (fd_read_file(AT_FDCWD, "/proc/net/route", routes, sizeof(routes)) < 0)
		*routes = '\0';
	return subnet_choose(routes);
}

static int make_channel(struct keeper *k, struct err *e)
{
	int ends[2];

	k->shared = mmap(NULL, sizeof(*k->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (k->shared == MAP_FAILED)
		return err_sys(e, errno, "map the page shared with the holder");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(e, errno, "make a socket to the holder");
	k->channel = ends[0];
	k->holder_channel = ends[1];
	return 0;
}

/* In the new process: only the channel comes along. */
static void become_holder(const struct keeper *k, uint32_t network)
{
	enum { CHANNEL = 3 };
	struct holder_setup setup = {.shared = k->shared,
				     .channel = CHANNEL,
				     .network = network,
				     .uplink = k->uplink_name};

	if (dup3(k->holder_channel, CHANNEL, O_CLOEXEC) < 0 && errno != EINVAL)
		_exit(1);
	if (kernel_close_range(CHANNEL + 1, ~0U, 0) < 0)
		_exit(1);
	holder_run(&setup);
}

static int explain_clone(int error, struct err *e)
{
	return err_hint(e, err_sys(e, error, "make the lab's namespaces"),
			"this machine restricts user namespaces; `isolab doctor` says by which "
			"setting, and how to allow them");
}

/* The lab belongs to whoever makes it. Root is nobody for that moment, with all its powers, so that
 * what leads outside needs to be no more than that nobody. */
static void become_owner(struct keeper *k)
{
	k->owner = geteuid();
	if (k->owner != 0 || prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) < 0)
		return;
	if (syscall(SYS_setresgid, -1, KEEPER_HOLDER_ID, -1) == 0 &&
	    syscall(SYS_setresuid, -1, KEEPER_HOLDER_ID, -1) == 0)
		k->owner = KEEPER_HOLDER_ID;
}

static int become_self(const struct keeper *k, struct err *e)
{
	if (k->owner == KEEPER_HOLDER_ID &&
	    (syscall(SYS_setresuid, -1, 0, -1) < 0 || syscall(SYS_setresgid, -1, 0, -1) < 0 ||
	     prctl(PR_SET_SECUREBITS, 0, 0, 0, 0) < 0))
		return err_sys(e, errno, "become root again");
	return 0;
}

static int make_holder(struct keeper *k, struct err *e)
{
	struct clone_args arguments = {.flags = CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS |
						CLONE_NEWIPC | CLONE_PIDFD,
				       .pidfd = (uintptr_t)&k->holder_pidfd,
				       .exit_signal = SIGCHLD};
	uint32_t network = choose_subnet();
	struct idmap map;

	choose_map(&map);
	become_owner(k);
	k->holder_pid = kernel_clone3(&arguments);
	int error = errno;
	if (k->holder_pid == 0)
		become_holder(k, network);
	fd_close(&k->holder_channel);
	if (k->holder_pid < 0)
		return explain_clone(error, e);
	int r = become_self(k, e);
	if (r == 0)
		r = write_map(&map, k->holder_pid, e);
	if (r == 0) {
		r = holder_send_word(k->channel, HOLDER_GO, -1);
		if (r < 0)
			err_sys(e, r, "tell the holder to go on");
	}
	return r;
}

/* ---- the door ---- */

/* The directory is closed to others; but a descriptor of the socket may have been passed on. */
static bool is_trusted(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

static void pass_connection(struct keeper *k)
{
	auto_close int fd = accept4(k->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0 && is_trusted(fd))
		holder_send_word(k->channel, HOLDER_CONNECTION, fd);
}

/* There is no lab: whoever waits at the door is told why. */
static void refuse_all(struct keeper *k, const struct err *e)
{
	struct net_wire message;

	net_wire_set_error(&message, e);
	fd_set_nonblocking(k->listen_fd, true);
	for (int i = 0; i < REFUSALS_MAX; i++) {
		auto_close int fd = accept4(k->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			return;
		net_wire_send(fd, &message, -1);
	}
}

static int on_channel(struct keeper *k)
{
	enum holder_word word;
	int fd = -1, r = holder_receive_word(k->channel, &word, &fd);

	fd_close(&fd);
	/* What fails to lead outside leaves a lab that is closed. */
	if (r > 0 && word == HOLDER_UPLINK)
		uplink_start(&k->uplink, k->uplink_name, k->holder_pid, k->owner, NULL);
	return r > 0 ? 0 : -ECONNRESET;
}

static void serve(struct keeper *k)
{
	struct pollfd fds[] = {{.fd = k->listen_fd, .events = POLLIN},
			       {.fd = k->channel, .events = POLLIN},
			       {.fd = k->holder_pidfd, .events = POLLIN},
			       {.fd = k->signal_fd, .events = POLLIN}};

	for (;;) {
		if (poll(fds, 4, -1) < 0 && errno != EINTR)
			return;
		if (fds[2].revents || fds[3].revents)
			return;
		if (fds[1].revents && on_channel(k) < 0)
			fds[1].fd = -1; /* it is ending; its pidfd tells when it has */
		if (fds[0].revents)
			pass_connection(k);
	}
}

/* ---- its life ---- */

/* Asked to end: then the lab ends, too, and nothing is left. */
static int open_signals(struct err *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_SETMASK, &set, NULL);
	int fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? err_sys(e, errno, "wait for signals") : fd;
}

static int prepare(struct keeper *k, struct err *e)
{
	for (int fd = KEEPER_FD_DIR; fd <= KEEPER_FD_LISTEN; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			return err_hint(e, err_set(e, EBADF, "no directory was handed down"),
					"this is for isolab itself: isolab run container "
					"--network lab");
	k->dir.base_fd = openat(KEEPER_FD_DIR, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (k->dir.base_fd < 0)
		return err_sys(e, errno, "open the runtime directory");
	k->dir.fd = KEEPER_FD_DIR;
	k->dir.lock_fd = KEEPER_FD_LOCK;
	str_copy(k->dir.name, sizeof(k->dir.name), RUNDIR_LAB);
	k->listen_fd = KEEPER_FD_LISTEN;
	k->signal_fd = open_signals(e);
	if (k->signal_fd < 0)
		return k->signal_fd;
	return chdir("/") < 0 ? err_sys(e, errno, "let the directory go") : 0;
}

static void finish(struct keeper *k)
{
	uplink_stop(&k->uplink);
	if (k->holder_pidfd >= 0) {
		kernel_pidfd_send_signal(k->holder_pidfd, SIGKILL);
		waitid(P_PIDFD, (id_t)k->holder_pidfd, &(siginfo_t){0}, WEXITED);
	}
	if (k->dir.lock_fd >= 0)
		rundir_remove_lab(&k->dir, NULL);
	rundir_finish(&k->dir);
}

int keeper_run(struct err *e)
{
	struct keeper k = {.dir = RUNDIR_NONE,
			   .listen_fd = -1,
			   .signal_fd = -1,
			   .channel = -1,
			   .holder_channel = -1,
			   .holder_pidfd = -1,
			   .uplink_name = uplink_find(),
			   .uplink = {.pidfd = -1, .lifeline = -1}};
	int r = prepare(&k, e);

	if (r == 0)
		r = make_channel(&k, e);
	if (r == 0)
		r = make_holder(&k, e);
	if (r == 0) {
		serve(&k);
		if (k.shared->error.code) {
			*e = k.shared->error;
			r = -e->code;
		}
	}
	if (r < 0 && k.listen_fd >= 0)
		refuse_all(&k, e);
	finish(&k);
	return r;
}
