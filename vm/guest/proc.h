/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_PROC_H
#define ISOLAB_TINY_PROC_H
/* proc: the files of /proc. Each is a function that writes the text anew. */
#include <stdbool.h>

#include "task.h"
#include "text.h"

/* Writes the file `path` as `reader` sees it. False: there is no such file. */
bool proc_write(struct text *text, const struct task *reader, const char *path,
		uint64_t *ret_inode);
/* The names of the files right in /proc, by number; "" for one that lies deeper; NULL: no more. */
const char *proc_name(unsigned number);
uint64_t proc_inode(unsigned number);
uint64_t proc_inode_of(const struct task *task);

#endif
