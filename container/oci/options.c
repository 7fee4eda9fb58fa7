// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Reading options from a table, so that every command words its errors alike: --name VALUE,
 * --name=VALUE, -x VALUE. The first word that is no option ends them, since what follows it may be
 * another program's command line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "fd.h"
#include "str.h"

static const struct oci_option *find(const struct oci_option *options, size_t count,
				     const char *word, size_t length)
{
	for (size_t i = 0; i < count; i++) {
		if (word[1] == '-' && strncmp(options[i].name, word + 2, length - 2) == 0 &&
		    strlen(options[i].name) == length - 2)
			return &options[i];
		if (word[1] != '-' && length == 2 && options[i].letter == word[1])
			return &options[i];
	}
	return NULL;
}

static int grow(struct oci_strings *texts, const char *value)
{
	char **items = realloc(texts->items, (texts->count + 2) * sizeof(*items));

	if (!items)
		return -ENOMEM;
	items[texts->count++] = (char *)value;
	items[texts->count] = NULL;
	texts->items = items;
	return 0;
}

static int apply(const struct oci_option *option, const char *value, struct err *e)
{
	if (option->refused)
		return err_hint(e, err_set(e, ENOTSUP, "this runtime has no --%s", option->name),
				"%s", option->refused);
	if (option->flag)
		*option->flag = !value || strcmp(value, "false") != 0;
	if (option->text)
		*option->text = value;
	return option->texts && grow(option->texts, value) < 0
		   ? err_sys(e, ENOMEM, "remember --%s", option->name)
		   : 0;
}

int oci_options_read(const struct oci_call *call, const struct oci_option *options, size_t count,
		     int *ret_first, struct err *e)
{
	int i = 1;

	for (; i < call->argc && call->argv[i][0] == '-' && call->argv[i][1]; i++) {
		const char *word = call->argv[i];
		size_t length = strcspn(word, "=");
		if (strcmp(word, "--") == 0) {
			i++;
			break;
		}
		const struct oci_option *option = find(options, count, word, length);
		if (!option)
			return err_hint(e, err_set(e, EINVAL, "unknown option '%.100s'", word),
					"`isolab-oci --help` lists them");
		const char *value = word[length] ? word + length + 1 : NULL;
		if (option->has_value && !value && !(value = call->argv[++i]))
			return err_set(e, EINVAL, "--%s needs a value", option->name);
		int r = apply(option, value, e);
		if (r < 0)
			return r;
	}
	*ret_first = i;
	return 0;
}

int oci_options_id(const struct oci_call *call, int first, int more, const char **ret_id,
		   struct err *e)
{
	if (first >= call->argc)
		return err_hint(e, err_set(e, EINVAL, "%s: which container?", call->argv[0]),
				"isolab-oci %s … ID", call->argv[0]);
	if (call->argc > first + 1 + more)
		return err_set(e, EINVAL, "%s: '%.100s' is one word too many", call->argv[0],
			       call->argv[first + 1 + more]);
	*ret_id = call->argv[first];
	return 0;
}

int oci_options_open(const struct oci_call *call, const struct oci_option *options, size_t count,
		     const char **word, bool is_locked, struct oci_state *ret, struct err *e)
{
	auto_close int root = -1;
	const char *id = NULL;
	int first, r = oci_options_read(call, options, count, &first, e);

	oci_state_init(ret);
	if (r == 0)
		r = oci_options_id(call, first, word ? 1 : 0, &id, e);
	if (r == 0 && word && first + 1 < call->argc)
		*word = call->argv[first + 1];
	if (r == 0)
		r = oci_state_open_root(call->root, false, &root, e);
	return r < 0 ? r : oci_state_open(root, id, is_locked, ret, e);
}

int oci_parse_count(const char *option, const char *text, unsigned max, unsigned *ret,
		    struct err *e)
{
	uint64_t number;

	if (!text)
		return 0;
	if (str_parse_number(text, 0, max, &number) < 0)
		return err_set(e, EINVAL, "--%s: '%.40s' is no number from 0 to %u", option, text,
			       max);
	*ret = (unsigned)number;
	return 0;
}
