/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parts of a worker program that make no sandbox: `--check`, one JSON line per thing that its
 * walls need, and the help. They print, for they are a program's answer.
 */
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "worker_private.h"

const struct wall *worker_find_wall(const struct wall *const walls[], const char *kind)
{
	for (; *walls; walls++)
		if (strcmp((*walls)->kind, kind) == 0)
			return *walls;
	return NULL;
}

static void add_field(struct strbuf *line, const char *key, const char *text)
{
	str_add(line, line->length ? "," : "{");
	str_add_json(line, key);
	str_add(line, ":");
	str_add_json(line, text ? text : "");
}

static void say_check(void *arg, const struct worker_check *check)
{
	auto_strbuf line = {0};

	(void)arg;
	add_field(&line, "name", check->name);
	add_field(&line, "status", check->status);
	add_field(&line, "found", check->found);
	add_field(&line, "cause", check->cause);
	add_field(&line, "fix", check->fix);
	add_field(&line, "degrades", check->degrades);
	str_add(&line, "}\n");
	if (!line.failed)
		fd_write_all(STDOUT_FILENO, line.data, line.length);
}

int worker_check(const struct wall *const walls[])
{
	for (; *walls; walls++)
		if ((*walls)->check)
			(*walls)->check(say_check, NULL);
	return 0;
}

static void add_option(struct strbuf *text, const struct spec_option *option)
{
	size_t start = text->length;

	if (option->letter)
		str_addf(text, "  -%c, %s", option->letter, option->name);
	else
		str_addf(text, "      %s", option->name);
	if (option->argument)
		str_addf(text, " %s", option->argument);
	do
		str_add(text, " ");
	while (!text->failed && text->length - start < 28);
	str_add(text, option->about);
	if (option->kinds)
		str_addf(text, " (%s)", option->kinds);
	str_add(text, "\n");
}

int worker_help(bool is_asked_for)
{
	auto_strbuf text = {0};

	str_add(&text,
		"isolab run KIND [OPTIONS] [-- CMD…]: make, start, attach, wait, remove\n\n");
	for (const struct spec_option *o = spec_options; o->name; o++)
		if (o->set)
			add_option(&text, o);
	if (text.failed)
		return WORKER_STATUS_FAILED;
	fd_write_all(is_asked_for ? STDOUT_FILENO : STDERR_FILENO, text.data, text.length);
	return is_asked_for ? 0 : WORKER_STATUS_USAGE;
}
