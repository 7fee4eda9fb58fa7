/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hostile files: the first byte says whether the rest is a kernel, an initrd, or a program for
 * exec. What is accepted must lie inside the guest's memory; names and stacks are built from it
 * as the monitor would.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../unit/vm_machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PROGRAM_AT = 0x100000, STACK_AT = 0x20000 };

static void try_kernel(struct vm *vm, int fd)
{
	struct err error = {0};
	if (load_kernel(vm, fd, &error) == 0 && pagetables_build(vm, &error) == 0 &&
	    vm->layout.kernel_end > vm->memory.size)
		abort();
}

static void try_initrd(struct vm *vm, int fd)
{
	struct err error = {0};
	vm->layout.kernel_end = VM_GPA_KERNEL;
	if (load_initrd(vm, fd, &error) < 0)
		return;
	layout_find(&vm->layout, "true");
	for (unsigned i = 0; i < vm->layout.file_count; i++)
		if (!memory_at(&vm->memory, vm->layout.files[i].gpa, vm->layout.files[i].bytes))
			abort();
}

static void try_program(struct vm *vm, const uint8_t *data, size_t size)
{
	struct err error = {0};
	struct program program;
	char name[] = "program", *words[] = {name, NULL};
	uint64_t stack;
	if (memory_write(&vm->memory, PROGRAM_AT, data, size) == 0 &&
	    program_inspect(&vm->memory, PROGRAM_AT, size, &program, &error) == 0)
		program_build_stack(&vm->memory, STACK_AT, &program, words, words, &stack, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct told told;
	struct vm vm;
	int fd = memfd_create("input", MFD_CLOEXEC);
	if (size == 0 || fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1)) {
		close(fd);
		return 0;
	}
	machine_init(&vm, &told);
	memset(&vm.layout, 0, sizeof(vm.layout));
	if (data[0] % 3 == 0)
		try_kernel(&vm, fd);
	else if (data[0] % 3 == 1)
		try_initrd(&vm, fd);
	else
		try_program(&vm, data + 1, size - 1);
	machine_finish(&vm);
	close(fd);
	return 0;
}
