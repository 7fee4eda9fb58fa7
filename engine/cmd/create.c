/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * create: make sandboxes of one kind, of both walls, or of all, and start them. Several are all
 * made before the first one starts, so that a name used twice leaves nothing half done, and are
 * started together, which their figures say.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"

enum { KINDS_MAX = 8 };

struct creation {
	const struct backend *backends[KINDS_MAX];
	size_t count;
	bool is_group;
	const char *name; /* NULL: from the options, or chosen */
	bool is_no_start;
	int option_count;
	char **options;
};

static int choose_kinds(struct creation *c, const struct backend *table, const char *kind,
			struct err *e)
{
	bool is_all = strcmp(kind, "all") == 0, is_both = strcmp(kind, "both") == 0;
	int r;

	for (const struct backend *b = table; b->kind && c->count < KINDS_MAX; b++)
		if (strcmp(b->kind, kind) == 0 || is_all ||
		    (is_both && strcmp(b->kind, "process") != 0 && backend_find(backends, b->kind)))
			c->backends[c->count++] = b;
	c->is_group = is_all || is_both;
	if (c->count)
		return 0;
	r = err_set(e, EINVAL, "create: no kind '%.40s'", kind);
	return err_hint(
	    e, r, "the kinds are process, container, vm; both = container and vm, all = all three");
}

/* Takes --no-start out of the options: it is ours, not the sandbox's. Stops where the command
 * begins. */
static void take_no_start(struct creation *c)
{
	int kept = 0, at = 0;

	for (;
	     at < c->option_count && c->options[at][0] == '-' && strcmp(c->options[at], "--") != 0;
	     at++) {
		if (strcmp(c->options[at], "--no-start") == 0) {
			c->is_no_start = true;
			continue;
		}
		c->options[kept++] = c->options[at];
		for (const struct spec_option *o = spec_options; o->name; o++)
			if (o->argument && strcmp(o->name, c->options[at]) == 0 &&
			    at + 1 < c->option_count) {
				c->options[kept++] = c->options[++at];
				break;
			}
	}
	for (; at < c->option_count; at++)
		c->options[kept++] = c->options[at];
	c->option_count = kept;
}

/* Fills the spec of one kind. */
static int fill_spec(const struct creation *c, const struct backend *backend,
		     struct sandbox_spec *spec, struct err *e)
{
	char name[SPEC_NAME_MAX];
	int r;

	str_copy(spec->kind, sizeof(spec->kind), backend->kind);
	spec->interactive = spec->tty = true; /* its console is a terminal */
	r = spec_parse_options(spec, c->option_count, c->options, e);
	if (r < 0)
		return r;
	if (c->name && !str_is_name(c->name)) {
		r = err_set(e, EINVAL, "'%.80s' cannot be a name", c->name);
		return err_hint(e, r, "letters, digits, '_', '-' and '.', a letter or digit first");
	}
	if (c->name)
		str_copy(spec->name, sizeof(spec->name), c->name);
	if (!c->is_group)
		return 0;
	if (!spec->name[0]) {
		r = err_set(e, EINVAL, "create: several sandboxes need a name");
		return err_hint(e, r, "for example: create both demo");
	}
	str_copy(name, sizeof(name), spec->name);
	if (snprintf(spec->name, sizeof(spec->name), "%.*s-%s",
		     (int)(sizeof(name) - 1 - strlen(backend->kind) - 1), name,
		     backend->kind) < 0 ||
	    strlen(name) + strlen(backend->kind) + 2 > sizeof(spec->name)) {
		r = err_set(e, EINVAL, "name '%.80s' is too long", name);
		return err_hint(e, r, "at most 50 characters for a group");
	}
	return 0;
}

static int make_one(struct lab *lab, const struct creation *c, const struct backend *backend,
		    struct sandbox **ret, struct err *e)
{
	auto_spec spec = {0};
	int r = fill_spec(c, backend, &spec, e);

	return r < 0 ? r : lab_make(lab, &spec, ret, e);
}

/* All or none. */
static int make_all(struct lab *lab, const struct creation *c, struct sandbox *made[],
		    struct err *e)
{
	for (size_t i = 0; i < c->count; i++) {
		int r = make_one(lab, c, c->backends[i], &made[i], e);

		if (r < 0) {
			while (i-- > 0)
				sandbox_remove(made[i], true, NULL);
			return r;
		}
	}
	return 0;
}

static int start_all(struct command_context *context, struct sandbox *const made[], size_t count)
{
	int status = 0;

	for (size_t i = 0; i < count; i++) {
		struct err error = {0};

		if (count > 1)
			sandbox_mark_together(made[i]);
		if (sandbox_start(made[i], &error) < 0)
			status = cmd_fail(context, &error);
	}
	return status;
}

static void print_made(struct command_context *context, struct sandbox *const made[], size_t count,
		       const char *what)
{
	for (size_t i = 0; i < count; i++)
		if (sandbox_state(made[i]) != SANDBOX_FAILED) /* that was told as an error */
			out_printf(context->out, "%s: %s\n", sandbox_name(made[i]), what);
}

static int run_create(struct command_context *context, int argc, char **argv)
{
	struct creation c = {0};
	struct sandbox *made[KINDS_MAX];
	struct err error = {0};
	int r, status;

	if (argc < 2) {
		err_set(&error, EINVAL, "create: what, and with which name?");
		err_hint(&error, 0, "for example: isolab create both demo");
		return cmd_fail(context, &error);
	}
	if (argc > 2 && argv[2][0] != '-')
		c.name = argv[2];
	c.options = argv + (c.name ? 3 : 2);
	c.option_count = argc - (c.name ? 3 : 2);
	take_no_start(&c);
	r = choose_kinds(&c, context->backends, argv[1], &error);
	if (r == 0)
		r = make_all(context->lab, &c, made, &error);
	if (r < 0)
		return cmd_fail(context, &error);
	if (c.is_no_start) {
		print_made(context, made, c.count, "created, 'start' starts it");
		return 0;
	}
	status = start_all(context, made, c.count);
	if (!context->may_wait) {
		print_made(context, made, c.count, "starting");
		return status;
	}
	r = cmd_report_started(context, made, c.count);
	return r ? r : status;
}

static const struct command_option options[] = {
    {.name = "--no-start", .about = "only make it; 'start' starts it"},
    {.name = NULL},
};

const struct command cmd_create = {
    .name = "create",
    .arguments = "KIND|both|all NAME [OPTIONS] [--no-start] [-- COMMAND…]",
    .about = "make and start a sandbox; both = container and vm, all = process, too",
    .details = "'create both demo' makes demo-container and demo-vm; 'stop demo' then means the "
	       "two of them.\n"
	       "At a prompt of isolab they end with it, unless --detach.",
    .flags = COMMAND_SPEC,
    .word = WORD_KIND_OR_GROUP,
    .options = options,
    .run = run_create,
};
