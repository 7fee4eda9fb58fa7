/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * directory: /, /bin and /proc. An entry is inode (8 bytes), position of the next (8), its own
 * length (2), type (1), name and zero, filled up to a multiple of 8 (getdents64(2)).
 */
#include "directory.h"

#include "cpio.h"
#include "kernel.h"
#include "proc.h"
#include "string.h"

enum { TYPE_DIRECTORY = 4, TYPE_REGULAR = 8, NAME = 19 };

static void add_entry(struct text *text, uint64_t inode, uint8_t type, const char *name)
{
	uint16_t length = (uint16_t)((NAME + string_length(name) + 1 + 7) & ~7UL);
	uint64_t next = text->length + length;
	if (text->size - text->length < length)
		return;
	char *entry = text->start + text->length;
	memset(entry, 0, length);
	memcpy(entry, &inode, sizeof(inode));
	memcpy(entry + 8, &next, sizeof(next));
	memcpy(entry + 16, &length, sizeof(length));
	entry[18] = (char)type;
	memcpy(entry + NAME, name, string_length(name));
	text->length += length;
}

static void list_root(struct text *text)
{
	add_entry(text, 2, TYPE_DIRECTORY, "bin");
	add_entry(text, 1, TYPE_DIRECTORY, "proc");
}

static void list_programs(struct text *text)
{
	const struct machine *machine = &kernel.machine;
	struct cpio_entry entry;
	uint64_t offset = 0;
	while (cpio_next(ram(machine->initrd_start), machine->initrd_end - machine->initrd_start,
			 &offset, &entry)) {
		if (memcmp(entry.name, "bin/", 4) == 0)
			add_entry(text, entry.inode, TYPE_REGULAR, entry.name + 4);
	}
}

static bool is_deeper(const char *name)
{
	while (*name && *name != '/')
		name++;
	return *name;
}

static void list_proc(struct text *text)
{
	const char *name;
	for (unsigned i = 0; i < VM_CHANNELS; i++) {
		const struct task *task = &kernel.tasks[i];
		char digits[24];
		struct text number = {.start = digits, .size = sizeof(digits) - 1};
		if (task->state == TASK_FREE)
			continue;
		text_add_number(&number, task->pid, 1);
		digits[number.length] = '\0';
		add_entry(text, proc_inode_of(task), TYPE_DIRECTORY, digits);
	}
	for (unsigned i = 0; (name = proc_name(i)); i++) {
		if (!is_deeper(name))
			add_entry(text, proc_inode(i), TYPE_REGULAR, name);
	}
}

static const struct {
	const char *path;
	void (*list)(struct text *text);
	uint64_t inode;
} directories[] = {
    {"/", list_root, 1},
    {"/bin", list_programs, 2},
    {"/proc", list_proc, 1},
};

bool directory_write(struct text *text, const char *path, uint64_t *ret_inode)
{
	for (unsigned i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		size_t length = string_length(directories[i].path);
		if (string_length(path) < length || memcmp(path, directories[i].path, length) != 0)
			continue;
		if (path[length] && !(path[length] == '/' && !path[length + 1]))
			continue;
		directories[i].list(text);
		*ret_inode = directories[i].inode;
		return true;
	}
	return false;
}

/* A program may seek to anywhere: what lies there need not be an entry, so its length is not
 * believed. */
uint32_t directory_whole_entries(const char *list, uint32_t length, uint64_t room)
{
	uint32_t whole = 0;
	uint16_t entry;
	while (length - whole > NAME) {
		memcpy(&entry, list + whole + 16, sizeof(entry));
		if (entry <= NAME || entry > length - whole || whole + entry > room)
			break;
		whole += entry;
	}
	return whole;
}
