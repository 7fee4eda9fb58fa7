/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_VHOST_H
#define ISOLAB_VM_VHOST_H
/*
 * vhost: our side ("front-end") of the vhost-user protocol, by which another program serves a
 * device's queues in our place, straight in the guest's memory. See QEMU's
 * docs/interop/vhost-user.rst.
 *
 *	we					the other program
 *	SET_OWNER, features	------>		(vhost_open)
 *	SET_MEM_TABLE + memfd	------>		maps the guest's RAM (vhost_share_memory)
 *	SET_FEATURES		------>		what the driver has accepted (vhost_accept)
 *	SET_VRING_… + eventfds	------>		a queue each (vhost_start_queue)
 *	GET_VRING_BASE		------>		lets go of a queue (vhost_stop_queue)
 *
 * Addresses of rings are told as the guest's plus VHOST_RAM: where the RAM lies in this process is
 * nobody's business. What the other program answers is checked like any stranger's; for an answer
 * we wait VHOST_PATIENCE_MS at most. All calls: 0 or -errno with `e`.
 */
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "memory.h"
#include "virtqueue.h"

enum { VHOST_PATIENCE_MS = 5000 };
#define VHOST_RAM (1ull << 40)

struct vhost {
	int socket;                 /* stream, connected; the owner of the struct closes it */
	uint64_t features;          /* the other program's for the device */
	uint64_t protocol_features; /* those that we have agreed on */
};

/* A queue to be served: its rings, how the other program hears of it, how it is heard. */
struct vhost_queue {
	const struct virtqueue *rings;
	int kick_fd, call_fd;
};

/* Agrees with who is at the other end of the socket. -EPROTO: it cannot serve such a device. */
int vhost_open(struct vhost *vhost, int socket, struct err *e);
/* The RAM must be shared (memory->fd >= 0). */
int vhost_share_memory(struct vhost *vhost, const struct memory *memory, struct err *e);
int vhost_accept(struct vhost *vhost, uint64_t features, struct err *e);
int vhost_start_queue(struct vhost *vhost, unsigned number, const struct vhost_queue *queue,
		      struct err *e);
int vhost_stop_queue(struct vhost *vhost, unsigned number, struct err *e);

/* Checks an answer to `request` and takes its number out: the part that the fuzzer drives. An
 * answer is a header of 12 bytes and a body of 8, or for a queue's state two numbers of 4 bytes, of
 * which the second is taken. -EPROTO. */
int vhost_check_answer(const void *answer, size_t length, uint32_t request, uint64_t *ret_number);

#endif
