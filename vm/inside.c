/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Between the worker and the link: requests of the worker become messages to the agent, words of
 * the agent become states of the sandbox. The main program is sent when the agent says HELLO, with
 * what the spec says of it; the sandbox is ready when it runs.
 */
#include "inside.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "clock.h"
#include "command.h"
#include "fd.h"

/* The link, and whose it is. */
struct inside {
	struct link link; /* first: vm->link points here */
	struct vm *vm;
	const struct inside_machine *machine;
};

static char *const default_command[] = {"isolab-work", NULL};

static struct link *link_of(const struct worker *worker)
{
	return ((const struct vm *)worker_state(worker))->link;
}

/* What to run: what was asked for, or what the machine has for those who ask for nothing. */
static char *const *command_of(const struct inside *inside)
{
	const struct sandbox_spec *spec = worker_spec(inside->vm->worker);
	const struct inside_machine *machine = inside->machine;

	if (spec->argv && spec->argv[0])
		return spec->argv;
	if (spec->tty && machine->terminal_command)
		return machine->terminal_command;
	return machine->command ? machine->command : default_command;
}

/* ---- what the agent's words mean ---- */

static size_t send_bytes(void *arg, const uint8_t *bytes, size_t length)
{
	struct inside *inside = arg;

	return inside->machine->send(inside->vm, bytes, length);
}

/* A user's own HOME does not take the place of one that was asked for. */
static unsigned keeps_home(char *const env[])
{
	return command_getenv(env, "HOME") ? AGENT_START_KEEPS_HOME : 0;
}

/* What the guest is to set up before its program runs. */
static void tell_set_up(struct vm *vm)
{
	if (worker_spec(vm->worker)->network == SPEC_NETWORK_LAB) {
		auto_strbuf body = {.limit = AGENT_BODY_MAX};
		vm_network_tell(vm->worker, &vm->network, &body);
		link_send(vm->link, AGENT_NETWORK, 0, 0, body.data, body.length);
	}
	for (unsigned i = 0; i < vm->volumes.count; i++) {
		auto_strbuf body = {.limit = AGENT_BODY_MAX};
		vm_volume_tell(&vm->volumes.list[i], &body);
		link_send(vm->link, AGENT_MOUNT, 0, 0, body.data, body.length);
	}
}

static void on_hello(void *arg)
{
	struct inside *inside = arg;
	struct vm *vm = inside->vm;
	const struct sandbox_spec *spec = worker_spec(vm->worker);
	auto_free char **environment = environment_make(vm, NULL, NULL);
	struct link_command command = {.flags = (spec->tty ? AGENT_START_TTY : 0) |
						(spec->interactive ? AGENT_START_INPUT : 0) |
						(spec->overlay ? AGENT_START_WRITABLE : 0) |
						keeps_home(spec->env),
				       .workdir = spec->workdir,
				       .hostname = spec->hostname ? spec->hostname : spec->name,
				       .user = spec->user,
				       .ulimits = spec->ulimits,
				       .tmpfs = spec->tmpfs,
				       .argv = command_of(inside),
				       .env = environment};
	struct err error = {0};

	inside->machine->on_up(vm);
	tell_set_up(vm);
	worker_window_size(vm->worker, &command.rows, &command.columns);
	int r = environment ? link_start(&inside->link, 0, &command, &error)
			    : err_sys(&error, ENOMEM, "make the environment");
	if (r < 0) {
		inside->link.is_over = true;
		vm_fail(vm, &error);
	}
}

static void on_running(void *arg)
{
	struct inside *inside = arg;
	struct vm *vm = inside->vm;
	uint64_t now = clock_now_ns();

	if (!inside->machine->has_init_of_its_own)
		vm_stamp(vm, "init", now,
			 "the agent, process 1 of the guest, makes the program's process");
	worker_step_at(vm->worker, "exec", now, now, "the program runs");
	vm->is_ready = true;
	worker_ready(vm->worker);
}

