/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The environment of a program inside: what was asked for this program, then what was asked for the
 * sandbox (--env), then what every program finds. The first of a name wins, as getenv(3) reads it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm.h"
#include "wall.h"

static size_t count_words(char *const words[])
{
	size_t count = 0;
	while (words && words[count])
		count++;
	return count;
}

static bool has_name(char *const words[], size_t count, const char *word)
{
	size_t length = strcspn(word, "=");
	for (size_t i = 0; i < count; i++)
		if (strncmp(words[i], word, length) == 0 && words[i][length] == '=')
			return true;
	return false;
}

static size_t add_words(char **to, size_t count, char *const words[])
{
	for (size_t i = 0; words && words[i]; i++)
		if (!has_name(to, count, words[i]))
			to[count++] = words[i];
	return count;
}

char **environment_make(struct vm *vm, char *const more[], struct err *e)
{
	static char bin[] = "PATH=/bin", top[] = "HOME=/";
	/* as in a container */
	static char path[] = "PATH=/bin:/usr/bin:/sbin:/usr/sbin", home[] = "HOME=/root",
		    terminal[] = "TERM=xterm-256color";
	const struct sandbox_spec *spec = worker_spec(vm->worker);
	bool is_tiny = vm->machine == &tiny_machine;

	snprintf(vm->hostname, sizeof(vm->hostname), "HOSTNAME=%s",
		 spec->hostname ? spec->hostname : spec->name);
	char *const always[] = {is_tiny ? bin : path, is_tiny ? top : home, vm->hostname,
				spec->tty && !is_tiny ? terminal : NULL, NULL};
	size_t most = count_words(more) + count_words(spec->env) +
		      sizeof(always) / sizeof(always[0]);
	char **words = calloc(most, sizeof(*words));
	if (!words) {
		err_sys(e, ENOMEM, "make the environment");
		return NULL;
	}
	size_t count = add_words(words, 0, more);
	count = add_words(words, count, spec->env);
	add_words(words, count, always);
	return words;
}
