/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * proc: what this kernel tells about itself, under Linux's names where the meaning is the same.
 * What it has no notion of (mounts of disks, networks, namespaces) has no file here: absent is the
 * honest answer.
 */
#include "proc.h"

#include "kernel.h"
#include "string.h"
#include "version.h"

enum { SECOND_NS = 1000 * 1000 * 1000, KIB = 1024 };

static void write_version(struct text *text, const struct task *reader)
{
	(void)reader;
	text_add(text, TINY_NAME " version " TINY_RELEASE
				 " (isolab's teaching kernel; not Linux) " TINY_BUILD "\n");
}

static void write_uptime(struct text *text, const struct task *reader)
{
	(void)reader;
	uint64_t now_ns = clock_now_ns();
	text_add_number(text, now_ns / SECOND_NS, 1);
	text_add(text, ".");
	text_add_number(text, now_ns % SECOND_NS / (SECOND_NS / 100), 2);
	text_add(text, " 0.00\n");
}

static void add_memory(struct text *text, const char *name, uint64_t bytes)
{
	text_add(text, name);
	text_add_number(text, bytes / KIB, 1);
	text_add(text, " kB\n");
}

static void write_memory(struct text *text, const struct task *reader)
{
	(void)reader;
	add_memory(text, "MemTotal:       ", kernel.machine.memory_bytes);
	add_memory(text, "MemFree:        ", kernel.frames.free * PAGE_BYTES);
	add_memory(text, "MemAvailable:   ", kernel.frames.free * PAGE_BYTES);
}

static void write_processors(struct text *text, const struct task *reader)
{
	(void)reader;
	for (uint32_t i = 0; i < kernel.machine.processors; i++) {
		text_add(text, "processor\t: ");
		text_add_number(text, i, 1);
		text_add(text, "\ncpu MHz\t\t: ");
		text_add_number(text, kernel.machine.tsc_hz / 1000000, 1);
		text_add(text, ".");
		text_add_number(text, kernel.machine.tsc_hz / 1000 % 1000, 3);
		text_add(text, "\n\n");
	}
}

static void write_mounts(struct text *text, const struct task *reader)
{
	(void)reader;
	text_add(text, "initrd / cpio ro 0 0\nproc /proc proc ro 0 0\n");
}

/* The two file systems as Linux lists them: number, parent, device, root, where, options - kind. */
static void write_mountinfo(struct text *text, const struct task *task)
{
	(void)task;
	text_add(text, "1 0 0:1 / / ro - cpio initrd ro\n2 1 0:2 / /proc ro - proc proc ro\n");
}

/* A list of no network interfaces: two lines of heading. */
static void write_network(struct text *text, const struct task *reader)
{
	(void)reader;
	text_add(text, "Inter-|   Receive  |  Transmit\n face |bytes packets|bytes packets\n");
}

static void write_boot_id(struct text *text, const struct task *reader)
{
	(void)reader;
	text_add(text, kernel.boot_id);
	text_add(text, "\n");
}

static void write_hostname(struct text *text, const struct task *reader)
{
	(void)reader;
	text_add(text, kernel.machine.hostname);
	text_add(text, "\n");
}

static void write_type(struct text *text, const struct task *reader)
{
	(void)reader;
	text_add(text, TINY_NAME "\n");
}

static void write_release(struct text *text, const struct task *reader)
{
	(void)reader;
	text_add(text, TINY_RELEASE "\n");
}

static void write_arguments(struct text *text, const struct task *reader)
{
	(void)reader;
	text_add(text, kernel.machine.arguments);
	text_add(text, "\n");
}

static const char *state_of(const struct task *task)
{
	switch (task->state) {
	case TASK_RUNNABLE:
		return "R (running)";
	case TASK_SLEEPS:
		return "S (sleeping)";
	case TASK_WAITS_INPUT:
	case TASK_WAITS_OUTPUT:
		return "S (waiting for the console)";
	case TASK_FREE:
		break;
	}
	return "";
}

static void write_status(struct text *text, const struct task *task)
{
	uint64_t pages = frames_count(&kernel.frames, owner_of(task));
	text_add(text, "Name:\t");
	text_add(text, task->name);
	text_add(text, "\nState:\t");
	text_add(text, state_of(task));
	text_add(text, "\nPid:\t");
	text_add_number(text, task->pid, 1);
	text_add(text, "\nPPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nThreads:\t1\n");
	add_memory(text, "VmRSS:\t", pages * PAGE_BYTES);
}

