/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From words to a spec and back.
 *
 * The command line, the prompt and the file `spec` are all parsed by spec_parse_options(); the file
 * only has the kind in front and its words end with NUL. One word is allowed in the file alone:
 * "--leased", which is not for people to type.
 */
#include "spec.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "self.h"
#include "spec_private.h"

/* A spec's own texts and lists of words; io_limits has an option for each of its keys. */
const struct spec_part spec_texts[] = {
    {"--hostname", offsetof(struct sandbox_spec, hostname)},
    {"--workdir", offsetof(struct sandbox_spec, workdir)},
    {"--image", offsetof(struct sandbox_spec, image)},
    {"--kernel", offsetof(struct sandbox_spec, kernel)},
    {"--accel", offsetof(struct sandbox_spec, accel)},
    {"--user", offsetof(struct sandbox_spec, user)},
    {"--cpuset-cpus", offsetof(struct sandbox_spec, cpuset)},
    {0},
};

const struct spec_part spec_lists[] = {
    {NULL, offsetof(struct sandbox_spec, argv)},
    {"--env", offsetof(struct sandbox_spec, env)},
    {"--volume", offsetof(struct sandbox_spec, volumes)},
    {"--disk", offsetof(struct sandbox_spec, disks)},
    {"--tmpfs", offsetof(struct sandbox_spec, tmpfs)},
    {"--ulimit", offsetof(struct sandbox_spec, ulimits)},
    {NULL, offsetof(struct sandbox_spec, io_limits)},
    {"--cap-add", offsetof(struct sandbox_spec, cap_add)},
    {"--cap-drop", offsetof(struct sandbox_spec, cap_drop)},
    {0},
};

char **spec_text_of(struct sandbox_spec *spec, const struct spec_part *part)
{
	return (char **)((char *)spec + part->offset);
}

char ***spec_list_of(struct sandbox_spec *spec, const struct spec_part *part)
{
	return (char ***)((char *)spec + part->offset);
}

static void free_words(char **words)
{
	for (char **word = words; word && *word; word++)
		free(*word);
	free(words);
}

void spec_finish(struct sandbox_spec *spec)
{
	int saved = errno;

	for (const struct spec_part *part = spec_texts; part->offset; part++)
		free(*spec_text_of(spec, part));
	for (const struct spec_part *part = spec_lists; part->offset; part++)
		free_words(*spec_list_of(spec, part));
	*spec = (struct sandbox_spec){0};
	errno = saved;
}

static size_t count_words(char *const *words)
{
	size_t count = 0;

	while (words && words[count])
		count++;
	return count;
}

int spec_add_word(char ***list, const char *word, struct err *e)
{
	size_t count = count_words(*list);
	char **grown;

	if (count >= SPEC_WORDS_MAX)
		return err_set(e, E2BIG, "more than %d words", SPEC_WORDS_MAX);
	grown = realloc(*list, (count + 2) * sizeof(*grown));
	if (!grown)
		return err_sys(e, ENOMEM, "word '%.32s'", word);
	*list = grown;
	grown[count + 1] = NULL;
	grown[count] = strdup(word);
	return grown[count] ? 0 : err_sys(e, ENOMEM, "word '%.32s'", word);
}

/* A list that is there, if only to say that it is empty. */
static int make_list(char ***list, size_t count, struct err *e)
{
	if (*list)
		return 0;
	*list = calloc(count + 1, sizeof(**list));
	return *list ? 0 : err_sys(e, ENOMEM, "list of %zu words", count);
}

static int set_words(char ***list, size_t count, char *const words[], struct err *e)
{
	int r;

	if (count > SPEC_WORDS_MAX)
		return err_hint(e,
				err_set(e, E2BIG, "command of more than %d words", SPEC_WORDS_MAX),
				"hand them over on its input: isolab run -i …");
	free_words(*list);
	*list = NULL;
	r = make_list(list, count, e);
	for (size_t i = 0; r == 0 && i < count; i++) {
		(*list)[i] = strdup(words[i]);
		if (!(*list)[i])
			r = err_sys(e, ENOMEM, "command");
	}
	return r;
}

int spec_copy(struct sandbox_spec *destination, const struct sandbox_spec *source, struct err *e)
{
	struct sandbox_spec copy = *source, *from = (struct sandbox_spec *)source;
	int r = 0;

	for (const struct spec_part *part = spec_texts; part->offset; part++)
		*spec_text_of(&copy, part) = NULL;
	for (const struct spec_part *part = spec_lists; part->offset; part++)
		*spec_list_of(&copy, part) = NULL;
	for (const struct spec_part *part = spec_texts; r == 0 && part->offset; part++)
		if (*spec_text_of(from, part))
			r = spec_set_text(spec_text_of(&copy, part), *spec_text_of(from, part), e);
	for (const struct spec_part *part = spec_lists; r == 0 && part->offset; part++)
		r = set_words(spec_list_of(&copy, part), count_words(*spec_list_of(from, part)),
			      *spec_list_of(from, part), e);
	if (r < 0) {
		spec_finish(&copy);
		return err_ctx(e, r, "copy of '%s'", source->name);
	}
	spec_finish(destination);
	*destination = copy;
	return 0;
}

/* Is `kind` one of the words of `kinds`? */
static bool is_for_kind(const char *kinds, const char *kind)
{
	size_t length = strlen(kind);

	while (kinds && *kinds) {
		size_t word = strcspn(kinds, " ");

		if (word == length && memcmp(kinds, kind, length) == 0)
			return true;
		kinds += word + strspn(kinds + word, " ");
	}
	return !kinds;
}

