// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A machine's cable. It has no network namespace into which one end of a veth pair could be moved;
 * so the holder makes a tap on its bridge, in its own namespaces where it may, and hands over the
 * descriptor: what is written there leaves the machine, what is read came for it. The tap is not
 * persistent: with the last copy of its descriptor the kernel removes it.
 *
 * Before each frame stands a header as a virtio device has it (IFF_VNET_HDR); its size is told
 * here. Nothing is left to the machine that the host could do: with no offload asked for, frames
 * that arrive are whole and their sums are right. See Documentation/networking/tuntap.rst.
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include "fd.h"
#include "lab.h"

enum { TAP_MS = 10000 };

static int set_header(int fd, struct err *e)
{
	int bytes = LAB_TAP_HEADER_BYTES;

	if (ioctl(fd, TUNSETVNETHDRSZ, &bytes) < 0 || ioctl(fd, TUNSETOFFLOAD, 0UL) < 0)
		return err_sys(e, errno, "set the form of the tap's frames");
	return 0;
}

int lab_take_tap(const struct lab_place *place, int *ret_fd, struct err *e)
{
	struct net_wire message = {.type = NET_TAP};
	auto_close int fd = -1;
	int r = net_wire_send(place->socket, &message, -1);

	if (r == 0)
		r = net_wire_receive(place->socket, TAP_MS, &message, &fd);
	if (r <= 0)
		return err_sys(e, r ? r : ECONNRESET, "ask the lab network for a tap");
	if (message.type == NET_ERROR)
		return err_ctx(e, net_wire_take_error(&message, e), "--network lab");
	if (message.type != NET_OK || fd < 0)
		return err_set(e, EPROTO, "the lab network gave no tap");
	r = set_header(fd, e);
	if (r == 0)
		*ret_fd = fd_move(&fd);
	return r;
}
