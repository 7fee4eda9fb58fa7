// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The lab while the sandbox runs. Its holder may be killed; then the kernel takes the bridge and
 * all cables with it, the sandboxes go on without a network, and each says so. What the holder
 * leaves behind, a directory with a free lock, is removed by whoever notices first.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
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

int lab_describe(struct worker *w, struct strbuf *text, struct err *e)
{
	const struct container *c = &((struct wall_state *)worker_state(w))->container;

	if (c->lab.socket < 0)
		return -EOPNOTSUPP;
	str_addf(text, "root %u\n", c->idmap.first_uid);
	return lab_describe_place(&c->lab, text, e);
}

int lab_describe_place(const struct lab_place *place, struct strbuf *text, struct err *e)
{
	char address[INET6_ADDRSTRLEN];
	static const uint8_t none[16];

	if (place->socket < 0)
		return -EOPNOTSUPP;
	str_addf(text, "address %s\n",
		 net_wire_format_address(address, sizeof(address), place->lease.address));
	str_addf(text, "gateway %s\n",
		 net_wire_format_address(address, sizeof(address), place->lease.gateway));
	if (memcmp(place->lease.address6, none, sizeof(none)) != 0)
		str_addf(text, "address6 %s\n",
			 inet_ntop(AF_INET6, place->lease.address6, address, sizeof(address)));
	if (*place->lease.uplink)
		str_addf(text, "uplink %s\n", place->lease.uplink);
	return lab_list(place, text, e);
}
