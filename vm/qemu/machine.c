/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The machine that QEMU emulates, as the worker's wall. It starts from the same kernel and the same
 * first file system as the one on KVM (linux/), has the same agent in it, and its timeline the same
 * names as far as somebody here can stamp them. `qemu` is the start of a process, `enter` ends when
 * QEMU says that the processors run, `kernel_ready` when the agent speaks. What lies between is
 * seen from inside QEMU only, and so not shown.
 *
 * The board is `pc`: it has ACPI, by which a guest switches itself off, as microvm has not with a
 * distribution's kernel. Both serial ports are ordinary ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "files.h"
#include "inside.h"
#include "linux_boot.h"
#include "lockin.h"
#include "machine_size.h"
#include "qemu.h"
#include "wall.h"

enum { COPY_BYTES = 64 * 1024 };

struct qemu_vm {
	struct boot_files files;
	struct linux_image image;
	int initramfs_fd; /* its parts, one behind the other */
	struct qemu_process process;
	struct qmp_parser parser;
	short agent_events;                       /* what its socket is watched for; 0: not */
	bool is_console_over, is_console_watched; /* not while the user's terminal takes no more */
	bool has_greeted;
	enum qmp_word last_word;          /* QMP_OFF, QMP_RESET, QMP_PANIC: how the guest ended */
	char errors[QEMU_ERRORS_MAX + 1]; /* what QEMU complained of */
	size_t error_bytes;
};

static const char *const pc_devices[] = {"-serial", "chardev:console", "-serial", "chardev:agent",
					 NULL};

/* As linux/machine.c's; reboot=t: a triple fault, which QEMU tells as a reset. */
static const struct qemu_board pc = {
    .machine = "pc,usb=off,vmport=off",
    .devices = pc_devices,
    .command_line = "console=ttyS0 quiet loglevel=1 panic=-1 reboot=t random.trust_cpu=on "
		    "cryptomgr.notests 8250.nr_uarts=2 i8042.noaux i8042.nokbd no_timer_check "
		    "tsc=reliable rdinit=/init",
};

static struct qemu_vm *machine_of(const struct vm *vm)
{
	return vm->qemu_guest;
}

/* ---- the steps ---- */

static int step_prepare(struct vm *vm, struct err *e)
{
	struct qemu_vm *machine = machine_of(vm);
	char program[4096];
	char *const *disks = worker_spec(vm->worker)->disks;
	int r;

	if (disks && disks[0])
		return err_hint(e, err_set(e, ENOTSUP, "--disk: an emulated vm has no disks"),
				"--accel kvm, where KVM can run a full kernel");
	r = qemu_find(program, sizeof(program), e);
	if (r == 0)
		r = boot_files_prepare(vm->worker, &machine->files, e);
	if (r == 0)
		r = linux_measure_kernel(machine->files.kernel, &machine->image, e);
	if (r == 0)
		worker_tell(vm->worker, "kernel", machine->files.kernel_path, "%s",
			    machine->files.kernel_path);
	return r;
}

/* QEMU takes one file. Each part is padded with zeros to whole pages, as in a machine's memory. */
static int join_initramfs(struct qemu_vm *machine, struct err *e)
{
	off_t start = 0;

	machine->initramfs_fd = memfd_create("initramfs", MFD_CLOEXEC);
	if (machine->initramfs_fd < 0 ||
	    ftruncate(machine->initramfs_fd, (off_t)machine->files.initramfs_bytes) < 0)
		return err_sys(e, errno, "make the initramfs of %llu bytes",
			       (unsigned long long)machine->files.initramfs_bytes);
	for (unsigned i = 0; i < machine->files.part_count; i++) {
		const struct boot_part *part = &machine->files.parts[i];
		uint8_t bytes[COPY_BYTES];
		ssize_t n;
		for (off_t at = 0; (n = pread(part->fd, bytes, sizeof(bytes), at)) > 0; at += n)
			if (pwrite(machine->initramfs_fd, bytes, (size_t)n, start + at) != n)
				return err_sys(e, errno, "join the initramfs");
		if (n < 0)
			return err_sys(e, errno, "read a part of the initramfs");
		start += (off_t)part->bytes;
	}
	return 0;
}

