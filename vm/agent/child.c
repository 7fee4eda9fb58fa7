/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The child of the agent that becomes a program: by the very functions by which a container's child
 * does, so that a user, a limit, a directory or a missing loader mean the same here and there, and
 * are told in the same words. To them this guest is a container without bricks: there is nothing
 * to wall in, the machine is the wall.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "command.h"
#include "container.h"
#include "fd.h"
#include "guest.h"
#include "rlimits.h"
#include "workdir.h"

/* Honest words of the container's steps: to the parent, through the pipe of the errors. */
void container_note(const struct container *c, const char *format, ...)
{
	struct birth_word word = {.is_note = true};
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(word.error.what, sizeof(word.error.what), format, arguments);
	va_end(arguments);
	fd_write_all(c->socket, &word, sizeof(word));
}

static int own_session(const struct birth *birth, struct err *e)
{
	sigset_t none;

	setsid();
	for (int i = 0; i < 3; i++)
		if (dup2(birth->fds[i], i) < 0)
			return err_sys(e, errno, "take the standard streams");
	if (birth->is_tty && ioctl(0, TIOCSCTTY, 0) < 0)
		return err_sys(e, errno, "make the terminal the controlling one");
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	return 0;
}

static int execute(struct container *c, const struct guest *guest, struct err *e)
{
	int r = rlimits_set(c, e);

	if (r < 0)
		return r;
	if (!(guest->words.start.flags & AGENT_START_PROGRAM))
		return command_exec(c->argv, c->env, false, e);
	syscall(SYS_execveat, guest->program_fd, "", c->argv, c->env, AT_EMPTY_PATH);
	return err_sys(e, errno, "execute the program that was sent");
}

void child_become(struct guest *guest, const struct birth *birth, bool is_main)
{
	struct agent_words *words = &guest->words;
	struct sandbox_spec spec = {.removed_bricks = ~0u,
				    .workdir = *words->workdir ? words->workdir : NULL,
				    .ulimits = words->ulimits};
	struct container c = {
	    .spec = &spec,
	    .is_child = true,
	    .has_terminal = birth->is_tty,
	    .socket = birth->told[1],
	    .user = *words->user ? words->user : NULL,
	    .keeps_home = words->start.flags & AGENT_START_KEEPS_HOME,
	    .argv = words->argv,
	    .env = words->env,
	};
	struct birth_word word = {0};
	int r = own_session(birth, &word.error);

	if (r == 0 && is_main && spec.workdir)
		r = workdir_make(&c, &word.error);
	if (r == 0 && c.user)
		r = child_switch_user(&c, &word.error);
	if (r == 0) {
		word.is_command = true;
		r = workdir_enter(&c, spec.workdir, &word.error);
	}
	if (r == 0)
		r = execute(&c, guest, &word.error);
	word.code = r;
	fd_write_all(birth->told[1], &word, sizeof(word));
	_exit(125);
}
