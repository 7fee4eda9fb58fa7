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
 * worker that believes nothing. What matters here is that nobody can let this process wait, or take
 * the places of others: of /tmp only a directory that is alone of the user in its name counts, what
 * is opened is opened so that it cannot wait, and each turn is short.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "guest.h"
#include "str.h"

#define PLACE      "/tmp"
#define LAB_PREFIX "isolab-"

/* Neither another file system (a user's own may answer never) nor links on the way. */
static int open_here(int directory, const char *path, int flags)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_NOFOLLOW | O_CLOEXEC),
			       .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS};
	int fd = (int)syscall(SYS_openat2, directory, path, &how, sizeof(how));

	if (fd < 0 && errno == ENOSYS) /* Linux before 5.6 */
		fd = openat(directory, path, (int)how.flags);
	return fd;
}

/* A plain file, for reading. */
static int open_file(int directory, const char *name)
{
	auto_close int fd = open_here(directory, name, O_RDONLY | O_NONBLOCK);
	struct stat status;

	return fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? fd_move(&fd) : -1;
}

static bool is_file(const struct watched_file *entry, int fd)
{
	struct stat status;

	return fd >= 0 && fstat(fd, &status) == 0 && entry->device == status.st_dev &&
	       entry->inode == status.st_ino;
}

/* Takes the descriptor into the list unless its file is there already, and watches the file. */
static struct watched_file *add_file(struct guest *guest, struct watched_file *list, size_t count,
				     int *fd, uint32_t events)
{
	struct watched_file *free_entry = NULL;
	struct stat status;
	char path[32];
	int watch;

	for (size_t i = 0; i < count; i++) {
		if (!list[i].fd)
			free_entry = free_entry ? free_entry : &list[i];
		else if (is_file(&list[i], *fd))
			return NULL;
	}
	if (!free_entry || fstat(*fd, &status) < 0)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	watch = inotify_add_watch(guest->inner.inotify_fd, path, events);
	if (watch < 0)
		return NULL;
	*free_entry = (struct watched_file){.fd = fd_move(fd),
					    .watch = watch,
					    .device = status.st_dev,
					    .inode = status.st_ino};
	return free_entry;
}

/* Closes it if its file is no longer where it was found: a link elsewhere would keep it for
 * ever. */
