/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_CALLS_H
#define ISOLAB_TINY_CALLS_H
/*
 * calls: the system calls. Numbers, arguments and results are Linux's, so that the very same static
 * program runs here.
 *
 * A handler finds the arguments in the registers of the task: RDI, RSI, RDX, R10, R8, R9. What it
 * returns is put into RAX, but for two answers: CALL_REPEAT, the task waits now and makes the call
 * again when it goes on; CALL_LEFT, RAX is set already.
 */
#include "kernel.h"

enum { CALL_REPEAT = -10001, CALL_LEFT = -10002 };
enum { FD_STDIN = 0, FD_STDOUT = 1, FD_STDERR = 2 };
enum { SECOND_NS = 1000 * 1000 * 1000 };

/* calls.c: does the system call that the task's registers ask for. */
void calls_serve(struct task *task);

/* files.c: what can be opened, all of it to be read only. */
int64_t call_open(struct task *task, const struct frame *frame);
int64_t call_openat(struct task *task, const struct frame *frame);
int64_t call_close(struct task *task, const struct frame *frame);
int64_t call_lseek(struct task *task, const struct frame *frame);
int64_t call_fstat(struct task *task, const struct frame *frame);
int64_t call_newfstatat(struct task *task, const struct frame *frame);
int64_t call_getdents64(struct task *task, const struct frame *frame);
/* An open file of the task; NULL: none. */
struct file *file_of(struct task *task, uint64_t fd);

/* streams.c: reading and writing. */
int64_t call_read(struct task *task, const struct frame *frame);
int64_t call_write(struct task *task, const struct frame *frame);
int64_t call_writev(struct task *task, const struct frame *frame);
int64_t call_ioctl(struct task *task, const struct frame *frame);

/* memory.c */
int64_t call_brk(struct task *task, const struct frame *frame);
int64_t call_mmap(struct task *task, const struct frame *frame);
int64_t call_munmap(struct task *task, const struct frame *frame);
int64_t call_mprotect(struct task *task, const struct frame *frame);

/* time.c */
int64_t call_clock_gettime(struct task *task, const struct frame *frame);
int64_t call_nanosleep(struct task *task, const struct frame *frame);
int64_t call_clock_nanosleep(struct task *task, const struct frame *frame);

/* identity.c: who this machine is. */
int64_t call_uname(struct task *task, const struct frame *frame);
int64_t call_sysinfo(struct task *task, const struct frame *frame);
int64_t call_getrandom(struct task *task, const struct frame *frame);

#endif
