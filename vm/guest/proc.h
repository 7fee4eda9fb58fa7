/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_PROC_H
#define ISOLAB_TINY_PROC_H
/* proc: the files of /proc. Each is a function that writes the text anew. */
#include <stdbool.h>

#include "task.h"
#include "text.h"

/* Writes the file `path` as `reader` sees it. False: there is no such file. */
bool proc_write(struct text *text, const struct task *reader, const char *path);

#endif
