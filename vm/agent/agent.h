/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_AGENT_H
#define ISOLAB_VM_AGENT_H
/*
 * agent: what the worker and isolab-agent, which is /init of a Linux guest, say to each other over
 * a virtio port of the name AGENT_PORT_NAME, or the machine's second serial port.
 *
 *	worker                          agent
 *	                        <-----  HELLO		it is there, everything is mounted
 *	NETWORK                 ----->			if it has one; before START
 *	MOUNT                   ----->			for each volume; before START
 *	                        <-----  REFUSED		what it cannot do for the guest: errno, text
 *	START 0 (words)         ----->			program 0 is the main one
 *	                        <-----  STARTED 0	or FAILED 0 (errno, text)
 *	INPUT 0 …               ----->			at most AGENT_WINDOW bytes unanswered
 *	                        <-----  CREDIT 0 n	so many of them were taken
 *	                        <-----  OUTPUT 0 …	the same the other way
 *	CREDIT 0 n              ----->
 *	SIGNAL, RESIZE, HANG_UP ----->
 *	                        <-----  INNER		a line of a journal of isolab's own in there
 *	                        <-----  EXITED 0	(wait status)
 *
 * A message is a header and a body of at most AGENT_BODY_MAX bytes. Both sides check every number:
 * the guest may be hostile, and so may a program in it that has got hold of the port. Numbers are
 * little-endian.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "event.h"

#define AGENT_PORT_NAME "isolab.agent"

enum {
	AGENT_MAGIC = 0x4c53,
	AGENT_VERSION = 3,
	AGENT_BODY_MAX = 64 * 1024,
	AGENT_WINDOW = 16 * 1024, /* bytes of a stream on their way */
	AGENT_PROGRAMS_MAX = 33,  /* the main one and the execs */
	AGENT_WORDS_MAX = 4096,
	AGENT_OPTIONS_MAX = 64,            /* of one sort */
	AGENT_PROGRAM_BYTES_MAX = 1 << 20, /* of a program that is sent */
};

enum agent_message {
	/* worker → agent */
	AGENT_START = 1,   /* body: struct agent_start, then words, each with its NUL */
	AGENT_PROGRAM,     /* body: bytes of the program that the next START runs */
	AGENT_INPUT,       /* body: bytes for its input; empty: end-of-file */
	AGENT_SIGNAL,      /* value: the signal */
	AGENT_RESIZE,      /* value: rows << 16 | columns */
	AGENT_NETWORK = 8, /* body: struct agent_network, then two words: name, host name */
	AGENT_MOUNT = 9,   /* body: struct agent_mount, then two words: device's tag, place */
	/* both ways */
	AGENT_CREDIT = 6, /* value: stream << 24 | bytes taken of it (agent → worker: stream 0) */
	/* agent → worker */
	AGENT_HELLO = 16, /* value: AGENT_VERSION */
	AGENT_STARTED,
	AGENT_FAILED,       /* value: errno, AGENT_FAILED_COMMAND; body: what failed, NUL, hint */
	AGENT_OUTPUT,       /* value: 1 or 2, stdout or stderr; body: bytes */
	AGENT_EXITED,       /* value: wait status */
	AGENT_REFUSED = 24, /* value: errno; body: what cannot be had, NUL, hint or nothing */
	AGENT_INNER = 25,   /* body: struct agent_inner, then a line as event_encode() writes it */
};

struct agent_header {
	uint16_t magic;
	uint8_t type;
	uint8_t program; /* 0: the main one */
	uint32_t value;
	uint32_t length; /* of the body */
};

enum agent_start_flags {
	AGENT_START_TTY = 1,      /* on a terminal of its own */
	AGENT_START_INPUT = 2,    /* it gets INPUT; without: its input is empty */
	AGENT_START_PROGRAM = 4,  /* run what the PROGRAMs before held; argv[0] is only its name */
	AGENT_START_WRITABLE = 8, /* the root may be written to: --overlay */
	AGENT_START_KEEPS_HOME = 16, /* HOME was asked for: a user's own does not count */
};

/* Of a FAILED's value: not the guest, but its command is to blame. */
enum { AGENT_FAILED_COMMAND = 1 << 16 };

/* Words: workdir, hostname, user ("" = leave it), then argc × argv, envc × environment, and
 * ulimitc × --ulimit, tmpfsc × --tmpfs as they were written. */
struct agent_start {
	uint32_t flags, argc, envc, ulimitc, tmpfsc;
	uint16_t rows, columns;
};

/* The guest's place in the lab. Addresses as numbers: 10.88.77.5 is 0x0a584d05. */
struct agent_network {
	uint32_t address, prefix_length;
	uint32_t gateway;     /* the bridge, which answers for names, */
	uint32_t has_way_out; /* and leads further: 0 or 1 */
	uint32_t mtu;
	uint8_t address6[16];                   /* all zero: none; its prefix is 64 bits long */
	uint8_t hardware_address[6], unused[2]; /* by which the card is found */
};

enum agent_mount_flags {
	AGENT_MOUNT_READ_ONLY = 1,
	AGENT_MOUNT_DISK = 2,   /* a copy: ext4, on the disk whose serial number is the tag */
	AGENT_MOUNT_INSIDE = 4, /* directory or file, it lies in there as "volume" */
};

/* A directory or file of the host. */
struct agent_mount {
	uint32_t flags;
};

/* Walls in walls: an event of a sandbox in the guest, whose stamps are of the guest's clock. */
struct agent_inner {
	uint64_t sent_ns; /* the guest's CLOCK_MONOTONIC when this was sent */
};

/* Takes a stream of bytes apart. Zero-initialise. */
struct agent_parser {
	struct agent_header header;
	size_t header_have, body_have;
	uint8_t body[AGENT_BODY_MAX + 1]; /* always followed by a NUL */
};

/*
 * Feeds bytes; returns how many were taken. *ret_whole: a message is complete in header and body
 * (valid until the next call). Bytes before a magic number are skipped; a length or program number
 * that cannot be is -EPROTO, and the parser starts anew.
 */
ssize_t agent_parse(struct agent_parser *parser, const uint8_t *bytes, size_t length,
		    bool *ret_whole, struct err *e);

/* The words of a START. */
struct agent_words {
	struct agent_start start;
	char *workdir, *hostname, *user;
	char *argv[AGENT_WORDS_MAX + 1], *env[AGENT_WORDS_MAX + 1]; /* point into the body */
	char *ulimits[AGENT_OPTIONS_MAX + 1], *tmpfs[AGENT_OPTIONS_MAX + 1];
};
/* Takes them apart; the lists end with NULL. -EPROTO when they do not fill the body exactly. */
int agent_decode_start(uint8_t *body, size_t length, struct agent_words *ret, struct err *e);

/* The same for a NETWORK: `name` and `hostname` ("": none) point into the body. -EPROTO also for
 * numbers that cannot be: a prefix of more than 32 bits, an MTU below 576 or above 65521, a name
 * with a space or line end in it. setup_message.c */
int agent_decode_network(uint8_t *body, size_t length, struct agent_network *ret,
			 const char **ret_name, const char **ret_hostname, struct err *e);
/* And for a MOUNT: the place is an absolute path. */
int agent_decode_mount(uint8_t *body, size_t length, struct agent_mount *ret,
		       const char **ret_source, const char **ret_target, struct err *e);
/* And for an INNER: the line must be one (event_scan), of a sandbox whose name can be one. */
int agent_decode_inner(const uint8_t *body, size_t length, struct agent_inner *ret,
		       struct event *ret_event, struct err *e);

#endif
