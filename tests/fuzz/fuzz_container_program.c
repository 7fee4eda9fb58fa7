/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The first bytes of a file in an image, which is looked at when it could not be run: any file may
 * stand there. Whatever they say, the name that is read from them ends within its buffer.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct program program;

	program_read_head(data, size, &program);
	if (!memchr(program.needs, '\0', sizeof(program.needs)))
		abort();
	return 0;
}
