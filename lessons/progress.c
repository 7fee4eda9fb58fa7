/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The progress file: loaded whole, changed in memory, written to a new file and renamed. What
 * surprises: several fronts may have it open at once (a screen and a shell), so each command loads
 * it anew and the last writer wins; nothing but answers can be lost by it.
 */
#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "str.h"

struct entry {
	struct entry *next;
	char *lesson, *key, *value; /* one allocation */
};

struct progress {
	struct entry *entries;
	size_t size; /* bytes that the file would have */
};

/* The path of the folder, with `file` behind it. */
static int progress_path(char *buffer, size_t size, const char *file)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int length;

	if (state && state[0] == '/')
		length = snprintf(buffer, size, "%s/isolab%s", state, file);
	else if (home && home[0] == '/' && home[1])
		length = snprintf(buffer, size, "%s/.local/state/isolab%s", home, file);
	else
		length = snprintf(buffer, size, "/tmp/isolab-lessons-%u%s", (unsigned)geteuid(),
				  file);
	return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

/* Makes the folder with its parents, mode 0700, and refuses one that is not ours (/tmp is
 * everybody's). */
static int make_folder(struct err *e)
{
	char path[4096];
	struct stat status;
	int r = progress_path(path, sizeof(path), "");

	if (r < 0)
		return err_sys(e, r, "keep the progress");
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0700); /* what is wrong shows at the last one */
		*slash = '/';
	}
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_hint(e, err_sys(e, errno, "make '%s'", path),
				"set XDG_STATE_HOME to a directory that you may write");
	if (lstat(path, &status) < 0)
		return err_sys(e, errno, "look at '%s'", path);
	if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid())
		return err_hint(e, err_set(e, EPERM, "'%s' is not a directory of yours", path),
				"set XDG_STATE_HOME to a directory that you may write");
	return 0;
}

static void entry_add(struct progress *progress, const char *lesson, const char *key,
		      const char *value)
{
	size_t a = strlen(lesson) + 1, b = strlen(key) + 1, c = strlen(value) + 1;
	struct entry *entry;

	if (b > PROGRESS_KEY_MAX || c > PROGRESS_VALUE_MAX ||
	    progress->size + a + b + c > PROGRESS_FILE_MAX)
		return;
	entry = malloc(sizeof(*entry) + a + b + c);
	if (!entry)
		return;
	entry->lesson = memcpy(entry + 1, lesson, a);
	entry->key = memcpy(entry->lesson + a, key, b);
	entry->value = memcpy(entry->key + b, value, c);
	for (char *at = entry->value; *at; at++)
		if (*at == '\n' || *at == '\t')
			*at = ' ';
	entry->next = progress->entries;
	progress->entries = entry;
	progress->size += a + b + c;
}

static void parse_line(struct progress *progress, char *line)
{
	char *key = strchr(line, '\t'), *value = key ? strchr(key + 1, '\t') : NULL;

	if (!value)
		return;
	*key++ = 0;
	*value++ = 0;
	entry_add(progress, line, key, value);
}

int progress_load(struct progress **ret_progress, struct err *e)
{
	auto_free char *text = malloc(PROGRESS_FILE_MAX + 1);
	struct progress *progress = calloc(1, sizeof(*progress));
	char path[4096], *rest;
	ssize_t length = -ENOENT;

	if (!text || !progress) {
		free(progress);
		return err_sys(e, ENOMEM, "load the progress");
	}
	if (progress_path(path, sizeof(path), "/progress") == 0)
		length = fd_read_file(AT_FDCWD, path, text, PROGRESS_FILE_MAX + 1);
	if (length > 0)
		for (char *line = strtok_r(text, "\n", &rest); line;
		     line = strtok_r(NULL, "\n", &rest))
			parse_line(progress, line);
	*ret_progress = progress;
	return 0;
}

static void forget(struct progress *progress, const char *lesson, const char *key)
{
	for (struct entry **link = &progress->entries; *link;) {
		struct entry *entry = *link;
		if (strcmp(entry->lesson, lesson) || (key && strcmp(entry->key, key))) {
			link = &entry->next;
			continue;
		}
		*link = entry->next;
		progress->size -= strlen(entry->lesson) + strlen(entry->key) +
				  strlen(entry->value) + 3;
		free(entry);
	}
}

void progress_destroy(struct progress *progress)
{
	while (progress && progress->entries) {
		struct entry *entry = progress->entries;
		progress->entries = entry->next;
		free(entry);
	}
	free(progress);
}

int progress_save(const struct progress *progress, struct err *e)
{
	auto_strbuf text = {0};
	auto_close int fd = -1;
	char path[4096], temporary[4096];
	int r = make_folder(e);

	if (r < 0)
		return r;
	for (const struct entry *entry = progress->entries; entry; entry = entry->next)
		str_addf(&text, "%s\t%s\t%s\n", entry->lesson, entry->key, entry->value);
	if (progress_path(path, sizeof(path), "/progress") < 0 ||
	    progress_path(temporary, sizeof(temporary), "/progress.XXXXXX") < 0 || text.failed)
		return err_sys(e, ENOMEM, "keep the progress");
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "make '%s'", temporary);
	r = fd_write_all(fd, text.data ? text.data : "", text.length);
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0) {
		unlink(temporary);
		return err_sys(e, r, "write '%s'", path);
	}
	return 0;
}

const char *progress_get(const struct progress *progress, const char *lesson, const char *key)
{
	for (const struct entry *entry = progress->entries; entry; entry = entry->next)
		if (!strcmp(entry->lesson, lesson) && !strcmp(entry->key, key))
			return entry->value;
	return NULL;
}

const char *progress_get_part(const struct progress *progress, const char *lesson, const char *key,
			      const char *part)
{
	char whole[PROGRESS_KEY_MAX];

	snprintf(whole, sizeof(whole), "%s.%s", key, part);
	return progress_get(progress, lesson, whole);
}

void progress_set(struct progress *progress, const char *lesson, const char *key, const char *value)
{
	forget(progress, lesson, key);
	entry_add(progress, lesson, key, value);
}

void progress_set_part(struct progress *progress, const char *lesson, const char *key,
		       const char *part, const char *value)
{
	char whole[PROGRESS_KEY_MAX];

	snprintf(whole, sizeof(whole), "%s.%s", key, part);
	progress_set(progress, lesson, whole, value);
}

void progress_forget(struct progress *progress, const char *lesson)
{
	forget(progress, lesson, NULL);
}

uint64_t progress_generation(void)
{
	char path[4096];
	struct stat status;

	if (progress_path(path, sizeof(path), "/progress") < 0 || stat(path, &status) < 0)
		return 0;
	return (uint64_t)status.st_mtim.tv_sec * 1000000000 + (uint64_t)status.st_mtim.tv_nsec +
	       status.st_ino;
}
