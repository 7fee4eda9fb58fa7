/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A machine in QEMU while it runs: what comes over its lines, its end, and what the worker asks.
 * QEMU is started with its processors stopped, and let go when it has greeted. `enter` ends when it
 * says that they run; what happens in there is seen by nobody until the guest speaks.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "lockin.h"
#include "qemu.h"

/* Of a line, before the others have their turn: more than a socket holds. */
enum { READ_BYTES = 4096, READS_MAX = 128 };

static struct qemu_vm *machine_of(const struct vm *vm)
{
	return vm->qemu_guest;
}

static int wire(const struct vm *vm, enum qemu_wire which)
{
	return machine_of(vm)->process.wires[which];
}

/* ---- what QEMU says ---- */

void qemu_command(struct qemu_vm *machine, const char *command)
{
	char line[128];
	int length = snprintf(line, sizeof(line), "{\"execute\": \"%s\"}\n", command);
	/* A few dozen bytes now and then: they fit the socket, or QEMU does not listen any more. */
	ssize_t unused = send(machine->process.wires[QEMU_MONITOR], line, (size_t)length,
			      MSG_NOSIGNAL);

	(void)unused;
}

static void obey(struct vm *vm, enum qmp_word word)
{
	struct qemu_vm *machine = machine_of(vm);

	if (word == QMP_GREETING && !machine->has_greeted) {
		machine->has_greeted = true;
		qemu_command(machine, "qmp_capabilities");
		if (!vm->is_paused)
			qemu_command(machine, "cont");
	} else if (word == QMP_RESUMED && !vm->link->has_agent && !machine->has_entered) {
		machine->has_entered = true;
		vm_stamp(vm, "enter", clock_now_ns(),
			 "QEMU has put the machine together, and its processor begins");
	} else if (word == QMP_OFF || word == QMP_RESET || word == QMP_PANIC) {
		machine->last_word = word;
	}
}

static void hear_monitor(struct vm *vm, enum qemu_wire line, const char *bytes, size_t length)
{
	(void)line;
	for (size_t i = 0; i < length; i++)
		obey(vm, qmp_feed(&machine_of(vm)->parser, bytes[i]));
}

static void hear_words(struct vm *vm, enum qemu_wire line, const char *bytes, size_t length)
{
	struct qemu_vm *machine = machine_of(vm);

	(void)line;
	for (size_t i = 0; i < length && machine->error_bytes < QEMU_ERRORS_MAX; i++)
		machine->errors[machine->error_bytes++] = bytes[i] == '\n' && i + 1 < length
							      ? ';'
							      : bytes[i];
	while (machine->error_bytes && machine->errors[machine->error_bytes - 1] <= ' ')
		machine->error_bytes--;
	machine->errors[machine->error_bytes] = '\0';
}

/* ---- what the guest says ---- */

static void hear_console(struct vm *vm, enum qemu_wire line, const char *bytes, size_t length)
{
	if (machine_of(vm)->kind->hear)
		machine_of(vm)->kind->hear(vm, line, bytes, length);
	else
		worker_output(vm->worker, WORKER_STDERR, bytes, length);
}

/* The agent chooses its line with its first word; what comes over the other one is nobody's. */
static void hear_agent(struct vm *vm, enum qemu_wire line, const char *bytes, size_t length)
{
	struct qemu_vm *machine = machine_of(vm);

	if (!vm->link->has_agent)
		machine->agent_wire = line;
	if (!vm->has_ended && machine->agent_wire == line)
		link_receive(vm->link, (const uint8_t *)bytes, length);
}

static void hear_serial(struct vm *vm, enum qemu_wire line, const char *bytes, size_t length)
{
	const struct qemu_kind *kind = machine_of(vm)->kind;

	(kind->hear ? kind->hear : hear_agent)(vm, line, bytes, length);
}

/* Takes in what there is, or as much of it as the user takes. */
static void read_wire(struct vm *vm, enum qemu_wire which)
{
	static void (*const hear[QEMU_WIRES])(struct vm * vm, enum qemu_wire line,
					      const char *bytes, size_t length) = {
	    [QEMU_MONITOR] = hear_monitor, [QEMU_CONSOLE] = hear_console, [QEMU_AGENT] = hear_agent,
	    [QEMU_SERIAL] = hear_serial,   [QEMU_WORDS] = hear_words,
	};
	char bytes[READ_BYTES];

	for (int i = 0; i < READS_MAX; i++) {
		if (which == QEMU_CONSOLE && worker_output_is_full(vm->worker))
			return;
		ssize_t n = read(wire(vm, which), bytes, sizeof(bytes));
		if (n == 0 && which == QEMU_CONSOLE)
			machine_of(vm)->is_console_over = true;
		if (n <= 0)
			return;
		hear[which](vm, which, bytes, (size_t)n);
	}
}

size_t qemu_send_agent(struct vm *vm, const uint8_t *bytes, size_t length)
{
	ssize_t n = send(wire(vm, machine_of(vm)->agent_wire), bytes, length, MSG_NOSIGNAL);

	return n > 0 ? (size_t)n : 0;
}

/* ---- the end ---- */

