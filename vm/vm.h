/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_H
#define ISOLAB_VM_H
/*
 * vm: one virtual machine in this process, and the parts that build, run and end it. Private to
 * vm/.
 *
 *	wall.c       the worker's side: start, input, signal, exec, wait …   (struct wall)
 *	start.c      the steps of the start, in order                        (vm_start)
 *	run.c        the loop around KVM_RUN                                 (vm_run)
 *	kvm.c        /dev/kvm and what can be wrong with it
 *	memory.c ports.c devices/…   what the guest can touch
 *	load.c program.c channel.c devicetree.c x86_64/…  what it finds at its first instruction
 *	lockin.c     what the monitor itself gives up before that instruction
 *
 * One thread. The CPU runs only inside vm_run(), everything else happens while it stands still.
 */
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "abi.h"
#include "err.h"
#include "load.h"
#include "memory.h"
#include "network.h"
#include "ports.h"
#include "terminal.h"
#include "vmstats.h"
#include "volumes.h"
#include "worker.h"

struct kvm_run;

enum { KVM_STATS_MAX = 1 + 8 }; /* a VM and as many processors as it may have */

/* One virtual processor. */
struct vcpu {
	int fd;
	struct kvm_run *run; /* shared with the kernel */
	size_t run_bytes;
	uint64_t pending; /* bit n: interrupt vector n waits to be injected */
	bool is_halted;   /* executed HLT: runs again with the next interrupt */
};

/* One program inside: the main one (0), or an exec. */
struct channel {
	bool is_used;
	bool is_tty;
	unsigned exec_id;      /* of worker_exec */
	int fds[3];            /* an exec's stdin, stdout, stderr, owned; -1 for channel 0 */
	bool wants_output;     /* answered -EAGAIN: waits for the reader */
	bool is_input_stalled; /* the ring was full */
	uint32_t input_head;   /* our own copy: never read back from the guest */
	uint64_t program_start, program_end; /* what it holds of the sent programs' area */
};

struct vm {
	struct worker *worker;
	const struct wall *machine;   /* how this machine is started, fed, ended */
	struct linux_vm *linux_guest; /* what a Linux machine has beside this; NULL: a tiny one */
	struct qemu_vm *qemu_guest;   /* what a machine in QEMU has; NULL: another one */
	struct link *link;            /* to the agent in the guest; NULL: it has none (inside.h) */
	bool is_emulated;             /* distro: QEMU shall do without KVM */
	const char *acceleration;     /* kvm_acceleration(); NULL: not asked for yet */
	int kvm_fd, vm_fd;
	struct vcpu vcpu; /* a Linux guest will have several */
	struct memory memory;
	const struct port *ports;
	struct layout layout;
	void *devicetree;                  /* as it was written, owned */
	char hostname[SPEC_NAME_MAX + 32]; /* "HOSTNAME=…" of the environment */
	struct channel channels[VM_CHANNELS];
	struct terminal terminal; /* channel 0's line, if it is a terminal */
	uint64_t timer_at_ns;     /* the guest's timer interrupt, 0 = none */
	timer_t kick_timer;       /* ends KVM_RUN now and then while the guest is busy */
	uint64_t kick_at_ns;      /* when it ends KVM_RUN next, 0 = not armed */
	bool has_kick_timer;
	bool is_paused, has_ended, is_ready;
	unsigned turns_skipped; /* the worker's descriptors were served instead of the guest */
	uint64_t entered_ns;    /* start of the step that the next mark ends */
	struct vm_stats stats;  /* counted here, */
	int stats_fd;           /* written there for the engine; -1 = nowhere */
	int kvm_stats_fds[KVM_STATS_MAX]; /* KVM's own counts of the VM and its processors */
	unsigned kvm_stats_count;
	uint64_t stats_at_ns;      /* when they were written last */
	uint64_t stats_written;    /* sum of all exits then */
	struct vm_network network; /* its place in the lab, if it has one */
	struct vm_volumes volumes; /* directories of the host that it is shown */
};

/* ---- kvm.c ---- */
/* Opens /dev/kvm, checks its version. -ENOENT, -EACCES … with the exact hint. */
int kvm_open(int *ret_fd, struct err *e);
int kvm_create_vm(struct vm *vm, struct err *e);
/* RAM of a size, made by memory_init() or one of its sisters. */
int kvm_create_memory(struct vm *vm, uint64_t bytes,
		      int (*make)(struct memory *memory, uint64_t size, struct err *e),
		      struct err *e);
