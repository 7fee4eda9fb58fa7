/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file `spec`: the canonical command line, each word ended by NUL, the kind in front. What is
 * written here is read back by spec_parse_options(), so every option has one line below or is a
 * text or a list of the tables in spec.c. One word is allowed in the file alone: "--leased", which
 * is not for people to type.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec.h"
#include "spec_private.h"

static void add_word(struct strbuf *words, const char *word)
{
	str_add_bytes(words, word, strlen(word) + 1);
}

static void add_text(struct strbuf *words, const char *option, const char *value)
{
	if (!value || !value[0])
		return;
	add_word(words, option);
	add_word(words, value);
}

static void add_number(struct strbuf *words, const char *option, uint64_t number)
{
	if (number == 0)
		return;
	add_word(words, option);
	str_add_number(words, number);
	str_add_bytes(words, "", 1);
}

static void add_flag(struct strbuf *words, const char *option, bool is_set)
{
	if (is_set)
		add_word(words, option);
}

static void add_bricks(struct strbuf *words, unsigned removed)
{
	static const struct {
		const char *option;
		unsigned brick;
	} flags[] = {
	    {"--no-seccomp", SPEC_SECCOMP},  {"--no-pivot", SPEC_PIVOT},
	    {"--no-proc", SPEC_PROC},        {"--no-caps", SPEC_CAPABILITIES},
	    {"--no-nnp", SPEC_NO_NEW_PRIVS}, {"--no-cgroup", SPEC_CGROUP},
	    {"--no-masks", SPEC_MASKS},      {"--no-landlock", SPEC_LANDLOCK},
	};

	for (const struct spec_namespace *ns = spec_namespaces; ns->name; ns++) {
		if (!(removed & ns->brick))
			continue;
		add_text(words, "--no-ns", ns->name);
		removed &= ~(unsigned)ns->brick;
	}
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		add_flag(words, flags[i].option, removed & flags[i].brick);
}

/* The first word of an I/O limit is its key. */
static void add_io_limits(struct strbuf *words, char *const *limits)
{
	static const char *const options[][2] = {{"rbps ", "--device-read-bps"},
						 {"wbps ", "--device-write-bps"},
						 {"riops ", "--device-read-iops"},
						 {"wiops ", "--device-write-iops"}};

	for (; limits && *limits; limits++)
		for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
			if (strncmp(*limits, options[i][0], strlen(options[i][0])) == 0)
				add_text(words, options[i][1], *limits + strlen(options[i][0]));
}

static void add_swap(struct strbuf *words, uint64_t bytes)
{
	if (bytes == SPEC_SWAP_UNLIMITED)
		add_text(words, "--memory-swap", "-1");
	else
		add_number(words, "--memory-swap", bytes);
}

static void add_cpus(struct strbuf *words, uint64_t millis)
{
	char number[32];

	snprintf(number, sizeof(number), "%llu.%03u", (unsigned long long)(millis / 1000),
		 (unsigned)(millis % 1000));
	add_text(words, "--cpus", millis ? number : NULL);
}

void spec_encode(const struct sandbox_spec *spec, struct strbuf *words)
{
	static const char *const networks[] = {NULL, "none", "host", "lab"};
	struct sandbox_spec *from = (struct sandbox_spec *)spec;

	add_word(words, spec->kind);
	add_flag(words, "--leased", spec->leased);
	add_text(words, "--name", spec->name);
	add_number(words, "--memory", spec->memory_bytes);
	add_number(words, "--pids", spec->pids_max);
	add_number(words, "--vcpus", spec->vcpus);
	add_swap(words, spec->memory_swap_bytes);
	add_cpus(words, spec->cpu_millis);
	add_io_limits(words, spec->io_limits);
	for (const struct spec_part *part = spec_texts; part->offset; part++)
		add_text(words, part->option, *spec_text_of(from, part));
	for (const struct spec_part *part = spec_lists; part->offset; part++)
		for (char **word = *spec_list_of(from, part); part->option && word && *word; word++)
			add_text(words, part->option, *word);
	add_flag(words, "--overlay", spec->overlay);
	add_flag(words, "--init", spec->init);
	add_flag(words, "--vsock", spec->vsock);
	add_flag(words, "--detach", spec->detach);
	add_flag(words, "--rm", spec->remove);
	add_flag(words, "--interactive", spec->interactive);
	add_flag(words, "--tty", spec->tty);
	add_text(words, "--network", networks[spec->network]);
	add_bricks(words, spec->removed_bricks);
	add_flag(words, "--", spec->argv && spec->argv[0]);
	for (char **word = spec->argv; word && *word; word++)
		add_word(words, *word);
}

/* Cuts the file's bytes into words; the list is the caller's. Every word ends with NUL, the last
 * one too. */
static int split_words(const char *data, size_t length, char ***ret_words, size_t *ret_count,
		       struct err *e)
{
	size_t count = 0, next = 0;
	char **words;

	if (length == 0 || length > SPEC_FILE_MAX || data[length - 1] != '\0')
		return err_set(e, EBADMSG, "spec: %zu bytes that are no list of words", length);
	for (size_t at = 0; at < length; at += strlen(data + at) + 1)
		count++;
	if (count > SPEC_WORDS_MAX)
		return err_set(e, E2BIG, "spec: more than %d words", SPEC_WORDS_MAX);
	words = calloc(count, sizeof(*words));
	if (!words)
		return err_sys(e, ENOMEM, "spec");
	for (size_t at = 0; at < length; at += strlen(data + at) + 1)
		words[next++] = (char *)data + at;
	*ret_words = words;
	*ret_count = count;
	return 0;
}

int spec_decode(struct sandbox_spec *spec, const char *data, size_t length, struct err *e)
{
	auto_free char **words = NULL;
	struct sandbox_spec decoded = {0};
	size_t count = 0, first = 1;
	int r;

	r = split_words(data, length, &words, &count, e);
	if (r < 0)
		return r;
	if (!str_is_name(words[0]) || !str_copy(decoded.kind, sizeof(decoded.kind), words[0]))
		return err_set(e, EBADMSG, "spec: no kind");
	if (count > 1 && strcmp(words[1], "--leased") == 0) {
		decoded.leased = true;
		first = 2;
	}
	r = spec_parse_options(&decoded, (int)(count - first), words + first, e);
	if (r < 0) {
		spec_finish(&decoded);
		return err_ctx(e, r, "spec");
	}
	spec_finish(spec);
	*spec = decoded;
	return 0;
}
