// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Both programs are told: our interface's name, the host's localhost stays closed, no ports are
 * forwarded. They run below a guard, a fork of the keeper that does nothing but wait for the
 * keeper's end (end-of-file on the lifeline) or the program's, since a death signal may be lost
 * when a program changes its credentials, as these do. See pasta(1), slirp4netns(1).
 */
#include "uplink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "kernel.h"
#include "nat.h"

enum { WORDS_MAX = 32, PATH_BYTES = 128 };

/* Where they are installed, and what they are called with; "PID" stands for the holder's. */
static const char *const folders[] = {"/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin"};
static const struct {
	const char *name;
	bool works_as_root; /* pasta lays down root's powers before it enters the lab */
	const char *words[20];
} programs[] = {
    {"pasta",
     false,
     {"-f", "-q", "-4", "--config-net", "--no-map-gw", "-t", "none", "-u", "none", "-T", "none",
      "-U", "none", "-I", UPLINK_INTERFACE, "-D", "169.254.53.3", "PID"}},
    {"slirp4netns",
     true,
     {"--configure", "--disable-host-loopback", "--cidr=169.254.53.0/24", "--mtu=1500", "PID",
      UPLINK_INTERFACE}},
};

enum { PROGRAMS = sizeof(programs) / sizeof(programs[0]) };

static bool find_path(const char *name, char path[PATH_BYTES])
{
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, PATH_BYTES, "%s/%s", folders[i], name);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* Mostly everybody may make interfaces, in networks of his own; on some machines only root. */
static bool is_tun_open(void)
{
	struct stat status;

	return stat("/dev/net/tun", &status) == 0 && (status.st_mode & 06) == 06;
}

const char *uplink_find(void)
{
	char path[PATH_BYTES];
	bool is_open = is_tun_open();

	for (size_t i = 0; i < PROGRAMS; i++)
		if ((is_open || (geteuid() == 0 && programs[i].works_as_root)) &&
		    find_path(programs[i].name, path))
			return programs[i].name;
	return "";
}

bool uplink_is_barred(void)
{
	char path[PATH_BYTES];

	if (is_tun_open())
		return false;
	for (size_t i = 0; i < PROGRAMS; i++)
		if (find_path(programs[i].name, path))
			return true;
	return false;
}

/* Becomes the program. */
static void execute(const char *name, pid_t holder, uid_t owner)
{
	char path[PATH_BYTES], pid[16], *words[WORDS_MAX];
	sigset_t none;
	size_t count = 0, i = 0;

	while (i < PROGRAMS - 1 && strcmp(programs[i].name, name) != 0)
		i++;
	if (!find_path(programs[i].name, path))
		_exit(127);
	snprintf(pid, sizeof(pid), "%d", (int)holder);
	words[count++] = (char *)programs[i].name;
	for (const char *const *word = programs[i].words; *word; word++)
		words[count++] = strcmp(*word, "PID") == 0 ? pid : (char *)*word;
	words[count] = NULL;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Root becomes the one to whom the lab belongs: no more is needed to enter it. */
	if (owner != geteuid() && is_tun_open() &&
	    (kernel_setgroups(0, NULL) < 0 || kernel_setresgid(owner) < 0 ||
	     kernel_setresuid(owner) < 0))
		_exit(125);
	kernel_close_range(3, ~0U, 0);
	execv(path, words);
	_exit(127);
}

/* Keeps lifeline and program in view until one of them ends; then the other shall, too. */
static void guard(const char *name, pid_t holder, uid_t owner, int lifeline)
{
	kernel_close_range(3, (unsigned)lifeline - 1, 0);
	kernel_close_range((unsigned)lifeline + 1, ~0U, 0);
	pid_t pid = fork();
	if (pid == 0)
		execute(name, holder, owner);
	int pidfd = pid < 0 ? -1 : kernel_pidfd_open(pid);
	struct pollfd fds[] = {{.fd = lifeline, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
	while (pidfd >= 0 && poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	if (pidfd >= 0)
		kernel_pidfd_send_signal(pidfd, SIGKILL);
	_exit(0);
}

int uplink_start(struct uplink *uplink, const char *name, pid_t holder, uid_t owner, struct err *e)
{
	int ends[2];

	*uplink = (struct uplink){.pidfd = -1, .lifeline = -1};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(e, errno, "make a socket to '%s'", name);
	uplink->lifeline = ends[0];
	uplink->pid = fork();
	if (uplink->pid == 0)
		guard(name, holder, owner, ends[1]);
	fd_close(&ends[1]);
	if (uplink->pid < 0)
		return err_sys(e, errno, "make a process for '%s'", name);
	uplink->pidfd = kernel_pidfd_open(uplink->pid);
	return uplink->pidfd < 0 ? err_sys(e, errno, "hold the process of '%s'", name) : 0;
}

void uplink_stop(struct uplink *uplink)
{
	fd_close(&uplink->lifeline);
	if (uplink->pidfd >= 0)
		waitid(P_PIDFD, (id_t)uplink->pidfd, &(siginfo_t){0}, WEXITED);
	fd_close(&uplink->pidfd);
}

int uplink_allow(struct err *e)
{
	static const char forward[] = "/proc/sys/net/ipv4/ip_forward";
	int r = nat_masquerade(UPLINK_INTERFACE, e);

	if (r == 0)
		r = fd_write_file(AT_FDCWD, forward, "1");
	return r < 0 ? err_sys(e, r, "write '%s'", forward) : 0;
}
