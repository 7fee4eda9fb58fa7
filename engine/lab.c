/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A lab: made by scanning the directory of sandboxes, kept up to date by lab_watch.c, ended by
 * ending what it leased. What surprises: nothing here keeps a list of its own; two labs in two
 * terminals see the same sandboxes and neither needs the other.
 */
#include "lab_private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "programs.h"

int lab_add_source(struct lab_source *source, int fd, struct err *e)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};

	source->fd = fd;
	if (epoll_ctl(source->lab->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		int r = err_sys(e, errno, "watch a descriptor");

		fd_close(&source->fd);
		return r;
	}
	return 0;
}

void lab_drop_source(struct lab_source *source)
{
	if (source->fd < 0)
		return;
	epoll_ctl(source->lab->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	fd_close(&source->fd);
}

const char *lab_program_path(const struct lab *lab, const char *program, char *buffer, size_t size)
{
	snprintf(buffer, size, "%s/%s", lab->programs_path, program);
	return buffer;
}

/* ---- making and ending ---- */

static void handled_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

static int catch_signals(struct lab *lab, struct err *e)
{
	sigset_t set;

	if (!lab->options.interruptible)
		return 0;
	handled_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	lab->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return lab->signal_fd < 0 ? err_sys(e, errno, "listen for signals") : 0;
}

static struct lab *allocate(const struct lab_options *options)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	if (!lab)
		return NULL;
	lab->options = *options;
	lab->base_fd = lab->epoll_fd = lab->signal_fd = lab->probe_fd = -1;
	lab->inotify = lab->timer = (struct lab_source){.lab = lab, .fd = -1};
	return lab;
}

int lab_create(const struct lab_options *options, struct lab **ret_lab, struct err *e)
{
	struct lab *lab = allocate(options);
	int r;

	if (!lab)
		return err_sys(e, ENOMEM, "make a lab");
	r = programs_find(options->programs_path, lab->programs_path, sizeof(lab->programs_path),
			  e);
	if (r < 0)
		goto fail;
	r = lab->base_fd = rundir_open_base(e);
	if (r < 0)
		goto fail;
	rundir_sweep(lab->base_fd, NULL); /* what cannot be swept now can be by the next one */
	lab->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (lab->epoll_fd < 0) {
		r = err_sys(e, errno, "make an epoll descriptor");
		goto fail;
	}
	accel_of_host(lab->accel, sizeof(lab->accel));
	r = catch_signals(lab, e);
	if (r == 0)
		r = lab_scan(lab, e);
	if (r < 0)
		goto fail;
	*ret_lab = lab;
	return 0;
fail:
	lab_destroy(lab);
	return r;
}

void lab_destroy(struct lab *lab)
{
	if (!lab)
		return;
	lab_end_leases(lab);
	lab_drop_source(&lab->inotify); /* all watches with it, in one go */
	for (size_t i = 0; i < lab->count; i++)
		sandbox_destroy(lab->sandboxes[i]);
	for (struct sandbox *s = lab->gone; s; s = lab->gone) {
		lab->gone = s->next_gone;
		sandbox_destroy(s);
	}
	free(lab->sandboxes);
	lab_drop_source(&lab->timer);
	fd_close(&lab->base_fd);
	fd_close(&lab->epoll_fd);
	fd_close(&lab->probe_fd);
	if (lab->signal_fd >= 0) {
		sigset_t set;
		struct signalfd_siginfo pending;

		/* What interrupted us has been obeyed: it must not kill us on top when the mask
		 * opens. */
		while (read(lab->signal_fd, &pending, sizeof(pending)) > 0)
			;
		fd_close(&lab->signal_fd);
		handled_signals(&set);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
	}
	free(lab);
}

int lab_fd(const struct lab *lab)
{
	lab_watch_start((struct lab *)lab, NULL); /* should it fail, lab_dispatch() says so */
	return lab->epoll_fd;
}

uint64_t lab_generation(const struct lab *lab)
{
	return lab->generation;
}

const struct backend *lab_backends(const struct lab *lab)
{
	return lab->options.backends ? lab->options.backends : backends;
}

int lab_wait(struct lab *lab, bool (*is_done)(struct lab *lab, void *arg), void *arg,
	     int timeout_ms, struct err *e)
{
	uint64_t end_ns = clock_now_ns() + (uint64_t)(timeout_ms < 0 ? 0 : timeout_ms) * 1000000;
	struct pollfd fds[2] = {{.fd = lab->epoll_fd, .events = POLLIN},
				{.fd = lab->signal_fd, .events = POLLIN}};

	for (;;) {
		uint64_t now_ns = clock_now_ns();
		int left = -1, r = lab_dispatch(lab, e);

		if (r < 0)
			return r;
		if (is_done(lab, arg))
			return 0;
		if (timeout_ms >= 0) {
			if (now_ns >= end_ns)
				return -ETIMEDOUT;
			left = (int)((end_ns - now_ns + 999999) / 1000000);
		}
		r = poll(fds, 2, left);
		if ((r < 0 && errno == EINTR) || (r > 0 && fds[1].revents))
			return -EINTR;
	}
}