static void drop_removed(struct inner *inner, struct watched_file *entry, int directory)
{
	auto_close int fd = directory > 0 ? open_here(directory, entry->path, O_PATH) : -1;

	if (is_file(entry, fd))
		return;
	inotify_rm_watch(inner->inotify_fd, entry->watch);
	close(entry->fd);
	*entry = (struct watched_file){0};
	inner->must_list = inner->has_more = true; /* there is a place for another */
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
	auto_close int spec = open_file(directory, "spec");

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

static void find_sandbox(struct guest *guest, unsigned lab, const char *name)
{
	struct inner *inner = &guest->inner;
	struct watched_file *journal = NULL;

	if (!str_is_name(name))
		return;
	if (is_full(guest)) { /* later, or never */
		inner->must_list |= inner->is_behind;
		return;
	}
	auto_close int directory = open_here(inner->labs[lab].fd, name, O_RDONLY | O_DIRECTORY);
	auto_close int fd = directory < 0 ? -1 : open_file(directory, "events");
	if (fd >= 0)
		journal = add_file(guest, inner->journals, GUEST_INNER_MAX, &fd,
				   IN_MODIFY | IN_ATTRIB);
	if (!journal)
		return;
	journal->lab = lab;
	snprintf(journal->path, sizeof(journal->path), "%.63s/events", name);
	announce(guest, directory, name);
}

static void list_lab(struct guest *guest, unsigned lab)
{
	int fd = openat(guest->inner.labs[lab].fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!stream) {
		fd_close(&fd);
		return;
	}
	for (int left = GUEST_LISTED_MAX; left && (entry = readdir(stream)) != NULL; left--)
		find_sandbox(guest, lab, entry->d_name);
	closedir(stream);
}

static int open_place(void)
{
	return open(PLACE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Where isolab would be if it were run by a user whose number is the name's, if it is that user's
 * and nobody else can write there: as isolab itself would have it. */
static void add_lab(struct guest *guest, int place, const char *name)
{
	struct inner *inner = &guest->inner;
	auto_close int fd = open_here(place, name, O_RDONLY | O_DIRECTORY);
	struct watched_file *lab;
	struct stat status;
	char own[32];

	if (fd < 0 || fstat(fd, &status) < 0 || status.st_mode & 077)
		return;
	snprintf(own, sizeof(own), LAB_PREFIX "%u", status.st_uid);
	if (strcmp(own, name) != 0)
		return;
	if (status.st_uid == 0)
		lab = add_file(guest, inner->labs, 1, &fd, IN_MOVED_TO | IN_ATTRIB);
	else
		lab = add_file(guest, inner->labs + 1, GUEST_LABS_MAX - 1, &fd,
			       IN_MOVED_TO | IN_ATTRIB);
	if (!lab)
		return;
	str_copy(lab->path, sizeof(lab->path), name);
	inner->must_list = true;
}

static void look_for_labs(struct guest *guest)
{
	DIR *stream = opendir(PLACE);
	const struct dirent *entry;

	if (!stream)
		return;
	add_lab(guest, dirfd(stream), LAB_PREFIX "0");
	for (int left = GUEST_LISTED_MAX; left && (entry = readdir(stream)) != NULL; left--)
		if (strncmp(entry->d_name, LAB_PREFIX, strlen(LAB_PREFIX)) == 0)
			add_lab(guest, dirfd(stream), entry->d_name);
	closedir(stream);
}

/* What else happens in /tmp is nothing to us. */
static void take_report(struct guest *guest, int place, const struct inotify_event *event)
{
	struct inner *inner = &guest->inner;

	if (event->mask & IN_Q_OVERFLOW) {
		look_for_labs(guest);
		inner->must_list = true;
	}
	if (!event->len)
		return;
	if (event->wd == inner->place_watch &&
	    strncmp(event->name, LAB_PREFIX, strlen(LAB_PREFIX)) == 0)
		add_lab(guest, place, event->name);
	for (unsigned i = 0; i < GUEST_LABS_MAX; i++)
		if (inner->labs[i].fd && inner->labs[i].watch == event->wd)
			find_sandbox(guest, i, event->name);
}

static void read_reports(struct guest *guest, int place)
{
	union {
		struct inotify_event event; /* for its alignment */
		char bytes[4096];
	} buffer;

	for (int reads = 0; reads < GUEST_INNER_READS_MAX; reads++) {
		ssize_t length = read(guest->inner.inotify_fd, &buffer, sizeof(buffer));
		if (length <= 0)
			return;
		for (ssize_t at = 0; at < length;) {
			const struct inotify_event *event = (const void *)(buffer.bytes + at);
			take_report(guest, place, event);
			at += (ssize_t)sizeof(*event) + event->len;
		}
	}
}

static void serve_labs(struct guest *guest)
{
	struct inner *inner = &guest->inner;
	auto_close int place = open_place();
	bool must_list;

	for (size_t i = 0; i < GUEST_LABS_MAX; i++)
		if (inner->labs[i].fd)
			drop_removed(inner, &inner->labs[i], place);
	read_reports(guest, place);
	must_list = inner->must_list;
	inner->must_list = false;
	for (unsigned i = 0; must_list && i < GUEST_LABS_MAX; i++)
		if (inner->labs[i].fd)
			list_lab(guest, i);
}

void inner_serve(struct guest *guest)
{
	struct inner *inner = &guest->inner;

	inner->has_more = false;
	if (inner->inotify_fd < 0)
		return;
	serve_labs(guest);
	for (size_t i = 0; i < GUEST_INNER_MAX; i++) {
		struct watched_file *journal = &inner->journals[i];
		if (journal->fd && tell_new_lines(guest, journal))
			drop_removed(inner, journal, inner->labs[journal->lab].fd);
	}
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
