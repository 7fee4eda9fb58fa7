/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_VIRTIOFSD_H
#define ISOLAB_VM_VIRTIOFSD_H
/*
 * virtiofsd: the program of others that serves a directory of the host to a machine, one process
 * tree for each directory, in namespaces of its own:
 *
 *	user	root in there is the user who started isolab (and, where /etc/subuid grants a range,
 *		1, 2, … are that); for root everybody is who they are, but with no power outside
 *	pid	whoever it starts ends with it, and it ends with us, even by kill -9
 *	net, ipc, uts, mount	empty; the directory, if so wished, can only be read
 *
 * There it locks itself in further (its own root, its own list of system calls).
 */
#include <stdbool.h>
#include <sys/types.h>

#include "err.h"

struct virtiofsd {
	int socket;   /* vhost-user, connected */
	int pidfd;    /* readable once it has ended */
	int words_fd; /* a memfd into which it writes its complaints */
};

/* Where it is installed, or NULL. */
const char *virtiofsd_find(void);

/* Starts one that serves `source`. `dir_fd`: a directory of ours where nobody else may come, for
 * the moment in which the socket needs a name. All of *ret is -1 on failure. */
int virtiofsd_start(struct virtiofsd *ret, const char *source, bool is_read_only, int dir_fd,
		    struct err *e);
/* Appends its first complaint, one printable line, "" if it had none. Returns `buffer`. */
const char *virtiofsd_words(const struct virtiofsd *daemon, char *buffer, size_t size);
/* Hangs up: it ends by itself, and at the latest with us. */
void virtiofsd_finish(struct virtiofsd *daemon);

#endif
