/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The machine whose processor is a program: QEMU's TCG translates the guest's instructions. It is
 * for hosts without a KVM, or with one that cannot run a full kernel; what it measures is marked
 * `tcg`, for it says nothing about a real machine. It starts from the same kernel and the same
 * first file system as the one on KVM (linux/), has the same agent in it, and its timeline the same
 * names as far as somebody here can stamp them. `kernel_ready` ends when the agent speaks. What
 * lies between is seen from inside QEMU only, and so not shown.
 *
 * The board is `pc`: it has ACPI, by which a guest switches itself off, as microvm has not with a
 * distribution's kernel. The agent speaks over a virtio port, or, where the kernel has no driver
 * for it, over the second serial port, byte by byte: its first word chooses.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "files.h"
#include "linux_boot.h"
#include "machine_size.h"
#include "qemu.h"
#include "wall.h"

enum { COPY_BYTES = 64 * 1024 };

struct emulated_vm {
	struct qemu_vm qemu; /* first: vm->qemu_guest points here */
	struct boot_files files;
	struct linux_image image;
	int initramfs_fd; /* its parts, one behind the other */
};

/* As linux/machine.c's; reboot=t: a triple fault, which QEMU tells as a reset. */
static const char *const board[] = {
    "-M",
    "pc,usb=off,vmport=off",
    "-serial",
    "chardev:console",
    "-serial",
    "chardev:serial",
    "-device",
    "virtio-serial-pci,max_ports=2",
    "-device",
    "virtserialport,chardev=agent,name=isolab.agent",
    "-append",
    "console=ttyS0 quiet loglevel=1 panic=-1 reboot=t random.trust_cpu=on cryptomgr.notests "
    "8250.nr_uarts=2 i8042.noaux i8042.nokbd no_timer_check tsc=reliable rdinit=/init",
    NULL,
};

static struct emulated_vm *machine_of(const struct vm *vm)
{
	return (struct emulated_vm *)vm->qemu_guest;
}

static int step_prepare(struct vm *vm, struct err *e)
{
	struct emulated_vm *machine = machine_of(vm);
	char program[4096];
	int r = qemu_find(program, sizeof(program), e);

	return r < 0 ? r : boot_files_prepare(vm->worker, &machine->files, &machine->image, e);
}

/* QEMU takes one file. Each part is padded with zeros to whole pages, as in a machine's memory. */
static int join_initramfs(struct emulated_vm *machine, struct err *e)
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

static int step_qemu(struct vm *vm, struct err *e)
{
	struct emulated_vm *machine = machine_of(vm);
	struct qemu_launch launch;
	uint64_t memory_bytes;
	int r = machine_size_choose(vm->worker, &machine->image, machine->files.initramfs_bytes,
				    &memory_bytes, e);

	if (r == 0)
		r = join_initramfs(machine, e);
	if (r < 0)
		return r;
	qemu_launch_init(&launch, false);
	qemu_launch_words(&launch, board);
	qemu_launch_size(&launch, worker_spec(vm->worker), memory_bytes);
	qemu_launch_file(&launch, "-kernel", "", "kernel", fd_move(&machine->files.kernel));
	qemu_launch_file(&launch, "-initrd", "", "initramfs", fd_move(&machine->initramfs_fd));
	r = qemu_outside_add(vm, &launch, e);
	if (r == 0)
		r = qemu_run(vm, &launch, e);
	qemu_launch_finish(&launch);
	boot_files_finish(&machine->files);
	return r;
}

static const struct start_step steps[] = {
    {"prepare", "find the kernel and the files that it starts from, or make them: once",
     step_prepare},
    {"volumes", "start what serves directories of the host to the machine", vm_step_volumes},
    {"lab", NULL, vm_step_lab},
    {"qemu", "start QEMU, walled in: an ordinary process that imitates a whole machine", step_qemu},
    {"walls", "the worker gives up all rights it no longer needs", qemu_step_walls},
    {NULL, NULL, NULL},
};

static void on_up(struct vm *vm)
{
	vm_stamp(vm, "kernel_ready", clock_now_ns(),
		 "firmware and Linux are up: it has found its devices, and runs /init");
}

static const struct qemu_kind emulated = {.steps = steps,
					  .inside = {.send = qemu_send_agent, .on_up = on_up}};

static int emulated_start(struct worker *worker, struct err *e)
{
	struct emulated_vm *machine = calloc(1, sizeof(*machine));

	if (!machine)
		return err_sys(e, ENOMEM, "start a virtual machine");
	machine->files.kernel = -1;
	machine->initramfs_fd = -1;
	worker_note(worker, "accel", "tcg");
	return qemu_start(worker, &machine->qemu, &emulated, e);
}

static void emulated_finish(struct worker *worker)
{
	struct emulated_vm *machine = machine_of(worker_state(worker));

	if (!machine)
		return;
	qemu_finish(worker);
	boot_files_finish(&machine->files);
	fd_close(&machine->initramfs_fd);
	free(machine);
}

const struct wall emulated_machine = {
    .kind = "vm",
    .exec_takes_user = true,
    .start = emulated_start,
    .signal = inside_signal,
    .pause = qemu_pause,
    .resize = inside_resize,
    .input = inside_input,
    .exec = inside_exec,
    .exec_signal = inside_exec_signal,
    .wait = qemu_wait,
    .finish = emulated_finish,
};
