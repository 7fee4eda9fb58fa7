// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The steps by which a sandbox comes into the lab: a place before its process is made, the cable
 * once it has its namespaces (while it builds the rest of the wall), names in its /etc, and a word
 * when the cable is plugged in, so that no program ever runs with half a network.
 */
#include "lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "container.h"
#include "fd.h"
#include "files.h"

enum { CABLE_MS = 10000, LIST_MS = 2000 };

void lab_init(struct lab_place *place)
{
	*place = (struct lab_place){.base_fd = -1, .socket = -1, .userns_fd = -1};
}

void lab_finish(struct lab_place *place)
{
	fd_close(&place->socket);
	fd_close(&place->userns_fd);
}

bool lab_is_wanted(const struct container *c)
{
	return c->spec->network == SPEC_NETWORK_LAB;
}

int lab_join(struct container *c, struct err *e)
{
	return lab_connect(&c->lab, c->spec->name, c->spec->hostname, e);
}

int lab_cable(struct container *c, struct err *e)
{
	struct net_wire message = {.type = NET_ATTACH};
	char path[32];
	int unused = -1;

	fd_close(&c->lab.userns_fd);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)c->pid);
	auto_close int netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return err_sys(e, errno, "open the sandbox's network namespace");
	int r = net_wire_send(c->lab.socket, &message, netns);
	if (r == 0)
		r = net_wire_receive(c->lab.socket, CABLE_MS, &message, &unused);
	fd_close(&unused);
	if (r <= 0)
		return err_sys(e, r ? r : ECONNRESET, "ask the lab network for a cable");
	if (message.type == NET_ERROR)
		return net_wire_take_error(&message, e);
	return container_say(c, "cable", e);
}

int lab_await(struct container *c, struct err *e)
{
	(void)c;
	return child_await("cable", e);
}

int lab_names(struct container *c, struct err *e)
{
	const struct net_lease *lease = &c->lab.lease;
	const char *hostname = c->spec->hostname ? c->spec->hostname : "";
	char text[512], address[16];
	int length = snprintf(text, sizeof(text),
			      "nameserver %s\nsearch lab\noptions timeout:2 attempts:2\n",
			      net_wire_format_address(address, sizeof(address), lease->gateway));
	int r = files_cover(c, "/etc/resolv.conf", text, (size_t)length, e);

	if (r < 0)
		return r;
	length = snprintf(text, sizeof(text), "127.0.0.1 localhost\n::1 localhost\n%s %s %s\n",
			  net_wire_format_address(address, sizeof(address), lease->address),
			  c->spec->name, hostname);
	return files_cover(c, "/etc/hosts", text, (size_t)length, e);
}

int lab_allow_ping(struct container *c, struct err *e)
{
	char range[32];

	(void)e; /* a kernel that has no such setting has no such ping */
	snprintf(range, sizeof(range), "0 %u", idmap_size(&c->idmap) - 1);
	call_write_file(c->calls, AT_FDCWD, "/proc/sys/net/ipv4/ping_group_range", range);
	return 0;
}

int lab_list(const struct lab_place *place, struct strbuf *text, struct err *e)
{
	struct net_wire message = {.type = NET_LIST};
	char address[16];

	for (int i = 0; i <= NET_NUMBER_LAST; i++) {
		int fd = -1, r = net_wire_send(place->socket, &message, -1);
		if (r == 0)
			r = net_wire_receive(place->socket, LIST_MS, &message, &fd);
		fd_close(&fd);
		if (r <= 0)
			return err_sys(e, r ? r : ECONNRESET, "ask the lab network who is in it");
		if (message.type != NET_MEMBER)
			return 0;
		str_addf(text, "peer %s %s\n", message.name,
			 net_wire_format_address(address, sizeof(address), message.lease.address));
		message = (struct net_wire){.type = NET_LIST, .number = message.number};
	}
	return 0;
}
