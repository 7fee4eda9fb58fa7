// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The container's network. A new network namespace holds one interface, lo, which
 * is down: without it not even localhost answers. One ioctl brings it up; setting the flags
 * without reading them first is right, since a new lo has none. See netdevice(7),
 * network_namespaces(7).
 */
#include "container.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fd.h"

static int loopback_up(const struct container *c, struct err *e)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};

	call_because(c->calls, "a socket of any kind, to reach the interfaces by");
	/* Left to exec, which closes it. */
	int fd = (int)call_make(c->calls, CALL_SOCKET,
				CALL_WORDS_OF(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	call_because(c->calls, "a new network has one interface, lo, and it is down");
	if (fd < 0 ||
	    call_make(c->calls, CALL_IOCTL, CALL_WORDS_OF(fd, SIOCSIFFLAGS, (long)&request)) < 0)
		return err_sys(e, errno, "bring the interface 'lo' up");
	return 0;
}

int network_build(struct container *c, struct err *e)
{
	int r = loopback_up(c, e);

	return r == 0 && lab_is_wanted(c) ? lab_await(c, e) : r;
}
