/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_BACKEND_H
#define ISOLAB_BACKEND_H
/* backend: what the engine knows of a wall: data, no code. A new wall is one more line in
 * backends[] and a worker program. */
#include <stdbool.h>
#include <stddef.h>

struct backend {
	const char *kind;    /* "container" */
	const char *about;   /* one line */
	const char *worker;  /* program: "isolab-container" */
	const char *flavour; /* of its figures: "-" or "tiny" */
	bool has_bricks;     /* --no-ns … */
	bool can_pause;
};
extern const struct backend backends[]; /* ends with kind == NULL; order = order of columns */

/* The table the engine uses: backends[], or a test's own (one more line for the fake wall). */
const struct backend *backend_find(const struct backend *table, const char *kind);

#endif
