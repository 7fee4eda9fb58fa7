/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_WALL_H
#define ISOLAB_VM_WALL_H
/* wall: the VM as a worker's wall (struct wall), and its entries that live in files of their own.
 */
#include "program.h"
#include "worker.h"

struct vm;

/* The wall of kind "vm". */
extern const struct wall vm_wall;

/* ---- exec.c ---- */
/* struct wall's exec and exec_signal. */
int exec_start(struct worker *worker, struct worker_exec *x, struct err *e);
int exec_signal(struct worker *worker, unsigned id, int signal_number, struct err *e);
/* Finds a program of the initrd by name. -ENOENT, -ENOEXEC with hints. */
int exec_find_program(struct vm *vm, const char *name, struct program *ret, struct err *e);
/* Watches again those clients' stdin for which there is room now. */
void exec_resume_inputs(struct vm *vm);

/* ---- the machines: what the kind "vm" hands every request on to ---- */
extern const struct wall tiny_machine, linux_machine, emulated_machine, distro_machine;

/* ---- check.c ---- */
/* struct wall's check: what this machine's KVM can do. */
void vm_check(void (*say)(void *arg, const struct worker_check *check), void *arg);

#endif
