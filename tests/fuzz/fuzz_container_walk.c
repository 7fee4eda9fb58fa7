/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Paths inside a container, walked by hand on this machine's own root: whatever the bytes, it ends,
 * leaks no descriptor, and where openat2(2) comes to something it is the same.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"
#include "walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	auto_free char *path = calloc(1, size + 1);
	auto_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), by_hand = -1;
	struct stat one, other;

	if (!path || root < 0)
		return 0;
	memcpy(path, data, size);
	walk_by_hand(root, path, WALK_ONLY, &by_hand, NULL);
	auto_close int by_kernel = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (by_hand >= 0 && by_kernel >= 0 && fstat(by_hand, &one) == 0 &&
	    fstat(by_kernel, &other) == 0 &&
	    (one.st_dev != other.st_dev || one.st_ino != other.st_ino))
		abort();
	int lowest = open("/", O_PATH | O_CLOEXEC);
	if (lowest > 64) /* what was opened on the way is closed */
		abort();
	fd_close(&lowest);
	return 0;
}
