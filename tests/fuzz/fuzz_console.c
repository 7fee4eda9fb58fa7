/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A console ring whose file somebody else has written: the reader never goes backwards, never
 * copies more than it was given room for, and comes to an end.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "console.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct console_reader reader = {.fd = memfd_create("console", MFD_CLOEXEC)};
	char buffer[4096];
	uint64_t lost, before;
	ssize_t n;

	if (reader.fd < 0)
		return 0;
	if (write(reader.fd, data, size) != (ssize_t)size) {
		close(reader.fd);
		return 0;
	}
	for (int i = 0; i < 128; i++) {
		before = reader.position;
		n = console_read(&reader, buffer, sizeof(buffer), &lost);
		if (n <= 0)
			break;
		assert((size_t)n <= sizeof(buffer) && reader.position >= before + (uint64_t)n);
	}
	close(reader.fd);
	return 0;
}
