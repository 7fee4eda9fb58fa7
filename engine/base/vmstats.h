/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VMSTATS_H
#define ISOLAB_VMSTATS_H
/*
 * vmstats: the file `stats` of a VM's directory, one struct that the worker writes at most twice a
 * second, when something has changed, and the engine reads with pread(2): how often the guest left
 * its processor and why, as the monitor has seen it and as KVM counts it, and where its RAM lies in
 * the worker (so that guest RAM and the monitor's own memory can be told apart in /proc/PID/smaps).
 * Foreign bytes to the reader: vm_stats_read() checks them; the file is empty until the first time.
 */
#include <stdbool.h>
#include <stdint.h>

#define VM_STATS_FILE "stats"

enum { VM_STATS_MAGIC = 0x32737669 /* "ivs2" */ };

/* Why the processor came back to the monitor. */
enum vm_exit_reason {
	VM_EXIT_IO,        /* the guest used a port of a device */
	VM_EXIT_MMIO,      /* … a device's memory */
	VM_EXIT_HALT,      /* nothing to do: HLT */
	VM_EXIT_INTERRUPT, /* ready to take an interrupt that waits */
	VM_EXIT_KICK,      /* the monitor wanted the processor back */
	VM_EXIT_OTHER,
	VM_EXIT_REASONS
};

/* What KVM's own statistics count, by KVM's names ("io_exits", "halt_exits"): of the VM and of all
 * its processors together. Many exits are served in the kernel and never come to the monitor. */
enum { VM_COUNTERS_MAX = 64, VM_COUNTER_NAME = 32 };
struct vm_counter {
	char name[VM_COUNTER_NAME];
	uint64_t value;
};
struct vm_counters {
	uint64_t count; /* 0: this host's KVM has no such statistics */
	struct vm_counter counter[VM_COUNTERS_MAX];
};

struct vm_stats {
	uint32_t magic, reserved;
	uint64_t ram_address, ram_bytes; /* in the worker's address space */
	uint64_t exits[VM_EXIT_REASONS];
	uint64_t injected; /* interrupts */
	struct vm_counters kvm;
};

/* "io" … "other": names for JSON. */
const char *vm_exit_reason_name(enum vm_exit_reason reason);
/* Letters, digits and '_', at least one and at most VM_COUNTER_NAME - 1; `name` has an end. */
bool vm_counter_is_name(const char *name);
/* Reads the file; 0, or -EBADMSG when it is none of ours. */
int vm_stats_read(int fd, struct vm_stats *ret);

#endif
