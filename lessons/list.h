/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_LIST_H
#define ISOLAB_LIST_H
/* list: the lessons of a course, one a line. */
#include "language.h"

/* Prints the lessons of `course` (NULL: the default one). 0 or -errno: no course, no memory. */
int list_print(struct out *out, const char *course, enum language language, struct err *e);

#endif
