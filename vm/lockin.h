/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_LOCKIN_H
#define ISOLAB_VM_LOCKIN_H
/*
 * lockin: the monitor gives up everything it does not need once the guest runs. Two halves, since
 * a machine with threads starts them in between: namespaces can be left only by a process with one
 * thread, and each thread has a filter of its own.
 */
#include <stddef.h>

#include "err.h"

struct seccomp_call;
struct seccomp_profile;
struct sock_filter;
struct strbuf;
struct worker;

/* A list of system calls, as seccomp_build made it of a table, and the table. */
struct lockin_filter {
	const struct sock_filter *instructions;
	size_t length;
	const struct seccomp_profile *profile;
	const struct seccomp_call *calls;
	size_t call_count;
};

/* The tiny machine's monitor; a Linux machine's worker thread, its processors' threads, and the one
 * of its devices, without and with --vsock. */
extern const struct lockin_filter lockin_tiny, lockin_linux, lockin_qemu, lockin_processor,
    lockin_io, lockin_io_vsock;

/* Namespaces, empty root, no capability, limits, no_new_privs. Irreversible. What cannot be had (no
 * user namespaces here) is said by worker_note, unless nothing at all holds: -errno. */
int lockin_leave_host(struct worker *worker, struct err *e);
/* The calling thread's system calls, from now on and for good. */
int lockin_filter_calls(const struct lockin_filter *filter, struct err *e);
/* What it leaves open, as container/surface.h has it. */
void lockin_describe(const struct lockin_filter *filter, struct strbuf *lines);

#endif
