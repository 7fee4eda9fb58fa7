/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The machine that boots a distribution's disk: its steps up to QEMU's start, the steps that it
 * then shows by itself (boot.h), and what differs from other machines in QEMU (../qemu/). The main
 * program is run by the agent, a service in there, when all services are up; without one it is a
 * login.
 *
 * What surprises: the serial console's words go to stderr only until the program runs, since after
 * that the distribution's own login sits there; then only the kernel's lines come through. Of the
 * disk nothing is ever changed: what the guest writes goes elsewhere, and with the machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot.h"
#include "clock.h"
#include "disk.h"
#include "disks.h"
#include "fd.h"
#include "qemu.h"
#include "wall.h"

enum {
	MEMORY_DEFAULT = 512 << 20,
	MEMORY_MINIMUM = 256 << 20,
	LINE_MAX_BYTES = 1024, /* of the console: what is longer is cut */
};

struct distro_vm {
	struct qemu_vm qemu; /* first: vm->qemu_guest points here */
	struct disk disk;    /* until QEMU has it; the same of agent_fd, -1: none */
	int agent_fd;
	struct boot boot;
	char line[LINE_MAX_BYTES]; /* of the console's, while it is being gathered */
	size_t line_bytes;
	bool is_console_filtered; /* the boot is over: only the kernel's own lines */
	bool is_powering_down;    /* we have asked for it */
};

/* A PC of the q35 generation. */
static const char *const board[] = {
    "-M",      "q35",
    "-serial", "chardev:console",
    "-device", "isa-debugcon,iobase=0x402,chardev=serial",
    "-device", "virtio-serial-pci",
    "-device", "virtserialport,chardev=agent,name=isolab.agent",
    "-device", "virtio-rng-pci",
    NULL,
};

static struct distro_vm *machine_of(const struct vm *vm)
{
	return (struct distro_vm *)vm->qemu_guest;
}

/* ---- the steps ---- */

static int step_disk(struct vm *vm, struct err *e)
{
	struct distro_vm *machine = machine_of(vm);
	char path[4096], agent[4096], size[24], stored[24], figures[96];
	struct stat status;
	int r = disks_choose(path, sizeof(path), e);

	if (r < 0)
		return r;
	r = disk_open(&machine->disk, path, false, e);
	if (r == 0 && fstat(machine->disk.image_fd, &status) < 0)
		r = err_sys(e, errno, "look at '%s'", path);
	if (r < 0)
		return err_hint(e, r, "'isolab image build-distro' makes it anew");
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
	*ret_bytes = spec->memory_bytes ? spec->memory_bytes : MEMORY_DEFAULT;
	if (*ret_bytes >= MEMORY_MINIMUM)
		return 0;
	int r = err_set(e, EINVAL, "--memory: %llu MiB are too little for a distribution",
			(unsigned long long)(*ret_bytes >> 20));
	return err_hint(e, r, "at least 256M; without the option it has 512M");
}

static int step_qemu(struct vm *vm, struct err *e)
{
	struct distro_vm *machine = machine_of(vm);
	const struct sandbox_spec *spec = worker_spec(vm->worker);
	struct qemu_launch launch;
	uint64_t memory_bytes;
	int r = choose_memory(spec, &memory_bytes, e);

	if (r < 0)
		return r;
	worker_note(vm->worker, "accel", "%s", vm->is_emulated ? "tcg" : kvm_acceleration(vm));
	qemu_launch_init(&launch, !vm->is_emulated);
	qemu_launch_words(&launch, board);
	qemu_launch_size(&launch, spec, memory_bytes);
	if (machine->agent_fd >= 0)
		qemu_launch_file(&launch, "-fw_cfg", "name=opt/isolab/agent,file=", "agent",
				 fd_move(&machine->agent_fd));
	r = qemu_disk_add(&launch, &machine->disk, "isolab", e);
	if (r == 0)
		r = qemu_outside_add(vm, &launch, e);
	if (r == 0)
		r = qemu_run(vm, &launch, e);
	qemu_launch_finish(&launch);
	return r;
}

