/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_QEMU_H
#define ISOLAB_VM_QEMU_H
/*
 * qemu: a machine whose processor is a program: QEMU's TCG translates the guest's instructions. It
 * is for hosts without a KVM, or with one that cannot run a full kernel; what it measures is marked
 * `tcg`, for it says nothing about a real machine.
 *
 *	machine.c	the steps of its start, and what the worker asks of a wall
 *	process.c	QEMU as a child of the worker: found, walled in, started, ended
 *	jail.c		the walls around it
 *	qmp.c		what it says of itself, line by line
 *
 * The worker stays the one that holds the lock; QEMU is a child that ends with it, whatever ends
 * it. It has three sockets from us: the agent's line, the kernel's console, and QMP.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

/* ---- qmp.c: QEMU's own words (docs/interop/qmp-spec) ---- */

enum qmp_word {
	QMP_OTHER,    /* an answer, or an event that we do not need */
	QMP_GREETING, /* the machine is made; it listens */
	QMP_RESUMED,  /* the processors run */
	QMP_OFF,      /* the guest has switched the machine off */
	QMP_RESET,    /* the guest has reset it: a reboot, or a panic */
	QMP_PANIC,    /* the guest says that it has panicked */
};

enum { QMP_LINE_MAX = 4096 };

/* Takes a stream of lines apart. Zero-initialise. */
struct qmp_parser {
	char line[QMP_LINE_MAX + 1];
	size_t length;
	bool is_too_long; /* what is left of this line is passed over */
};

/* Feeds one byte; what the line says that ends with it, QMP_OTHER in its middle. */
enum qmp_word qmp_feed(struct qmp_parser *parser, char byte);

/* ---- process.c ---- */

/* What sort of machine QEMU shall make. Words of its command line, constant but for the numbers. */
struct qemu_board {
	const char *machine;        /* -M */
	const char *const *devices; /* more words, ends with NULL; its sockets are the chardevs
				      * `agent` and `console` */
	const char *command_line;   /* the kernel's; NULL: the machine boots by itself */
};

/* A file that QEMU reads: it sees it as /NAME, or, without walls, through its descriptor. */
struct qemu_file {
	const char *option, *name; /* "-kernel", "kernel" */
	int fd;                    /* borrowed */
};

enum { QEMU_FILES_MAX = 4, QEMU_ERRORS_MAX = 480 };

struct qemu_launch {
	const struct qemu_board *board;
	uint64_t memory_bytes;
	unsigned vcpus;
	struct qemu_file files[QEMU_FILES_MAX];
	unsigned file_count;
};

struct qemu_process {
	pid_t pid;                                   /* 0: none */
	int pid_fd;                                  /* readable when it has ended */
	int agent_fd, console_fd, qmp_fd, errors_fd; /* ours, non-blocking */
	bool is_walled_in; /* false: `why_not` says why it sees the host's files */
	char why_not[160];
};

/* Where it is, by PATH. -ENOENT with the package's name as a hint. */
int qemu_find(char *path, size_t size, struct err *e);
/* Starts it, stopped before the first instruction: "cont" lets it go. */
int qemu_process_start(const struct qemu_launch *launch, struct qemu_process *ret, struct err *e);
/* Ends it and closes all. Fine on what was only initialised by qemu_process_init(), or twice. */
void qemu_process_init(struct qemu_process *process);
void qemu_process_finish(struct qemu_process *process);

/* ---- jail.c: in the child, in this order ---- */

/* In new namespaces (user, mount, pid and more): it becomes nobody, in a root that holds QEMU's
 * program, read-only, and copies of the files. `uid`, `gid`: who it was before. */
int jail_enter(uid_t uid, gid_t gid, const char *program, const struct qemu_launch *launch,
	       struct err *e);
/* No capability, no_new_privs, limits; it ends with the worker. `lifeline`: a socket whose other
 * end the worker has: if that has gone already, -ESRCH. */
int jail_lock(int lifeline, struct err *e);

#endif
