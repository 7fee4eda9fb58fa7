// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The holder's side of the way out. slirp4netns makes a tap, which becomes one more plug of the
 * bridge: it answers there as .2 (gateway) and .3 (name server), and keeps apart whom it talks to by
 * itself. The sandboxes' gateway is the bridge all the same, which passes on what comes: so they are
 * the same whatever leads outside. See slirp4netns(1), ip-sysctl in the kernel's documentation.
 */
#include "uplink.h"

#include <errno.h>
#include <fcntl.h>

#include "fd.h"
#include "private.h"

int uplink_allow_forwarding(struct err *e)
{
	/* Nobody shall be told of the nearer way to .2: it is the same cable. */
	static const char *const settings[][2] = {
	    {"/proc/sys/net/ipv4/ip_forward", "1"},
	    {"/proc/sys/net/ipv4/conf/all/send_redirects", "0"},
	    {"/proc/sys/net/ipv4/conf/default/send_redirects", "0"},
	    {"/proc/sys/net/ipv4/conf/lab/send_redirects", "0"},
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		int r = fd_write_file(AT_FDCWD, settings[i][0], settings[i][1]);
		if (r < 0)
			return err_sys(e, r, "write '%s'", settings[i][0]);
	}
	return 0;
}

void uplink_connect(struct holder *h)
{
	uint32_t network = h->resolver.zone.network;
	int r = link_plug(&h->link, UPLINK_INTERFACE, h->bridge, NULL);

	if (r == 0)
		r = link_add_default_route(&h->link, h->bridge, network + UPLINK_GATEWAY, NULL);
	if (r == 0)
		resolver_open_upstream(&h->resolver, network + UPLINK_NAME_SERVER, NULL);
}
