/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_DOCTOR_H
#define ISOLAB_DOCTOR_H
/* doctor: what was found out about this machine, one check after the other. */
#include <stddef.h>

#include "backend.h"

enum { DOCTOR_CHECKS_MAX = 64 };

struct doctor_check {
	char name[64], status[16], found[256], cause[384], fix[384], degrades[256];
};

struct doctor_report {
	size_t count;
	struct doctor_check checks[DOCTOR_CHECKS_MAX];
};

void doctor_add(struct doctor_report *report, const char *name, const char *status,
		const char *found, const char *cause, const char *fix, const char *degrades);
/* Takes in what a worker's --check printed: JSON objects, one a line. Foreign bytes: what is no
 * check is skipped. */
void doctor_parse(struct doctor_report *report, const char *text, size_t length);
/* Runs every worker of the table and looks at what the front needs. `programs` is their
 * directory. */
void doctor_examine(struct doctor_report *report, const struct backend *table,
		    const char *programs);

#endif
