// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The lab while the sandbox runs. Its holder may be killed; then the kernel takes the bridge and all
 * cables with it, the sandboxes go on without a network, and each says so. What the holder leaves
 * behind, a directory with a free lock, is removed by whoever notices first.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "container.h"
#include "fd.h"
#include "lab.h"
#include "rundir.h"
#include "wall.h"
#include "worker.h"

static void on_lab(struct worker *w, int fd, short revents, void *arg)
{
	struct lab_place *place = arg;
	struct net_wire unused;
	int unused_fd = -1, r = net_wire_receive(fd, 0, &unused, &unused_fd);

	(void)revents;
	fd_close(&unused_fd);
	if (r > 0 || r == -EAGAIN)
		return;
	worker_unwatch(w, fd);
	lab_finish(place);
	rundir_sweep_lab(place->base_fd);
	worker_note(w, "network",
		    "the lab network is gone: its holder was killed. The sandbox goes on without "
		    "network; start it anew to have one");
}

int lab_watch(struct worker *w, struct lab_place *place, struct err *e)
{
	if (place->socket < 0)
		return 0;
	return worker_watch(w, place->socket, POLLIN, on_lab, place, e);
}

/* "BEFOREkey":"value" */
static void add_text(struct strbuf *text, const char *before, const char *key, const char *value)
{
	str_addf(text, "%s\"%s\":", before, key);
	str_add_json(text, value);
}

static int add_peers(const struct lab_place *place, struct strbuf *text, struct err *e)
{
	auto_strbuf list = {0};
	int r = lab_list(place, &list, e);

	if (r < 0)
		return r;
	str_add(text, ",\"peers\":[");
	for (const char *line = list.data; line && *line;) {
		const char *end = strchr(line, '\n'), *blank = strchr(line, ' ');
		char address[16], name[NET_WIRE_NAME_MAX];
		snprintf(address, sizeof(address), "%.*s", (int)(blank - line), line);
		snprintf(name, sizeof(name), "%.*s", (int)(end - blank - 1), blank + 1);
		add_text(text, line == list.data ? "{" : ",{", "name", name);
		add_text(text, ",", "address", address);
		str_add(text, "}");
		line = end + 1;
	}
	str_add(text, "]");
	return 0;
}

int lab_describe(struct worker *w, struct strbuf *text, struct err *e)
{
	const struct lab_place *place = &((struct wall_state *)worker_state(w))->container.lab;
	char address[INET6_ADDRSTRLEN];
	static const uint8_t none[16];

	if (place->socket < 0)
		return -EOPNOTSUPP;
	add_text(text, "{", "address",
		 net_wire_format_address(address, sizeof(address), place->lease.address));
	add_text(text, ",", "gateway",
		 net_wire_format_address(address, sizeof(address), place->lease.gateway));
	if (memcmp(place->lease.address6, none, sizeof(none)) != 0) {
		inet_ntop(AF_INET6, place->lease.address6, address, sizeof(address));
		add_text(text, ",", "address6", address);
	}
	add_text(text, ",", "uplink", place->lease.uplink);
	int r = add_peers(place, text, e);
	str_add(text, "}");
	return r;
}
