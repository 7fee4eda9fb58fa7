/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The limits of a sandbox: their options, what of them fits together, and how they are changed
 * while it runs (`update`). "max", the kernel's own word, takes a limit away. Whether this machine
 * can hold one, the wall finds out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "cpus.h"
#include "spec.h"
#include "spec_private.h"

enum {
	MEMORY_MIN_BYTES = 1 << 20,
	PIDS_MAX = 4194304, /* the kernel's own limit of pid_max */
	CPUS_LIMIT_MAX = 1024,
	CPUSET_MAX = 8192
};

bool spec_is_max(const char *argument)
{
	return strcmp(argument, "max") == 0;
}

int spec_set_memory(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	uint64_t bytes = 0;
	int r = spec_is_max(argument) ? 0 : str_parse_size(argument, &bytes);

	if (r < 0) {
		r = err_set(e, -r, "--memory '%s': %s", argument,
			    r == -ERANGE ? "too large a number" : "not a size");
		return err_hint(e, r, "a number with K, M or G, for example 64M");
	}
	if (bytes < MEMORY_MIN_BYTES && !spec_is_max(argument)) {
		r = err_set(e, EINVAL, "--memory %s: %s", argument,
			    bytes ? "no program fits in that" : "no memory at all runs nothing");
		return err_hint(e, r, "at least 1M; leave the option out for no limit");
	}
	spec->memory_bytes = bytes;
	return 0;
}

int spec_set_pids(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	if (spec_is_max(argument)) {
		spec->pids_max = 0;
	} else if (str_parse_number(argument, 1, PIDS_MAX, &spec->pids_max) < 0) {
		int r = err_set(e, EINVAL, "--pids '%s': not a number from 1 to %d", argument,
				PIDS_MAX);

		return err_hint(e, r, "for example --pids 100; leave the option out for no limit");
	}
	return 0;
}

int spec_parse_cpus(const char *text, uint64_t *ret_millis)
{
	const char *point = strchr(text, '.');
	uint64_t whole = 0, fraction = 0, scale = 100;
	char digits[16];

	size_t length = point ? (size_t)(point - text) : strlen(text);

	if (length >= sizeof(digits) || (point && !point[1]))
		return -EINVAL;
	memcpy(digits, text, length);
	digits[length] = '\0';
	int r = str_parse_number(digits, 0, CPUS_LIMIT_MAX, &whole);
	for (const char *digit = point ? point + 1 : ""; r == 0 && *digit; digit++, scale /= 10) {
		if (*digit < '0' || *digit > '9')
			return -EINVAL;
		fraction += (uint64_t)(*digit - '0') * scale;
	}
	*ret_millis = whole * 1000 + fraction;
	return r;
}

int spec_set_cpus(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	uint64_t millis = 0;

	if (spec_is_max(argument) || (spec_parse_cpus(argument, &millis) == 0 && millis >= 10)) {
		spec->cpu_millis = millis;
		return 0;
	}
	return err_hint(e,
			err_set(e, EINVAL, "--cpus '%.40s': not a number from 0.01 to %d", argument,
				CPUS_LIMIT_MAX),
			"for example --cpus 1.5; leave the option out for no limit");
}

int spec_set_cpuset(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	struct cpus set;

	if (spec_is_max(argument)) {
		free(spec->cpuset);
		spec->cpuset = NULL;
		return 0;
	}
	/* Only how it is written is checked: the wall knows which processors there are. */
	if (argument[0] && strlen(argument) < CPUSET_MAX && !strchr(argument, '\n') &&
	    cpus_parse(argument, &set) == 0)
		return spec_set_text(&spec->cpuset, argument, e);
	return err_hint(e,
			err_set(e, EINVAL, "--cpuset-cpus '%.40s': not a list of processors",
				argument),
			"numbers from 0, for example 0 or 0-1,3");
}

int spec_set_swap(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	if (strcmp(argument, "-1") == 0 || spec_is_max(argument)) {
		spec->memory_swap_bytes = SPEC_SWAP_UNLIMITED;
		return 0;
	}
	if (str_parse_size(argument, &spec->memory_swap_bytes) == 0 && spec->memory_swap_bytes)
		return 0;
	return err_hint(e, err_set(e, EINVAL, "--memory-swap '%.40s': not a size", argument),
			"memory and swap together: --memory 64M --memory-swap 64M allows no swap; "
			"-1: as much as there is");
}

/* Of two limits of one kind on one device the last counts. `word` without its number is what they
 * share. */
static void drop_io_limit(char **limits, const char *word)
{
	size_t same = (size_t)(strrchr(word, ':') - word) + 1, kept = 0;

	for (size_t i = 0; limits && limits[i]; i++) {
		if (strncmp(limits[i], word, same) == 0 && !strchr(limits[i] + same, ':'))
			free(limits[i]);
		else
			limits[kept++] = limits[i];
	}
	if (limits)
		limits[kept] = NULL;
}

static int add_io_limit(struct sandbox_spec *spec, const char *key, const char *argument,
			struct err *e)
{
	const char *colon = strrchr(argument, ':');
	uint64_t number = 0;
	char word[SPEC_PATH_MAX];

	bool is_max = colon && spec_is_max(colon + 1);

	if (!colon || argument[0] != '/' ||
	    (!is_max && (str_parse_size(colon + 1, &number) < 0 || !number)) ||
	    (size_t)snprintf(word, sizeof(word), "%s %.*s:%llu", key, (int)(colon - argument),
			     argument, (unsigned long long)number) >= sizeof(word))
		return err_hint(e, err_set(e, EINVAL, "'%.80s': not DEVICE:NUMBER", argument),
				"a block device and how much a second, for example "
				"--device-write-bps /dev/vda:1M");
	drop_io_limit(spec->io_limits, word);
	return is_max ? 0 : spec_add_word(&spec->io_limits, word, e);
}

