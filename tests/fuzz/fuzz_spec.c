/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file `spec`, and with it the parser of every option on the command line. What is accepted
 * must be the same after it was saved and loaded; what is refused must say why.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_spec spec = {0}, again = {0}, copy = {0};
	auto_strbuf saved = {0}, second = {0};
	struct err e = {0};

	if (spec_decode(&spec, (const char *)data, size, &e) < 0) {
		assert(e.code && e.what[0]);
		return 0;
	}
	spec_validate(&spec, &e);
	spec_encode(&spec, &saved);
	assert(!saved.failed && spec_decode(&again, saved.data, saved.length, &e) == 0);
	assert(spec_copy(&copy, &again, &e) == 0);
	spec_encode(&copy, &second);
	assert(saved.length == second.length && !memcmp(saved.data, second.data, saved.length));
	return 0;
}
