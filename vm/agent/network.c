/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The guest's network, as the lab's holder sets up a container's: address, way out, names in /etc,
 * and ping for everybody. The card is found by its hardware address, since its name is the
 * kernel's choice. Done with the old calls (netdevice(7)), which need nothing but a socket.
 *
 * What surprises: an IPv6 address is not used for a second while the kernel asks whether somebody
 * else has it (RFC 4862). Ours come from one hand, so it need not ask.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "guest.h"

enum { HARDWARE_BYTES = 6, PREFIX6 = 64 };

/* The kernel's struct in6_ifreq; its header cannot be included beside the C library's. */
struct address6_request {
	struct in6_addr address;
	uint32_t prefix_length;
	int index;
};

void network_loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		ioctl(fd, SIOCSIFFLAGS, &request);
}

/* Puts the interface's name into the request. */
static int find_card(int fd, const uint8_t *hardware_address, struct ifreq *request)
{
	struct if_nameindex *all = if_nameindex();
	int r = -ENODEV;

	for (const struct if_nameindex *one = all; one && one->if_index; one++) {
		snprintf(request->ifr_name, sizeof(request->ifr_name), "%s", one->if_name);
		if (ioctl(fd, SIOCGIFHWADDR, request) < 0 ||
		    memcmp(request->ifr_hwaddr.sa_data, hardware_address, HARDWARE_BYTES) != 0)
			continue;
		r = 0;
		break;
	}
	if (all)
		if_freenameindex(all);
	return r;
}

static void put_address(struct sockaddr *to, uint32_t address)
{
	const struct sockaddr_in inet = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};

	memcpy(to, &inet, sizeof(inet));
}

static int set_address(int fd, struct ifreq *request, const struct agent_network *network)
{
	uint32_t mask = network->prefix_length ? ~0U << (32 - network->prefix_length) : 0;

	request->ifr_mtu = (int)network->mtu;
	if (ioctl(fd, SIOCSIFMTU, request) < 0)
		return -errno;
	put_address(&request->ifr_addr, network->address);
	if (ioctl(fd, SIOCSIFADDR, request) < 0)
		return -errno;
	put_address(&request->ifr_netmask, mask);
	if (ioctl(fd, SIOCSIFNETMASK, request) < 0)
		return -errno;
	request->ifr_flags = IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, request) < 0 ? -errno : 0;
}

static void write_file(const char *path, const char *text)
{
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		fd_write_all(fd, text, strlen(text));
}

/* A kernel without IPv6 has a lab without it. */
static void set_address6(const struct ifreq *card, const struct agent_network *network)
{
	static const uint8_t none[16];
	struct address6_request request = {.prefix_length = PREFIX6,
					   .index = (int)if_nametoindex(card->ifr_name)};
	auto_close int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char path[80];

	if (fd < 0 || memcmp(network->address6, none, sizeof(none)) == 0)
		return;
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%.16s/accept_dad", card->ifr_name);
	write_file(path, "0");
	memcpy(&request.address, network->address6, sizeof(request.address));
	ioctl(fd, SIOCSIFADDR, &request);
}

/* Without a way out no route: then "network unreachable" comes at once. */
static int set_route(int fd, struct ifreq *card, const struct agent_network *network)
{
	struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY, .rt_dev = card->ifr_name};

	if (!network->has_way_out)
		return 0;
	put_address(&route.rt_dst, 0);
	put_address(&route.rt_genmask, 0);
	put_address(&route.rt_gateway, network->gateway);
	return ioctl(fd, SIOCADDRT, &route) < 0 ? -errno : 0;
}

static int set_up_card(const struct agent_network *network)
{
	struct ifreq request = {0};
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	int r = find_card(fd, network->hardware_address, &request);
	if (r == 0)
		r = set_address(fd, &request, network);
	if (r == 0)
		set_address6(&request, network);
	return r < 0 ? r : set_route(fd, &request, network);
}

/* A new file: the image may have a link there that leads nowhere. */
static void replace_file(const char *path, const char *text)
{
	unlink(path);
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd >= 0)
		fd_write_all(fd, text, strlen(text));
}

static void write_names(const struct agent_network *network, const char *name, const char *hostname)
{
	const struct in_addr own = {htonl(network->address)}, bridge = {htonl(network->gateway)};
	char text[512], address[INET_ADDRSTRLEN];

	mkdir("/etc", 0755);
	inet_ntop(AF_INET, &bridge, address, sizeof(address));
	snprintf(text, sizeof(text), "nameserver %s\nsearch lab\noptions timeout:2 attempts:2\n",
		 address);
	replace_file("/etc/resolv.conf", text);
	inet_ntop(AF_INET, &own, address, sizeof(address));
	snprintf(text, sizeof(text), "127.0.0.1 localhost\n::1 localhost\n%s %.64s %.64s\n",
		 address, name, hostname);
	replace_file("/etc/hosts", text);
}

void network_configure(struct guest *guest, uint8_t *body, size_t length)
{
	struct agent_network network;
	const char *name, *hostname;
	int r = agent_decode_network(body, length, &network, &name, &hostname, NULL);

	if (r == 0)
		r = set_up_card(&network);
	if (r == -ENODEV)
		guest_refuse(guest, ENODEV,
			     "its kernel has no driver for the network card (virtio_net)", NULL);
	else if (r < 0)
		guest_refuse(guest, -r, "its network card cannot be set up", NULL);
	else
		write_names(&network, name, hostname);
	/* Whoever is root or not: no raw socket is needed. */
	write_file("/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
}
