/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sandbox as its directory tells it. Whatever lies there was written by somebody else, maybe
 * another version, maybe a full disk: what cannot be read makes a sandbox that is `failed` and says
 * why, never one that is missing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "lab_private.h"

struct sandbox *sandbox_allocate(struct lab *lab, const char *name)
{
	struct sandbox *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->lab = lab;
	str_copy(s->name, sizeof(s->name), name);
	s->dir = RUNDIR_NONE;
	s->watch = s->journal.fd = s->console_fd = s->control_fd = s->stats_fd = -1;
	s->worker = s->lease = s->facts_pipe = s->facts_socket =
	    (struct lab_source){.lab = lab, .sandbox = s, .fd = -1};
	story_init(&s->story);
	return s;
}

/* What is wrong with the directory, as the sandbox's own failure. */
static void fail_to_read(struct sandbox *s, const struct err *error)
{
	s->story.state = SANDBOX_FAILED;
	str_copy(s->story.failure, sizeof(s->story.failure), error->what);
	snprintf(s->story.hint, sizeof(s->story.hint),
		 "its directory is damaged or foreign: 'isolab rm -f %s' removes it", s->name);
}

void sandbox_watch(struct sandbox *s)
{
	char path[64];

	if (s->lab->inotify.fd < 0 || s->dir.fd < 0)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->dir.fd);
	s->watch = inotify_add_watch(s->lab->inotify.fd, path,
				     IN_MODIFY | IN_CLOSE_WRITE | IN_ONLYDIR);
	/* What was written before the watch stood is read now. */
	s->is_dirty = s->must_check_lock = true;
}

static void open_files(struct sandbox *s)
{
	struct err error = {0};
	struct stat status;
	int fd;

	if (rundir_open(s->name, &s->dir, &error) < 0) {
		fail_to_read(s, &error);
		return;
	}
	if (fstat(s->dir.fd, &status) == 0)
		s->inode = status.st_ino;
	sandbox_watch(s);
	if (rundir_load_spec(&s->dir, &s->spec, &error) < 0) {
		fail_to_read(s, &error);
		return;
	}
	s->backend = backend_find(lab_backends(s->lab), s->spec.kind);
	fd = rundir_open_file(&s->dir, "events", O_RDONLY | O_NONBLOCK, &error);
	if (fd < 0 || journal_reader_create(fd, &s->reader, &error) < 0)
		fail_to_read(s, &error);
}

int sandbox_create(struct lab *lab, const char *name, struct sandbox **ret, struct err *e)
{
	struct sandbox *s = sandbox_allocate(lab, name);
	struct stat status;

	if (!s)
		return err_sys(e, ENOMEM, "look at '%s'", name);
	if (fstatat(lab->base_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		free(s);
		return err_sys(e, errno, "look at '%s'", name);
	}
	s->inode = status.st_ino;
	open_files(s);
	s->must_check_lock = true;
	sandbox_refresh(s);
	*ret = s;
	return 0;
}

void sandbox_destroy(struct sandbox *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->inner_count; i++)
		sandbox_destroy(s->inner[i]);
	sandbox_cancel_facts(s, NULL);
	sandbox_disconnect(s);
	lab_drop_source(&s->worker);
	if (s->watch >= 0 && s->lab->inotify.fd >= 0)
		inotify_rm_watch(s->lab->inotify.fd, s->watch);
	journal_reader_destroy(s->reader);
	fd_close(&s->journal.fd);
	fd_close(&s->console_fd);
	fd_close(&s->stats_fd);
	lab_drop_source(&s->lease);
	rundir_finish(&s->dir);
	spec_finish(&s->spec);
	story_finish(&s->story);
	free(s);
}

/* ---- journal ---- */

void sandbox_refresh(struct sandbox *s)
{
	uint64_t before = s->story.generation;
	bool is_free = false;
	struct event event;

	s->is_dirty = false;
	if (!s->reader)
		return;
	/* First the lock, then the journal: a worker writes its last word before it lets go. */
	if (s->must_check_lock)
		is_free = s->dir.lock_fd < 0 && !rundir_is_locked(&s->dir);
	s->must_check_lock = false;
	while (journal_reader_next(s->reader, &event, NULL) > 0) {
		if (event.kind == EVENT_SAMPLE && event.t_ns == s->own_sample_ns)
			continue; /* taken in when it was taken */
		if (sandbox_take_inner(s, &event))
			continue;
		story_add(&s->story, &event);
	}
	if (is_free && story_is_alive(&s->story))
		story_lose_worker(&s->story);
	if (!story_is_alive(&s->story)) {
		sandbox_end_inner(s);
		sandbox_disconnect(s);
		fd_close(&s->stats_fd);
		if (s->worker.fd < 0)
			s->pid = 0;
	}
	if (s->story.generation != before)
		s->lab->generation++;
}

void sandbox_journal(struct sandbox *s, struct event *event)
{
	if (s->journal.fd < 0)
		s->journal.fd = rundir_open_file(&s->dir, "events", O_WRONLY | O_APPEND, NULL);
	if (s->journal.fd < 0)
		return; /* a vanished directory has nobody who would read it */
	str_copy(event->sandbox, sizeof(event->sandbox), s->name);
	journal_append(&s->journal, event);
	s->is_dirty = true;
}

