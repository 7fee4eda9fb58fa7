/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TEST_SESSION_H
#define ISOLAB_TEST_SESSION_H
/*
 * session: a program on a pseudo-terminal, and what a person would see there, read by libvterm.
 * Nothing here sleeps: everything waits for output, until a deadline.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

struct session; /* opaque */

/* Starts argv[0] on a terminal of that size; the environment is the caller's. NULL with errno. */
struct session *session_start(char *const argv[], int rows, int columns);
/* Kills what still runs, and frees. */
void session_destroy(struct session *session);

bool session_write(struct session *session, const char *bytes, size_t length);
void session_resize(struct session *session, int rows, int columns);
pid_t session_pid(const struct session *session);

/* Reads output that comes within timeout_ms. False at the end of the output or when nothing
 * came. */
bool session_pump(struct session *session, int timeout_ms);
/* How many bytes came so far. */
uint64_t session_bytes(const struct session *session);
/* The screen as UTF-8 text, a line per row, trailing blanks dropped. The caller frees it. */
char *session_text(const struct session *session);

/* The terminal as it was given back: first page, cursor visible, settings as at the start. Fills
 * `why` if not. */
bool session_is_restored(const struct session *session, const char **ret_why);
/* Waits for the end; *ret_status as waitpid(2) has it. False: still running after timeout_ms. */
bool session_wait(struct session *session, int timeout_ms, int *ret_status);

#endif
