/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The small devices that are one port each: boot marks, the timer, power, the guest's last words
 * (vm/abi.h, "Ports"). Each write costs the guest an exit, so each says all in one. Only the panic
 * device reads guest memory: it copies the report out, bounds the text and makes it printable.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "vm.h"

/* ---- mark: the guest has come so far ---- */

static const struct mark {
	uint32_t number;
	const char *step, *why;
} marks[] = {
    {VM_MARK_KERNEL_ENTRY, "kernel_entry", "the guest kernel's first instruction has run"},
    {VM_MARK_KERNEL_READY, "kernel_ready", "it has its tables, its interrupts and its device tree"},
    {VM_MARK_INIT, "init", "it is about to load the program"},
    {0, NULL, NULL},
};

enum port_result mark_write(struct vm *vm, uint32_t value)
{
	const struct mark *mark = marks;
	while (mark->number && mark->number != value)
		mark++;
	if (mark->step && !vm->is_ready) {
		uint64_t now = clock_now_ns();
		worker_step_at(vm->worker, mark->step, vm->entered_ns, now, mark->why);
		vm->entered_ns = now;
	}
	return PORT_DONE;
}

/* ---- timer: one interrupt, once ---- */

enum port_result timer_write(struct vm *vm, uint32_t value)
{
	vm->timer_at_ns = value ? clock_now_ns() + (uint64_t)value * 1000 : 0;
	return PORT_DONE;
}

/* ---- power: the main program has ended ---- */

enum port_result power_write(struct vm *vm, uint32_t value)
{
	vm_end(vm, (int)(value & 0xffff));
	return PORT_ENDED;
}

/* ---- panic: the guest's kernel gives up, and says why ---- */

static const struct panic_text {
	uint32_t kind;
	const char *what, *hint;
} panic_texts[] = {
    {VM_PANIC_MEMORY, "the guest kernel ran out of memory", "give the VM more --memory"},
    {VM_PANIC_DEVICETREE, "the guest kernel does not understand its device tree",
     "monitor and tiny-kernel are not of the same build: build both again"},
    {VM_PANIC_FAULT, "the guest kernel faulted", "a bug in the guest kernel: please report it"},
    {0, "the guest kernel panicked", "a bug in the guest kernel: please report it"},
};

/* Makes one line of printable bytes of what the guest says. */
static void clean(char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 127)
			text[i] = ' ';
	while (length && text[length - 1] == ' ')
		length--;
	text[length] = '\0';
}

enum port_result panic_write(struct vm *vm, uint32_t value)
{
	struct vm_panic panic;
	struct err error = {0};
	char text[VM_PANIC_TEXT + 1] = "", registers[160] = "";
	if (memory_read(&vm->memory, value, &panic, sizeof(panic)) < 0)
		memset(&panic, 0, sizeof(panic));
	size_t length = panic.length < VM_PANIC_TEXT ? panic.length : VM_PANIC_TEXT;
	memcpy(text, panic.text, length);
	clean(text, length);
	const struct panic_text *about = panic_texts;
	while (about->kind && about->kind != panic.kind)
		about++;
	if (panic.kind == VM_PANIC_FAULT)
		snprintf(registers, sizeof(registers),
			 " (vector %llu, error 0x%llx, rip 0x%llx, rsp 0x%llx, cr2 0x%llx)",
			 (unsigned long long)panic.vector, (unsigned long long)panic.error_code,
			 (unsigned long long)panic.rip, (unsigned long long)panic.rsp,
			 (unsigned long long)panic.cr2);
	err_set(&error, EFAULT, "%s: %s%s", about->what, *text ? text : "it did not say why",
		registers);
	err_hint(&error, 0, "%s", about->hint);
	vm_fail(vm, &error);
	return PORT_ENDED;
}
