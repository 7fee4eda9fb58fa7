// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A child in new namespaces makes a bridge, a cable, the rules for a way outside, and goes; the
 * kernel takes all of it with it. Errors come back in a page that both share.
 */
#include "try.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "idmap.h"
#include "kernel.h"
#include "link.h"
#include "nat.h"
#include "uplink.h"

/* What the child found. */
struct outcome {
	struct err lab, nat;
};

static int make_lab(struct err *e)
{
	auto_close int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	const struct link_end bridge = {"lab", NULL}, one = {"s1", NULL}, other = {"eth0", NULL};
	struct link link = {0};
	int r = link_open(&link, e);

	if (r == 0)
		r = link_make_bridge(&link, &bridge, e);
	if (r == 0)
		r = link_find(&link, bridge.name, e);
	if (r > 0)
		r = link_make_cable(&link, &one, r, 1500, &other, own, e);
	link_close(&link);
	return r;
}

/* The child: its maps are written when it hears so. */
static void make_all(int socket, struct outcome *outcome)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (recv(socket, &byte, 1, 0) == 1 && make_lab(&outcome->lab) == 0)
		nat_masquerade(UPLINK_INTERFACE, &outcome->nat);
	_exit(0);
}

static int explain_clone(int error, struct err *e)
{
	return err_hint(e, err_sys(e, error, "make a user and a network namespace"),
			error == ENOSPC ? "raise user.max_net_namespaces and "
					  "user.max_user_namespaces (sysctl)"
					: "see the line user_namespaces");
}

static int try_in_child(struct outcome *outcome, struct err *e)
{
	struct clone_args arguments = {.flags = CLONE_NEWUSER | CLONE_NEWNET,
				       .exit_signal = SIGCHLD};
	struct idmap map;
	int ends[2];

	idmap_choose(&map);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(e, errno, "make a socket");
	pid_t pid = kernel_clone3(&arguments);
	if (pid == 0)
		make_all(ends[1], outcome);
	int r = pid < 0 ? explain_clone(errno, e) : idmap_write_directly(&map, pid, e);
	if (r == 0 && send(ends[0], "g", 1, MSG_NOSIGNAL) < 0)
		r = err_sys(e, errno, "tell the child to go on");
	fd_close(&ends[1]);
	fd_close(&ends[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}

static void print_outcome(const char *name, const struct err *e)
{
	if (e->code)
		printf("%s %s\t%s\n", name, e->what, e->hint);
	else
		printf("%s ok\n", name);
}

int try_run(void)
{
	struct outcome *outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (outcome == MAP_FAILED)
		return 1;
	try_in_child(outcome, &outcome->lab);
	print_outcome("lab", &outcome->lab);
	print_outcome("nat", &outcome->nat);
	const char *uplink = uplink_find();
	printf("uplink %s\n", *uplink || !uplink_is_barred() ? uplink : "!");
	return 0;
}
