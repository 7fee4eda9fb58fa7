// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The hooks of a build for tests (meson -Dhooks=true). What surprises: process 1 of a pid namespace
 * cannot kill itself, not even by SIGKILL, since the kernel drops what init gets from inside. A
 * fault of the processor does end it.
 */
#include "hooks.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

bool hook_is_out(const char *defence)
{
	const char *list = getenv("ISOLAB_TEST_WITHOUT");
	size_t length = strlen(defence);

	while (list && *list) {
		size_t word = strcspn(list, ",");
		if (word == length && memcmp(list, defence, length) == 0)
			return true;
		list += word + (list[word] == ',');
	}
	return false;
}

void hook_reached(const char *who, const char *step)
{
	const char *wanted = getenv("ISOLAB_TEST_KILL_AT");
	size_t length = strlen(who);

	if (!wanted || strncmp(wanted, who, length) != 0 || wanted[length] != ':' ||
	    strcmp(wanted + length + 1, step) != 0)
		return;
	kill(getpid(), SIGKILL);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* no core file */
	__builtin_trap();
}