static int refuse_unknown(const char *word, struct err *e)
{
	const char *names[64], *nearest;
	size_t count = 0;
	int r = err_set(e, EINVAL, "unknown option '%s'", word);

	for (const struct spec_option *o = spec_options; o->name && count < 64; o++)
		names[count++] = o->name;
	nearest = str_nearest(word, names, count);
	if (nearest)
		return err_hint(e, r, "did you mean '%s'?", nearest);
	return err_hint(e, r,
			"'isolab help run' lists the options; a command that starts with '-' "
			"stands behind '--'");
}

static int apply_option(struct sandbox_spec *spec, const struct spec_option *option,
			const char *argument, struct err *e)
{
	int r;

	if (!option->set) {
		r = err_set(e, ENOTSUP, "option '%s' is not in this version", option->name);
		return err_hint(e, r, "'isolab help run' lists the options it has");
	}
	if (option->later && is_for_kind(option->later, spec->kind)) {
		r = err_set(e, ENOTSUP, "option '%s' is not in this version for a %s", option->name,
			    spec->kind);
		return err_hint(e, r, "it is for: %s", option->kinds);
	}
	if (!is_for_kind(option->kinds, spec->kind)) {
		r = err_set(e, EINVAL, "option '%s' means nothing for a %s", option->name,
			    spec->kind);
		return err_hint(e, r, "it is for: %s", option->kinds);
	}
	return option->set(spec, argument, e);
}

/* The words that are being parsed, and how far we are. */
struct words {
	char *const *word;
	int count, next;
};

static int take_argument(struct words *words, const struct spec_option *option, const char *given,
			 const char **ret_argument, struct err *e)
{
	if (given) {
		*ret_argument = given;
		return 0;
	}
	if (words->next < words->count) {
		*ret_argument = words->word[words->next++];
		return 0;
	}
	return err_hint(e, err_set(e, EINVAL, "option '%s' needs a value", option->name),
			"%s %s: %s", option->name, option->argument, option->about);
}

/* --name VALUE, --name=VALUE, --flag */
static int parse_long(struct sandbox_spec *spec, struct words *words, const char *word,
		      struct err *e)
{
	size_t length = strcspn(word, "=");
	const char *given = word[length] ? word + length + 1 : NULL, *argument = NULL;
	const struct spec_option *o = spec_options;
	int r = 0;

	while (o->name && (strlen(o->name) != length || memcmp(o->name, word, length) != 0))
		o++;
	if (!o->name)
		return refuse_unknown(word, e);
	if (o->argument && o->set)
		r = take_argument(words, o, given, &argument, e);
	else if (given && !o->argument)
		r = err_hint(e, err_set(e, EINVAL, "option '%s' takes no value", o->name),
			     "write it without the '=' and what follows");
	return r < 0 ? r : apply_option(spec, o, argument, e);
}

/* -it, -e K=V, -eK=V */
static int parse_letters(struct sandbox_spec *spec, struct words *words, const char *word,
			 struct err *e)
{
	for (const char *letter = word + 1; *letter; letter++) {
		const struct spec_option *o = spec_options;
		const char *argument = NULL;
		int r = 0;

		while (o->name && o->letter != *letter)
			o++;
		if (!o->name)
			return refuse_unknown(word, e);
		if (o->argument && o->set)
			r = take_argument(words, o, letter[1] ? letter + 1 : NULL, &argument, e);
		if (r == 0)
			r = apply_option(spec, o, argument, e);
		if (r < 0 || o->argument)
			return r;
	}
	return 0;
}

int spec_parse_options(struct sandbox_spec *spec, int count, char *const given[], struct err *e)
{
	struct words words = {.word = given, .count = count};
	int r = make_list(&spec->env, 0, e);

	while (r == 0 && words.next < words.count) {
		const char *word = words.word[words.next];

		if (word[0] != '-' || word[1] == '\0')
			break;
		words.next++;
		if (strcmp(word, "--") == 0)
			break;
		if (word[1] == '-')
			r = parse_long(spec, &words, word, e);
		else
			r = parse_letters(spec, &words, word, e);
	}
	if (r == 0 && words.next < words.count)
		r = set_words(&spec->argv, (size_t)(count - words.next), given + words.next, e);
	return r < 0 ? r : make_list(&spec->argv, 0, e);
}

int spec_count_options(int count, char *const words[])
{
	int next = 0;

	while (next < count && words[next][0] == '-' && words[next][1] &&
	       strcmp(words[next], "--")) {
		const char *word = words[next++];
		const struct spec_option *o = spec_options;
		bool is_long = word[1] == '-';

		/* Of joined letters (-it, -eK=V) only the first may take the next word. */
		while (o->name &&
		       (is_long ? strcmp(o->name, word) != 0 : o->letter != word[1] || word[2]))
			o++;
		if (o->argument && next < count)
			next++;
	}
	return next;
}

int spec_validate(const struct sandbox_spec *spec, struct err *e)
{
	int r;

	if (spec->name[0] && !str_is_name(spec->name))
		return err_set(e, EINVAL, "'%s' cannot be a name", spec->name);
	if (spec->argv && spec->argv[0] && !spec->argv[0][0]) {
		r = err_set(e, EINVAL, "the command is an empty word");
		return err_hint(e, r, "a command stands behind '--', for example: -- sh -c 'id'");
	}
	r = spec_validate_kind(spec, e);
	if (r == 0)
		r = spec_validate_vm(spec, e);
	if (r == 0)
		r = spec_validate_bricks(spec, e);
	return r < 0 ? r : spec_validate_limits(spec, e);
}

void spec_choose_name(struct sandbox_spec *spec)
{
	uint64_t mix = clock_now_ns() ^ self_random();

	if (spec->name[0])
		return;
	mix *= 0x9e3779b97f4a7c15u;
	snprintf(spec->name, sizeof(spec->name), "%s-%04x", spec->kind, (unsigned)(mix >> 48));
}
