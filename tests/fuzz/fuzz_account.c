/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `stats` reads of a cgroup and of pressure: the kernel's texts, with names of devices in
 * them. Whatever they hold, numbers and parts of time come out.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const keys[] = {"", "oom_kill", "Read", "rbytes", "max"};
	char *text = calloc(1, size + 1);
	struct pressure pressure;
	uint64_t number;

	if (!text)
		return 0;
	memcpy(text, data, size);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		account_parse(text, keys[i], &number);
	if (account_parse_pressure(text, &pressure) &&
	    !(pressure.some_percent >= 0 && pressure.some_percent <= 100 &&
	      pressure.full_percent >= 0 && pressure.full_percent <= 100))
		abort();
	free(text);
	return 0;
}
