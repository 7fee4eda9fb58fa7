/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TINY_STEWARD_H
#define TINY_STEWARD_H
/*
 * steward: the kernel's half at ring 3 (../kernel.h says how it is called). It may read and write all of RAM through the window, and
 * has no other memory; what it keeps between two requests is in struct steward and in the tasks.
 */
#include "../kernel.h"
#include "frames.h"
#include "space.h"

struct steward {
	struct frames frames;
	uint64_t random_counter;
	char boot_id[37];
};

extern struct steward steward;

/* One request, from the first instruction to the last: the answer. */
int64_t steward_main(enum steward_request request, struct task *client);

/* The address space of a task. */
struct space task_space(const struct task *task);

/* program.c: loads the program of the task's channel. 0, -ENOEXEC, -ENOMEM. */
int64_t program_load(struct task *task);

/* fault.c: what to do with a fault of the task. */
enum steward_answer fault_judge(struct task *task);

/* calls.c: a system call of the task; its result is put into RAX unless the task has to wait or to end. */
enum steward_answer calls_serve(struct task *task);

/* memory.c: brk, mmap, munmap, mprotect. */
int64_t memory_brk(struct task *task, const struct frame *frame);
int64_t memory_map(struct task *task, const struct frame *frame);
int64_t memory_unmap(struct task *task, const struct frame *frame);
int64_t memory_protect(struct task *task, const struct frame *frame);

/* files.c: files are read-only: /proc, and what is in the initrd. CALL_WAITS: there is no input yet. */
enum { CALL_WAITS = -10000 };
int64_t files_open(struct task *task, const struct frame *frame);
int64_t files_open_at(struct task *task, const struct frame *frame);
int64_t files_close(struct task *task, const struct frame *frame);
int64_t files_read(struct task *task, const struct frame *frame);
int64_t files_seek(struct task *task, const struct frame *frame);
int64_t files_ioctl(struct task *task, const struct frame *frame);

/* identity.c: who this machine is. */
int64_t identity_uname(struct task *task, const struct frame *frame);
int64_t identity_sysinfo(struct task *task, const struct frame *frame);
int64_t identity_random(struct task *task, const struct frame *frame);
/* Makes the boot id from the seed. */
void identity_init(void);

#endif
