/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Walls in walls: isolab's own sandboxes in this guest, of any of its users, whose journals are
 * told to the worker, line by line, as they grow (inotify(7)). They lie where isolab puts them
 * without XDG_RUNTIME_DIR, which no program that we start has:
 *
 *	/tmp/isolab-UID/NAME/	spec events …
 *
 * A journal stays open until it is removed, so the last words of a sandbox that goes with its end
 * are told, too. All that is found here is what programs of the guest have made of it; it is the
 * worker that believes nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "guest.h"
#include "rundir.h"

#define PLACE      "/tmp"
#define LAB_PREFIX "isolab-"

/* Takes the descriptor into the list unless its file is there already, and watches the file. */
static struct watched_file *add_file(struct guest *guest, struct watched_file *list, size_t count,
				     int *fd, uint32_t events)
{
	struct watched_file *free_entry = NULL;
	struct stat status;
	char path[32];

	if (*fd < 0 || fstat(*fd, &status) < 0)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		struct watched_file *entry = &list[i];
		if (!entry->fd)
			free_entry = free_entry ? free_entry : entry;
		else if (entry->device == status.st_dev && entry->inode == status.st_ino)
			return NULL;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	if (!free_entry || inotify_add_watch(guest->inner.inotify_fd, path, events) < 0)
		return NULL;
	*free_entry = (struct watched_file){.fd = fd_move(fd),
					    .device = status.st_dev,
					    .inode = status.st_ino};
	return free_entry;
}

/* Closes it if its file has been removed. */
static void drop_removed(struct watched_file *entry)
{
	struct stat status;

	if (fstat(entry->fd, &status) < 0 || status.st_nlink > 0)
		return;
	close(entry->fd);
	*entry = (struct watched_file){0};
}

/* ---- telling ---- */

static void send_line(struct guest *guest, size_t length)
{
	struct inner *inner = &guest->inner;

	inner->message.inner.sent_ns = clock_now_ns();
	inner->sent_bytes += length;
	guest_send(guest, AGENT_INNER, 0, 0, &inner->message,
		   sizeof(inner->message.inner) + length);
}

/* Its kind stands in its spec, as the first word. */
static void announce(struct guest *guest, int directory, const char *name)
{
	struct event event = {.t_ns = clock_now_ns(), .kind = EVENT_STATE, .name = "created"};
	auto_strbuf line = {.limit = EVENT_LINE_MAX};
	auto_close int spec = openat(directory, "spec", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (spec < 0 || fd_read_full(spec, event.value, SPEC_KIND_MAX) <= 0)
		return;
	str_copy(event.sandbox, sizeof(event.sandbox), name);
	event_encode(&event, &line);
	if (line.failed)
		return;
	memcpy(guest->inner.message.line, line.data, line.length);
	send_line(guest, line.length);
}

/* Half of what the line's queue holds stays free for other messages. */
static bool is_full(struct guest *guest)
{
	guest->inner.is_behind = guest->unsent_bytes > GUEST_UNSENT_BYTES / 2;
	return guest->inner.is_behind || guest->inner.sent_bytes > GUEST_INNER_BYTES_MAX;
}

/* True if nothing is left to tell. What is no line costs nothing of what may be told, so reading
 * has a bound of its own: a file that somebody has made is of any size. */
static bool tell_new_lines(struct guest *guest, struct watched_file *journal)
{
	char *line = guest->inner.message.line;
	struct event event;

	for (int reads = 0; reads < GUEST_INNER_READS_MAX; reads++) {
		if (is_full(guest))
			return !guest->inner.is_behind;
		if (journal->is_no_journal)
			return true;
		ssize_t n = pread(journal->fd, line, EVENT_LINE_MAX, journal->told_bytes);
		const char *end = n > 0 ? memchr(line, '\n', (size_t)n) : NULL;
		journal->is_no_journal = !end && n == EVENT_LINE_MAX;
		if (!end)
			return true; /* only whole lines count */
		size_t length = (size_t)(end - line) + 1;
		journal->told_bytes += (off_t)length;
		if (event_scan(line, length, &event) == 0 && event_kind_is_mirrored(event.kind))
			send_line(guest, length);
	}
	guest->inner.has_more = true;
	return false;
}

/* ---- finding ---- */

struct search {
	struct guest *guest;
	int lab;
};

static int on_sandbox(void *arg, const char *name)
{
	enum { FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC };
	const struct search *search = arg;

	if (is_full(search->guest))
		return 1; /* later */
	struct inner *inner = &search->guest->inner;
	auto_close int directory = openat(search->lab, name, FLAGS | O_DIRECTORY), fd = -1;
	struct stat status;

	fd = directory < 0 ? -1 : openat(directory, "events", FLAGS);
	if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    add_file(search->guest, inner->journals, GUEST_INNER_MAX, &fd, IN_MODIFY | IN_ATTRIB))
		announce(search->guest, directory, name);
	return 0;
}

/* Where isolab would be if it were run by a user whose number is the name's. */
static void look_for_labs(struct guest *guest)
{
	enum { FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
	DIR *stream = opendir(PLACE);
	const struct dirent *entry;

	while (stream && (entry = readdir(stream)) != NULL) {
		if (strncmp(entry->d_name, LAB_PREFIX, strlen(LAB_PREFIX)) != 0)
			continue;
		auto_close int fd = openat(dirfd(stream), entry->d_name, FLAGS);
		add_file(guest, guest->inner.labs, GUEST_LABS_MAX, &fd, IN_MOVED_TO | IN_ATTRIB);
	}
	if (stream)
		closedir(stream);
}

/* Whether a lab may have come: what else happens in /tmp is nothing to us. */
static bool read_reports(struct inner *inner)
{
	union {
		struct inotify_event event; /* for its alignment */
		char bytes[4096];
	} buffer;
	bool has_lab = false;
	ssize_t length;

	while ((length = read(inner->inotify_fd, &buffer, sizeof(buffer))) > 0)
		for (ssize_t at = 0; at < length;) {
			const struct inotify_event *event = (const void *)(buffer.bytes + at);
			has_lab |= event->mask & IN_Q_OVERFLOW ||
				   (event->wd == inner->place_watch && event->len &&
				    strncmp(event->name, LAB_PREFIX, strlen(LAB_PREFIX)) == 0);
			at += (ssize_t)sizeof(*event) + event->len;
		}
	return has_lab;
}

void inner_serve(struct guest *guest)
{
	struct inner *inner = &guest->inner;

	inner->has_more = false;
	if (inner->inotify_fd < 0)
		return;
	if (read_reports(inner))
		look_for_labs(guest);
	for (size_t i = 0; i < GUEST_LABS_MAX; i++) {
		struct search search = {.guest = guest, .lab = inner->labs[i].fd};
		if (!search.lab)
			continue;
		rundir_list(search.lab, on_sandbox, &search, NULL);
		drop_removed(&inner->labs[i]);
	}
	for (size_t i = 0; i < GUEST_INNER_MAX; i++)
		if (inner->journals[i].fd && tell_new_lines(guest, &inner->journals[i]))
			drop_removed(&inner->journals[i]);
}

void inner_watch(struct guest *guest)
{
	struct inner *inner = &guest->inner;

	inner->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	inner->place_watch = inotify_add_watch(inner->inotify_fd, PLACE,
					       IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	if (inner->place_watch < 0) { /* no inner sandbox can be told of; nothing else suffers */
		fd_close(&inner->inotify_fd);
		return;
	}
	look_for_labs(guest);
	inner_serve(guest);
}
