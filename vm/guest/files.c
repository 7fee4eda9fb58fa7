/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * files: 0, 1 and 2 are the console; what a task opens is read-only: a file of /proc, written into
 * a frame at that moment (proc.c), or a file of the initrd, where it lies. There are no
 * directories, and no path is relative to anything but /.
 */
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/ioctls.h>

#include "calls.h"
#include "cpio.h"
#include "proc.h"

enum { PATH_BYTES = 256 };

static struct file *file_of(struct task *task, uint64_t fd)
{
	if (fd < FILE_FIRST || fd >= FILE_FIRST + TASK_FILES || !task->files[fd - FILE_FIRST].data)
		return NULL;
	return &task->files[fd - FILE_FIRST];
}

static int open_generated(struct task *task, struct file *file, const char *path)
{
	struct space space = task_space(task);
	struct text text = {.size = PAGE_BYTES};
	uint64_t frame = frames_take(space.frames, space.owner);
	if (!frame)
		return -ENOMEM;
	text.start = frames_address(space.frames, frame);
	if (!proc_write(&text, task, path)) {
		frames_give(space.frames, space.owner, frame);
		return -ENOENT;
	}
	*file = (struct file){.data = text.start, .length = text.length, .frame_gpa = frame};
	return 0;
}

static int open_in_initrd(struct file *file, const char *path)
{
	const struct machine *machine = &kernel.machine;
	uint64_t size = machine->initrd_end - machine->initrd_start;
	while (*path == '/')
		path++;
	*file = (struct file){0};
	return cpio_find(ram(machine->initrd_start), size, path, &file->data, &file->length)
		   ? 0
		   : -ENOENT;
}

static int64_t open_path(struct task *task, uint64_t address, uint64_t flags)
{
	char path[PATH_BYTES];
	struct space space = task_space(task);
	int64_t r = space_read_text(&space, address, path, sizeof(path));
	if (r < 0)
		return r;
	for (unsigned i = 0; i < TASK_FILES; i++) {
		struct file *file = &task->files[i];
		if (file->data)
			continue;
		r = open_generated(task, file, path);
		if (r == -ENOENT)
			r = open_in_initrd(file, path);
		if (r == 0 && ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC)))
			r = -EROFS;
		if (r == 0 && (flags & O_DIRECTORY))
			r = -ENOTDIR;
		if (r == 0)
			return FILE_FIRST + i;
		frames_give(space.frames, space.owner, file->frame_gpa);
		*file = (struct file){0};
		return r;
	}
	return -EMFILE;
}

int64_t call_open(struct task *task, const struct frame *frame)
{
	return open_path(task, frame->rdi, frame->rsi);
}

int64_t call_openat(struct task *task, const struct frame *frame)
{
	return open_path(task, frame->rsi, frame->rdx);
}

int64_t call_close(struct task *task, const struct frame *frame)
{
	struct space space = task_space(task);
	struct file *file = file_of(task, frame->rdi);
	if (!file)
		return frame->rdi <= FD_STDERR ? 0 : -EBADF;
	frames_give(space.frames, space.owner, file->frame_gpa);
	*file = (struct file){0};
	return 0;
}

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

int64_t call_lseek(struct task *task, const struct frame *frame)
{
	enum { FROM_START, FROM_HERE, FROM_END };
	struct file *file = file_of(task, frame->rdi);
	if (!file)
		return frame->rdi <= FD_STDERR ? -ESPIPE : -EBADF;
	int64_t base = frame->rdx == FROM_HERE  ? file->position
		       : frame->rdx == FROM_END ? file->length
						: 0;
	int64_t offset = (int64_t)frame->rsi;
	if (frame->rdx > FROM_END || offset < -base || offset > file->length - base)
		return -EINVAL;
	file->position = (uint32_t)(base + offset);
	return file->position;
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
