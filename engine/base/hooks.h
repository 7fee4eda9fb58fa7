/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_HOOKS_H
#define ISOLAB_HOOKS_H
/*
 * hooks: what tests need and nobody else. A defence that works cannot be seen working: a test
 * takes it out and shows that the attack then succeeds. And what a `kill -9` in the middle of
 * building leaves behind can only be shown by dying there.
 *
 * Real only in a build with `meson -Dhooks=true` (hooks.c), and in tests/system/vm_to_kill, which
 * is never installed; every other program has hooks_none.c, where nothing is ever out and nothing
 * happens. The environment of the worker says:
 *
 *	ISOLAB_TEST_WITHOUT=NAME,NAME…	leave these defences out
 *	ISOLAB_TEST_KILL_AT=WHO:STEP	die as by kill -9 when WHO (worker, child, messenger,
 *					program) reaches STEP
 */
#include <stdbool.h>

/* True if a test has taken the defence out, e.g. "close-range". A defence with a toggle of its own
 * (--no-…) needs none. */
bool hook_is_out(const char *defence);

/* `who` is about to do `step`, or has done it where the step's name says so. */
void hook_reached(const char *who, const char *step);

#endif
