/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sanitised: part of isolab-vm only when it is built with AddressSanitizer. At the end of a
 * program its leak finder starts a thread that traces the others; the seccomp list of a walled-in
 * monitor forbids both, and rightly so. The unit tests look for leaks instead.
 */
int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void)
{
	return 1;
}