static int watch(struct vm *vm);

static int step_qemu(struct vm *vm, struct err *e)
{
	struct qemu_vm *machine = machine_of(vm);
	const struct sandbox_spec *spec = worker_spec(vm->worker);
	struct qemu_launch launch = {.board = &pc,
				     .vcpus = spec->vcpus ? (unsigned)spec->vcpus : 1,
				     .file_count = 2};
	int r = machine_size_choose(vm->worker, &machine->image, machine->files.initramfs_bytes,
				    &launch.memory_bytes, e);

	if (r == 0)
		r = join_initramfs(machine, e);
	if (r < 0)
		return r;
	launch.files[0] = (struct qemu_file){"-kernel", "kernel", machine->files.kernel};
	launch.files[1] = (struct qemu_file){"-initrd", "initramfs", machine->initramfs_fd};
	r = qemu_process_start(&launch, &machine->process, e);
	boot_files_finish(&machine->files);
	fd_close(&machine->initramfs_fd);
	if (r < 0)
		return r;
	if (!machine->process.is_walled_in)
		worker_note(vm->worker, "walls",
			    "QEMU keeps the host's files in sight, as an ordinary program does "
			    "(%s)",
			    machine->process.why_not);
	return watch(vm);
}

/* QEMU has walls of its own by now; the worker needs none of its rights any more either. */
static int step_walls(struct vm *vm, struct err *e)
{
	int r = lockin_leave_host(vm->worker, e);

	return r < 0 ? r : lockin_filter_calls(&lockin_qemu, e);
}

static const struct start_step qemu_steps[] = {
    {"prepare", "find the kernel and the files that it starts from, or make them: once",
     step_prepare},
    {"qemu", "start QEMU, walled in: an ordinary process that imitates a whole machine", step_qemu},
    {"walls", "the worker gives up all rights it no longer needs", step_walls},
    {NULL, NULL, NULL},
};

/* ---- what QEMU says ---- */

static void say(struct qemu_vm *machine, const char *command)
{
	/* A few dozen bytes now and then: they fit the socket, or QEMU does not listen any more. */
	ssize_t unused = send(machine->process.qmp_fd, command, strlen(command), MSG_NOSIGNAL);

	(void)unused;
}

static void obey(struct vm *vm, enum qmp_word word)
{
	struct qemu_vm *machine = machine_of(vm);

	if (word == QMP_GREETING && !machine->has_greeted) {
		machine->has_greeted = true;
		say(machine, "{\"execute\": \"qmp_capabilities\"}\n{\"execute\": \"cont\"}\n");
	} else if (word == QMP_RESUMED && !vm->link->has_agent && !vm->is_paused) {
		vm_stamp(vm, "enter", clock_now_ns(),
			 "QEMU has put the machine together, and its processor begins");
	} else if (word == QMP_OFF || word == QMP_RESET || word == QMP_PANIC) {
		machine->last_word = word;
	}
}

