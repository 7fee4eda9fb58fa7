/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The text is searched line by line for each wanted module, which is quick enough for a handful,
 * and needs no table. A line names all that its module needs, also what those need in turn
 * (depmod writes it so): from its end to its beginning is the order of loading. A path is taken
 * only if it stays below its directory.
 */
#include "modules.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

const char *const modules_wanted[] = {
    /* how devices are found */
    "virtio_mmio", "virtio_pci",
    /* devices */
    "virtio_blk", "virtio_net", "virtio_console", "virtio_rng", "vmw_vsock_virtio_transport",
    "virtiofs",
    /* a volume that is a copy */
    "crc32c_generic", "ext4",
    /* walls in walls: a writable root, the lab's bridge */
    "overlay", "veth", "bridge", NULL};

/* A piece of the text. */
struct piece {
	const char *start;
	size_t length;
};

/* The name of the module that a path leads to: what is between the last '/' and ".ko…". */
static bool name_of(struct piece path, char name[static MODULES_NAME_MAX])
{
	size_t start = path.length, length = 0;

	while (start > 0 && path.start[start - 1] != '/')
		start--;
	while (start + length < path.length && path.start[start + length] != '.')
		length++;
	if (length == 0 || length >= MODULES_NAME_MAX)
		return false;
	for (size_t i = 0; i < length; i++) {
		char letter = path.start[start + i];
		name[i] = letter == '-' ? '_' : letter;
	}
	name[length] = '\0';
	return true;
}

/* "a/b.ko", not "/b.ko", "../b.ko", "a//b.ko" or one with a NUL in it. */
static bool stays_below(struct piece path)
{
	size_t part = 0;

	if (path.length == 0 || path.length >= MODULES_PATH_MAX)
		return false;
	for (size_t i = 0; i <= path.length; i++) {
		bool is_end = i == path.length || path.start[i] == '/';
		if (!is_end && path.start[i] == '\0')
			return false;
		if (!is_end)
			continue;
		if (i == part || (i - part <= 2 && memcmp(path.start + part, "..", i - part) == 0))
			return false;
		part = i + 1;
	}
	return true;
}

static bool next_line(struct piece *rest, struct piece *line)
{
	const char *end;

	if (rest->length == 0)
		return false;
	end = memchr(rest->start, '\n', rest->length);
	line->start = rest->start;
	line->length = end ? (size_t)(end - rest->start) : rest->length;
	size_t taken = line->length + (end ? 1 : 0);
	rest->start += taken;
	rest->length -= taken;
	return true;
}

/* The line of a module: its path, and what stands behind the colon. */
static bool find_line(const char *text, size_t length, const char *name, struct piece *path,
		      struct piece *needs)
{
	struct piece rest = {text, length}, line;
	char found[MODULES_NAME_MAX];

	while (next_line(&rest, &line)) {
		const char *colon = memchr(line.start, ':', line.length);
		if (!colon)
			continue;
		*path = (struct piece){line.start, (size_t)(colon - line.start)};
		*needs = (struct piece){colon + 1, line.length - path->length - 1};
		if (name_of(*path, found) && strcmp(found, name) == 0)
			return true;
	}
	return false;
}

/* Takes the last word off `words`. */
static bool last_word(struct piece *words, struct piece *ret)
{
	size_t end = words->length, start;

	while (end > 0 && (words->start[end - 1] == ' ' || words->start[end - 1] == '\t'))
		end--;
	start = end;
	while (start > 0 && words->start[start - 1] != ' ' && words->start[start - 1] != '\t')
		start--;
	*ret = (struct piece){words->start + start, end - start};
	words->length = start;
	return end > start;
}

static size_t find(const struct modules *modules, const char *name)
{
	size_t i = 0;

	while (i < modules->count && strcmp(modules->list[i].name, name) != 0)
		i++;
	return i;
}

static int add(struct modules *modules, struct piece path, struct err *e)
{
	char name[MODULES_NAME_MAX];

	if (!stays_below(path) || !name_of(path, name))
		return err_set(e, EBADMSG, "modules.dep: '%.*s' is not a path below it",
			       (int)(path.length < 80 ? path.length : 80), path.start);
	if (find(modules, name) < modules->count)
		return 0;
	if (modules->count == MODULES_MAX)
		return err_set(e, E2BIG, "modules.dep: more than %d modules are needed",
			       MODULES_MAX);
	struct module *module = &modules->list[modules->count++];
	memcpy(module->name, name, sizeof(name));
	memcpy(module->path, path.start, path.length);
	module->path[path.length] = '\0';
	return 0;
}

int modules_choose(const char *text, size_t length, const char *const wanted[], struct modules *ret,
		   struct err *e)
{
	struct piece path, needs, word;
	int r = 0;

	ret->count = 0;
	for (size_t i = 0; r == 0 && wanted[i]; i++) {
		if (!find_line(text, length, wanted[i], &path, &needs))
			continue;
		while (r == 0 && last_word(&needs, &word))
			r = add(ret, word, e);
		if (r == 0)
			r = add(ret, path, e);
	}
	return r;
}

size_t modules_needed(const char *text, size_t length, const struct modules *all, const char *name,
		      size_t ret[MODULES_MAX])
{
	struct piece path, needs, word;
	char needed[MODULES_NAME_MAX];
	size_t count = 0;

	if (!find_line(text, length, name, &path, &needs))
		return 0;
	while (count < MODULES_MAX - 1 && last_word(&needs, &word))
		if (name_of(word, needed) && find(all, needed) < all->count)
			ret[count++] = find(all, needed);
	if (find(all, name) < all->count)
		ret[count++] = find(all, name);
	return count;
}
