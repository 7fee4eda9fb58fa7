/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The texts that a container's worker reads from the machine: /proc/self/cgroup and mountinfo,
 * whose names others may have chosen, /etc/subuid, /etc/passwd, and the maps of a user namespace.
 * The input is two texts, parted by a NUL; a path that is found ends within its buffer, a range
 * within the ids that there are.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup_path.h"
#include "idmap_texts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	uint32_t first = 1;
	char *first_text = calloc(1, size + 2);

	if (!first_text)
		return 0;
	memcpy(first_text, data, size);
	const char *second_text = first_text + strlen(first_text) + 1;
	if (second_text > first_text + size)
		second_text = first_text + size;
	for (int i = 0; i < 2; i++)
		if (cgroup_find_path(first_text, second_text, i ? "memory" : NULL, path,
				     sizeof(path)) &&
		    !memchr(path, '\0', sizeof(path)))
			abort();
	struct idmap_range range = {0};
	if (idmap_find_range(first_text, "root", "0", 1, &range) &&
	    (range.first == 0 || range.count == 0 || range.first + range.count < range.first))
		abort();
	char name[8] = "";
	if (idmap_find_name(first_text, 0, name, sizeof(name)) && (!*name || strpbrk(name, ":\n")))
		abort();
	if (idmap_find_nested(first_text, &first) && first == 0)
		abort();
	free(first_text);
	return 0;
}
