/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * program: a task's address space out of the ELF file that the monitor has laid into its channel.
 * Pages that only get read are not copied: they are mapped where they lie in the initrd, which
 * nobody ever writes. Files sent by exec are copied, since the monitor puts the next one into the
 * same place. The first stack is the monitor's work and is mapped as it is.
 */
#include <asm/errno.h>

#include "elf.h"
#include "kernel.h"
#include "string.h"

enum { STACK_PAGES = VM_STACK_BYTES / PAGE_BYTES };

/* A channel's program, read once: what is checked is what is used. */
struct request {
	uint64_t gpa, bytes, stack_pointer;
	bool is_lasting; /* in the initrd */
};

static bool is_within(uint64_t start, uint64_t bytes, uint64_t from, uint64_t to)
{
	return start >= from && start <= to && bytes <= to - start;
}

static bool read_request(const struct task *task, struct request *request)
{
	const volatile struct vm_channel *channel = &control()->channel[task->channel];
	const struct machine *machine = &kernel.machine;
	request->gpa = channel->program_gpa;
	request->bytes = channel->program_bytes;
	request->stack_pointer = channel->stack_pointer;
	request->is_lasting = is_within(request->gpa, request->bytes, machine->initrd_start,
					machine->initrd_end);
	if (!request->is_lasting &&
	    !is_within(request->gpa, request->bytes, machine->free_end, machine->memory_bytes))
		return false;
	return request->gpa % PAGE_BYTES == 0 &&
	       is_within(request->stack_pointer, 8, VM_STACK_TOP - VM_STACK_BYTES, VM_STACK_TOP);
}

/* One page of a segment: mapped where it lies, or a copy. */
static int load_page(struct space *space, const struct request *request,
		     const struct elf_segment *segment, uint64_t page)
{
	uint64_t file_end = segment->address + segment->file_bytes;
	uint64_t offset = segment->offset + (page - segment->address); /* modulo 2^64, on purpose */
	bool is_all_file = page + PAGE_BYTES <= file_end ||
			   segment->file_bytes == segment->memory_bytes;
	if (request->is_lasting && !(segment->rights & SPACE_WRITE) && is_all_file)
		return space_map(space, page, request->gpa + offset, segment->rights);

	uint64_t frame = frames_take(space->frames, space->owner);
	if (!frame)
		return -ENOMEM;
	uint64_t from = page > segment->address ? page : segment->address;
	uint64_t to = page + PAGE_BYTES < file_end ? page + PAGE_BYTES : file_end;
	if (from < to) {
		char *target = frames_address(space->frames, frame);
		const char *file = ram(request->gpa + segment->offset);
		memcpy(target + (from - page), file + (from - segment->address), to - from);
	}
	return space_map(space, page, frame, segment->rights);
}

static int load_segments(struct space *space, const struct request *request,
			 const struct elf_program *program)
{
	for (uint32_t i = 0; i < program->count; i++) {
		const struct elf_segment *segment = &program->segments[i];
		uint64_t page = segment->address & ~(uint64_t)(PAGE_BYTES - 1);
		for (; page < segment->address + segment->memory_bytes; page += PAGE_BYTES) {
			int r = load_page(space, request, segment, page);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int map_stack(struct space *space, uint32_t channel)
{
	uint64_t gpa = VM_GPA_CHANNELS + channel * VM_CHANNEL_BYTES + VM_CHANNEL_STACK;
	uint64_t address = VM_STACK_TOP - VM_STACK_BYTES;
	for (int i = 0; i < STACK_PAGES; i++) {
		int r = space_map(space, address, gpa, SPACE_READ | SPACE_WRITE);
		if (r < 0)
			return r;
		address += PAGE_BYTES, gpa += PAGE_BYTES;
	}
	return 0;
}

/* The registers of a program at its first instruction, as the System V ABI wants them. */
static int set_registers(struct task *task, uint64_t entry, uint64_t stack_pointer)
{
	uint64_t frame = frames_take(&kernel.frames, owner_of(task));
	if (!frame)
		return -ENOMEM;
	task->frame = (struct frame){.rip = entry,
				     .cs = SELECTOR_USER_CODE,
				     .rflags = FLAGS_FIXED | FLAGS_INTERRUPT,
				     .rsp = stack_pointer,
				     .ss = SELECTOR_USER_DATA};
	task->fpu = ram(frame);
	task->is_fpu_saved = false;
	return 0;
}

static int load(struct task *task, const struct request *request)
{
	struct elf_program program;
	const char *why;
	int r = elf_read(&program, ram(request->gpa), request->bytes, &why);
	if (r < 0)
		return console_report(task, why, NULL), r;
	struct space space = task_space(task);
	r = space_create(&space, gpa_of(gate));
	if (r == 0)
		r = load_segments(&space, request, &program);
	if (r == 0)
		r = map_stack(&space, task->channel);
	if (r < 0)
		return r;
	task->pml4 = space.pml4;
	task->heap_start = task->heap_end = (program.end + PAGE_BYTES - 1) &
					    ~(uint64_t)(PAGE_BYTES - 1);
	return set_registers(task, program.entry, request->stack_pointer);
}

int program_load(struct task *task)
{
	struct request request;
	if (!read_request(task, &request))
		return -ENOEXEC;
	memset(task->files, 0, sizeof(task->files));
	task->turns = 0;
	string_copy(task->name, sizeof(task->name), control()->channel[task->channel].name);
	int r = load(task, &request);
	if (r < 0)
		frames_give_all(&kernel.frames, owner_of(task));
	return r;
}
