/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_PROGRAMS_H
#define ISOLAB_PROGRAMS_H
/* programs: where our other programs and the default image are: beside this one (build/) or in
 * ../libexec/isolab (installed). */
#include <stddef.h>

#include "err.h"

/* Fills `directory`. `given`, else $ISOLAB_PROGRAMS (a test's front lies elsewhere than its
 * workers), decides if there is one. */
int programs_find(const char *given, char *directory, size_t size, struct err *e);

#endif
