/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * /etc/passwd and /etc/group of an image, and the --user that is looked up in them. The input is
 * USER[:GROUP], passwd, group, parted by NULs. Nobody becomes root but by a number that says so:
 * a user 0 is one that --user or a line of passwd calls 0.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "user.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\0', size);
	struct user user;

	if (!end)
		return 0;
	const uint8_t *passwd = end + 1, *file_end = data + size;
	const uint8_t *cut = memchr(passwd, '\0', (size_t)(file_end - passwd));
	const uint8_t *group = cut ? cut + 1 : file_end;
	size_t passwd_length = (size_t)((cut ? cut : file_end) - passwd);
	size_t group_length = (size_t)(file_end - group);
	/* Copies of their exact size, so that a step too far is seen. */
	char *wanted = strdup((const char *)data);
	char *first = malloc(passwd_length + 1), *second = malloc(group_length + 1);
	if (wanted && first && second) {
		memcpy(first, passwd, passwd_length);
		memcpy(second, group, group_length);
		const struct user_files files = {passwd_length ? first : NULL,
						 group_length ? second : NULL, passwd_length,
						 group_length};
		if (user_resolve(wanted, &files, &user, NULL) == 0) {
			if (user.uid == 0 && *wanted != '0' &&
			    !memmem(first, passwd_length, ":0", 2))
				abort();
			if (user.uid == UINT32_MAX || user.gid == UINT32_MAX ||
			    user.group_count > USER_GROUPS_MAX || *user.home != '/' ||
			    !memchr(user.home, '\0', sizeof(user.home)))
				abort();
		}
	}
	free(wanted);
	free(first);
	free(second);
	return 0;
}
