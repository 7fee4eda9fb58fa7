/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The machine that boots a distribution's disk: its steps up to QEMU's start, the steps that it
 * then shows by itself (boot.h), and what the worker asks of it. The main program is run by the
 * agent, a service in there, when all services are up; without one it is a login.
 *
 * What surprises: the serial console's words go to stderr only until the program runs, since after
 * that the distribution's own login sits there; then only the kernel's lines come through. Of the
 * disk nothing is ever changed: QEMU keeps what the guest writes for itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "disks.h"
#include "distro.h"
#include "fd.h"
#include "inside.h"
#include "lockin.h"
#include "wall.h"

enum { RETRY_MS = 20, QUIT_MS = 2000, LAST_TURNS = 64 };

static struct distro_vm *machine_of(const struct worker *worker)
{
	return ((const struct vm *)worker_state(worker))->distro;
}

/* ---- the steps ---- */

static int step_disk(struct vm *vm, struct err *e)
{
	struct distro_vm *machine = vm->distro;
	char path[4096], agent[4096], size[24], stored[24], figures[96];
	struct stat status;
	int r = disks_choose(path, sizeof(path), e);

	if (r < 0)
		return r;
	machine->disk_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (machine->disk_fd < 0 || fstat(machine->disk_fd, &status) < 0)
		return err_hint(e, err_sys(e, errno, "open the disk '%s'", path),
				"'isolab image build-distro' makes it anew");
	/* Another version of isolab may have made the disk: this one's agent goes along. */
	machine->agent_fd = open(worker_data_path(vm->worker, "isolab-agent", agent, sizeof(agent)),
				 O_RDONLY | O_CLOEXEC);
	snprintf(figures, sizeof(figures), "{\"size_bytes\":%llu,\"stored_bytes\":%llu}",
		 (unsigned long long)status.st_size, (unsigned long long)status.st_blocks * 512);
	worker_tell(vm->worker, "kernel", figures, "%s: a disk of %s, %s of it used", path,
		    str_format_bytes(size, sizeof(size), (uint64_t)status.st_size),
		    str_format_bytes(stored, sizeof(stored), (uint64_t)status.st_blocks * 512));
	return 0;
}

static int choose_memory(const struct sandbox_spec *spec, uint64_t *ret_bytes, struct err *e)
{
	*ret_bytes = spec->memory_bytes ? spec->memory_bytes : DISTRO_MEMORY_DEFAULT;
	if (*ret_bytes >= DISTRO_MEMORY_MINIMUM)
		return 0;
	int r = err_set(e, EINVAL, "--memory: %llu MiB are too little for a distribution",
			(unsigned long long)(*ret_bytes >> 20));
	return err_hint(e, r, "at least 256M; without the option it has 512M");
}

static int make_wires(struct distro_vm *machine, int theirs[DISTRO_WIRES], struct err *e)
{
	for (int i = 0; i < DISTRO_WIRES; i++) {
		int ends[2];
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
			return err_sys(e, errno, "make QEMU's lines");
		machine->wires[i] = ends[0];
		theirs[i] = ends[1];
		fd_set_nonblocking(ends[0], true);
	}
	return 0;
}

static int step_qemu(struct vm *vm, struct err *e)
{
	struct distro_vm *machine = vm->distro;
	const struct sandbox_spec *spec = worker_spec(vm->worker);
	struct distro_pc wanted = {.processors = spec->vcpus ? (unsigned)spec->vcpus : 1,
				   .has_kvm = !vm->is_emulated,
				   .disk_fd = machine->disk_fd,
				   .agent_fd = machine->agent_fd};
	int theirs[DISTRO_WIRES] = {-1, -1, -1, -1, -1};
	int r = choose_memory(spec, &wanted.memory_bytes, e);

	worker_note(vm->worker, "accel", "%s", wanted.has_kvm ? kvm_acceleration(vm) : "tcg");
	if (r == 0)
		r = make_wires(machine, theirs, e);
	if (r == 0)
		r = distro_start_qemu(&wanted, theirs, &machine->pid, &machine->pid_fd, e);
	for (int i = 0; i < DISTRO_WIRES; i++)
		fd_close(&theirs[i]);
	fd_close(&machine->disk_fd);
	fd_close(&machine->agent_fd);
	return r;
}

static void on_wire(struct worker *worker, int fd, short revents, void *arg);

static int step_walls(struct vm *vm, struct err *e)
{
	struct distro_vm *machine = vm->distro;
	int r = worker_watch(vm->worker, machine->pid_fd, POLLIN, on_wire, NULL, e);

	for (int i = 0; r == 0 && i < DISTRO_WIRES; i++)
		r = worker_watch(vm->worker, machine->wires[i], POLLIN, on_wire, NULL, e);
	if (r == 0)
		r = lockin_leave_host(vm->worker, e);
	return r < 0 ? r : lockin_filter_calls(&lockin_linux, e);
}

