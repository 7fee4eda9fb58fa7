/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONSOLE_H
#define ISOLAB_CONSOLE_H
/*
 * console: the file `console` of a sandbox, a ring of the last CONSOLE_CAPACITY bytes its console
 * printed.
 *
 *	+--------------------+---------------------------------------------+
 *	| header (64 bytes)  | ring: byte number n lives at n % capacity   |
 *	+--------------------+---------------------------------------------+
 *	  magic, capacity, head = how many bytes were ever written
 *
 * One writer (the worker) that never waits; any number of readers, each with its own position. A
 * reader that is too slow learns how many bytes it lost. The file is foreign bytes to the reader:
 * header values are checked.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

enum { CONSOLE_CAPACITY = 256 * 1024 };

struct console_writer {
	int fd; /* not owned */
	uint64_t head;
};

/* Goes on behind what is there already (a sandbox that is started again). An empty file is an empty
 * console; the header comes with the first bytes. -EBADMSG: not a console. */
int console_writer_init(struct console_writer *writer, int fd, struct err *e);
/* Appends, overwriting what is older than the capacity. 0 or -errno (-ENOSPC: the file system is
 * full; nothing counted). */
int console_write(struct console_writer *writer, const void *data, size_t length);

struct console_reader {
	int fd; /* not owned */
	uint64_t position;
};

/* Copies what is new since `position`, up to `size` bytes, and moves on. *ret_lost = bytes that
 * were overwritten before they could be read (0 mostly). Returns the count, 0 = nothing new, -errno
 * (-EBADMSG: not a console). */
ssize_t console_read(struct console_reader *reader, void *buffer, size_t size, uint64_t *ret_lost);

#endif
