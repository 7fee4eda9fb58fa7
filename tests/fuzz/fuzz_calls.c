/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The record of a wall's calls as hostile bytes: bounds are kept, every call belongs to a step, and
 * no control character gets through.
 */
#include <stdlib.h>
#include <string.h>

#include "calls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t size)
{
	if (strnlen(text, size) == size)
		abort();
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 127)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct calls_text calls;
	size_t count = 0;

	if (calls_parse((const char *)data, size, &calls, NULL) < 0)
		return 0;
	if (calls.step_count > CALLS_STEPS_MAX || calls.call_count > CALLS_CALLS_MAX)
		abort();
	for (size_t i = 0; i < calls.step_count; i++) {
		if (calls.steps[i].first_call != count)
			abort();
		count += calls.steps[i].call_count;
		check_text(calls.steps[i].name, CALL_WORD_MAX);
		check_text(calls.steps[i].why, CALL_WHY_MAX);
	}
	if (count != calls.call_count)
		abort();
	for (size_t i = 0; i < count; i++) {
		check_text(calls.calls[i].name, CALL_WORD_MAX);
		check_text(calls.calls[i].arguments, CALL_ARGUMENTS_MAX);
	}
	calls_finish(&calls);
	return 0;
}