static const struct start_step distro_steps[] = {
    {"disk", "open the distribution's disk, of which nothing will be changed", step_disk},
    {"qemu", "start QEMU, the program that is a whole PC: a child of this process", step_qemu},
    {"walls", "the monitor gives up all rights it no longer needs", step_walls},
    {NULL, NULL, NULL},
};

/* ---- QEMU's words ---- */

/* Commands of QMP; what is answered does not matter. */
static void command(struct distro_vm *machine, const char *name)
{
	char line[64];
	int length = snprintf(line, sizeof(line), "{\"execute\":\"%s\"}\n", name);

	if (machine->wires[DISTRO_MONITOR] >= 0)
		send(machine->wires[DISTRO_MONITOR], line, (size_t)length,
		     MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Adds a byte; true if a line is whole, without its end. What is too long is cut. */
static bool add_byte(struct distro_line *line, char byte)
{
	if (byte == '\n') {
		line->text[line->length] = '\0';
		line->length = 0;
		return true;
	}
	if (byte != '\r' && line->length < sizeof(line->text) - 1)
		line->text[line->length++] = byte;
	return false;
}

static void hear_monitor(struct distro_vm *machine, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		const char *line = machine->monitor.text;
		if (!add_byte(&machine->monitor, bytes[i]) || !strstr(line, "\"SHUTDOWN\""))
			continue;
		machine->is_reset = strstr(line, "guest-reset");
		machine->is_off = strstr(line, "guest-shutdown");
	}
}

static void hear_words(struct distro_vm *machine, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		add_byte(&machine->words, bytes[i]);
}

/* The console as it is; or, when a login sits on it, only lines of the kernel's. */
static void hear_console(struct distro_vm *machine, const char *bytes, size_t length)
{
	struct worker *worker = machine->vm->worker;

	boot_hear(&machine->boot, BOOT_LINE_CONSOLE, bytes, length, clock_now_ns());
	if (!machine->is_console_filtered) {
		worker_output(worker, WORKER_STDERR, bytes, length);
		return;
	}
	for (size_t i = 0; i < length; i++) {
		if (!add_byte(&machine->console, bytes[i]) || machine->console.text[0] != '[')
			continue;
		worker_output(worker, WORKER_STDERR, machine->console.text,
			      strlen(machine->console.text));
		worker_output(worker, WORKER_STDERR, "\r\n", 2);
	}
}

/* Returns false at its end. */
static bool hear(struct distro_vm *machine, enum distro_wire wire)
{
	char bytes[4096];
	ssize_t n = read(machine->wires[wire], bytes, sizeof(bytes));

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	if (wire == DISTRO_MONITOR)
		hear_monitor(machine, bytes, (size_t)n);
	else if (wire == DISTRO_CONSOLE)
		hear_console(machine, bytes, (size_t)n);
	else if (wire == DISTRO_FIRMWARE)
		boot_hear(&machine->boot, BOOT_LINE_FIRMWARE, bytes, (size_t)n, clock_now_ns());
	else if (wire == DISTRO_AGENT)
		link_receive(machine->vm->link, (const uint8_t *)bytes, (size_t)n);
	else
		hear_words(machine, bytes, (size_t)n);
	return true;
}

/* What it said last is heard first. It has ended, so there is an end to it. */
static void hear_the_rest(struct distro_vm *machine)
{
	for (int i = 0; i < DISTRO_WIRES; i++) {
		struct pollfd wire = {.fd = machine->wires[i], .events = POLLIN};
		for (int turns = 0; turns < LAST_TURNS && poll(&wire, 1, 0) > 0; turns++)
			if (!hear(machine, i))
				break;
	}
}

static void fail_without_qemu(struct distro_vm *machine)
{
	struct vm *vm = machine->vm;
	struct err error = {0};

	if (machine->is_reset) {
		err_set(&error, ECANCELED, "the guest's kernel reset the machine%s",
			vm->link->has_agent ? "" : " before it was up");
		err_hint(&error, 0, "a reboot, or a panic: its last words are in `isolab logs %s`",
			 worker_spec(vm->worker)->name);
	} else {
		err_set(&error, ECANCELED, "QEMU has ended: %.200s",
			*machine->words.text ? machine->words.text : "it did not say why");
		err_hint(&error, 0, "is there memory enough for it, and room in /var/tmp?");
	}
	vm_fail(vm, &error);
}

/* QEMU is no more. */
static void qemu_ended(struct distro_vm *machine)
{
	hear_the_rest(machine);
	if (machine->vm->has_ended)
		return;
	if (machine->is_off)
		vm_end(machine->vm, machine->has_status ? machine->status : 0);
	else
		fail_without_qemu(machine);
}

static void on_wire(struct worker *worker, int fd, short revents, void *arg)
{
	struct distro_vm *machine = machine_of(worker);

	(void)revents, (void)arg;
	if (fd == machine->pid_fd) {
		worker_unwatch(worker, fd);
		qemu_ended(machine);
		return;
	}
	for (int i = 0; i < DISTRO_WIRES; i++)
		if (fd == machine->wires[i] && !hear(machine, i)) {
			worker_unwatch(worker, fd);
			fd_close(&machine->wires[i]);
		}
}

/* ---- the line to the agent ---- */

static size_t send_link(struct vm *vm, const uint8_t *bytes, size_t length)
{
	ssize_t n = vm->distro->wires[DISTRO_AGENT] < 0
			? -1
			: send(vm->distro->wires[DISTRO_AGENT], bytes, length,
			       MSG_DONTWAIT | MSG_NOSIGNAL);

	return n > 0 ? (size_t)n : 0;
}

/* What was not seen is not stamped. */
static void on_up(struct vm *vm)
{
	struct distro_vm *machine = vm->distro;

	for (unsigned step = 0; step < BOOT_STEPS; step++)
		if (machine->boot.ended_ns[step])
			vm_stamp(vm, boot_step_name(step), machine->boot.ended_ns[step],
				 boot_step_why(step));
	vm_stamp(vm, "services", clock_now_ns(),
		 "systemd starts what a login waits for, and then the agent, a service");
	machine->is_console_filtered = true;
}

/* A guest that was asked to switch itself off is let do so. */
static void on_exited(struct vm *vm, int status)
{
	vm->distro->has_status = true;
	vm->distro->status = status;
	if (!vm->distro->is_powering_down)
		vm_end(vm, status);
}

static char *const login[] = {"login", "-f", "root", NULL};
static char *const shell[] = {"sh", NULL};

static const struct inside_machine inside_machine = {
    .send = send_link,
    .on_up = on_up,
    .on_exited = on_exited,
    .terminal_command = login,
    .command = shell,
    .has_init_of_its_own = true,
};

/* ---- what the worker asks ---- */

static int distro_start(struct worker *worker, struct err *e)
{
	struct vm *vm = worker_state(worker);
	struct distro_vm *machine = calloc(1, sizeof(*machine));

	if (!machine)
		return err_sys(e, ENOMEM, "start a virtual machine");
	vm->distro = machine;
	machine->vm = vm;
	machine->disk_fd = machine->agent_fd = machine->pid_fd = -1;
	for (int i = 0; i < DISTRO_WIRES; i++)
		machine->wires[i] = -1;
	int r = inside_create(vm, &inside_machine, e);
	if (r == 0)
		r = vm_start(vm, distro_steps, e);
	if (r < 0)
		return r;
	command(machine, "qmp_capabilities");
	command(machine, "cont");
	return 0;
}

/* To end by itself is asked of a machine by its power button. */
static int distro_signal(struct worker *worker, int signal_number, struct err *e)
{
	struct distro_vm *machine = machine_of(worker);

	if (signal_number != SIGTERM || !machine->vm->link->has_program)
		return inside_signal(worker, signal_number, e);
	machine->is_powering_down = true;
	command(machine, "system_powerdown");
	return 0;
}

static int distro_pause(struct worker *worker, bool on, struct err *e)
{
	(void)e;
	command(machine_of(worker), on ? "stop" : "cont");
	return 0;
}

static int distro_wait(struct worker *worker, struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct vm *vm = worker_state(worker);

	if (!vm->has_ended) {
		link_pay(vm->link);
		link_flush(vm->link);
		/* QEMU reads as the guest does, and that it does so again tells nobody */
		if (vm->link->to_agent.length && (timeout_ms < 0 || timeout_ms > RETRY_MS))
			timeout_ms = RETRY_MS;
	}
	return poll(fds, count, vm->has_ended ? 0 : timeout_ms);
}

/* It ends by our word, or else with us (qemu.c); what it was is gone when we are. */
static void distro_finish(struct worker *worker)
{
	struct vm *vm = worker_state(worker);
	struct distro_vm *machine = vm->distro;

	if (!machine)
		return;
	command(machine, "quit");
	if (machine->pid_fd >= 0)
		poll(&(struct pollfd){.fd = machine->pid_fd, .events = POLLIN}, 1, QUIT_MS);
	inside_destroy(vm);
	for (int i = 0; i < DISTRO_WIRES; i++)
		fd_close(&machine->wires[i]);
	fd_close(&machine->pid_fd);
	fd_close(&machine->disk_fd);
	fd_close(&machine->agent_fd);
	free(machine);
	vm->distro = NULL;
}

const struct wall distro_machine = {
    .kind = "vm",
    .start = distro_start,
    .signal = distro_signal,
    .pause = distro_pause,
    .resize = inside_resize,
    .input = inside_input,
    .exec = inside_exec,
    .exec_signal = inside_exec_signal,
    .wait = distro_wait,
    .finish = distro_finish,
};