int kvm_create_vcpu(struct vm *vm, struct err *e);
/* Frees all of it. */
void kvm_finish(struct vm *vm);

/* ---- x86_64/ ---- */
/* "kvm", "kvm-nested" (in a virtual machine), "kvm-pvm" (without the processor's help). */
const char *kvm_acceleration(struct vm *vm);
/* What decides why there is no /dev/kvm, and the sentence that says how to get it. */
struct kvm_absence {
	bool is_in_kernel; /* the driver is loaded, the node is not here */
	bool has_vmx, has_svm, is_guest;
};
void kvm_absence_find(struct kvm_absence *ret);
const char *kvm_absence_hint(const struct kvm_absence *absence);
/* Puts the CPU into the entry state of abi.h, at `entry`. */
int cpu_reset(struct vm *vm, uint64_t entry, struct err *e);
/* The guest's clock frequency in Hz, 0 = unknown. */
uint64_t cpu_tsc_hz(const struct vm *vm);
/* Lays the boot page tables. */
int pagetables_build(struct vm *vm, struct err *e);
/* Where a processor stands, in words ("at rip 0x…, ring 0"), for errors. Returns `buffer`. */
char *cpu_describe(int processor_fd, char *buffer, size_t size);

/* ---- environment.c ---- */
/* The environment of a program: `more` (may be NULL), --env, what all have. The caller frees the
 * array, not its words, which live as long as the VM and `more`. NULL when out of memory. */
char **environment_make(struct vm *vm, char *const more[], struct err *e);

/* ---- devicetree.c ---- */
/* Describes the machine to the guest, in its memory at VM_GPA_DEVICETREE; keeps a copy in
 * vm->devicetree. */
int devicetree_build(struct vm *vm, const struct sandbox_spec *spec, struct err *e);
/* Appends a tree of our own making (a copy, not the guest's memory) as source. -ENODATA: NULL.
 * devicetree_print.c */
int devicetree_print(const void *tree, struct strbuf *text, struct err *e);

/* ---- stats.c ---- */
/* Opens the file for the engine, and KVM's own statistics of the VM; that they cannot be is no
 * reason to fail. */
void stats_open(struct vm *vm);
/* The same for the statistics of a processor. */
void stats_watch(struct vm *vm, int kvm_object_fd);
/* Writes what is new, at most twice a second unless `now`. */
void stats_publish(struct vm *vm, bool now);
/* Nanoseconds until stats_publish() would write something, UINT64_MAX = nothing new. */
uint64_t stats_wait_ns(const struct vm *vm);
void stats_close(struct vm *vm);

/* ---- start.c ---- */
/* One line of the timeline. */
struct start_step {
	const char *name, *why;
	int (*run)(struct vm *vm, struct err *e); /* 1: it told, or there was nothing to do */
};
extern const struct start_step tiny_steps[]; /* ends with name == NULL */
/* Builds the machine step by step, up to the moment before its first instruction. */
int vm_start(struct vm *vm, const struct start_step *steps, struct err *e);
/* A step of the boot that the guest's own behaviour shows: from the one before to `at_ns`. */
void vm_stamp(struct vm *vm, const char *step, uint64_t at_ns, const char *why);
/* A step that machines share. */
int vm_step_kvm_open(struct vm *vm, struct err *e);

/* ---- outside.c ---- */
/* The same; they tell their own line, or have none. */
int vm_step_lab(struct vm *vm, struct err *e);
int vm_step_volumes(struct vm *vm, struct err *e);

/* ---- run.c ---- */
/* Lets the guest run until it waits, ends, the kick comes, or a device asks to look around. */
void vm_run(struct vm *vm);
/* Has the worker look at its descriptors soon (0.2 ms), however busy the guest is. */
void vm_kick_soon(struct vm *vm);
/* Marks an interrupt as waiting. */
void vm_raise(struct vm *vm, unsigned vector);
/* Ends the VM as failed, with cause and hint. */
void vm_fail(struct vm *vm, const struct err *error);
/* Ends the VM with the main program's wait status. */
void vm_end(struct vm *vm, int wait_status);

/* ---- devices ---- */
extern const struct port tiny_ports[];
enum port_result mark_write(struct vm *vm, uint32_t value);
enum port_result console_write_port(struct vm *vm, uint32_t value);
enum port_result timer_write(struct vm *vm, uint32_t value);
enum port_result power_write(struct vm *vm, uint32_t value);
enum port_result panic_write(struct vm *vm, uint32_t value);
enum port_result mailbox_write(struct vm *vm, uint32_t value);

#endif