static void read_qmp(struct vm *vm)
{
	struct qemu_vm *machine = machine_of(vm);
	char bytes[1024];
	ssize_t n;

	while ((n = read(machine->process.qmp_fd, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < n; i++)
			obey(vm, qmp_feed(&machine->parser, bytes[i]));
	if (n == 0)
		worker_unwatch(vm->worker, machine->process.qmp_fd);
}

static void on_qmp(struct worker *worker, int fd, short revents, void *arg)
{
	(void)fd, (void)revents, (void)arg;
	read_qmp(worker_state(worker));
}

static void read_errors(struct qemu_vm *machine)
{
	char bytes[512];
	ssize_t n;

	while ((n = read(machine->process.errors_fd, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < n && machine->error_bytes < QEMU_ERRORS_MAX; i++)
			machine->errors[machine->error_bytes++] = bytes[i] == '\n' && i + 1 < n
								      ? ';'
								      : bytes[i];
	while (machine->error_bytes && machine->errors[machine->error_bytes - 1] <= ' ')
		machine->error_bytes--;
	machine->errors[machine->error_bytes] = '\0';
}

static void on_errors(struct worker *worker, int fd, short revents, void *arg)
{
	struct vm *vm = worker_state(worker);

	(void)arg;
	read_errors(machine_of(vm));
	if (revents & POLLHUP)
		worker_unwatch(worker, fd);
}

/* ---- the guest's two lines ---- */

/* The kernel's own words: errors, as a rule ("quiet"). */
static void read_console(struct vm *vm)
{
	struct qemu_vm *machine = machine_of(vm);
	char bytes[4096];
	ssize_t n = 1;

	while (n > 0 && !worker_output_is_full(vm->worker)) {
		n = read(machine->process.console_fd, bytes, sizeof(bytes));
		if (n > 0)
			worker_output(vm->worker, WORKER_STDERR, bytes, (size_t)n);
	}
	machine->is_console_over |= n == 0;
}

static void on_console(struct worker *worker, int fd, short revents, void *arg)
{
	(void)fd, (void)revents, (void)arg;
	read_console(worker_state(worker));
}

static void read_agent(struct vm *vm)
{
	struct qemu_vm *machine = machine_of(vm);
	uint8_t bytes[4096];
	ssize_t n;

	while (!vm->has_ended && (n = read(machine->process.agent_fd, bytes, sizeof(bytes))) > 0)
		link_receive(vm->link, bytes, (size_t)n);
}

static void on_agent(struct worker *worker, int fd, short revents, void *arg)
{
	struct qemu_vm *machine = machine_of(worker_state(worker));

	(void)arg;
	read_agent(worker_state(worker));
	if (revents & POLLHUP) {
		worker_unwatch(worker, fd);
		machine->agent_events = -1;
	}
}

static size_t send_agent(struct vm *vm, const uint8_t *bytes, size_t length)
{
	ssize_t n = send(machine_of(vm)->process.agent_fd, bytes, length, MSG_NOSIGNAL);

	return n > 0 ? (size_t)n : 0;
}

static void on_up(struct vm *vm)
{
	vm_stamp(vm, "kernel_ready", clock_now_ns(),
		 "firmware and Linux are up: it has found its devices, and runs /init");
}

static const struct inside_machine inside_machine = {.send = send_agent, .on_up = on_up};

/* ---- the end ---- */

/* QEMU's process has ended. What it had said before is still in the sockets. */
static void on_death(struct worker *worker, int fd, short revents, void *arg)
{
	struct vm *vm = worker_state(worker);
	struct qemu_vm *machine = machine_of(vm);
	struct err error = {0};

	(void)revents, (void)arg;
	worker_unwatch(worker, fd);
	read_qmp(vm);
	read_errors(machine);
	read_console(vm);
	read_agent(vm);
	if (vm->has_ended)
		return;
	if (machine->last_word == QMP_OFF) {
		vm_end(vm, 0);
		return;
	}
	if (machine->last_word == QMP_RESET || machine->last_word == QMP_PANIC) {
		err_set(&error, ECANCELED, "the guest's kernel %s the machine%s",
			machine->last_word == QMP_RESET ? "reset" : "panicked and left",
			vm->link->has_agent ? "" : " before it was up");
		err_hint(&error, 0, "a reboot, or a panic: its last words are in `isolab logs %s`",
			 worker_spec(worker)->name);
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

/* ---- the loop ---- */

static int watch(struct vm *vm)
{
	struct qemu_vm *machine = machine_of(vm);
	const struct qemu_process *process = &machine->process;
	struct worker *worker = vm->worker;
	int r = worker_watch(worker, process->pid_fd, POLLIN, on_death, NULL, NULL);

	if (r == 0)
		r = worker_watch(worker, process->qmp_fd, POLLIN, on_qmp, NULL, NULL);
	if (r == 0)
		r = worker_watch(worker, process->errors_fd, POLLIN, on_errors, NULL, NULL);
	return r;
}

/* Room in the socket is waited for only while there is something to send; the console is read only
 * while the user takes it. */
static void watch_lines(struct vm *vm)
{
	struct qemu_vm *machine = machine_of(vm);
	const struct qemu_process *process = &machine->process;
	bool has_more = vm->link->to_agent.length && vm->link->has_agent;
	bool wants_console = !machine->is_console_over && !worker_output_is_full(vm->worker);
	short events = has_more ? POLLIN | POLLOUT : POLLIN;

	if (machine->agent_events >= 0 && machine->agent_events != events) {
		if (machine->agent_events)
			worker_unwatch(vm->worker, process->agent_fd);
		worker_watch(vm->worker, process->agent_fd, events, on_agent, NULL, NULL);
		machine->agent_events = events;
	}
	if (wants_console == machine->is_console_watched)
		return;
	if (wants_console)
		worker_watch(vm->worker, process->console_fd, POLLIN, on_console, NULL, NULL);
	else
		worker_unwatch(vm->worker, process->console_fd);
	machine->is_console_watched = wants_console;
}

static int qemu_wait(struct worker *worker, struct pollfd *fds, nfds_t count, int timeout_ms)
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

/* What our own monitor gives a machine and QEMU does not get from us yet. */
static int refuse_outside(const struct sandbox_spec *spec, struct err *e)
{
	bool is_lab = spec->network == SPEC_NETWORK_LAB;

	if (!is_lab && !vm_volumes_are_wanted(spec))
		return 0;
	int r = err_set(e, ENOTSUP, "%s is not in this version for a vm without KVM",
			is_lab ? "--network lab" : "--volume");
	return err_hint(e, r,
			"where KVM can run Linux (`isolab doctor`) it is; or take a container");
}

static int qemu_start(struct worker *worker, struct err *e)
{
	struct vm *vm = worker_state(worker);
	struct qemu_vm *machine;

	if (refuse_outside(worker_spec(worker), e) < 0)
		return -ENOTSUP;
	machine = calloc(1, sizeof(*machine));
	if (!machine)
		return err_sys(e, ENOMEM, "start a virtual machine");
	vm->qemu_guest = machine;
	machine->files.kernel = -1;
	machine->initramfs_fd = -1;
	qemu_process_init(&machine->process);
	worker_note(worker, "accel", "tcg");
	int r = inside_create(vm, &inside_machine, e);
	if (r == 0)
		r = vm_start(vm, qemu_steps, e);
	if (r == 0)
		watch_lines(vm);
	return r;
}

static int qemu_pause(struct worker *worker, bool on, struct err *e)
{
	struct vm *vm = worker_state(worker);

	(void)e;
	vm->is_paused = on;
	say(machine_of(vm), on ? "{\"execute\": \"stop\"}\n" : "{\"execute\": \"cont\"}\n");
	return 0;
}

static void qemu_finish(struct worker *worker)
{
	struct vm *vm = worker_state(worker);
	struct qemu_vm *machine = machine_of(vm);

	if (!machine)
		return;
	inside_destroy(vm);
	qemu_process_finish(&machine->process);
	boot_files_finish(&machine->files);
	fd_close(&machine->initramfs_fd);
	free(machine);
	vm->qemu_guest = NULL;
}

const struct wall qemu_machine = {
    .kind = "vm",
    .start = qemu_start,
    .signal = inside_signal,
    .pause = qemu_pause,
    .resize = inside_resize,
    .input = inside_input,
    .exec = inside_exec,
    .exec_signal = inside_exec_signal,
    .wait = qemu_wait,
    .finish = qemu_finish,
};
