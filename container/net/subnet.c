// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * /proc/net/route has one route a line: interface, destination, gateway, flags, three numbers,
 * mask. Addresses are hexadecimal, in the byte order of the network read as a number of the
 * host's. See proc(5), RFC 1918.
 */
#include "subnet.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Podman uses 10.88.0.0, docker 172.17.0.0 and on, libvirt 192.168.122.0. */
static const struct {
	uint32_t first;
	unsigned count; /* of /24s one after the other */
} candidates[] = {
    {0x0a584d00, 100}, /* 10.88.77.0 */
    {0xac1f4d00, 100}, /* 172.31.77.0 */
    {0xc0a84d00, 40},  /* 192.168.77.0 */
};

static bool overlaps(uint32_t subnet, uint32_t destination, uint32_t mask)
{
	uint32_t common = mask & 0xffffff00;

	return mask != 0 && (subnet & common) == (destination & common);
}

static bool is_free(const char *routes, uint32_t subnet)
{
	unsigned destination, mask;

	for (const char *line = routes; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "%*15s %8x %*8x %*x %*d %*d %*d %8x", &destination, &mask) == 2 &&
		    overlaps(subnet, ntohl(destination), ntohl(mask)))
			return false;
	}
	return true;
}

uint32_t subnet_choose(const char *routes)
{
	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++)
		for (unsigned n = 0; n < candidates[i].count; n++)
			if (is_free(routes, candidates[i].first + (n << 8)))
				return candidates[i].first + (n << 8);
	return candidates[0].first;
}
