/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A line of the prompt as hostile bytes: split into words, completed at every place, its options
 * sorted by each command's table and by the sandbox's.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "fd.h"
#include "spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(void *arg, const char *candidate)
{
	*(size_t *)arg += strlen(candidate);
}

static void discard(struct out *out, bool is_error, enum out_role role, const char *text,
		    size_t length)
{
	(void)out, (void)is_error, (void)role, (void)text, (void)length;
}

static void sort_words(const struct command *command, int argc, char **words)
{
	struct out out = {.write = discard, .columns = 80};
	struct command_context context = {.command = command, .out = &out};
	auto_free char **copy = calloc((size_t)argc + 1, sizeof(*copy));
	struct cmd_line line;

	if (!copy)
		return;
	memcpy(copy, words, (size_t)argc * sizeof(*copy));
	cmd_parse(&context, argc, copy, 0, -1, command == &cmd_exec, &line);
}

static void fill_spec(int argc, char **words)
{
	auto_spec spec = {0};

	str_copy(spec.kind, sizeof(spec.kind), "container");
	spec_parse_options(&spec, argc, words, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct command *const *const lists[] = {engine_commands, NULL};
	static const struct command_table table = {.lists = lists};
	auto_free char *line = strndup((const char *)data, size);
	auto_free char *storage = NULL;
	auto_free char **words = NULL;
	size_t total = 0, start;
	int argc;

	if (!line || size > 4096)
		return 0;
	for (size_t cursor = 0; cursor <= strlen(line) && cursor < 200; cursor++)
		command_complete(&table, NULL, line, cursor, &start, look_at, &total);
	argc = command_split(line, &words, &storage, NULL);
	if (argc < 1)
		return 0;
	for (const struct command *const *c = engine_commands; *c; c++)
		sort_words(*c, argc, words);
	fill_spec(argc, words);
	return 0;
}
