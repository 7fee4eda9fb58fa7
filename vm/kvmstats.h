/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_KVMSTATS_H
#define ISOLAB_VM_KVMSTATS_H
/*
 * kvmstats: what KVM itself counts about a virtual machine and its processors, the exits that it
 * serves inside the kernel too, which never come to the monitor (Documentation/virt/kvm/api.rst,
 * "KVM_GET_STATS_FD"; Linux 5.14). A KVM without such a descriptor is no error: then there are
 * only the monitor's own counts.
 */
#include <stddef.h>
#include <stdint.h>

#include "vmstats.h"

enum { KVMSTATS_BLOCK_BYTES = 16 * 1024 }; /* of one object: today's are below 10 KiB */

/* The descriptor of a VM's or processor's statistics, to be closed by the caller, or -errno. It is
 * read later, also by whom may open nothing any more. */
int kvmstats_open(int kvm_object_fd);

/* Adds what a block tells, one read of such a descriptor from its start, to `counters`: numbers of
 * one name are summed up. What is no plain counter (a histogram, a time, a level) or has no room is
 * left out. -EBADMSG, and nothing added, if the block contradicts itself. */
int kvmstats_parse(const void *block, size_t length, struct vm_counters *counters);

/* Reads and adds. 0 or -errno. */
int kvmstats_add(int fd, struct vm_counters *counters);

#endif