static void fail(struct vm *vm)
{
	static const char *const ends[] = {[QMP_OFF] = "switched the machine off",
					   [QMP_RESET] = "reset the machine",
					   [QMP_PANIC] = "panicked and left the machine"};
	const struct qemu_vm *machine = machine_of(vm);
	struct err error = {0};

	if (machine->last_word != QMP_OTHER) {
		err_set(&error, ECANCELED, "the guest's kernel %s%s", ends[machine->last_word],
			vm->link->has_agent ? "" : " before it was up");
		err_hint(&error, 0, "a reboot, or a panic: its last words are in `isolab logs %s`",
			 worker_spec(vm->worker)->name);
	} else {
		err_set(&error, ECHILD, "QEMU has ended%s%s", *machine->errors ? ": " : "",
			*machine->errors ? machine->errors : " without a word");
		err_hint(&error, 0,
			 *machine->errors
			     ? "is it older than QEMU 6? 'isolab doctor' tells what it found"
			     : "killed from outside, or by the kernel for want of memory?");
	}
	vm_fail(vm, &error);
}

/* QEMU's process has ended. What it had said before is still in the sockets. */
static void on_death(struct worker *worker, int fd, short revents, void *arg)
{
	struct vm *vm = worker_state(worker);

	(void)revents, (void)arg;
	worker_unwatch(worker, fd);
	for (int i = 0; i < QEMU_WIRES; i++)
		read_wire(vm, i);
	if (vm->has_ended)
		return;
	if (machine_of(vm)->last_word == QMP_OFF && vm->link->has_agent)
		vm_end(vm, machine_of(vm)->status);
	else
		fail(vm);
}

/* ---- the loop ---- */

static void on_wire(struct worker *worker, int fd, short revents, void *arg)
{
	struct vm *vm = worker_state(worker);

	(void)arg;
	for (int i = 0; i < QEMU_WIRES; i++) {
		if (wire(vm, i) != fd)
			continue;
		read_wire(vm, i);
		if (!(revents & POLLHUP) || i == QEMU_CONSOLE) /* watch_lines() ends that */
			continue;
		worker_unwatch(worker, fd);
		if (i == (int)machine_of(vm)->agent_wire)
			machine_of(vm)->agent_events = -1;
	}
}

int qemu_run(struct vm *vm, const struct qemu_launch *launch, struct err *e)
{
	static const enum qemu_wire always[] = {QEMU_MONITOR, QEMU_WORDS, QEMU_AGENT, QEMU_SERIAL};
	struct qemu_process *process = &machine_of(vm)->process;
	int r = qemu_process_start(launch, process, e);

	if (r < 0)
		return r;
	if (!process->is_walled_in)
		worker_note(vm->worker, "walls",
			    "QEMU keeps the host's files in sight, as an ordinary program does "
			    "(%s)",
			    process->why_not);
	r = worker_watch(vm->worker, process->pid_fd, POLLIN, on_death, NULL, e);
	for (size_t i = 0; r == 0 && i < sizeof(always) / sizeof(always[0]); i++)
		r = worker_watch(vm->worker, process->wires[always[i]], POLLIN, on_wire, NULL, e);
	return r;
}

/* Room in the socket is waited for only while there is something to send; the console is read only
 * while the user takes it. */
static void watch_lines(struct vm *vm)
{
	struct qemu_vm *machine = machine_of(vm);
	bool has_more = vm->link->to_agent.length && vm->link->has_agent;
	bool wants_console = !machine->is_console_over && !worker_output_is_full(vm->worker);
	short events = has_more ? POLLIN | POLLOUT : POLLIN;

	if (machine->agent_events >= 0 && machine->agent_events != events) {
		worker_unwatch(vm->worker, wire(vm, machine->agent_wire));
		worker_watch(vm->worker, wire(vm, machine->agent_wire), events, on_wire, NULL,
			     NULL);
		machine->agent_events = events;
	}
	if (wants_console == machine->is_console_watched)
		return;
	if (wants_console)
		worker_watch(vm->worker, wire(vm, QEMU_CONSOLE), POLLIN, on_wire, NULL, NULL);
	else
		worker_unwatch(vm->worker, wire(vm, QEMU_CONSOLE));
	machine->is_console_watched = wants_console;
}

int qemu_wait(struct worker *worker, struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct vm *vm = worker_state(worker);

	if (vm->has_ended)
		return poll(fds, count, 0);
	link_pay(vm->link);
	link_flush(vm->link);
	watch_lines(vm);
	return poll(fds, count, timeout_ms);
}

/* ---- what the worker asks ---- */

/* QEMU has walls of its own by now; the worker needs none of its rights any more either. */
int qemu_step_walls(struct vm *vm, struct err *e)
{
	int r = lockin_leave_host(vm->worker, e);

	return r < 0 ? r : lockin_filter_calls(&lockin_qemu, e);
}

int qemu_start(struct worker *worker, struct qemu_vm *machine, const struct qemu_kind *kind,
	       struct err *e)
{
	struct vm *vm = worker_state(worker);

	vm->qemu_guest = machine;
	machine->kind = kind;
	machine->agent_wire = QEMU_AGENT;
	machine->agent_events = POLLIN;
	qemu_process_init(&machine->process);
	int r = inside_create(vm, &kind->inside, e);
	if (r == 0)
		r = vm_start(vm, kind->steps, e);
	if (r == 0)
		watch_lines(vm);
	return r;
}

int qemu_pause(struct worker *worker, bool on, struct err *e)
{
	struct vm *vm = worker_state(worker);

	(void)e;
	vm->is_paused = on;
	qemu_command(machine_of(vm), on ? "stop" : "cont");
	return 0;
}

void qemu_finish(struct worker *worker)
{
	struct vm *vm = worker_state(worker);

	inside_destroy(vm);
	qemu_process_finish(&machine_of(vm)->process);
	vm->qemu_guest = NULL;
}
