/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_NETWORK_H
#define ISOLAB_VM_NETWORK_H
/*
 * network: a machine's place in the lab (--network lab), the same whoever runs the machine: the
 * connection to isolab-net that is its lease, and the tap that is its cable.
 */
#include "err.h"
#include "lab.h"

struct worker;

struct vm_network {
	struct lab_place lab;
	int tap_fd; /* frames, LAB_TAP_HEADER_BYTES before each; non-blocking; -1: none */
};

/* One that asks for nothing. */
void vm_network_init(struct vm_network *network);
/* Takes place and tap, if the worker's spec asks for the lab; notices the lab's end. To be called
 * before the walls: it may have to start isolab-net. 1: nothing was asked for. */
int vm_network_join(struct worker *worker, struct vm_network *network, struct err *e);
/* Appends the body of the agent's NETWORK (agent.h): what the guest is to set up. */
void vm_network_tell(const struct worker *worker, const struct vm_network *network,
		     struct strbuf *body);
/* Gives both back; the tap's last descriptor takes the tap along. */
void vm_network_finish(struct vm_network *network);

#endif
