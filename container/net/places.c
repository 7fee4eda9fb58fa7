// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a worker may ask for: a place in the lab, a cable into its sandbox's network namespace, a
 * tap, who else is there. The namespace comes as a descriptor, and from whom we cannot know; the
 * kernel itself refuses to let us enter one that does not belong to a child of our own user
 * namespace. So a worker can give us the host's, and nothing comes of it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "fd.h"
#include "private.h"
#include "str.h"
#include "subnet.h"

static void cable_name(char name[LINK_NAME_MAX], char kind, unsigned number)
{
	snprintf(name, LINK_NAME_MAX, "%c%u", kind, number);
}

static void fill_lease(const struct holder *h, unsigned number, struct net_lease *lease)
{
	const struct dns_zone *zone = &h->resolver.zone;
	static const uint8_t none[16];

	*lease = (struct net_lease){.address = zone->network + number,
				    .gateway = zone->network + 1,
				    .prefix_length = SUBNET_PREFIX_LENGTH,
				    .mtu = HOLDER_MTU,
				    .number = number};
	holder_hardware_address(number, lease->hardware_address);
	if (memcmp(zone->network6, none, sizeof(none)) != 0) {
		memcpy(lease->address6, zone->network6, sizeof(lease->address6));
		lease->address6[15] = (uint8_t)number;
	}
	str_copy(lease->uplink, sizeof(lease->uplink), h->uplink);
}

static int refuse_join(int r, const char *name, struct err *e)
{
	if (r == -ENOSPC)
		return err_hint(e,
				err_set(e, ENOSPC,
					"the lab network is full: %d sandboxes are in it",
					TABLE_SIZE),
				"remove some (isolab ps), or use --network none");
	return err_set(e, -r, "'%s' cannot be a name in the lab network", name);
}

static int join(struct holder *h, struct holder_client *client, const struct net_wire *asked,
		struct net_wire *answer, int *ret_fd, struct err *e)
{
	if (client->number)
		return err_set(e, EALREADY, "this sandbox is in the lab network already");
	int number = table_join(&h->table, asked->name, asked->hostname);
	if (number < 0)
		return refuse_join(number, asked->name, e);
	client->number = (unsigned)number;
	answer->type = NET_JOINED;
	fill_lease(h, client->number, &answer->lease);
	*ret_fd = h->userns_fd;
	return 0;
}

/* Inside the sandbox's network namespace: address and way out. */
static int give_address(const struct holder *h, struct link *inside, const struct net_lease *lease,
			struct err *e)
{
	static const uint8_t none[16];
	uint32_t address = htonl(lease->address);
	int index = link_find(inside, "eth0", e);
	int r = index;

	if (r >= 0)
		r = link_set_up(inside, "eth0", e);
	if (r == 0)
		r = link_add_address(inside, index, AF_INET, &address, lease->prefix_length, e);
	if (r == 0 && memcmp(lease->address6, none, sizeof(none)) != 0)
		r = link_add_address(inside, index, AF_INET6, lease->address6, 64, e);
	/* Without a way out no route: then "network unreachable" comes at once. */
	if (r == 0 && *h->uplink)
		r = link_add_default_route(inside, index, lease->gateway, e);
	return r;
}

static int lay_cable(struct holder *h, unsigned number, int netns_fd, struct link *inside,
		     struct err *e)
{
	struct net_lease lease;
	char name[LINK_NAME_MAX];

	fill_lease(h, number, &lease);
	cable_name(name, 's', number);
	const struct link_end own = {name, NULL}, other = {"eth0", lease.hardware_address};
	int r = link_make_cable(&h->link, &own, h->bridge, lease.mtu, &other, netns_fd, e);
	if (r < 0)
		return r;
	r = give_address(h, inside, &lease, e);
	if (r < 0)
		link_delete(&h->link, name, NULL);
	return r;
}

static int attach(struct holder *h, struct holder_client *client, int netns_fd, struct err *e)
{
	struct link inside = {0};

	if (!client->number)
		return err_set(e, EPROTO, "attach before join");
	if (netns_fd < 0)
		return err_set(e, EPROTO, "attach without a network namespace");
	int r = link_open_in(&inside, netns_fd, h->netns_fd, e);
	if (r == 0)
		r = lay_cable(h, client->number, netns_fd, &inside, e);
	link_close(&inside);
	return r;
}

static int make_tap(struct holder *h, struct holder_client *client, struct net_wire *answer,
		    int *ret_fd, struct err *e)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};

	if (!client->number)
		return err_set(e, EPROTO, "a tap before join");
	auto_close int fd = open("/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK); /* let_files_go() */
	if (fd < 0)
		return err_hint(e, err_sys(e, errno, "open '/dev/net/tun'"),
				"sudo modprobe tun; and the device must be open to everybody: sudo "
				"chmod 0666 /dev/net/tun");
	cable_name(request.ifr_name, 't', client->number);
	if (ioctl(fd, TUNSETIFF, &request) < 0)
		return err_sys(e, errno, "make a tap");
	int r = link_plug(&h->link, request.ifr_name, h->bridge, e);
	if (r < 0)
		return r;
	fill_lease(h, client->number, &answer->lease);
	*ret_fd = fd_move(&fd);
	return 0;
}

static void list(const struct holder *h, unsigned after, struct net_wire *answer)
{
	unsigned number = after < NET_NUMBER_FIRST ? NET_NUMBER_FIRST : after + 1;

	for (; number <= NET_NUMBER_LAST; number++) {
		const struct table_member *member = table_get(&h->table, number);
		if (!member)
			continue;
		answer->type = NET_MEMBER;
		answer->number = number;
		fill_lease(h, number, &answer->lease);
		str_copy(answer->name, sizeof(answer->name), member->name);
		str_copy(answer->hostname, sizeof(answer->hostname), member->hostname);
		return;
	}
}

int places_answer(struct holder *h, struct holder_client *client, const struct net_wire *message,
		  int fd)
{
	struct net_wire answer = {.type = NET_OK};
	struct err error = {0};
	int passed = -1, r = 0;
	bool is_tap = message->type == NET_TAP;

	switch (message->type) {
	case NET_JOIN:
		r = join(h, client, message, &answer, &passed, &error);
		break;
	case NET_ATTACH:
		r = attach(h, client, fd, &error);
		break;
	case NET_TAP:
		r = make_tap(h, client, &answer, &passed, &error);
		break;
	case NET_LIST:
		list(h, message->number, &answer);
		break;
	default:
		return -EPROTO;
	}
	if (r < 0)
		net_wire_set_error(&answer, &error);
	r = net_wire_send(client->socket, &answer, passed);
	if (is_tap)
		fd_close(&passed);
	return r;
}

void places_leave(struct holder *h, unsigned number)
{
	char name[LINK_NAME_MAX];

	/* Gone already if the sandbox's namespace was faster. */
	cable_name(name, 's', number);
	link_delete(&h->link, name, NULL);
	/* A tap whose descriptor somebody has kept would go on. */
	cable_name(name, 't', number);
	link_delete(&h->link, name, NULL);
	table_leave(&h->table, number);
}
