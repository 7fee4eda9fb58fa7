// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Each function here is one message to the kernel and its acknowledgement. A message is a header,
 * a struct of its family, and attributes (type, length, value), some of which hold attributes
 * themselves. libmnl writes them into a buffer; we only say what. What surprises: the far end of a
 * veth pair is described by a whole interface message inside an attribute inside an attribute, and
 * there it may already name the namespace in which it is to be born. See rtnetlink(7), veth(4).
 */
#include "link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stddef.h>
#include <sys/socket.h>

enum { REPLY_BYTES = 32 * 1024, REQUEST_BYTES = 2048 };

int link_open(struct link *link, struct err *e)
{
	*link = (struct link){.socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC)};
	if (!link->socket)
		return err_sys(e, errno, "open a netlink socket");
	if (mnl_socket_bind(link->socket, 0, MNL_SOCKET_AUTOPID) == 0)
		return 0;
	int r = err_sys(e, errno, "bind a netlink socket");
	link_close(link);
	return r;
}

int link_open_in(struct link *link, int netns_fd, int own_netns_fd, struct err *e)
{
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return err_sys(e, errno, "enter the sandbox's network namespace");
	int r = link_open(link, e);
	if (setns(own_netns_fd, CLONE_NEWNET) == 0)
		return r;
	/* Never go on in somebody else's namespace. */
	int error = errno;
	link_close(link);
	return err_sys(e, error, "come back to the lab's network namespace");
}

void link_close(struct link *link)
{
	if (link->socket)
		mnl_socket_close(link->socket);
	link->socket = NULL;
}

static struct nlmsghdr *begin(struct link *link, void *buffer, unsigned type, unsigned flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = (uint16_t)type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	message->nlmsg_seq = ++link->sequence;
	return message;
}

static struct ifinfomsg *put_interface(struct nlmsghdr *message, int index, bool is_up)
{
	struct ifinfomsg *interface = mnl_nlmsg_put_extra_header(message, sizeof(*interface));

	interface->ifi_family = AF_UNSPEC;
	interface->ifi_index = index;
	if (is_up)
		interface->ifi_flags = interface->ifi_change = IFF_UP;
	return interface;
}

/* Sends and waits for the answer, handing data to `on_data`. 0 or -errno, without words. */
static int talk(struct link *link, struct nlmsghdr *message, mnl_cb_t on_data, void *arg)
{
	char reply[REPLY_BYTES];
	unsigned port = mnl_socket_get_portid(link->socket);

	if (mnl_socket_sendto(link->socket, message, message->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t n = mnl_socket_recvfrom(link->socket, reply, sizeof(reply));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		int r = mnl_cb_run(reply, (size_t)n, message->nlmsg_seq, port, on_data, arg);
		if (r < 0)
			return -errno;
		if (r == MNL_CB_STOP)
			return 0;
	}
}

static int ask(struct link *link, struct nlmsghdr *message)
{
	message->nlmsg_flags |= NLM_F_ACK;
	return talk(link, message, NULL, NULL);
}

static int explain_kind(struct err *e, int r, const char *kind)
{
	if (r == -EOPNOTSUPP)
		return err_hint(e, r,
				"this kernel has no '%s' interfaces: sudo modprobe %s, or a kernel "
				"with CONFIG_%s",
				kind, kind, *kind == 'v' ? "VETH" : "BRIDGE");
	return r;
}

static void put_end(struct nlmsghdr *message, const struct link_end *end)
{
	mnl_attr_put_strz(message, IFLA_IFNAME, end->name);
	if (end->hardware_address)
		mnl_attr_put(message, IFLA_ADDRESS, LINK_ADDRESS_BYTES, end->hardware_address);
}

int link_make_bridge(struct link *link, const struct link_end *bridge, struct err *e)
{
	char buffer[REQUEST_BYTES];
	struct nlmsghdr *message = begin(link, buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);

	put_interface(message, 0, true);
	put_end(message, bridge);
	struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "bridge");
	struct nlattr *data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	mnl_attr_put_u32(message, IFLA_BR_STP_STATE, 0);
	mnl_attr_put_u8(message, IFLA_BR_MCAST_SNOOPING, 0); /* nobody would query for it */
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, info);
	int r = ask(link, message);
	return r < 0
		   ? explain_kind(e, err_sys(e, r, "make the bridge '%s'", bridge->name), "bridge")
		   : 0;
}

