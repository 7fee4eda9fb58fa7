/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * isolab-agent: /init of a Linux guest. It loads the drivers of the devices there are, makes the
 * image the root (root.c), says HELLO over its line (line.c), and then is to the guest what
 * the worker is to a container: starts programs, carries their bytes, signals and sizes, reaps
 * them, tells their end. One thread, one poll loop.
 *
 * It is process 1: what it does not reap stays a zombie, and when it ends the kernel panics. So
 * nothing in here exits: at the end, and when it is lost, it switches the machine off.
 *
 * In a whole distribution it is a service of systemd's instead (`isolab-agent --service`): all is
 * laid out, the machine is not its own to switch off, and the line is a port of a virtio console,
 * which systemd has waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define SERVICE_DEVICE "/dev/virtio-ports/isolab.agent"

/* The kernel's console is the only place for words before the worker listens. */
void guest_complain(const char *what, const char *object)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "isolab-agent: %s '%s': %s\n", what, object,
			 strerror(errno));
	ssize_t unused = write(STDERR_FILENO, line, (size_t)n);

	(void)unused;
}

static int watch_children(void)
{
	sigset_t children;

	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	return signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void reap(struct guest *guest, int signal_fd)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(signal_fd, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		program_ended(guest, pid, status);
}

static void run(struct guest *guest, int signal_fd)
{
	struct pollfd fds[GUEST_POLL_MAX];

	for (;;) {
		nfds_t count = 0;
		fds[count++] = (struct pollfd){.fd = signal_fd, .events = POLLIN};
		fds[count++] =
		    (struct pollfd){.fd = guest->link_fd,
				    .events = (short)(POLLIN |
						      (guest->unsent_bytes ? POLLOUT : 0))};
		fds[count++] = (struct pollfd){.fd = guest->inner.inotify_fd, .events = POLLIN};
		count += programs_poll(guest, fds + count);
		if (poll(fds, count, guest->inner.has_more ? 0 : -1) < 0 && errno != EINTR)
			return;
		if (fds[1].revents & POLLOUT)
			guest_flush(guest);
		if (fds[1].revents & POLLIN)
			guest_receive(guest);
		else if (fds[1].revents & (POLLHUP | POLLERR | POLLNVAL))
			return; /* nobody holds the other end any more */
		programs_serve(guest, fds + 3);
		if (fds[0].revents)
			reap(guest, signal_fd);
		/* What has ended may have told something just before: that goes first. */
		if (fds[0].revents || fds[2].revents || guest->inner.is_behind ||
		    guest->inner.has_more)
			inner_serve(guest);
		programs_report(guest);
	}
}

/* Says HELLO and serves. */
static bool serve(struct guest *guest, int signal_fd, const char *device)
{
	if (guest->link_fd < 0 || signal_fd < 0) {
		guest_complain("open", device);
		return false;
	}
	guest_send(guest, AGENT_HELLO, 0, AGENT_VERSION, NULL, 0);
	run(guest, signal_fd);
	return true;
}

int main(int argc, char **argv)
{
	static struct guest guest; /* large, and there is no other */

	/* The kernel's words: modprobe -q -- NAME */
	if (argc == 4 && strcmp(argv[2], "--") == 0)
		return modules_serve_kernel(argv[3]) < 0;
	int signal_fd = watch_children();

	if (argc > 1 && strcmp(argv[1], "--service") == 0) {
		guest_init(&guest, line_open_device(SERVICE_DEVICE));
		return serve(&guest, signal_fd, SERVICE_DEVICE) ? 0 : 1;
	}
	root_lay_out();
	modules_drive_devices();
	guest_init(&guest, line_open());
	root_enter();
	guest.owns_root = true;
	network_loopback_up();
	serve(&guest, signal_fd, "the line to the worker");
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
