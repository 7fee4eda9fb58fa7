/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * isolab-agent: /init of a Linux guest. It loads the drivers of the devices there are, makes the
 * image the root (root.c), says HELLO over the second serial port, and then is to the guest what
 * the worker is to a container: starts programs, carries their bytes, signals and sizes, reaps
 * them, tells their end. One thread, one poll loop.
 *
 * It is process 1: what it does not reap stays a zombie, and when it ends the kernel panics. So
 * nothing in here exits: at the end, and when it is lost, it switches the machine off.
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
#include <termios.h>
#include <unistd.h>

#include "guest.h"

#define LINK_DEVICE GUEST_IMAGE "/dev/ttyS1"

/* The kernel's console is the only place for words before the worker listens. */
void guest_complain(const char *what, const char *object)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "isolab-agent: %s '%s': %s\n", what, object,
			 strerror(errno));
	ssize_t unused = write(STDERR_FILENO, line, (size_t)n);

	(void)unused;
}

/* The line carries bytes as they are. */
static int open_link(void)
{
	struct termios line;
	int fd = open(LINK_DEVICE, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || tcgetattr(fd, &line) < 0)
		return -1;
	cfmakeraw(&line);
	line.c_cflag |= CLOCAL | CREAD;
	cfsetspeed(&line, B115200);
	return tcsetattr(fd, TCSANOW, &line) < 0 ? -1 : fd;
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
		count += programs_poll(guest, fds + count);
		if (poll(fds, count, -1) < 0 && errno != EINTR)
			return;
		if (fds[1].revents & POLLOUT)
			guest_flush(guest);
		if (fds[1].revents & POLLIN)
			guest_receive(guest);
		programs_serve(guest, fds + 2);
		if (fds[0].revents)
			reap(guest, signal_fd);
		programs_report(guest);
	}
}

int main(void)
{
	static struct guest guest; /* large, and process 1 has no other */
	int signal_fd = watch_children();

	root_lay_out();
	modules_drive_devices();
	guest_init(&guest, open_link());
	root_enter();
	guest_loopback_up();
	if (guest.link_fd < 0 || signal_fd < 0) {
		guest_complain("open", LINK_DEVICE);
	} else {
		guest_send(&guest, AGENT_HELLO, 0, AGENT_VERSION, NULL, 0);
		run(&guest, signal_fd);
	}
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