int link_make_cable(struct link *link, const struct link_end *own, int master, uint32_t mtu,
		    const struct link_end *other, int netns_fd, struct err *e)
{
	char buffer[REQUEST_BYTES];
	struct nlmsghdr *message = begin(link, buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);

	put_interface(message, 0, true);
	put_end(message, own);
	mnl_attr_put_u32(message, IFLA_MTU, mtu);
	mnl_attr_put_u32(message, IFLA_MASTER, (uint32_t)master);
	struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "veth");
	struct nlattr *data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	struct nlattr *peer = mnl_attr_nest_start(message, VETH_INFO_PEER);
	put_interface(message, 0, false); /* it cannot come up before its other end is there */
	put_end(message, other);
	mnl_attr_put_u32(message, IFLA_MTU, mtu);
	mnl_attr_put_u32(message, IFLA_NET_NS_FD, (uint32_t)netns_fd);
	mnl_attr_nest_end(message, peer);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, info);
	int r = ask(link, message);
	return r < 0 ? explain_kind(e, err_sys(e, r, "make a cable to the sandbox"), "veth") : 0;
}

int link_plug(struct link *link, const char *name, int master, struct err *e)
{
	char buffer[REQUEST_BYTES];
	struct nlmsghdr *message = begin(link, buffer, RTM_NEWLINK, 0);

	put_interface(message, 0, true);
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	if (master)
		mnl_attr_put_u32(message, IFLA_MASTER, (uint32_t)master);
	int r = ask(link, message);
	return r < 0 ? err_sys(e, r, "plug in the interface '%s'", name) : 0;
}

int link_set_up(struct link *link, const char *name, struct err *e)
{
	return link_plug(link, name, 0, e);
}

int link_delete(struct link *link, const char *name, struct err *e)
{
	char buffer[REQUEST_BYTES];
	struct nlmsghdr *message = begin(link, buffer, RTM_DELLINK, 0);

	put_interface(message, 0, false);
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	int r = ask(link, message);
	return r < 0 ? err_sys(e, r, "remove the interface '%s'", name) : 0;
}

static int take_index(const struct nlmsghdr *message, void *index)
{
	const struct ifinfomsg *interface = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type == RTM_NEWLINK &&
	    mnl_nlmsg_get_payload_len(message) >= sizeof(*interface))
		*(int *)index = interface->ifi_index;
	return MNL_CB_STOP;
}

int link_find(struct link *link, const char *name, struct err *e)
{
	char buffer[REQUEST_BYTES];
	struct nlmsghdr *message = begin(link, buffer, RTM_GETLINK, 0);
	int index = 0;

	put_interface(message, 0, false);
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	int r = talk(link, message, take_index, &index);
	if (r == 0 && index <= 0)
		r = -ENODEV;
	return r < 0 ? err_sys(e, r, "find the interface '%s'", name) : index;
}

int link_add_address(struct link *link, int index, int family, const void *address,
		     unsigned prefix_length, struct err *e)
{
	char buffer[REQUEST_BYTES];
	struct nlmsghdr *message = begin(link, buffer, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *part = mnl_nlmsg_put_extra_header(message, sizeof(*part));
	size_t length = family == AF_INET ? 4 : 16;

	part->ifa_family = (uint8_t)family;
	part->ifa_prefixlen = (uint8_t)prefix_length;
	part->ifa_flags = IFA_F_PERMANENT | (family == AF_INET6 ? IFA_F_NODAD : 0);
	part->ifa_scope = RT_SCOPE_UNIVERSE;
	part->ifa_index = (uint32_t)index;
	mnl_attr_put(message, IFA_LOCAL, length, address);
	mnl_attr_put(message, IFA_ADDRESS, length, address);
	int r = ask(link, message);
	return r < 0 ? err_sys(e, r, "give the interface its address") : 0;
}

int link_add_default_route(struct link *link, int index, uint32_t gateway, struct err *e)
{
	char buffer[REQUEST_BYTES];
	struct nlmsghdr *message = begin(link, buffer, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(message, sizeof(*route));

	route->rtm_family = AF_INET;
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_STATIC;
	route->rtm_scope = RT_SCOPE_UNIVERSE;
	route->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(message, RTA_GATEWAY, htonl(gateway));
	mnl_attr_put_u32(message, RTA_OIF, (uint32_t)index);
	int r = ask(link, message);
	return r < 0 ? err_sys(e, r, "set the way out by the bridge") : 0;
}
