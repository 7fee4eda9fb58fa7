/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A container's place in the lab is a cable into its namespace; a machine's is a tap, whose far end
 * is a network card of its own (container/lab.h, lab_tap.c). Everything else is the same: the same
 * bridge, names and way outside, the same connection that gives the place back when it ends.
 */
#include "network.h"

#include <string.h>

#include "agent.h"
#include "fd.h"
#include "worker.h"

void vm_network_init(struct vm_network *network)
{
	lab_init(&network->lab);
	network->tap_fd = -1;
}

int vm_network_join(struct worker *worker, struct vm_network *network, struct err *e)
{
	const struct sandbox_spec *spec = worker_spec(worker);
	struct lab_place *lab = &network->lab;
	char program[4096];

	if (spec->network != SPEC_NETWORK_LAB)
		return 1;
	lab->program = worker_data_path(worker, "isolab-net", program, sizeof(program));
	lab->base_fd = worker_rundir(worker)->base_fd;
	int r = lab_connect(lab, spec->name, spec->hostname, e);
	lab->program = NULL;
	fd_close(&lab->userns_fd); /* a machine has no process that would join it */
	if (r == 0)
		r = lab_take_tap(lab, &network->tap_fd, e);
	return r < 0 ? r : lab_watch(worker, lab, e);
}

void vm_network_tell(const struct worker *worker, const struct vm_network *network,
		     struct strbuf *body)
{
	const struct sandbox_spec *spec = worker_spec(worker);
	const struct net_lease *lease = &network->lab.lease;
	const char *hostname = spec->hostname ? spec->hostname : "";
	struct agent_network told = {.address = lease->address,
				     .prefix_length = lease->prefix_length,
				     .gateway = lease->gateway,
				     .has_way_out = *lease->uplink != '\0',
				     .mtu = lease->mtu};

	memcpy(told.address6, lease->address6, sizeof(told.address6));
	memcpy(told.hardware_address, lease->hardware_address, sizeof(told.hardware_address));
	str_add_bytes(body, &told, sizeof(told));
	str_add_bytes(body, spec->name, strlen(spec->name) + 1);
	str_add_bytes(body, hostname, strlen(hostname) + 1);
}

void vm_network_finish(struct vm_network *network)
{
	fd_close(&network->tap_fd);
	lab_finish(&network->lab);
}
