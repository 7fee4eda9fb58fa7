/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_LINUX_H
#define ISOLAB_VM_LINUX_H
/*
 * linux: the machine that boots a Linux kernel. Unlike the tiny one it has the kernel's interrupt
 * controllers (KVM_CREATE_IRQCHIP), one to eight processors, each a thread of the worker, and
 * devices that any Linux drives without a module.
 *
 *	machine.c	its steps of the start, and what the worker asks of a wall
 *	files.c		kernel and initramfs, from the cache or made now
 *	processor.c	the threads around KVM_RUN
 *	devices.c	who is on the bus
 *	io.c		virtio devices and their thread (../virtio/)
 *
 * What it says to the agent, its guest's /init, goes over the second serial port (../inside.h).
 *
 * Threads: the worker's own runs its loop; a processor's thread runs the guest and serves its
 * exits; the devices' thread serves virtio (io.h). What they touch is behind `lock`, but for virtio
 * devices, which have locks of their own, taken after it. Only the worker's thread calls the worker
 * runtime: the others leave word (`said`, the output queue) and ring `wake_fd`.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "bus.h"
#include "cmos.h"
#include "files.h"
#include "io.h"
#include "linux_boot.h"
#include "serial.h"
#include "vm.h"

enum {
	LINUX_CPUS_MAX = 8,
	LINUX_MEMORY_DEFAULT = 256 << 20,
	LINUX_CONSOLE_BYTES = 64 * 1024,
};
#define LINUX_MEMORY_MAXIMUM (3ull << 30) /* devices' addresses begin above */

struct linux_vm;

/* One processor. */
struct processor {
	struct linux_vm *machine;
	unsigned index;
	int fd;
	struct kvm_run *run; /* shared with the kernel */
	size_t run_bytes;
	pthread_t thread;
	bool has_thread;
};

/* How the machine came to its end, as a processor saw it. */
enum linux_end {
	LINUX_RUNS,
	LINUX_OFF,    /* switched off by ACPI */
	LINUX_RESET,  /* asked for a reset: a reboot, or a panic */
	LINUX_FAILED, /* `failure` says why */
};

/* A queue of bytes from a processor to the worker. */
struct byte_queue {
	uint8_t bytes[LINUX_CONSOLE_BYTES];
	size_t head, tail; /* free-running */
};

struct linux_vm {
	struct vm *vm;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* paused, stopping, or room in a queue */
	struct bus bus;
	struct io io;
	struct virtio_device *terminal, *port; /* hvc0; the agent's messages, if it drives it */
	struct serial console, link; /* ttyS0: the kernel's words; ttyS1: the agent's messages */
	struct cmos cmos;
	struct byte_queue console_out, link_out;
	struct boot_files files; /* open until they are loaded */
	struct linux_image image;
	struct processor processors[LINUX_CPUS_MAX];
	unsigned processor_count;
	int wake_fd;
	int vsock_fd;     /* --vsock: where programs of the host come; -1: nowhere */
	bool has_threads; /* the worker: they run */
	bool is_paused, is_stopping;
	/* said by a processor, read by the worker */
	enum linux_end end;
	struct err failure;
	uint64_t first_exit_ns;
	bool is_port_used; /* the worker: the agent's first word came by the port, not by ttyS1 */
};

/* ---- processor.c ---- */
int processors_create(struct linux_vm *machine, unsigned count, struct err *e);
/* Starts their threads, stopped until processors_go(). */
int processors_start(struct linux_vm *machine, struct err *e);
/* Ends and joins the threads, closes the processors. */
void processors_finish(struct linux_vm *machine);
/* Makes every processor leave the guest and look at is_paused and is_stopping. */
void processors_kick(struct linux_vm *machine);

/* ---- devices.c ---- */
int devices_create(struct linux_vm *machine, struct err *e);
/* A processor leaves word for the worker; the lock is held. */
void linux_wake(struct linux_vm *machine);
/* The machine is at its end; the lock is held. The first one counts. */
void linux_end(struct linux_vm *machine, enum linux_end end);

/* ---- outside.c: the lab's cable, directories of the host ---- */
int outside_step_vsock(struct vm *vm, struct err *e);
int outside_add_devices(struct linux_vm *machine, struct err *e);
/* Behind the disks that were asked for, so that those keep their names. */
int outside_add_copies(struct linux_vm *machine, struct err *e);
/* The socket's name is nobody's any more. */
void outside_finish(struct linux_vm *machine);

/* ---- x86_64/linux_cpu.c ---- */
/* Before the first processor: interrupt controllers, timer. */
int linux_cpu_create_chips(struct vm *vm, struct err *e);
/* Features and, for the first one, the registers with which the kernel is entered. */
int linux_cpu_reset(struct vm *vm, const struct processor *processor,
		    const struct linux_image *image, struct err *e);

#endif