static const struct start_step steps[] = {
    {"disk", "open the distribution's disk, of which nothing will be changed", step_disk},
    {"volumes", "start what serves directories of the host to the machine", vm_step_volumes},
    {"lab", NULL, vm_step_lab},
    {"qemu", "start QEMU, walled in: the program that is a whole PC, a child of this process",
     step_qemu},
    {"walls", "the worker gives up all rights it no longer needs", qemu_step_walls},
    {NULL, NULL, NULL},
};

/* ---- the boot, by what it says ---- */

static void show_kernel_line(struct vm *vm)
{
	struct distro_vm *machine = machine_of(vm);

	if (machine->line_bytes && machine->line[0] == '[') {
		worker_output(vm->worker, WORKER_STDERR, machine->line, machine->line_bytes);
		worker_output(vm->worker, WORKER_STDERR, "\r\n", 2);
	}
	machine->line_bytes = 0;
}

/* The console as it is; or, when a login sits on it, only lines of the kernel's. */
static void hear(struct vm *vm, enum qemu_wire wire, const char *bytes, size_t length)
{
	struct distro_vm *machine = machine_of(vm);
	bool is_console = wire == QEMU_CONSOLE;

	boot_hear(&machine->boot, is_console ? BOOT_LINE_CONSOLE : BOOT_LINE_FIRMWARE, bytes,
		  length, clock_now_ns());
	if (is_console && !machine->is_console_filtered)
		worker_output(vm->worker, WORKER_STDERR, bytes, length);
	for (size_t i = 0; is_console && machine->is_console_filtered && i < length; i++)
		if (bytes[i] == '\n')
			show_kernel_line(vm);
		else if (bytes[i] != '\r' && machine->line_bytes < sizeof(machine->line))
			machine->line[machine->line_bytes++] = bytes[i];
}

/* What was not seen is not stamped. */
static void on_up(struct vm *vm)
{
	struct distro_vm *machine = machine_of(vm);

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
	vm->qemu_guest->status = status;
	if (!machine_of(vm)->is_powering_down)
		vm_end(vm, status);
}

static char *const login[] = {"login", "-f", "root", NULL};
static char *const shell[] = {"sh", NULL};

static const struct qemu_kind distro = {
    .steps = steps,
    .hear = hear,
    .inside = {.send = qemu_send_agent,
	       .on_up = on_up,
	       .on_exited = on_exited,
	       .terminal_command = login,
	       .command = shell,
	       .has_init_of_its_own = true},
};

/* ---- what the worker asks ---- */

static int distro_start(struct worker *worker, struct err *e)
{
	struct distro_vm *machine = calloc(1, sizeof(*machine));

	if (!machine)
		return err_sys(e, ENOMEM, "start a virtual machine");
	machine->agent_fd = machine->disk.image_fd = machine->disk.changes_fd = -1;
	return qemu_start(worker, &machine->qemu, &distro, e);
}

/* To end by itself is asked of a machine by its power button. */
static int distro_signal(struct worker *worker, int signal_number, struct err *e)
{
	struct vm *vm = worker_state(worker);

	if (signal_number != SIGTERM || !vm->link->has_program)
		return inside_signal(worker, signal_number, e);
	machine_of(vm)->is_powering_down = true;
	qemu_command(vm->qemu_guest, "system_powerdown");
	return 0;
}

static void distro_finish(struct worker *worker)
{
	struct distro_vm *machine = machine_of(worker_state(worker));

	if (!machine)
		return;
	qemu_finish(worker);
	disk_close(&machine->disk);
	fd_close(&machine->agent_fd);
	free(machine);
}

const struct wall distro_machine = {
    .kind = "vm",
    .exec_takes_user = true,
    .start = distro_start,
    .signal = distro_signal,
    .pause = qemu_pause,
    .resize = inside_resize,
    .input = inside_input,
    .exec = inside_exec,
    .exec_signal = inside_exec_signal,
    .wait = qemu_wait,
    .finish = distro_finish,
};
