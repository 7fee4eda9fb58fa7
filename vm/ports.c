/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The registry of ports. The tiny machine has six, so a linear walk over a const table is the
 * fastest and the plainest search.
 */
#include "ports.h"

#include <errno.h>
#include <stddef.h>

const struct port *port_find(const struct port *table, uint16_t number, unsigned width,
			     unsigned count, int is_write, struct err *e)
{
	const struct port *port = table;
	while (port->device && port->number != number)
		port++;
	if (port->device && is_write && width == 4 && count == 1)
		return port;
	err_set(e, ENODEV, "the guest %s port 0x%x (%u × %u bytes), where %s",
		is_write ? "wrote to" : "read from", number, count, width,
		port->device ? "only 4-byte writes are answered" : "there is no device");
	err_hint(e, -ENODEV, "a guest kernel of this machine uses the ports of vm/abi.h only");
	return NULL;
}