static void on_not_run(void *arg, struct err *error, bool is_command)
{
	struct vm *vm = ((struct inside *)arg)->vm;
	const struct sandbox_spec *spec = worker_spec(vm->worker);

	vm->has_ended = true;
	if (is_command)
		worker_command_error(vm->worker, -error->code);
	err_ctx(error, 0, "%s '%s'", spec->kind, spec->name);
	worker_fail(vm->worker, error);
}

static void on_exited(void *arg, int status)
{
	const struct inside *inside = arg;

	if (inside->machine->on_exited)
		inside->machine->on_exited(inside->vm, status);
	else
		vm_end(inside->vm, status);
}

static void on_broken(void *arg, const struct err *error)
{
	vm_fail(((struct inside *)arg)->vm, error);
}

static const struct link_host link_host = {
    .send = send_bytes,
    .on_hello = on_hello,
    .on_running = on_running,
    .on_not_run = on_not_run,
    .on_exited = on_exited,
    .on_broken = on_broken,
};

int inside_create(struct vm *vm, const struct inside_machine *machine, struct err *e)
{
	struct inside *inside = calloc(1, sizeof(*inside));

	if (!inside)
		return err_sys(e, ENOMEM, "make the line to the guest's agent");
	inside->vm = vm;
	inside->machine = machine;
	link_init(&inside->link, &link_host, inside, vm->worker);
	vm->link = &inside->link;
	return 0;
}

void inside_destroy(struct vm *vm)
{
	if (!vm->link)
		return;
	link_finish(vm->link);
	free((struct inside *)vm->link);
	vm->link = NULL;
}

/* ---- what the worker asks ---- */

/* What a program that has no handler yet does with it: signal(7). */
static bool is_ignored_by_default(int signal_number)
{
	return signal_number == SIGCHLD || signal_number == SIGCONT || signal_number == SIGURG ||
	       signal_number == SIGWINCH;
}

/* While the guest boots there is no program to hear it: the signal ends the sandbox, as it would
 * end a process that has only just begun. */
int inside_signal(struct worker *worker, int signal_number, struct err *e)
{
	struct vm *vm = worker_state(worker);

	(void)e;
	if (vm->link->has_program)
		link_send(vm->link, AGENT_SIGNAL, 0, (uint32_t)signal_number, NULL, 0);
	else if (!vm->has_ended && !is_ignored_by_default(signal_number))
		vm_end(vm, signal_number);
	return 0;
}

int inside_resize(struct worker *worker, unsigned rows, unsigned columns, struct err *e)
{
	(void)e;
	link_send(link_of(worker), AGENT_RESIZE, 0, rows << 16 | (columns & 0xffff), NULL, 0);
	return 0;
}

ssize_t inside_input(struct worker *worker, const void *data, size_t length)
{
	struct link *link = link_of(worker);

	if (!link->has_program)
		return 0; /* offered again later */
	if (length)
		return (ssize_t)link_input(link, 0, data, length);
	link_input_end(link, 0);
	return 0;
}

int inside_exec(struct worker *worker, struct worker_exec *x, struct err *e)
{
	struct vm *vm = worker_state(worker);
	auto_free char **environment = environment_make(vm, x->env, e);
	const struct sandbox_spec *spec = worker_spec(worker);
	struct link_command command = {.flags = AGENT_START_INPUT |
						(x->is_tty ? AGENT_START_TTY : 0) |
						(x->program_fd >= 0 ? AGENT_START_PROGRAM : 0) |
						keeps_home(spec->env) | keeps_home(x->env),
				       .rows = 24,
				       .columns = 80,
				       .workdir = *x->workdir ? x->workdir : spec->workdir,
				       .user = *x->user ? x->user : spec->user,
				       .argv = x->argv,
				       .env = environment};

	return environment ? link_exec(vm->link, x, &command, e) : -ENOMEM;
}

int inside_exec_signal(struct worker *worker, unsigned id, int signal_number, struct err *e)
{
	struct link *link = link_of(worker);
	int program = link_find_exec(link, id);

	if (program < 0)
		return err_set(e, ESRCH, "that program has ended");
	link_send(link, AGENT_SIGNAL, (unsigned)program, (uint32_t)signal_number, NULL, 0);
	return 0;
}
