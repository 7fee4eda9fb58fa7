/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Only in sanitised builds: readline and ncurses keep what they allocated until the program ends
 * (readline has no way to give its terminal description back), which is no leak of ours. What is
 * allocated by our own code is still looked at.
 */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libreadline\nleak:libtinfo\nleak:libncursesw\n";
}
