/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * config: see config.h. The file is small and read whole; an error names the file and the line. The
 * order of who wins: command line, environment, file, default. Options of the command line are
 * main.c's.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"
#include "input.h"
#include "str.h"

enum { CONFIG_FILE_MAX = 16 * 1024 };

static bool is_yes(const char *value)
{
	return strcmp(value, "yes") == 0 || strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
}

static int set_escape(struct config *config, const char *value, struct err *e)
{
	int byte = input_parse_control(value);

	/* Keys without which a terminal cannot be used: Return, line feed, Tab, Esc. */
	if (byte < 0 || byte == '\r' || byte == '\n' || byte == '\t' || byte == 033)
		return err_hint(e, err_set(e, EINVAL, "'%s' cannot be the escape key", value),
				"a control key, e.g. ^] or ^T");
	config->escape = byte;
	return 0;
}

static int set_key(struct config *config, const char *key, const char *value, struct err *e)
{
	if (strcmp(key, "escape") == 0)
		return set_escape(config, value, e);
	if (strcmp(key, "lang") == 0)
		str_copy(config->language, sizeof(config->language), value);
	else if (strcmp(key, "ascii") == 0)
		config->is_ascii = is_yes(value);
	else if (strcmp(key, "color") == 0)
		config->has_colour = is_yes(value);
	else
		return err_hint(e, err_set(e, EINVAL, "there is no setting '%s'", key),
				"escape, lang, ascii, color");
	return 0;
}

int config_parse_line(struct config *config, const char *line, struct err *e)
{
	char key[32], value[64], rest[2];
	int found;

	line += strspn(line, " \t\r");
	if (!*line || *line == '#')
		return 0;
	found = sscanf(line, "%31[a-z] = %63s %1s", key, value, rest);
	if (found != 2 && !(found == 3 && rest[0] == '#'))
		return err_set(e, EINVAL, "not of the form 'key = value'");
	return set_key(config, key, value, e);
}

static int parse_file(struct config *config, char *text, struct err *e)
{
	int number = 1;

	for (char *line = text, *end; line; line = end, number++) {
		int r;

		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		r = config_parse_line(config, line, e);
		if (r < 0)
			return err_ctx(e, r, "line %d", number);
	}
	return 0;
}

int config_load(struct config *ret_config, struct err *e)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	const char *escape = getenv("ISOLAB_ESCAPE"), *no_colour = getenv("NO_COLOR");
	char path[4096] = "", text[CONFIG_FILE_MAX];
	int r = 0;

	*ret_config = (struct config){.escape = CONFIG_ESCAPE_DEFAULT, .has_colour = true};
	if (base && *base == '/')
		snprintf(path, sizeof(path), "%s/isolab/config", base);
	else if (home && *home == '/')
		snprintf(path, sizeof(path), "%s/.config/isolab/config", home);
	if (path[0] && fd_read_file(AT_FDCWD, path, text, sizeof(text)) > 0)
		r = err_ctx(e, parse_file(ret_config, text, e), "read '%s'", path);
	if (r < 0)
		return r;
	if (no_colour && *no_colour)
		ret_config->has_colour = false;
	if (escape && *escape)
		return err_ctx(e, set_escape(ret_config, escape, e), "ISOLAB_ESCAPE");
	return 0;
}
