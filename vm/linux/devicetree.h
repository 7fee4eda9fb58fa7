/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_LINUX_DEVICETREE_H
#define ISOLAB_VM_LINUX_DEVICETREE_H
/*
 * devicetree: a Linux machine, described as a device tree for `inspect --devicetree`. On a PC the
 * kernel itself reads the same from ACPI tables (x86_64/acpi.c); the tree is for people.
 */
#include <stddef.h>

#include "err.h"

struct linux_vm;

enum { DEVICETREE_LINUX_BYTES = 16 * 1024 };

/* Writes the tree of `machine`, whose devices are there, into `buffer`. -E2BIG: it does not fit. */
int devicetree_write_linux(const struct linux_vm *machine, const char *command_line, void *buffer,
			   size_t size, struct err *e);

#endif
