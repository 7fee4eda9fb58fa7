/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two texts must be joined: /proc/PID/cgroup names a cgroup within its tree ("4:memory:/a/b", v2:
 * "0::/a/b"), /proc/self/mountinfo says where which part of that tree is mounted (its 4th field is
 * the part's root). Both are bounded text, looked at line by line; names in them are chosen by
 * others. In mountinfo a blank is written "\040".
 */
#include "cgroup_path.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"

enum {
	LINE_MAX_LENGTH = 4096,
	FIELDS_MAX = 24,
	MEMBERSHIP_MAX = 64 * 1024,
	MOUNTINFO_MAX = 1024 * 1024
};

/* Copies the next line to `line`, cut if too long. False at the end. */
static bool next_line(const char **text, char *line, size_t size)
{
	if (!**text)
		return false;
	size_t length = strcspn(*text, "\n");
	size_t copied = length < size ? length : size - 1;
	memcpy(line, *text, copied);
	line[copied] = '\0';
	*text += length + ((*text)[length] == '\n');
	return true;
}

/* True if the comma-separated `list` holds `word`. */
static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += length)
		if ((at == list || at[-1] == ',') && (at[length] == ',' || !at[length]))
			return true;
	return false;
}

/* The path of /proc/PID/cgroup for a controller, NULL: v2. */
static bool find_membership(const char *text, const char *controller, char *ret_path, size_t size)
{
	char line[LINE_MAX_LENGTH];

	while (next_line(&text, line, sizeof(line))) {
		char *controllers = strchr(line, ':');
		char *path = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!path)
			continue;
		*controllers++ = '\0';
		*path++ = '\0';
		bool is_it = controller ? has_word(controllers, controller) : !*controllers;
		if (is_it && strlen(path) < size) {
			memcpy(ret_path, path, strlen(path) + 1);
			return true;
		}
	}
	return false;
}

static size_t split_fields(char *line, char *fields[], size_t max)
{
	char *position = NULL;
	size_t count = 0;

	for (char *field = strtok_r(line, " ", &position); field && count < max;
	     field = strtok_r(NULL, " ", &position))
		fields[count++] = field;
	return count;
}

static bool is_octal(const char *text)
{
	return text[0] >= '0' && text[0] <= '3' && text[1] >= '0' && text[1] <= '7' &&
	       text[2] >= '0' && text[2] <= '7';
}

/* "\040" is a blank: see proc_pid_mountinfo(5). */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (from[0] == '\\' && is_octal(from + 1)) {
			*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
				       (from[3] - '0'));
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

/* Joins mount point and path, if this line mounts the tree that the path is in. */
static bool join_mount(char *line, const char *controller, const char *path, char *ret_path,
		       size_t size)
{
	char *fields[FIELDS_MAX];
	size_t count = split_fields(line, fields, FIELDS_MAX), dash = 6;

	while (dash < count && strcmp(fields[dash], "-") != 0)
		dash++;
	if (dash + 3 >= count)
		return false;
	char *root = fields[3], *point = fields[4];
	if (strcmp(fields[dash + 1], controller ? "cgroup" : "cgroup2") != 0)
		return false;
	if (controller && !has_word(fields[dash + 3], controller))
		return false;
	unescape(root);
	unescape(point);
	size_t root_length = strcmp(root, "/") == 0 ? 0 : strlen(root);
	if (strncmp(path, root, root_length) != 0)
		return false;
	const char *below = path + root_length;
	if (*below && *below != '/')
		return false;
	int n = snprintf(ret_path, size, "%s%s", point, strcmp(below, "/") == 0 ? "" : below);
	return n > 0 && (size_t)n < size;
}

bool cgroup_find_path(const char *membership, const char *mountinfo, const char *controller,
		      char *ret_path, size_t size)
{
	char path[LINE_MAX_LENGTH], line[LINE_MAX_LENGTH];

	if (!find_membership(membership, controller, path, sizeof(path)))
		return false;
	/* "/../x": outside of what our cgroup namespace shows */
	if (strncmp(path, "/..", 3) == 0)
		return false;
	while (next_line(&mountinfo, line, sizeof(line)))
		if (join_mount(line, controller, path, ret_path, size))
			return true;
	return false;
}

char *cgroup_read_texts(int pid, const char **ret_mountinfo)
{
	char path[32] = "/proc/self/cgroup";
	/* Of this much only what is written to becomes real memory. */
	char *text = malloc(MEMBERSHIP_MAX + MOUNTINFO_MAX);

	if (pid > 0)
		snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	if (text && fd_read_file(AT_FDCWD, path, text, MEMBERSHIP_MAX) >= 0 &&
	    fd_read_file(AT_FDCWD, "/proc/self/mountinfo", text + MEMBERSHIP_MAX, MOUNTINFO_MAX) >=
		0) {
		*ret_mountinfo = text + MEMBERSHIP_MAX;
		return text;
	}
	free(text);
	return NULL;
}
