/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a lab notices what moves, without asking again and again: inotify(7) on the base directory
 * (sandboxes come and go) and on each sandbox's directory (its journal and console grow). A worker
 * that dies closes its descriptors, which inotify reports as IN_CLOSE_WRITE: then its lock is
 * looked at. A timer, twice a second and only while something lives, takes samples and looks at the
 * locks once more, should a report have been lost.
 */
#include "lab_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"

enum { TICK_NS = 500000000, ROUNDS_MAX = 256 };

static void on_sandbox_event(struct sandbox *s, const struct inotify_event *event)
{
	bool is_console = event->len && strcmp(event->name, "console") == 0;

	/* The journal tells all that matters, and the lock who lives; other files are read when
	 * somebody asks. */
	if (event->len && !is_console && strcmp(event->name, "events") != 0 &&
	    strcmp(event->name, "lock") != 0)
		return;
	/* Closed by its writer: maybe because that has ended. */
	s->must_check_lock |= (event->mask & (IN_CLOSE_WRITE | IN_Q_OVERFLOW)) != 0;
	s->is_dirty |= !is_console || s->must_check_lock;
	s->lab->generation += is_console;
}

static void on_watch_event(struct lab *lab, const struct inotify_event *event)
{
	bool is_overflow = event->mask & IN_Q_OVERFLOW; /* reports were lost: look at everything */

	if (is_overflow || event->wd == lab->base_watch)
		lab->needs_scan = true;
	for (size_t i = 0; i < lab->count; i++)
		if (is_overflow || lab->sandboxes[i]->watch == event->wd)
			on_sandbox_event(lab->sandboxes[i], event);
}

static void on_inotify(struct lab_source *source)
{
	union {
		struct inotify_event event; /* for its alignment */
		char bytes[16384];
	} buffer;
	ssize_t length = read(source->fd, &buffer, sizeof(buffer));

	for (ssize_t at = 0; at < length;) {
		const struct inotify_event *event = (const void *)(buffer.bytes + at);

		on_watch_event(source->lab, event);
		at += (ssize_t)sizeof(*event) + event->len;
	}
}

static void on_tick(struct lab_source *source)
{
	struct lab *lab = source->lab;
	uint64_t ticks, now_ns = clock_now_ns();

	if (read(source->fd, &ticks, sizeof(ticks)) < 0)
		return;
	for (size_t i = 0; i < lab->count; i++) {
		struct sandbox *s = lab->sandboxes[i];
		const struct sample *newest = story_sample(&s->story, 0);

		sandbox_check_facts_time(s, now_ns);
		if (!story_is_alive(&s->story))
			continue;
		s->is_dirty = s->must_check_lock = true;
		/* Another front may be sampling the same sandbox: once is enough. */
		if (lab->options.sample && (!newest || newest->t_ns + TICK_NS * 3 / 4 < now_ns))
			sandbox_sample_quietly(s, NULL);
	}
}

void lab_update_timer(struct lab *lab)
{
	bool is_wanted = false;
	struct itimerspec period = {0};

	for (size_t i = 0; i < lab->count; i++)
		is_wanted |= story_is_alive(&lab->sandboxes[i]->story) ||
			     lab->sandboxes[i]->facts_pipe.fd >= 0;
	if (is_wanted == lab->is_timer_on || lab->timer.fd < 0)
		return;
	if (is_wanted)
		period.it_interval.tv_nsec = period.it_value.tv_nsec = TICK_NS;
	timerfd_settime(lab->timer.fd, 0, &period, NULL);
	lab->is_timer_on = is_wanted;
}

static int watch_base(struct lab *lab, struct err *e)
{
	char path[64];
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), r;

	if (fd < 0) {
		r = err_sys(e, errno, "watch the sandboxes");
		return err_hint(e, r, "raise /proc/sys/fs/inotify/max_user_instances");
	}
	lab->inotify.on_ready = on_inotify;
	r = lab_add_source(&lab->inotify, fd, e);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", lab->base_fd);
	lab->base_watch = inotify_add_watch(lab->inotify.fd, path,
					    IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM |
						IN_ONLYDIR);
	if (lab->base_watch >= 0)
		return 0;
	r = err_sys(e, errno, "watch the directory of sandboxes");
	lab_drop_source(&lab->inotify);
	return err_hint(e, r, "raise /proc/sys/fs/inotify/max_user_watches");
}

int lab_watch_start(struct lab *lab, struct err *e)
{
	int r, fd;

	if (lab->timer.fd >= 0)
		return 0;
	r = lab->options.only_own ? 0 : watch_base(lab, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < lab->count; i++)
		sandbox_watch(lab->sandboxes[i]);
	lab->needs_scan = true;
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd < 0)
		return err_sys(e, errno, "make a timer");
	lab->timer.on_ready = on_tick;
	return lab_add_source(&lab->timer, fd, e);
}

/* ---- scanning ---- */

struct scan {
	struct lab *lab;
	struct err *e;
};

bool sandbox_is_there(const struct sandbox *s)
{
	struct stat status;

	return fstatat(s->lab->base_fd, s->name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       status.st_ino == s->inode;
}

static int on_name(void *arg, const char *name)
{
	struct scan *scan = arg;
	struct sandbox *s;

	if (lab_find(scan->lab, name))
		return 0;
	if (sandbox_create(scan->lab, name, &s, scan->e) < 0)
		return 0; /* vanished between listing and opening, or not ours to open */
	if (lab_insert(scan->lab, s, scan->e) < 0)
		sandbox_destroy(s);
	return 0;
}

static void drop_vanished(struct lab *lab)
{
	size_t kept = 0;

	for (size_t i = 0; i < lab->count; i++) {
		struct sandbox *s = lab->sandboxes[i];

		if (sandbox_is_there(s)) {
			lab->sandboxes[kept++] = s;
			continue;
		}
		s->is_gone = true;
		lab->generation++;
		sandbox_refresh(s); /* its last words, through the descriptor that is still open */
		s->next_gone = lab->gone;
		lab->gone = s;
	}
	lab->count = kept;
	lab_bury(lab);
}

void lab_bury(struct lab *lab)
{
	struct sandbox **link = &lab->gone;

	while (*link) {
		struct sandbox *s = *link;

		if (s->holds || s->worker.fd >= 0) {
			link = &s->next_gone;
			continue;
		}
		*link = s->next_gone;
		sandbox_destroy(s);
	}
}

int lab_scan(struct lab *lab, struct err *e)
{
	struct scan scan = {.lab = lab, .e = NULL};
	int r;

	lab->needs_scan = false;
	drop_vanished(lab);
	r = rundir_list(lab->base_fd, on_name, &scan, e);
	lab_update_timer(lab);
	return r < 0 ? r : 0;
}

int lab_dispatch(struct lab *lab, struct err *e)
{
	struct epoll_event event;
	int r = lab_watch_start(lab, e);

	if (r < 0)
		return r;
	/* One at a time: what a source does may take another one away. */
	for (int round = 0; round < ROUNDS_MAX; round++) {
		if (epoll_wait(lab->epoll_fd, &event, 1, 0) <= 0)
			break;
		struct lab_source *source = event.data.ptr;
		source->on_ready(source);
	}
	lab_bury(lab);
	if (lab->needs_scan)
		r = lab_scan(lab, e);
	for (size_t i = 0; i < lab->count; i++)
		if (lab->sandboxes[i]->is_dirty)
			sandbox_refresh(lab->sandboxes[i]);
	lab_update_timer(lab);
	return r;
}
