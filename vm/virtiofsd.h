/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_VIRTIOFSD_H
#define ISOLAB_VM_VIRTIOFSD_H
/*
 * virtiofsd: the program of others that serves a directory of the host to a machine, one process
 * tree for each directory, enclosed (enclosed.h). There it locks itself in further (its own root,
 * its own list of system calls). A single file is served as the only one of a directory.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "err.h"

struct virtiofsd {
	int socket;   /* vhost-user, connected */
	int pidfd;    /* readable once it has ended */
	int words_fd; /* a memfd with its complaints (enclosed_words) */
};

/* Where it is installed, or NULL. */
const char *virtiofsd_find(void);

struct virtiofsd_source {
	const char *path; /* absolute */
	bool is_file;     /* served under the name ENCLOSED_NAME */
	bool is_read_only;
};

/* Starts one. `dir_fd`: a directory of ours where nobody else may come, for the moment in which the
 * socket needs a name. All of *ret is -1 on failure. */
int virtiofsd_start(struct virtiofsd *ret, const struct virtiofsd_source *source, int dir_fd,
		    struct err *e);
/* Hangs up: it ends by itself, and at the latest with us. */
void virtiofsd_finish(struct virtiofsd *daemon);

#endif
