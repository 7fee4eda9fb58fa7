/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * update: other limits for sandboxes that there are. One that runs is asked to change them at once;
 * of one that does not, the saved spec is changed, and its next start has them. The options are
 * those of `create` that are limits; whether they make sense is found out per sandbox, since kinds
 * differ.
 */
#include <errno.h>
#include <string.h>

#include "cmd.h"

enum { WORDS_MAX = 64 };

/* The command's words, sorted out: names, and options with their values. */
struct change {
	char *names[CMD_SANDBOXES_MAX], *words[WORDS_MAX];
	int name_count, word_count;
};

static int add(char *list[], int *count, int max, char *word, struct err *e)
{
	if (*count == max)
		return err_set(e, E2BIG, "update: more than %d words", max);
	list[(*count)++] = word;
	return 0;
}

static int sort_out(int argc, char **argv, struct change *change, struct err *e)
{
	int r = 0;

	for (int i = 1, taken; r == 0 && i < argc; i += taken) {
		auto_spec unused = {.kind = "container"};

		taken = argv[i][0] == '-' ? spec_option_words(argc - i, argv + i) : 1;
		if (taken == 0)
			return spec_update_limits(&unused, 1, argv + i, e);
		if (argv[i][0] != '-')
			r = add(change->names, &change->name_count, CMD_SANDBOXES_MAX, argv[i], e);
		for (int at = i; argv[i][0] == '-' && r == 0 && at < i + taken; at++)
			r = add(change->words, &change->word_count, WORDS_MAX, argv[at], e);
	}
	if (r == 0 && (!change->name_count || !change->word_count))
		r = err_hint(e,
			     err_set(e, EINVAL,
				     change->name_count ? "update: change what?"
							: "update: which sandbox?"),
			     "isolab update NAME OPTIONS, for example: isolab update demo --memory "
			     "128M");
	return r;
}

static int change_one(struct sandbox *s, void *arg, struct err *e)
{
	struct change *change = arg;
	int r = sandbox_update(s, change->word_count, change->words, e);

	return r < 0 ? err_ctx(e, r, "update '%s'", sandbox_name(s)) : 0;
}

static int run_update(struct command_context *context, int argc, char **argv)
{
	struct change change = {0};
	struct cmd_line line = {0};
	struct err error = {0};

	if (sort_out(argc, argv, &change, &error) < 0)
		return cmd_fail(context, &error);
	line.words = change.names;
	line.count = change.name_count;
	return cmd_for_each(context, &line, change_one, &change);
}

const struct command cmd_update = {
    .name = "update",
    .arguments = "NAME… OPTIONS",
    .about = "change the limits of sandboxes, also while they run",
    .details = "All of the changes of one sandbox hold, or none. The word max takes a limit away: "
	       "update demo --memory max. A vm takes other limits only while it is stopped.",
    .flags = COMMAND_LIMITS,
    .word = WORD_SANDBOX,
    .run = run_update,
};
