/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_WALL_H
#define ISOLAB_CONTAINER_WALL_H
/*
 * wall: what this program offers to the worker runtime: `container`, and `process`, which is
 * the same road with every brick left out: what remains is fork and exec. That both walls start
 * from "just a process" is lesson one.
 */
#include "container.h"
#include "enter.h"
#include "limit_watch.h"
#include "notify.h"
#include "worker.h"

extern const struct wall container_wall, process_wall;

enum { WALL_IMAGE_MAX = 640 }; /* worker_data_path() cuts its part at 512 */

/* The state of both (worker_state()). */
struct wall_state {
	struct container container;
	struct enter_list entered; /* what exec started */
	char image[WALL_IMAGE_MAX];
	char *net_program; /* owned; only for --network lab */
	struct limits limits;
	struct notify *notify;     /* counts what the filter refuses */
	bool is_stopped_by_signal; /* paused without a freezer */
	bool has_saved_calls;      /* describe.h */
};

/* Doctor's lines. check.c */
void wall_check(void (*say)(void *arg, const struct worker_check *check), void *arg);
/* Those about files and who owns them. check_files.c */
void wall_check_files(void (*say)(void *arg, const struct worker_check *check), void *arg);

/* Changes the limits of what runs. update.c */
int wall_update(struct worker *w, const struct sandbox_spec *after, struct err *e);

/* Its line about the lab network. check_lab.c */
void wall_check_lab(void (*say)(void *arg, const struct worker_check *check), void *arg);

/* Freezes or thaws everything inside. pause.c */
int wall_pause(struct worker *w, bool on, struct err *e);

#endif
