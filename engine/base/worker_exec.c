/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Programs that are started inside a running sandbox over the control socket: what the wall needs
 * to know of each is kept from the request to worker_exec_exited().
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "worker_private.h"

struct worker_exec_slot {
	struct worker_exec exec; /* its pointers point into `words` and `body` */
	struct wire_exec words;
	char body[];
};

static void free_slot(struct worker_exec_slot *slot)
{
	if (!slot)
		return;
	for (int i = 0; i < 3; i++)
		fd_close(&slot->exec.fds[i]);
	fd_close(&slot->exec.program_fd);
	fd_close(&slot->exec.terminal_fd);
	free(slot);
}

/* A copy of the request, for the buffer it came in is used again; its descriptors move along. */
static int make_slot(struct wire_message *message, struct worker_exec_slot **ret_slot,
		     struct err *e)
{
	size_t length = message->header.length;
	bool has_program = message->header.flags & WIRE_EXEC_PROGRAM;
	struct worker_exec_slot *slot;
	int r;

	if (message->fd_count != (has_program ? 4 : 3))
		return err_set(e, EPROTO, "exec with %zu descriptors", message->fd_count);
	slot = calloc(1, sizeof(*slot) + length + 1);
	if (!slot)
		return err_sys(e, ENOMEM, "exec");
	r = wire_exec_decode(message, &slot->words, e);
	if (r < 0) {
		free(slot);
		return r;
	}
	memcpy(slot->body, message->body, length);
	slot->exec.workdir = slot->body + (slot->words.workdir - message->body);
	slot->exec.user = slot->body + (slot->words.user - message->body);
	for (char **word = slot->words.argv; *word; word++)
		*word = slot->body + (*word - message->body);
	for (char **word = slot->words.env; *word; word++)
		*word = slot->body + (*word - message->body);
	slot->exec.argv = slot->words.argv;
	slot->exec.env = slot->words.env;
	slot->exec.is_tty = message->header.flags & WIRE_EXEC_TTY;
	for (int i = 0; i < 3; i++)
		slot->exec.fds[i] = fd_move(&message->fds[i]);
	slot->exec.program_fd = has_program ? fd_move(&message->fds[3]) : -1;
	slot->exec.terminal_fd = -1;
	message->fd_count = 0;
	*ret_slot = slot;
	return 0;
}

static int check_state(const struct worker *w, struct err *e)
{
	int r;

	if (!w->wall->exec)
		return err_set(e, EOPNOTSUPP, "a %s cannot be told to run another program",
			       w->spec.kind);
	if (!w->is_ready)
		return err_set(e, EAGAIN, "sandbox '%s' is still starting", w->spec.name);
	if (!w->is_paused)
		return 0;
	r = err_set(e, EBUSY, "sandbox '%s' is paused", w->spec.name);
	return err_hint(e, r, "isolab unpause %s", w->spec.name);
}

/* Whoever asks for a user must never get another one. */
static int check_user(const struct worker *w, const struct worker_exec *x, struct err *e)
{
	if (!*x->user)
		return 0;
	if (w->wall->exec_takes_user)
		return spec_check_user(x->user, e);
	return err_hint(e,
			err_set(e, EOPNOTSUPP, "a %s has no other users to run a program as",
				w->spec.kind),
			"leave --user out");
}

static struct worker_exec_slot **find_slot(struct worker *w, unsigned id)
{
	for (size_t i = 0; i < WORKER_CLIENTS_MAX; i++)
		if (id ? w->execs[i] && w->execs[i]->exec.id == id : !w->execs[i])
			return &w->execs[i];
	return NULL;
}

int worker_exec_start(struct worker *w, struct wire_message *message, unsigned *ret_id,
		      int *ret_terminal, struct err *e)
{
	struct worker_exec_slot **place = find_slot(w, 0);
	int r = check_state(w, e);

	if (r == 0 && !place)
		r = err_set(e, EAGAIN, "%d programs run beside the first already",
			    WORKER_CLIENTS_MAX);
	if (r == 0)
		r = make_slot(message, place, e);
	if (r < 0)
		return r;
	(*place)->exec.id = ++w->last_exec_id;
	*ret_id = w->last_exec_id;
	r = check_user(w, &(*place)->exec, e);
	if (r == 0)
		r = w->wall->exec(w, &(*place)->exec, e);
	if (r < 0) {
		free_slot(*place);
		*place = NULL;
		return r;
	}
	*ret_terminal = fd_move(&(*place)->exec.terminal_fd);
	return 0;
}

int worker_exec_signal(struct worker *w, unsigned id, int signal_number, struct err *e)
{
	if (!find_slot(w, id))
		return err_set(e, ESRCH, "the program has ended");
	if (!w->wall->exec_signal)
		return err_set(e, EOPNOTSUPP, "a program in a %s cannot be sent signals",
			       w->spec.kind);
	return w->wall->exec_signal(w, id, signal_number, e);
}

void worker_exec_exited(struct worker *w, unsigned id, int wait_status)
{
	struct worker_exec_slot **place = id ? find_slot(w, id) : NULL;

	if (!place)
		return;
	free_slot(*place);
	*place = NULL;
	worker_control_exec_ended(w, id, worker_shell_status(wait_status));
}

/* The sandbox is over, and with it what still ran in it. */
void worker_exec_finish(struct worker *w)
{
	for (size_t i = 0; i < WORKER_CLIENTS_MAX; i++)
		if (w->execs[i])
			worker_exec_exited(w, w->execs[i]->exec.id, SIGKILL);
}
