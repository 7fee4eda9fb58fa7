// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The holder's life: become root of the new user namespace, build the bridge, let go of the host's
 * files, then answer until nobody is left. One thread, one ppoll(2): the channel to the keeper, the
 * resolver's sockets, and one connection per sandbox, which is its lease.
 */
#include "holder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fd.h"
#include "kernel.h"
#include "link.h"
#include "net_wire.h"
#include "packet.h"
#include "private.h"
#include "resolver.h"
#include "subnet.h"
#include "table.h"
#include "uplink.h"

enum {
	FIRST_PATIENCE_MS = 10000, /* until the worker that started us has spoken */
	LAST_PATIENCE_MS = 250,    /* after the last one went */
	WATCHED = 3,               /* channel, resolver, resolver's way outside */
};

#define BRIDGE "lab"

int holder_send_word(int channel, enum holder_word word, int fd)
{
	char byte = (char)word;
	const struct iovec data = {.iov_base = &byte, .iov_len = 1};
	ssize_t n = packet_send(channel, &data, 1, &fd, fd >= 0, 0);

	return n < 0 ? (int)n : 0;
}

int holder_receive_word(int channel, enum holder_word *ret_word, int *ret_fd)
{
	char byte;
	const struct iovec data = {.iov_base = &byte, .iov_len = 1};
	size_t count = 1;
	int fd;
	ssize_t n = packet_receive(channel, &data, 1, &fd, &count, 0, NULL);

	if (n <= 0)
		return (int)n;
	*ret_fd = count ? fd : -1;
	*ret_word = (enum holder_word)byte;
	return 1;
}

/* ---- setting up ---- */

/* The keeper writes the maps and says so; only then there is a user 0 to become. */
static int await_go(const struct holder *h, struct err *e)
{
	enum holder_word word;
	int fd, r = holder_receive_word(h->channel, &word, &fd);

	if (r < 0)
		return err_sys(e, r, "hear from the keeper");
	return r == 1 && word == HOLDER_GO ? 0 : err_set(e, ECANCELED, "the keeper is gone");
}

static int become_root(struct err *e)
{
	/* Fails where setgroups is denied, which is as good. */
	kernel_setgroups(0, NULL);
	if (kernel_setresgid(0) < 0 || kernel_setresuid(0) < 0)
		return err_sys(e, errno, "become root of the lab's user namespace");
	/* Changes of credentials clear the death signal, so it comes after them; and they hide us
	 * from what leads outside, which is to enter our namespaces. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return err_sys(e, errno, "ask to die with the keeper");
	return 0;
}

static int open_own(struct holder *h, struct err *e)
{
	h->netns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	h->userns_fd = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	if (h->netns_fd < 0 || h->userns_fd < 0)
		return err_sys(e, errno, "open the lab's namespaces");
	return 0;
}

void holder_hardware_address(unsigned number, uint8_t address[LINK_ADDRESS_BYTES])
{
	/* Locally administered ("02"), then "iob" and the number. */
	const uint8_t made[LINK_ADDRESS_BYTES] = {0x02, 'i', 'o', 'b', 0, (uint8_t)number};

	memcpy(address, made, sizeof(made));
}

static int build_bridge(struct holder *h, struct err *e)
{
	uint32_t own = htonl(h->resolver.zone.network + 1);
	uint8_t own6[16], hardware_address[LINK_ADDRESS_BYTES];
	const struct link_end bridge = {BRIDGE, hardware_address};
	int r = link_open(&h->link, e);

	holder_hardware_address(1, hardware_address);
	if (r == 0)
		r = link_set_up(&h->link, "lo", e);
	if (r == 0)
		r = link_make_bridge(&h->link, &bridge, e);
	if (r == 0)
		r = h->bridge = link_find(&h->link, BRIDGE, e);
	if (r >= 0)
		r = link_add_address(&h->link, h->bridge, AF_INET, &own, SUBNET_PREFIX_LENGTH, e);
	if (r < 0)
		return r;
	memcpy(own6, h->resolver.zone.network6, sizeof(own6));
	own6[15] = 1;
	/* A kernel without IPv6 has a lab without it. */
	if (link_add_address(&h->link, h->bridge, AF_INET6, own6, 64, NULL) < 0)
		memset(h->resolver.zone.network6, 0, sizeof(h->resolver.zone.network6));
	return 0;
}

/* An empty directory in memory becomes the root: whoever should take us over finds nothing but the
 * node for taps. That is bound there, since from a descriptor of its directory `..` would lead to
 * the host's files. */
