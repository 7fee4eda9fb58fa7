/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_DIRECTORY_H
#define ISOLAB_TINY_DIRECTORY_H
/* directory: the few directories there are, as lists of struct linux_dirent64. */
#include <stdbool.h>
#include <stdint.h>

#include "text.h"

/* Writes the entries of the directory `path`. False: it is none. */
bool directory_write(struct text *text, const char *path, uint64_t *ret_inode);
/* How many bytes of a list are whole entries and fit `room`. */
uint32_t directory_whole_entries(const char *list, uint32_t length, uint64_t room);

#endif
