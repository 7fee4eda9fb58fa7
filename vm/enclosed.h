/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_ENCLOSED_H
#define ISOLAB_VM_ENCLOSED_H
/*
 * enclosed: a program of others that works on a directory or file of the host for a machine, in
 * namespaces of its own:
 *
 *	user	root in there is the user who started isolab (and, where /etc/subuid grants a range,
 *		1, 2, … are that); for root everybody is who they are, but with no power outside
 *	pid	whoever it starts ends with it, and it ends with us, even by kill -9
 *	net, ipc, uts, mount	empty; what is shown, if so wished, can only be read
 *
 * What is shown is the directory itself, or a directory of its own that holds nothing but it, under
 * the name ENCLOSED_NAME: so a single file comes without its neighbours.
 */
#include <stdbool.h>

#include "err.h"

#define ENCLOSED_NAME "volume"

enum { ENCLOSED_FD = 3, ENCLOSED_WORDS_BYTES = 4096 };

struct enclosed {
	const char *name;   /* of the program, for errors */
	const char *source; /* absolute, a directory or a file */
	bool is_file;
	bool is_staged;    /* in a directory that holds it alone: always so for a file */
	bool is_read_only; /* with what is mounted below, if enclosed_restricts_all() */
	int fd;            /* becomes descriptor ENCLOSED_FD */
	int words_fd;      /* becomes its stdout and stderr */
	/* In the child: executes the program on the directory `shown`; comes back only if it could
	 * not, with errno. has_proc: /proc is that of its pid namespace. */
	void (*execute)(const struct enclosed *self, const char *shown, bool has_proc);
	const void *arg; /* for execute */
};

/* Starts it. *ret_pidfd becomes readable once it has ended, and is then to be waited for: by
 * enclosed_reap, or by who wants to know how it ended. */
int enclosed_start(const struct enclosed *program, int *ret_pidfd, struct err *e);
/* Has the kernel forget it, if it has ended; else nothing. */
void enclosed_reap(int pidfd);
/* False: before Linux 5.12 what is mounted below a source keeps its own rights. */
bool enclosed_restricts_all(void);
/* A place for the words of such a program, for words_fd: a memfd that never grows, what is too much
 * it cannot write. For the caller to close; -errno. */
int enclosed_make_words(const char *name, struct err *e);
/* Its first complaint in words_fd, one printable line, "" if it had none. Returns `buffer`. */
const char *enclosed_words(int words_fd, char *buffer, size_t size);

#endif
