/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_DESCRIBE_H
#define ISOLAB_CONTAINER_DESCRIBE_H
/*
 * describe: what a container tells when it is asked (WIRE_DESCRIBE), by topic; nothing of it is
 * paid for at the start.
 */
#include "str.h"
#include "worker.h"

/* struct wall's entry. -EOPNOTSUPP: there is nothing to tell about that. */
int wall_describe(struct worker *w, const char *topic, struct strbuf *text, struct err *e);

/* Writes the file `calls` of the sandbox's directory, the calls that built its wall, unless that
 * was done: for `explain`, which may come after the end. */
int describe_save_calls(struct worker *w, struct err *e);
/* The same as worker_when_idle() calls it. */
void describe_when_idle(struct worker *w);

#endif
