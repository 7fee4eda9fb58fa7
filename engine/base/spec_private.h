/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_SPEC_PRIVATE_H
#define ISOLAB_SPEC_PRIVATE_H
/* What spec.c and its option table share with each other only. */
#include "fd.h"
#include "spec.h"

struct spec_namespace {
	const char *name;
	enum spec_brick brick;
};
/* Ends with name == NULL; the first entry of a brick is its canonical name. */
extern const struct spec_namespace spec_namespaces[];

/* Adds a copy of `word` to a NULL-terminated list. -E2BIG beyond SPEC_WORDS_MAX. */
int spec_add_word(char ***list, const char *word, struct err *e);

#endif
