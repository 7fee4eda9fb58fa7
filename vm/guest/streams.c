/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * streams: reading and writing. 0, 1 and 2 are the console of the task's channel; all other
 * descriptors are files, whose bytes lie in RAM already.
 */
#include <asm/errno.h>
#include <asm/ioctls.h>

#include "calls.h"

/* The console is full or empty: the task waits, and makes the call again when there is news. */
static int64_t wait_for(struct task *task, enum task_state state, int64_t result)
{
	if (result != -EAGAIN)
		return result;
	task_set_state(task, state);
	return CALL_REPEAT;
}

int64_t call_read(struct task *task, const struct frame *frame)
{
	struct space space = task_space(task);
	if (frame->rdi <= FD_STDERR)
		return wait_for(task, TASK_WAITS_INPUT, console_read(task, frame->rsi, frame->rdx));
	struct file *file = file_of(task, frame->rdi);
	if (!file)
		return -EBADF;
	if ((file->mode & 0170000) == 040000)
		return -EISDIR;
	uint64_t length = file->length - file->position;
	if (length > frame->rdx)
		length = frame->rdx;
	if (space_write(&space, frame->rsi, file->data + file->position, length) < 0)
		return -EFAULT;
	file->position += (uint32_t)length;
	return (int64_t)length;
}

int64_t call_write(struct task *task, const struct frame *frame)
{
	uint32_t stream = frame->rdi == FD_STDERR ? VM_STDERR : VM_STDOUT;
	if (frame->rdi > FD_STDERR) /* 0 is fine: a terminal is open for both */
		return -EBADF;
	return wait_for(task, TASK_WAITS_OUTPUT,
			console_write(task, stream, frame->rsi, frame->rdx));
}

int64_t call_writev(struct task *task, const struct frame *frame)
{
	uint32_t stream = frame->rdi == FD_STDERR ? VM_STDERR : VM_STDOUT;
	if (frame->rdi > FD_STDERR)
		return -EBADF;
	return wait_for(task, TASK_WAITS_OUTPUT,
			console_write_vector(task, stream, frame->rsi, frame->rdx));
}

/* The monitor has the terminal, with echo and editing. All that a program can ask is whether
 * there is one, and how large it is. */
int64_t call_ioctl(struct task *task, const struct frame *frame)
{
	const struct vm_control *news = control();
	if (frame->rdi > FD_STDERR)
		return file_of(task, frame->rdi) ? -ENOTTY : -EBADF;
	if (!(news->channel[task->channel].flags & VM_CHANNEL_TTY))
		return -ENOTTY;
	struct space space = task_space(task);
	uint16_t size[4] = {news->rows, news->columns, 0, 0};
	switch (frame->rsi) {
	case TCGETS:
		return 0;
	case TIOCGWINSZ:
		return space_write(&space, frame->rdx, size, sizeof(size));
	}
	return -ENOTTY;
}
