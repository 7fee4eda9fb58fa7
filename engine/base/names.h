/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_NAMES_H
#define ISOLAB_NAMES_H
/* names: what errors and signals are called. The same words in every program of ours, whatever C
 * library it is linked with and whatever the locale. */

/* "ENOENT"; NULL when there is no such number. */
const char *name_of_errno(int code);
/* "no such file or directory"; "unknown error" when there is no such number. */
const char *text_of_errno(int code);
/* "SIGTERM"; NULL for a number without a name (real-time signals). */
const char *name_of_signal(int signal_number);

#endif
