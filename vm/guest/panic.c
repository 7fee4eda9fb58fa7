/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * panic: the kernel cannot go on. It hands the monitor what it knows and where it was; the monitor
 * ends the machine and tells the user. Nothing here waits, allocates or trusts more than it must.
 */
#include "kernel.h"
#include "text.h"

static struct vm_panic words;

static void add_register(struct text *text, const char *name, uint64_t value)
{
	text_add(text, name);
	text_add_hex(text, value);
}

static void add_frame(struct text *text, const struct frame *frame)
{
	add_register(text, "\nvector ", frame->vector);
	add_register(text, " error ", frame->error_code);
	add_register(text, " at rip ", frame->rip);
	add_register(text, " cs ", frame->cs);
	add_register(text, "\ncr2 ", words.cr2);
	add_register(text, " rsp ", frame->rsp);
	add_register(text, " rflags ", frame->rflags);
	add_register(text, "\nrax ", frame->rax);
	add_register(text, " rbx ", frame->rbx);
	add_register(text, " rcx ", frame->rcx);
	add_register(text, " rdx ", frame->rdx);
	add_register(text, "\nrsi ", frame->rsi);
	add_register(text, " rdi ", frame->rdi);
	add_register(text, " rbp ", frame->rbp);
}

_Noreturn void panic(enum vm_panic_kind kind, const struct frame *frame, uint64_t address,
		     const char *what)
{
	struct text text = {.start = words.text, .size = sizeof(words.text)};
	words.kind = kind;
	words.cr2 = address;
	text_add(&text, what);
	if (frame) {
		words.vector = frame->vector;
		words.error_code = frame->error_code;
		words.rip = frame->rip;
		words.rsp = frame->rsp;
		words.rflags = frame->rflags;
		add_frame(&text, frame);
	}
	words.length = text.length;
	for (;;)
		nucleus_write_port(VM_PORT_PANIC, (uint32_t)gpa_of(&words));
}
