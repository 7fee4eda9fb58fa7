// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Making system calls and writing them down. A full log loses what comes last and counts it: the
 * wall is built all the same. Texts are copied, cut at TEXT_PIECE_MAX bytes: they may lie on a
 * stack that is gone when they are read, in another process even. How a call looks as text, and
 * which of its words are texts, says call_forms[] in calls_text.c.
 */
#include "calls.h"

#include <errno.h>
#include <linux/openat2.h>
#include <string.h>

#include "calls_text.h"
#include "clock.h"
#include "fd.h"

enum { TEXT_PIECE_MAX = 200 };

void call_because(struct calls *calls, const char *why)
{
	if (calls)
		calls->why = why;
}

/* Keeps a copy; WORD_NONE for NULL, WORD_LOST where there is no room. */
static long keep_text(struct calls *calls, const char *text)
{
	size_t at = calls->text_length;

	if (!text)
		return WORD_NONE;
	size_t length = strnlen(text, TEXT_PIECE_MAX);
	if (length + 1 > CALLS_TEXT_MAX - at)
		return WORD_LOST;
	memcpy(calls->text + at, text, length);
	calls->text[at + length] = '\0';
	calls->text_length = (uint32_t)(at + length + 1);
	return (long)at;
}

static void write_down(struct calls *calls, enum call_form form, uint64_t start_ns, long result,
		       const long words[CALL_WORDS])
{
	uint64_t duration_ns = clock_now_ns() - start_ns;

	if (calls->count == CALLS_MAX) {
		calls->lost++;
		return;
	}
	struct call *call = &calls->call[calls->count++];
	call->start_ns = start_ns + calls->shift_ns;
	call->duration_ns = duration_ns < UINT32_MAX ? (uint32_t)duration_ns : UINT32_MAX;
	call->why = calls->why;
	call->form = (uint8_t)form;
	call->step = (uint8_t)calls->step;
	call->result = (int32_t)result;
	for (int i = 0; i < CALL_WORDS; i++)
		call->words[i] = call_forms[form].kinds[i] == WORD_TEXT
				     ? keep_text(calls, (const char *)words[i])
				     : words[i];
	calls->why = NULL;
}

long call_make(struct calls *calls, enum call_form form, const long words[CALL_WORDS])
{
	uint64_t start_ns = calls ? clock_now_ns() : 0;
	long result = syscall(call_forms[form].number, words[0], words[1], words[2], words[3],
			      words[4], words[5]);

	if (calls)
		call_note(calls, form, start_ns, result < 0 ? -errno : result, words);
	return result;
}

void call_note(struct calls *calls, enum call_form form, uint64_t start_ns, long result,
	       const long words[CALL_WORDS])
{
	int saved = errno;

	if (calls)
		write_down(calls, form, start_ns, result, words);
	errno = saved;
}

int call_mount_setattr_all(struct calls *calls, int dirfd, const char *path, unsigned flags,
			   const struct mount_attr *attributes)
{
	uint64_t start_ns = clock_now_ns();
	long result = syscall(SYS_mount_setattr, dirfd, path, flags, attributes,
			      sizeof(*attributes));

	call_note(calls, CALL_MOUNT_SETATTR, start_ns, result < 0 ? -errno : result,
		  CALL_WORDS_OF(dirfd, (long)path, flags, (long)attributes->attr_set,
				(long)attributes->attr_clr));
	return (int)result;
}

int call_mount_setattr(struct calls *calls, int dirfd, const char *path, unsigned flags,
		       uint64_t set, uint64_t clear)
{
	const struct mount_attr attributes = {.attr_set = set, .attr_clr = clear};

	return call_mount_setattr_all(calls, dirfd, path, flags, &attributes);
}

int call_openat2(struct calls *calls, int dirfd, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = {.flags = flags, .resolve = resolve};
	uint64_t start_ns = clock_now_ns();
	long result = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

	call_note(calls, CALL_OPENAT2, start_ns, result < 0 ? -errno : result,
		  CALL_WORDS_OF(dirfd, (long)path, (long)flags, (long)resolve));
	return (int)result;
}

int call_write_file(struct calls *calls, int dirfd, const char *path, const char *text)
{
	uint64_t start_ns = clock_now_ns();
	int r = fd_write_file(dirfd, path, text);

	call_note(calls, CALL_WRITE_FILE, start_ns, r < 0 ? r : (long)strlen(text),
		  CALL_WORDS_OF(dirfd, (long)path, (long)text));
	return r;
}

pid_t call_clone3(struct calls *calls, struct clone_args *arguments)
{
	uint64_t start_ns = clock_now_ns();
	pid_t pid = kernel_clone3(arguments);

	if (pid != 0)
		call_note(calls, CALL_CLONE3, start_ns, pid < 0 ? -errno : pid,
			  CALL_WORDS_OF((long)arguments->flags, (long)arguments->exit_signal));
	return pid;
}

void call_note_exec(struct calls *calls, uint64_t end_ns)
{
	struct call *last = calls->count ? &calls->call[calls->count - 1] : NULL;

	if (last && last->form == CALL_EXECVE && end_ns > last->start_ns)
		last->duration_ns = (uint32_t)(end_ns - last->start_ns);
}