static void write_name(struct text *text, const struct task *task)
{
	text_add(text, task->name);
	text_add(text, "\n");
}

/* Our own: all tasks, one a line. */
static void write_tasks(struct text *text, const struct task *reader)
{
	(void)reader;
	text_add(text, "pid channel turns kib name state\n");
	for (unsigned i = 0; i < VM_CHANNELS; i++) {
		const struct task *task = &kernel.tasks[i];
		if (task->state == TASK_FREE)
			continue;
		uint64_t pages = frames_count(&kernel.frames, owner_of(task));
		text_add_number(text, task->pid, 1);
		text_add(text, " ");
		text_add_number(text, task->channel, 1);
		text_add(text, " ");
		text_add_number(text, task->turns, 1);
		text_add(text, " ");
		text_add_number(text, pages * PAGE_BYTES / KIB, 1);
		text_add(text, " ");
		text_add(text, task->name);
		text_add(text, " ");
		text_add(text, state_of(task));
		text_add(text, "\n");
	}
}

static const struct {
	const char *path; /* below /proc/ */
	void (*write)(struct text *text, const struct task *reader);
} files[] = {
    {"version", write_version},
    {"uptime", write_uptime},
    {"meminfo", write_memory},
    {"cpuinfo", write_processors},
    {"mounts", write_mounts},
    {"cmdline", write_arguments},
    {"tasks", write_tasks},
    {"net/dev", write_network},
    {"sys/kernel/random/boot_id", write_boot_id},
    {"sys/kernel/hostname", write_hostname},
    {"sys/kernel/ostype", write_type},
    {"sys/kernel/osrelease", write_release},
};

/* The files of a directory /proc/PID. */
static const struct {
	const char *name;
	void (*write)(struct text *text, const struct task *task);
} task_files[] = {
    {"status", write_status},
    {"comm", write_name},
    {"mounts", write_mounts},
    {"mountinfo", write_mountinfo},
};

/* Moves *path behind `prefix` if it begins so. */
static bool skip_prefix(const char **path, const char *prefix)
{
	const char *at = *path;
	while (*prefix) {
		if (*at++ != *prefix++)
			return false;
	}
	*path = at;
	return true;
}

/* Reads "self/" or "PID/" and moves *path behind it. NULL: there is no such task. */
static const struct task *find_task(const char **path, const struct task *reader)
{
	if (skip_prefix(path, "self/"))
		return reader;
	const char *at = *path;
	uint64_t pid = 0;
	for (; *at >= '0' && *at <= '9' && pid < UINT32_MAX; at++)
		pid = pid * 10 + (uint64_t)(*at - '0');
	if (at == *path || *at != '/')
		return NULL;
	*path = at + 1;
	for (unsigned i = 0; i < VM_CHANNELS; i++) {
		if (kernel.tasks[i].state != TASK_FREE && kernel.tasks[i].pid == pid)
			return &kernel.tasks[i];
	}
	return NULL;
}

enum { FILES = sizeof(files) / sizeof(files[0]), INODE_OF_FILES = 100, INODES_OF_TASK = 1000 };

const char *proc_name(unsigned number)
{
	return number < FILES ? files[number].path : NULL;
}

uint64_t proc_inode(unsigned number)
{
	return INODE_OF_FILES + number;
}

uint64_t proc_inode_of(const struct task *task)
{
	return (uint64_t)INODES_OF_TASK * task->pid;
}

bool proc_write(struct text *text, const struct task *reader, const char *path, uint64_t *ret_inode)
{
	if (!skip_prefix(&path, "/proc/"))
		return false;
	for (unsigned i = 0; i < FILES; i++) {
		if (string_equal(path, files[i].path)) {
			files[i].write(text, reader);
			*ret_inode = proc_inode(i);
			return true;
		}
	}
	const struct task *task = find_task(&path, reader);
	for (unsigned i = 0; task && i < sizeof(task_files) / sizeof(task_files[0]); i++) {
		if (string_equal(path, task_files[i].name)) {
			task_files[i].write(text, task);
			*ret_inode = proc_inode_of(task) + 1 + i;
			return true;
		}
	}
	return false;
}
