/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * files: what a task can open, all of it to be read only. Three file systems, if one wants to call
 * them so: the initrd at /, whose files are read where they lie; /proc, whose files are written
 * into a frame when they are opened (proc.c); and directories, which are the same (directory.c). No
 * path is relative to anything but /.
 */
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/stat.h>

#include "calls.h"
#include "cpio.h"
#include "directory.h"
#include "proc.h"
#include "string.h"

enum { PATH_BYTES = 256 };
enum { TYPE_MASK = 0170000, DIRECTORY = 040000, DEVICE = 020000, REGULAR = 0100000 };
enum { DEVICE_INITRD = 1, DEVICE_PROC = 2 };

struct file *file_of(struct task *task, uint64_t fd)
{
	if (fd < FILE_FIRST || fd >= FILE_FIRST + TASK_FILES || !task->files[fd - FILE_FIRST].data)
		return NULL;
	return &task->files[fd - FILE_FIRST];
}

static void close_file(const struct task *task, struct file *file)
{
	frames_give(&kernel.frames, owner_of(task), file->frame_gpa);
	*file = (struct file){0};
}

/* A file or directory that is written at this moment. */
static int open_generated(const struct task *task, struct file *file, const char *path)
{
	struct text text = {.size = PAGE_BYTES};
	uint64_t frame = frames_take(&kernel.frames, owner_of(task));
	if (!frame)
		return -ENOMEM;
	*file = (struct file){.data = ram(frame), .frame_gpa = frame, .mode = REGULAR | 0444};
	file->device = path[1] == 'p' ? DEVICE_PROC : DEVICE_INITRD; /* "/proc…" */
	text.start = ram(frame);
	if (directory_write(&text, path, &file->inode)) {
		file->mode = DIRECTORY | 0555;
	} else if (!proc_write(&text, task, path, &file->inode)) {
		close_file(task, file);
		return -ENOENT;
	}
	file->length = text.length;
	return 0;
}

static int open_in_initrd(struct file *file, const char *path)
{
	const struct machine *machine = &kernel.machine;
	struct cpio_entry entry;
	while (*path == '/')
		path++;
	if (!cpio_find(ram(machine->initrd_start), machine->initrd_end - machine->initrd_start,
		       path, &entry) ||
	    (entry.mode & TYPE_MASK) != REGULAR)
		return -ENOENT;
	*file = (struct file){.data = entry.data,
			      .length = entry.length,
			      .device = DEVICE_INITRD,
			      .mode = entry.mode,
			      .inode = entry.inode};
	return 0;
}

/* Opens the path that lies at `address` of the task. */
static int open_path(const struct task *task, uint64_t address, uint64_t flags, struct file *file)
{
	char path[PATH_BYTES];
	struct space space = task_space(task);
	int64_t r = space_read_text(&space, address, path, sizeof(path));
	if (r < 0)
		return (int)r;
	r = open_generated(task, file, path);
	if (r == -ENOENT)
		r = open_in_initrd(file, path);
	if (r < 0)
		return (int)r;
	bool is_directory = (file->mode & TYPE_MASK) == DIRECTORY;
	if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC))
		r = is_directory ? -EISDIR : -EROFS;
	else if ((flags & O_DIRECTORY) && !is_directory)
		r = -ENOTDIR;
	if (r < 0)
		close_file(task, file);
	return (int)r;
}

static int64_t open_first_free(struct task *task, uint64_t address, uint64_t flags)
{
	for (unsigned i = 0; i < TASK_FILES; i++) {
		if (task->files[i].data)
			continue;
		int r = open_path(task, address, flags, &task->files[i]);
		return r < 0 ? r : (int64_t)(FILE_FIRST + i);
	}
	return -EMFILE;
}

int64_t call_open(struct task *task, const struct frame *frame)
{
	return open_first_free(task, frame->rdi, frame->rsi);
}

int64_t call_openat(struct task *task, const struct frame *frame)
{
	return open_first_free(task, frame->rsi, frame->rdx);
}

int64_t call_close(struct task *task, const struct frame *frame)
{
	struct file *file = file_of(task, frame->rdi);
	if (!file)
		return frame->rdi <= FD_STDERR ? 0 : -EBADF;
	close_file(task, file);
	return 0;
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

static int tell_status(const struct task *task, const struct file *file, uint64_t address)
{
	struct space space = task_space(task);
	struct stat status;
	memset(&status, 0, sizeof(status));
	status.st_dev = file->device;
	status.st_ino = file->inode;
	status.st_mode = file->mode;
	status.st_nlink = 1;
	status.st_blksize = PAGE_BYTES;
	status.st_size = (file->mode & TYPE_MASK) == REGULAR ? file->length : 0;
	return space_write(&space, address, &status, sizeof(status));
}

int64_t call_fstat(struct task *task, const struct frame *frame)
{
	static const struct file console = {.mode = DEVICE | 0600, .inode = 1};
	const struct file *file = frame->rdi <= FD_STDERR ? &console : file_of(task, frame->rdi);
	return file ? tell_status(task, file, frame->rsi) : -EBADF;
}

int64_t call_newfstatat(struct task *task, const struct frame *frame)
{
	struct file file;
	int r = open_path(task, frame->rsi, O_RDONLY, &file);
	if (r < 0)
		return r;
	r = tell_status(task, &file, frame->rdx);
	close_file(task, &file);
	return r;
}

int64_t call_getdents64(struct task *task, const struct frame *frame)
{
	struct space space = task_space(task);
	struct file *file = file_of(task, frame->rdi);
	if (!file)
		return -EBADF;
	if ((file->mode & TYPE_MASK) != DIRECTORY)
		return -ENOTDIR;
	const char *rest = file->data + file->position;
	uint32_t length = directory_whole_entries(rest, file->length - file->position, frame->rdx);
	if (!length && file->position < file->length)
		return -EINVAL;
	if (space_write(&space, frame->rsi, rest, length) < 0)
		return -EFAULT;
	file->position += length;
	return length;
}
