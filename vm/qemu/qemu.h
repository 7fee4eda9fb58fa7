/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_QEMU_H
#define ISOLAB_VM_QEMU_H
/*
 * qemu: machines that QEMU runs, with our agent in their guest. There are two: the one that boots
 * the same Linux as linux/ on a processor that is a program (emulated.c), and the one that boots a
 * whole distribution from its disk (../distro/). What both are made of:
 *
 *	launch.c	QEMU's command line, and what it inherits
 *	disk.c		of that, a disk
 *	outside.c	of that, what the spec asks for: the lab, volumes, disks
 *	process.c	QEMU as a child of the worker: found, walled in, started, ended
 *	jail.c		the walls around it
 *	qmp.c		what it says of itself, line by line
 *	machine.c	its lines while it runs, and what the worker asks of a wall
 *
 * The worker stays the one that holds the lock; QEMU is a child that ends with it, whatever ends
 * it. It opens nothing by a name of the host's: what it has, it inherits, or sees as a copy. All
 * that it says is foreign.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "inside.h"

struct disk;
struct start_step;

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

/* ---- launch.c ---- */

/* The sockets between QEMU and the worker. QEMU has them as chardevs of these names. */
enum qemu_wire {
	QEMU_MONITOR, /* `monitor`: QMP */
	QEMU_CONSOLE, /* `console` */
	QEMU_AGENT,   /* `agent`: a virtio port */
	QEMU_SERIAL,  /* `serial`: a plain port, of the agent or of the firmware */
	QEMU_WORDS,   /* no chardev: QEMU's stdout and stderr */
	QEMU_WIRES,
};

enum {
	QEMU_FIRST_FD = 3, /* in QEMU; the wires are the first */
	QEMU_WORDS_MAX = 320,
	QEMU_TEXT_MAX = 16384,
	QEMU_FILES_MAX = 4,
	QEMU_PASSED_MAX = 48,
};

/* A file that QEMU reads whole at its start: it sees a copy as /NAME, or, without walls, the file
 * through its descriptor. */
struct qemu_file {
	const char *option, *prefix; /* "-kernel", what stands before the name */
	const char *name;
	int fd; /* owned */
};

/* What QEMU shall be started with, as it is gathered. */
struct qemu_launch {
	char *words[QEMU_WORDS_MAX + 1];
	unsigned word_count;
	char text[QEMU_TEXT_MAX]; /* in which they lie */
	size_t text_bytes;
	struct qemu_file files[QEMU_FILES_MAX];
	unsigned file_count;
	int passed[QEMU_PASSED_MAX]; /* owned */
	unsigned passed_count;
	unsigned disk_count;
	uint64_t file_bytes_max; /* of the longest file that it may write */
	bool has_kvm;
	bool is_overfull; /* something had no room: it does not start */
};

/* The same for every machine: no device but those that are named later, and the wires. */
void qemu_launch_init(struct qemu_launch *launch, bool has_kvm);
void qemu_launch_finish(struct qemu_launch *launch);
/* Words as they are; the list ends with NULL. */
void qemu_launch_words(struct qemu_launch *launch, const char *const words[]);
/* An option and its value. A comma ends a part of it: nothing of a user's may come into one. */
void qemu_launch_option(struct qemu_launch *launch, const char *option, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Takes a file, or a descriptor that QEMU inherits; of the latter, returns its number there. */
void qemu_launch_file(struct qemu_launch *launch, const char *option, const char *prefix,
		      const char *name, int fd);
unsigned qemu_launch_pass(struct qemu_launch *launch, int fd);
/* Processors and memory, as the spec wants them; volumes need memory that can be shared. */
void qemu_launch_size(struct qemu_launch *launch, const struct sandbox_spec *spec,
		      uint64_t memory_bytes);

/* ---- disk.c ---- */

enum { QEMU_SERIAL_MAX = 20 }; /* with its zero */

/* Takes an opened disk's descriptors: /dev/vda, /dev/vdb … in their order. Its changes become a
 * file of QEMU's format. */
int qemu_disk_add(struct qemu_launch *launch, struct disk *disk, const char *serial, struct err *e);

/* ---- outside.c ---- */

/* The devices that the spec asks for: what vm_step_lab() and vm_step_volumes() took, disks. */
int qemu_outside_add(struct vm *vm, struct qemu_launch *launch, struct err *e);

/* ---- process.c ---- */

struct qemu_process {
	pid_t pid;             /* 0: none */
	int pid_fd;            /* readable when it has ended */
	int wires[QEMU_WIRES]; /* our ends, non-blocking */
	bool is_walled_in;     /* false: `why_not` says why it sees the host's files */
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
int jail_lock(int lifeline, uint64_t file_bytes_max, struct err *e);

/* ---- machine.c ---- */

struct qemu_vm;

/* What differs from one of the two to the other. */
struct qemu_kind {
	const struct start_step *steps;
	struct inside_machine inside; /* qemu_send_agent() is its `send` */
	/* Takes what the guest has said on its console, or its firmware on the plain port. NULL:
	 * the console's words come out on stderr, and the plain port is the agent's in a kernel
	 * without a driver for the other one. */
	void (*hear)(struct vm *vm, enum qemu_wire wire, const char *bytes, size_t length);
};

enum { QEMU_ERRORS_MAX = 480 };

/* vm->qemu_guest. The first member of what either has. */
struct qemu_vm {
	const struct qemu_kind *kind;
	struct qemu_process process;
	struct qmp_parser parser;
	enum qemu_wire agent_wire; /* where it has spoken: QEMU_AGENT or QEMU_SERIAL */
	short agent_events;        /* what that is watched for; -1: not any more */
	bool is_console_over, is_console_watched; /* not while the user's terminal takes no more */
	bool has_greeted, has_entered;
	enum qmp_word last_word;          /* QMP_OFF, QMP_RESET, QMP_PANIC: how the guest ended */
	int status;                       /* of the sandbox, should the guest switch itself off */
	char errors[QEMU_ERRORS_MAX + 1]; /* what QEMU complained of */
	size_t error_bytes;
};

/* Entries of struct wall, or what they begin with. */
int qemu_start(struct worker *worker, struct qemu_vm *machine, const struct qemu_kind *kind,
	       struct err *e);
int qemu_pause(struct worker *worker, bool on, struct err *e);
int qemu_wait(struct worker *worker, struct pollfd *fds, nfds_t count, int timeout_ms);
/* What it was is the caller's to free. */
void qemu_finish(struct worker *worker);

/* Steps: starts it and hears it from now on; gives up the worker's own rights. */
int qemu_run(struct vm *vm, const struct qemu_launch *launch, struct err *e);
int qemu_step_walls(struct vm *vm, struct err *e);
size_t qemu_send_agent(struct vm *vm, const uint8_t *bytes, size_t length);
/* Has QEMU carry out a command of QMP's; what it answers does not matter. */
void qemu_command(struct qemu_vm *machine, const char *command);

#endif