int spec_set_read_bps(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	return add_io_limit(spec, "rbps", argument, e);
}

int spec_set_write_bps(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	return add_io_limit(spec, "wbps", argument, e);
}

int spec_set_read_iops(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	return add_io_limit(spec, "riops", argument, e);
}

int spec_set_write_iops(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	return add_io_limit(spec, "wiops", argument, e);
}

/* ---- together ---- */

static int validate_memory(const struct sandbox_spec *spec, struct err *e)
{
	struct sysinfo host;
	uint64_t has;
	char wanted[32], there[32];

	if (spec->memory_bytes == 0 || sysinfo(&host) < 0)
		return 0;
	has = (uint64_t)host.totalram * host.mem_unit;
	if (spec->memory_bytes <= has)
		return 0;
	str_format_bytes(wanted, sizeof(wanted), spec->memory_bytes);
	str_format_bytes(there, sizeof(there), has);
	return err_hint(e,
			err_set(e, EINVAL, "--memory %s: this machine has only %s", wanted, there),
			"a smaller size, for example 64M, or no --memory for no limit");
}

/* A limit is a number in an account. */
static int validate_account(const struct sandbox_spec *spec, struct err *e)
{
	const char *option = NULL;

	if (!(spec->removed_bricks & SPEC_CGROUP))
		return 0;
	option = spec->memory_bytes || spec->memory_swap_bytes ? "--memory"
		 : spec->cpu_millis                            ? "--cpus"
		 : spec->cpuset                                ? "--cpuset-cpus"
		 : spec->pids_max                              ? "--pids"
		 : spec->io_limits && spec->io_limits[0]       ? "limits on devices"
							       : NULL;
	if (!option)
		return 0;
	return err_hint(e,
			err_set(e, EINVAL,
				"--no-cgroup and %s: without an account there is "
				"nothing to limit",
				option),
			"leave one of them out");
}

static int validate_swap(const struct sandbox_spec *spec, struct err *e)
{
	uint64_t both = spec->memory_swap_bytes;

	if (both == 0 || both == SPEC_SWAP_UNLIMITED)
		return 0;
	if (!spec->memory_bytes)
		return err_hint(e,
				err_set(e, EINVAL, "--memory-swap limits nothing without --memory"),
				"for example --memory 64M --memory-swap 128M");
	if (both < spec->memory_bytes)
		return err_hint(e, err_set(e, EINVAL, "--memory-swap is less than --memory"),
				"it is memory and swap together: the same size allows no swap");
	return 0;
}

int spec_validate_limits(const struct sandbox_spec *spec, struct err *e)
{
	int r = validate_account(spec, e);

	if (r == 0)
		r = validate_swap(spec, e);
	return r < 0 ? r : validate_memory(spec, e);
}

/* ---- changing them ---- */

/* The option that `word` names ("--memory", "--memory=64M", "-m64M"), NULL: none. *ret_is_whole:
 * its value stands in the same word. */
static const struct spec_option *find_option(const char *word, bool *ret_is_whole)
{
	size_t length = strcspn(word, "=");
	const struct spec_option *o = spec_options;

	if (word[0] != '-')
		return NULL;
	if (word[1] != '-') {
		*ret_is_whole = word[1] && word[2];
		while (o->name && (!o->letter || o->letter != word[1]))
			o++;
	} else {
		*ret_is_whole = word[length];
		while (o->name && (strlen(o->name) != length || memcmp(o->name, word, length) != 0))
			o++;
	}
	return o->name ? o : NULL;
}

int spec_option_words(int count, char *const words[])
{
	bool is_whole = false;
	const struct spec_option *o = count > 0 ? find_option(words[0], &is_whole) : NULL;

	if (!o)
		return 0;
	return o->argument && !is_whole && count > 1 ? 2 : 1;
}

static int refuse_update(const char *word, bool is_option, struct err *e)
{
	int r = err_set(e, EINVAL,
			is_option ? "'%.80s' cannot be changed any more" : "'%.80s' is no limit",
			word);

	return err_hint(e, r,
			"limits can: --memory --memory-swap --cpus --cpuset-cpus --pids "
			"--device-read-bps …; the word max takes one away");
}

int spec_update_limits(struct sandbox_spec *spec, int count, char *const words[], struct err *e)
{
	auto_spec changed = {0};
	int r = spec_copy(&changed, spec, e);

	for (int i = 0; r == 0 && i < count;) {
		bool unused;
		const struct spec_option *o = find_option(words[i], &unused);
		int taken = spec_option_words(count - i, words + i);

		if (!o && words[i][0] == '-' && words[i][1] && strcmp(words[i], "--") != 0)
			return spec_parse_options(&changed, 1, words + i, e);
		if (!o || !o->is_limit)
			return refuse_update(words[i], o, e);
		r = spec_parse_options(&changed, taken, words + i, e);
		i += taken;
	}
	if (r == 0)
		r = spec_validate_limits(&changed, e);
	if (r == 0)
		spec_take_limits(spec, &changed);
	return r;
}

void spec_take_limits(struct sandbox_spec *spec, struct sandbox_spec *from)
{
	char *cpuset = spec->cpuset, **io_limits = spec->io_limits;

	spec->memory_bytes = from->memory_bytes;
	spec->memory_swap_bytes = from->memory_swap_bytes;
	spec->cpu_millis = from->cpu_millis;
	spec->pids_max = from->pids_max;
	spec->cpuset = from->cpuset;
	spec->io_limits = from->io_limits;
	from->cpuset = cpuset;
	from->io_limits = io_limits;
}
