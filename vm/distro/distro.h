/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_DISTRO_H
#define ISOLAB_VM_DISTRO_H
/*
 * distro: the machine that boots a whole distribution from its disk, by QEMU: firmware, bootloader,
 * kernel, systemd, services. It is the virtual machine of which articles say minutes and gigabytes.
 *
 *	machine.c	its steps of the start, and what the worker asks of it
 *	qemu.c		the QEMU process: its command line, its descriptors, its rights
 *	boot.c		which step of the boot it is at, by the words on its lines
 *
 * QEMU is a child of the worker's, and they share five socket pairs, nothing else: the monitor
 * (QMP), the serial console, the firmware's debug port, the agent's line, its own stderr. It opens
 * no file by a name of ours: disk and agent are descriptors. All of what it says is foreign.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "boot.h"
#include "err.h"
#include "vm.h"

enum {
	DISTRO_MEMORY_DEFAULT = 512 << 20,
	DISTRO_MEMORY_MINIMUM = 256 << 20,
	DISTRO_LINE_MAX = 1024, /* of the monitor's or QEMU's words: what is longer is cut */
};

/* What QEMU and the worker share, by the descriptors' numbers in QEMU from 3 on. */
enum distro_wire {
	DISTRO_MONITOR,
	DISTRO_CONSOLE,
	DISTRO_FIRMWARE,
	DISTRO_AGENT,
	DISTRO_WORDS, /* QEMU's stderr */
	DISTRO_WIRES,
};

/* A line of text that is being gathered. */
struct distro_line {
	char text[DISTRO_LINE_MAX];
	size_t length;
};

struct distro_vm {
	struct vm *vm;
	int wires[DISTRO_WIRES]; /* our ends, non-blocking */
	int disk_fd, agent_fd;   /* until QEMU has them; -1: none */
	int pid_fd;              /* readable when QEMU has ended */
	pid_t pid;
	struct boot boot;
	struct distro_line monitor, words, console;
	bool is_console_filtered; /* the boot is over: only the kernel's own lines */
	bool is_powering_down;    /* we have asked for it */
	bool is_off, is_reset;    /* the guest has done so, and QEMU ends */
	bool has_status;          /* the main program has ended, and QEMU shall do so by itself */
	int status;
};

/* What a machine is started with. All borrowed. */
struct distro_pc {
	unsigned processors;
	uint64_t memory_bytes;
	bool has_kvm;
	int disk_fd, agent_fd; /* agent_fd -1: the disk's own agent */
};

/* Starts QEMU with its processors stopped. `wires` are QEMU's ends, which stay the caller's. The
 * child is gone when this process is. Returns 0 with *ret_pid and *ret_pid_fd, or -errno: -ENOENT
 * with the package that is missing. */
int distro_start_qemu(const struct distro_pc *machine, const int wires[DISTRO_WIRES],
		      pid_t *ret_pid, int *ret_pid_fd, struct err *e);

#endif
