// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The hooks of every build that is not for tests: there are none. Meson chooses this file instead
 * of hooks.c, so that no environment variable can ever take a defence out of a program that people
 * use. See hooks.h.
 */
#include "hooks.h"

bool hook_is_out(const char *defence)
{
	(void)defence;
	return false;
}

void hook_reached(const char *who, const char *step)
{
	(void)who;
	(void)step;
}