/* ---- what others may know ---- */

void sandbox_hold(struct sandbox *s)
{
	s->holds++;
	if (s->outer) /* it goes with that one */
		s->outer->holds++;
}

void sandbox_release(struct sandbox *s)
{
	s->holds--;
	if (s->outer)
		s->outer->holds--;
	lab_bury(s->lab);
}

bool sandbox_is_gone(const struct sandbox *s)
{
	return s->is_gone;
}

const char *sandbox_name(const struct sandbox *s)
{
	return s->name;
}

const char *sandbox_kind(const struct sandbox *s)
{
	return s->spec.kind[0] ? s->spec.kind : "?";
}

const char *sandbox_flavour(const struct sandbox *s)
{
	const char *flavour = s->backend ? s->backend->flavour : "-";

	if (s->story.flavour[0]) /* another one than was asked for, as the worker says */
		return s->story.flavour;
	if (s->spec.kernel && strcmp(s->spec.kernel, "distro") == 0)
		return "distro";
	/* A kernel by its file is a Linux one: the tiny one has a name only. */
	if (strcmp(flavour, "tiny") == 0 && s->spec.kernel && strcmp(s->spec.kernel, "tiny") != 0)
		return "linux";
	return flavour;
}

const char *sandbox_accel(const struct sandbox *s)
{
	return s->story.accel[0] ? s->story.accel : "-";
}

bool sandbox_is_emulated(const struct sandbox *s)
{
	return strcmp(sandbox_accel(s->outer ? s->outer : s), "tcg") == 0;
}

const char *sandbox_kind_marked(const struct sandbox *s, char *buffer, size_t size)
{
	snprintf(buffer, size, "%s%s", sandbox_kind(s),
		 sandbox_is_emulated(s) ? " (emulated)" : "");
	return buffer;
}

const char *sandbox_no_verdict(const struct sandbox *s)
{
	if (s->outer)
		return sandbox_no_verdict(s->outer);
	return strcmp(sandbox_flavour(s), "-") == 0 ? NULL : accel_no_verdict(sandbox_accel(s));
}

enum sandbox_state sandbox_state(const struct sandbox *s)
{
	return s->story.state;
}

bool sandbox_is_alive(const struct sandbox *s)
{
	return story_is_alive(&s->story) && !s->is_gone;
}

const struct sandbox_spec *sandbox_spec(const struct sandbox *s)
{
	return &s->spec;
}

bool sandbox_exit_status(const struct sandbox *s, int *ret_status)
{
	if (story_is_alive(&s->story) || !s->story.has_exit)
		return false;
	*ret_status = s->story.exit_status;
	return true;
}

uint64_t sandbox_ended_ns(const struct sandbox *s)
{
	return s->story.ended_ns;
}

const char *sandbox_failure(const struct sandbox *s)
{
	return s->story.failure;
}

const char *sandbox_failure_hint(const struct sandbox *s)
{
	return s->story.hint;
}

const struct denied_sort *sandbox_denied(const struct sandbox *s, size_t *ret_count)
{
	*ret_count = s->story.denied_count;
	return s->story.denied;
}

const char *sandbox_note(const struct sandbox *s)
{
	return s->story.note;
}

const struct timeline *sandbox_timeline(const struct sandbox *s)
{
	return &s->story.timeline;
}

bool sandbox_started_together(const struct sandbox *s)
{
	return s->story.is_together;
}

const struct facts *sandbox_facts(const struct sandbox *s)
{
	sandbox_judge_facts((struct sandbox *)s); /* verdicts are found when somebody asks */
	return s->story.facts;
}

const struct sample *sandbox_sample(const struct sandbox *s, unsigned k)
{
	return story_sample(&s->story, k);
}

uint64_t sandbox_generation(const struct sandbox *s)
{
	return s->story.generation;
}

ssize_t sandbox_console_read(struct sandbox *s, uint64_t *position, void *buffer, size_t size,
			     uint64_t *ret_lost)
{
	struct console_reader reader;
	ssize_t n;

	*ret_lost = 0;
	if (s->console_fd < 0 && s->dir.fd >= 0)
		s->console_fd = rundir_open_file(&s->dir, "console", O_RDONLY, NULL);
	if (s->console_fd < 0)
		return -ENOENT;
	reader = (struct console_reader){.fd = s->console_fd, .position = *position};
	n = console_read(&reader, buffer, size, ret_lost);
	if (n == -EBADMSG && *position > 0) {
		/* It was started anew and counts from 0 again. */
		reader.position = 0;
		n = console_read(&reader, buffer, size, ret_lost);
	}
	if (n >= 0)
		*position = reader.position;
	return n;
}

int sandbox_open_journal(const struct sandbox *s, struct err *e)
{
	return rundir_open_file(s->outer ? &s->outer->dir : &s->dir, "events",
				O_RDONLY | O_NONBLOCK, e);
}
