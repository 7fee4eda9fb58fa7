/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The files that a Linux guest starts from, as strangers may have made them. The first byte says
 * which: a bzImage, which is taken apart; a modules.dep.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bzimage.h"
#include "modules.h"
#include "unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_bzimage(const uint8_t *data, size_t size)
{
	struct bzimage image;
	int fd = memfd_create("kernel", MFD_CLOEXEC), to = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && to >= 0 && write(fd, data, size) == (ssize_t)size &&
	    bzimage_read(fd, &image, NULL) == 0) {
		if (image.payload_start > size ||
		    image.payload_bytes > size - image.payload_start ||
		    strlen(image.release) >= sizeof(image.release) || strchr(image.release, '/'))
			abort();
		unpack_kernel(fd, to, NULL);
	}
	close(fd);
	close(to);
}

static void try_modules(const uint8_t *data, size_t size)
{
	static const char *const wanted[] = {"virtio_blk", "a", "fuse", NULL};
	struct modules *modules = calloc(1, sizeof(*modules));
	size_t needed[MODULES_MAX];
	char *text = malloc(size ? size : 1);

	if (modules && text) {
		memcpy(text, data, size);
		if (modules_choose(text, size, wanted, modules, NULL) == 0)
			for (size_t i = 0; i < modules->count; i++) {
				const char *path = modules->list[i].path;
				if (*path == '/' || strncmp(path, "../", 3) == 0 ||
				    strstr(path, "/../"))
					abort();
				modules_needed(text, size, modules, modules->list[i].name, needed);
			}
	}
	free(text);
	free(modules);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] & 1)
		try_bzimage(data + 1, size - 1);
	else if (size > 0)
		try_modules(data + 1, size - 1);
	return 0;
}
