/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_ACCEL_H
#define ISOLAB_VM_ACCEL_H
/* accel: which machine runs a sandbox: --accel and --kernel, and what this host can do. */
#include "err.h"

struct vm;
struct wall;

/* Chooses, and says by worker_note if it is not what is usual. -ENODEV and others, with a hint,
 * when nothing here can do what was asked. */
int accel_choose(struct vm *vm, const struct wall **ret, struct err *e);

/* Whether this host's KVM can run a full kernel; asked of a guest of a few instructions, if the
 * processor's flags leave a doubt. -errno: why not. check.c */
int accel_ask_kvm(struct vm *vm, struct err *e);

#endif
