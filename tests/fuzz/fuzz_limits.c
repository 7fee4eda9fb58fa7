/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Limits as words, as a front sends them to a worker (WIRE_UPDATE): parted by NULs. What is taken
 * can be saved and read back; what is refused has changed nothing. And lists of processors.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cpus.h"
#include "spec.h"

enum { WORDS_MAX = 32 };

/* What was taken comes back from the file as it was. */
static void check_saved(const struct sandbox_spec *spec)
{
	auto_spec again = {0};
	auto_strbuf words = {0}, words_again = {0};

	spec_encode(spec, &words);
	if (spec_decode(&again, words.data, words.length, NULL) < 0)
		abort();
	spec_encode(&again, &words_again);
	if (words.length != words_again.length ||
	    memcmp(words.data, words_again.data, words.length) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_spec spec = {.kind = "container", .pids_max = 7};
	char *text = calloc(1, size + 1), *words[WORDS_MAX];
	struct cpus set;
	int count = 0;

	if (!text)
		return 0;
	memcpy(text, data, size);
	if (cpus_parse(text, &set) == 0 && !cpus_are_within(&set, &set))
		abort();
	for (size_t at = 0; at < size && count < WORDS_MAX; at += strlen(text + at) + 1)
		words[count++] = text + at;
	if (spec_update_limits(&spec, count, words, NULL) == 0)
		check_saved(&spec);
	else if (spec.pids_max != 7 || spec.memory_bytes || spec.cpuset)
		abort();
	free(text);
	return 0;
}
