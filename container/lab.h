/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_LAB_H
#define ISOLAB_CONTAINER_LAB_H
/*
 * lab: a worker's side of `--network lab`. The network itself is another program's, isolab-net
 * (see net/holder.h), which the first sandbox starts; here it is found or started, asked for a
 * place, and given the sandbox's network namespace to plug a cable into.
 *
 * Why a messenger makes the child: a cable may be moved only into a network namespace over whose
 * user namespace the holder has power, so the sandbox's must be a child of the holder's. The
 * worker itself stays outside, with its rights on the host (cgroups, mounts, its directory); a
 * messenger, which it forks, joins the holder's user namespace, makes the child there as its own
 * sibling (CLONE_PARENT), writes its maps, and is gone.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "err.h"
#include "idmap.h"
#include "net_wire.h"
#include "str.h"

struct clone_args;
struct container;
struct worker;

/* A worker's place in the lab. */
struct lab_place {
	const char *program; /* path of isolab-net, borrowed */
	int base_fd;         /* the runtime directory, borrowed */
	int socket;          /* the lease, -1: none */
	int userns_fd;       /* the holder's, only while the child is made */
	struct net_lease lease;
	char told[192]; /* what the step `network` says */
};

/* Prepares one that asks for nothing yet. */
void lab_init(struct lab_place *place);
void lab_finish(struct lab_place *place); /* gives the place back */

/* True if the sandbox is to be in the lab. */
bool lab_is_wanted(const struct container *c);

/* The worker's steps. */
int lab_join(struct container *c, struct err *e);  /* before the clone */
int lab_cable(struct container *c, struct err *e); /* once the child has its namespaces */
/* The child's: anybody inside may ping, without a raw socket; its /etc/resolv.conf and
 * /etc/hosts; then waits until the cable is plugged in. */
int lab_allow_ping(struct container *c, struct err *e);
int lab_names(struct container *c, struct err *e);
int lab_await(struct container *c, struct err *e);

/* Finds the holder, or starts it, and takes a place for the sandbox `name`; fills place->told.
 * lab_find.c */
int lab_connect(struct lab_place *place, const char *name, const char *hostname, struct err *e);

/* A machine's cable in place of lab_cable(): a tap on the lab's bridge, non-blocking, the caller's.
 * Each frame has LAB_TAP_HEADER_BYTES before it, as virtio's struct virtio_net_hdr_v1. lab_tap.c */
enum { LAB_TAP_HEADER_BYTES = 12 };
int lab_take_tap(const struct lab_place *place, int *ret_fd, struct err *e);

/* In place of clone3: makes the child by a messenger, with its maps written. Sets c->pid and
 * c->pidfd. lab_clone.c */
int lab_clone(struct container *c, const struct clone_args *arguments, struct err *e);

/* Translates a map from the numbers of the worker's user namespace to those of one inside it, whose
 * uid_map and gid_map are these texts. -ERANGE: not all of them exist there. */
int lab_translate(const struct idmap *map, const char *users, const char *groups,
		  struct idmap *ret_map);

/* While it runs: notices the end of the lab, and tells about it (topic "lab" of wall->describe):
 * lines "root UID" (who root inside is on the host), "address A", "gateway A", "address6 A",
 * "uplink PROGRAM", "peer NAME A". lab_wall.c */
int lab_watch(struct worker *w, struct lab_place *place, struct err *e);
int lab_describe(struct worker *w, struct strbuf *text, struct err *e);

/* The lines of a place, without "root": what only the place knows. */
int lab_describe_place(const struct lab_place *place, struct strbuf *text, struct err *e);

/* Appends who is in the lab, "peer NAME ADDRESS" a line. */
int lab_list(const struct lab_place *place, struct strbuf *text, struct err *e);

#endif