static int let_files_go(struct err *e)
{
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/proc", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k") < 0 ||
	    chdir("/proc") < 0)
		return err_sys(e, errno, "make an empty root");
	if (mknod("tun", S_IFREG | 0600, 0) == 0 &&
	    mount("/dev/net/tun", "tun", NULL, MS_BIND, NULL) < 0)
		unlink("tun"); /* this machine has none */
	if (mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
		return err_sys(e, errno, "make the empty root read-only");
	if (kernel_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_sys(e, errno, "let the host's files go");
	return 0;
}

static int set_up(struct holder *h, struct err *e)
{
	int r = await_go(h, e);

	if (r == 0)
		r = become_root(e);
	if (r == 0)
		r = open_own(h, e);
	if (r == 0)
		r = build_bridge(h, e);
	if (r == 0)
		r = resolver_open(&h->resolver, e);
	/* Without these the lab stands, but closed. */
	if (r == 0 && *h->uplink && uplink_allow(NULL) < 0)
		h->uplink = "";
	if (*h->uplink)
		resolver_allow_outside(&h->resolver, UPLINK_NAME_SERVER);
	if (r == 0)
		r = let_files_go(e);
	if (r == 0)
		r = holder_lock_down(e);
	return r;
}

/* ---- connections ---- */

static void drop(struct holder *h, size_t index)
{
	struct holder_client *client = &h->clients[index];

	if (client->number)
		places_leave(h, client->number);
	fd_close(&client->socket);
	*client = h->clients[--h->client_count];
}

static void on_client(struct holder *h, size_t index)
{
	struct holder_client *client = &h->clients[index];
	struct net_wire message;
	auto_close int fd = -1;
	int r = net_wire_receive(client->socket, 0, &message, &fd);

	if (r == -EAGAIN)
		return;
	if (r > 0)
		r = places_answer(h, client, &message, fd) == 0;
	if (r <= 0)
		drop(h, index);
}

/* The keeper hands over a connection. */
static int on_channel(struct holder *h)
{
	enum holder_word word;
	int fd, r = holder_receive_word(h->channel, &word, &fd);

	if (r <= 0)
		return -ECONNRESET;
	if (word == HOLDER_CONNECTION && fd >= 0 && h->client_count < HOLDER_CLIENTS_MAX)
		h->clients[h->client_count++] = (struct holder_client){.socket = fd_move(&fd)};
	fd_close(&fd);
	return 0;
}

/* One turn. False: time to go. */
static bool turn(struct holder *h, int patience_ms)
{
	struct pollfd fds[WATCHED + HOLDER_CLIENTS_MAX];
	size_t count = h->client_count;

	fds[0] = (struct pollfd){.fd = h->channel, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = h->resolver.fd, .events = POLLIN};
	fds[2] = (struct pollfd){.fd = h->resolver.upstream_fd, .events = POLLIN};
	for (size_t i = 0; i < count; i++)
		fds[WATCHED + i] = (struct pollfd){.fd = h->clients[i].socket, .events = POLLIN};
	const struct timespec patience = {.tv_sec = patience_ms / 1000,
					  .tv_nsec = patience_ms % 1000 * 1000000L};
	int ready = ppoll(fds, WATCHED + count, count ? NULL : &patience, NULL);
	if (ready < 0)
		return errno == EINTR;
	if (ready == 0)
		return false;
	/* From the last to the first: dropping one moves the last into its place. */
	for (size_t i = count; i-- > 0;)
		if (fds[WATCHED + i].revents)
			on_client(h, i);
	if (fds[1].revents)
		resolver_on_question(&h->resolver);
	if (fds[2].revents)
		resolver_on_upstream(&h->resolver);
	return !fds[0].revents || on_channel(h) == 0;
}

void holder_run(const struct holder_setup *setup)
{
	struct holder h = {.channel = setup->channel,
			   .netns_fd = -1,
			   .userns_fd = -1,
			   .uplink = setup->uplink};
	/* fd69:6f62:: is from the range that everybody may use (RFC 4193). */
	static const uint8_t network6[16] = {0xfd, 'i', 'o', 'b'};
	int patience_ms = FIRST_PATIENCE_MS;

	resolver_init(&h.resolver);
	h.resolver.zone.network = setup->network;
	h.resolver.zone.table = &h.table;
	memcpy(h.resolver.zone.network6, network6, sizeof(network6));
	if (set_up(&h, &setup->shared->error) < 0 ||
	    (*h.uplink && holder_send_word(h.channel, HOLDER_UPLINK, -1) < 0))
		_exit(1);
	while (turn(&h, patience_ms))
		if (h.client_count)
			patience_ms = LAST_PATIENCE_MS;
	_exit(0);
}
