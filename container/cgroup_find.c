// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Where our own cgroup lies in the file system. Two texts must be joined: /proc/self/cgroup
 * names it within its tree ("4:memory:/a/b", v2: "0::/a/b"), /proc/self/mountinfo says where
 * which part of that tree is mounted (its 4th field is the part's root). Both are bounded text,
 * looked at line by line. See cgroups(7), proc(5).
 */
#include <stdio.h>
#include <string.h>

#include "cgroup.h"

enum { LINE_MAX_LENGTH = 4096, FIELDS_MAX = 24 };

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

/* The path of /proc/self/cgroup for a controller, NULL: v2. */
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
	const char *root = fields[3], *point = fields[4];
	if (strcmp(fields[dash + 1], controller ? "cgroup" : "cgroup2") != 0)
		return false;
	if (controller && !has_word(fields[dash + 3], controller))
		return false;
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
