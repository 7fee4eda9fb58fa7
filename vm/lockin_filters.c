/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The filters of lockin.h, as container/seccomp_build.c wrote them at build time: one for each
 * table of system calls (seccomp_table.c, linux/seccomp_*.c). */
#include <linux/filter.h>

#include "lockin.h"
#include "seccomp_table.h"

static const struct sock_filter tiny[] = {
#include "vm_vm_filter.inc"
};
static const struct seccomp_call tiny_calls[] = {
#include "vm_vm_calls.inc"
};

static const struct sock_filter linux_worker[] = {
#include "vm_linux_filter.inc"
};
static const struct seccomp_call linux_calls[] = {
#include "vm_linux_calls.inc"
};

static const struct sock_filter qemu[] = {
#include "vm_qemu_filter.inc"
};
static const struct seccomp_call qemu_calls[] = {
#include "vm_qemu_calls.inc"
};

static const struct sock_filter processor[] = {
#include "vm_processor_filter.inc"
};
static const struct seccomp_call processor_calls[] = {
#include "vm_processor_calls.inc"
};

static const struct sock_filter io[] = {
#include "vm_io_filter.inc"
};
static const struct seccomp_call io_calls[] = {
#include "vm_io_calls.inc"
};

static const struct sock_filter io_vsock[] = {
#include "vm_io_vsock_filter.inc"
};
static const struct seccomp_call io_vsock_calls[] = {
#include "vm_io_vsock_calls.inc"
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define FILTER(instructions, profile, calls)                                         \
	{                                                                            \
		instructions, LENGTH(instructions), &(profile), calls, LENGTH(calls) \
	}

const struct lockin_filter lockin_tiny = FILTER(tiny, seccomp_profile_vm, tiny_calls);
const struct lockin_filter lockin_linux = FILTER(linux_worker, seccomp_profile_linux, linux_calls);
const struct lockin_filter lockin_qemu = FILTER(qemu, seccomp_profile_qemu, qemu_calls);
const struct lockin_filter lockin_processor = FILTER(processor, seccomp_profile_processor,
						     processor_calls);
const struct lockin_filter lockin_io = FILTER(io, seccomp_profile_io, io_calls);
const struct lockin_filter lockin_io_vsock = FILTER(io_vsock, seccomp_profile_io_vsock,
						    io_vsock_calls);
