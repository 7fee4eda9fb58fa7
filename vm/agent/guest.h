/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_GUEST_H
#define ISOLAB_VM_GUEST_H
/*
 * guest: the agent's state: the line to the worker, and the programs it has started.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent.h"
#include "err.h"
#include "event.h"
#include "spec.h"

enum {
	GUEST_UNSENT_BYTES = 256 * 1024,
	GUEST_POLL_MAX = 3 + 3 * AGENT_PROGRAMS_MAX,
	GUEST_INPUT_BYTES = AGENT_WINDOW,
	GUEST_LABS_MAX = 4,              /* labs of users in here, the first place is root's, */
	GUEST_LISTED_MAX = 256,          /* what is looked at of a directory of theirs, */
	GUEST_INNER_MAX = 32,            /* their sandboxes at a time, */
	GUEST_INNER_BYTES_MAX = 1 << 20, /* and what is told of them altogether; */
	GUEST_INNER_READS_MAX = 64,      /* of one journal before others have their turn */
};

/* A program that runs. With a terminal its master is fds[1], and fds[0] is a copy of it. */
struct program {
	bool is_used;
	pid_t pid;
	int fds[3]; /* our ends of stdin, stdout, stderr; -1: closed or none */
	bool is_tty, has_ended, wants_input_end;
	int status;         /* of wait(2), once it has ended */
	uint32_t on_way[3]; /* output sent and not yet acknowledged, by stream; [0] is not used */
	uint8_t input[GUEST_INPUT_BYTES];
	size_t input_bytes;
};

/* The directory of a user's sandboxes, or the journal of one, and how far that has been told. */
struct watched_file {
	int fd; /* 0: no such entry */
	int watch;
	dev_t device;
	ino_t inode;
	char path[SPEC_NAME_MAX + sizeof("/events")]; /* from /tmp, or from the lab */
	unsigned lab;                                 /* of a journal: its place in labs */
	off_t told_bytes;
	bool is_no_journal; /* it has a line that is too long */
};

/* What isolab does in here (inner.c). */
struct inner {
	int inotify_fd, place_watch;
	struct watched_file labs[GUEST_LABS_MAX], journals[GUEST_INNER_MAX];
	bool is_behind; /* the line was full */
	bool must_list; /* something may have been missed in the labs */
	bool has_more;  /* there is something to read that nothing will report: come back soon */
	size_t sent_bytes;
	struct {
		struct agent_inner inner;
		char line[EVENT_LINE_MAX];
	} message;
};

struct guest {
	int link_fd;
	bool owns_root; /* we have laid it out; as a service we find one */
	struct agent_parser parser;
	uint8_t unsent[GUEST_UNSENT_BYTES];
	size_t unsent_bytes;
	int program_fd; /* memfd of a program being sent, -1: none */
	struct program programs[AGENT_PROGRAMS_MAX];
	struct agent_words words;
	struct inner inner;
	bool has_refused; /* something that was asked for: nothing is started any more */
};

void guest_init(struct guest *guest, int link_fd);
/* Puts a message into the line's queue. What would overflow it is lost: credits prevent that. */
void guest_send(struct guest *guest, enum agent_message type, unsigned program, uint32_t value,
		const void *body, size_t length);
/* Writes what the line takes. */
void guest_flush(struct guest *guest);
/* Reads and obeys. */
void guest_receive(struct guest *guest);
/* The kernel's console is the only place for words before the worker listens. */
void guest_complain(const char *what, const char *object);

/* ---- root.c: in this order ---- */
/* Where the image lies until it becomes the root. */
#define GUEST_IMAGE "/image"
/* Where programs in the image see the modules, and us as the kernel's modprobe. */
#define GUEST_MODULES  "/run/isolab-modules"
#define GUEST_MODPROBE "/run/isolab-modprobe"
/* Mounts what a system has, in the image. */
void root_lay_out(void);
/* The image becomes the root; what lies beside it is out of sight. */
void root_enter(void);

/* What the first program's options ask of it: --tmpfs, and that it is read-only (no --overlay). */
int root_finish(const struct guest *guest, struct err *e);

/* ---- child.c ---- */
/* The child's own ends, and the pipe that tells whether exec succeeded. */
struct birth {
	int fds[3];
	int told[2];
	bool is_tty;
};

/* What comes through that pipe: notes, then an error, or the end of it. */
struct birth_word {
	int code; /* -errno */
	bool is_note, is_command;
	struct err error;
};

/* In the child: becomes the program of guest->words, or tells why not and ends. */
void child_become(struct guest *guest, const struct birth *birth, bool is_main)
    __attribute__((noreturn));

/* ---- modules.c: before root_enter() ---- */
/* Loads the drivers of all devices that there are. */
void modules_drive_devices(void);
/* Loads one module of the folder and what it needs. -ENOENT: there is none of that name. */
int modules_load(const char *folder, const char *name);

/* The same for the kernel, which asks for a module that something needs now by running the program
 * named in /proc/sys/kernel/modprobe with this word. */
int modules_serve_kernel(const char *wanted);

/* ---- line.c: after the drivers, before root_enter() ---- */
/* Opens the line to the worker, non-blocking. -1: there is none. */
int line_open(void);
/* The same, where a device is known to be it. */
int line_open_device(const char *device);

/* Tells what of the guest's set-up cannot be had; no program runs without it. `hint`: NULL = the
 * kernel's modules may be missing. */
void guest_refuse(struct guest *guest, int code, const char *what, const char *hint);

/* ---- network.c ---- */
/* The interface lo answers. */
void network_loopback_up(void);
/* Sets up the card, names and all, as a NETWORK says. */
void network_configure(struct guest *guest, uint8_t *body, size_t length);

/* ---- mounts.c ---- */
/* Mounts a directory of the host, as a MOUNT says. */
void mount_volume(struct guest *guest, uint8_t *body, size_t length);

/* ---- inner.c: walls in walls ---- */
/* Begins to watch for sandboxes of isolab's own, when the root is as programs will see it. */
void inner_watch(struct guest *guest);
/* Tells what is new in their journals; never waits, and never takes long: see has_more. */
void inner_serve(struct guest *guest);

/* ---- programs.c ---- */
void program_start(struct guest *guest, unsigned number, uint8_t *body, size_t length);
void program_input(struct guest *guest, unsigned number, const uint8_t *bytes, size_t length);
void program_signal(struct guest *guest, unsigned number, int signal_number);
void program_resize(struct guest *guest, unsigned number, uint32_t size);
void program_credit(struct guest *guest, unsigned number, unsigned stream, uint32_t bytes);
void program_ended(struct guest *guest, pid_t pid, int status);
/* Three entries for each program: what is to be waited for. Returns how many. */
nfds_t programs_poll(struct guest *guest, struct pollfd *fds);
void programs_serve(struct guest *guest, const struct pollfd *fds);
/* Tells the end of programs whose output has all been sent. */
void programs_report(struct guest *guest);

#endif