/* ---- finding ---- */

/* Length of a group's name: "demo" of "demo-vm", the whole name for others; *ret_rank = order
 * inside the group. */
static size_t group_length(const struct lab *lab, const char *name, size_t *ret_rank)
{
	size_t length = strlen(name), rank = 1;

	for (const struct backend *b = lab_backends(lab); b->kind; b++, rank++) {
		size_t kind = strlen(b->kind);

		if (length > kind + 1 && name[length - kind - 1] == '-' &&
		    strcmp(name + length - kind, b->kind) == 0) {
			*ret_rank = rank;
			return length - kind - 1;
		}
	}
	*ret_rank = 0;
	return length;
}

static int compare_names(const struct lab *lab, const char *a, const char *b)
{
	size_t rank_a, rank_b, length_a = group_length(lab, a, &rank_a),
			       length_b = group_length(lab, b, &rank_b);
	size_t shorter = length_a < length_b ? length_a : length_b;
	int order = strncmp(a, b, shorter);

	if (order)
		return order;
	if (length_a != length_b)
		return length_a < length_b ? -1 : 1;
	if (rank_a != rank_b)
		return rank_a < rank_b ? -1 : 1;
	return strcmp(a, b);
}

int lab_insert(struct lab *lab, struct sandbox *s, struct err *e)
{
	size_t at = lab->count;

	if (lab->count == lab->capacity) {
		size_t capacity = lab->capacity ? 2 * lab->capacity : 8;
		struct sandbox **grown = realloc(lab->sandboxes, capacity * sizeof(*grown));

		if (!grown)
			return err_sys(e, ENOMEM, "list '%s'", s->name);
		lab->sandboxes = grown;
		lab->capacity = capacity;
	}
	while (at > 0 && compare_names(lab, lab->sandboxes[at - 1]->name, s->name) > 0) {
		lab->sandboxes[at] = lab->sandboxes[at - 1];
		at--;
	}
	lab->sandboxes[at] = s;
	lab->count++;
	lab->generation++;
	return 0;
}

size_t lab_count(const struct lab *lab)
{
	return lab->count;
}

struct sandbox *lab_at(struct lab *lab, size_t index)
{
	return index < lab->count ? lab->sandboxes[index] : NULL;
}

struct sandbox *lab_find(struct lab *lab, const char *name)
{
	for (size_t i = 0; i < lab->count; i++)
		if (strcmp(lab->sandboxes[i]->name, name) == 0)
			return lab->sandboxes[i];
	return NULL;
}

/* The nearest of all names and all groups' names, into `nearest`. */
static bool find_nearest(struct lab *lab, const char *name, char nearest[SPEC_NAME_MAX])
{
	char(*texts)[SPEC_NAME_MAX] = calloc(lab->count + 1, 2 * sizeof(*texts));
	const char **names = calloc(lab->count + 1, 2 * sizeof(*names)), *found = NULL;
	size_t count = 0;

	for (size_t i = 0; texts && names && i < lab->count; i++) {
		const char *full = lab->sandboxes[i]->name;
		size_t rank, length = group_length(lab, full, &rank);

		names[count++] = full;
		if (!rank)
			continue;
		str_copy(texts[count], length + 1, full);
		names[count] = texts[count];
		count++;
	}
	if (texts && names)
		found = str_nearest(name, names, count);
	if (found)
		str_copy(nearest, SPEC_NAME_MAX, found);
	free(texts);
	free(names);
	return found != NULL;
}

static int no_such_sandbox(struct lab *lab, const char *name, struct err *e)
{
	char nearest[SPEC_NAME_MAX];
	int r = err_set(e, ENOENT, "no sandbox '%.80s'", name);
	const struct sandbox *inner = lab_find_inner(lab, name);

	if (inner)
		return err_hint(e, r, "it stands inside: isolab exec %s -- isolab ... %s",
				inner->outer->name, strchr(name, '/') + 1);
	if (find_nearest(lab, name, nearest))
		return err_hint(e, r, "did you mean '%s'?", nearest);
	if (!lab->count)
		return err_hint(e, r, "there is none yet: 'isolab create both %s' makes two",
				str_is_name(name) ? name : "demo");
	return err_hint(e, r, "'isolab ps' lists them");
}

int lab_find_group(struct lab *lab, const char *name, struct sandbox *ret[], size_t max,
		   struct err *e)
{
	struct sandbox *exact = lab_find(lab, name);
	size_t count = 0, wanted = strlen(name);

	if (exact && max) {
		ret[0] = exact;
		return 1;
	}
	for (size_t i = 0; i < lab->count && count < max; i++) {
		size_t rank, length = group_length(lab, lab->sandboxes[i]->name, &rank);

		if (rank && length == wanted && strncmp(lab->sandboxes[i]->name, name, wanted) == 0)
			ret[count++] = lab->sandboxes[i];
	}
	return count ? (int)count : no_such_sandbox(lab, name, e);
}
