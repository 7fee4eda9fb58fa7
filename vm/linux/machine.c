/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The machine that boots Linux: its steps, in order, and what the worker asks of it. Its timeline
 * has the names of the tiny one's, so that the two can be laid side by side: `kernel_entry` ends
 * with the kernel's first exit, `kernel_ready` when its /init, our agent, speaks, `init` when the
 * program runs.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "acpi.h"
#include "clock.h"
#include "console.h"
#include "devicetree.h"
#include "fd.h"
#include "inside.h"
#include "linux.h"
#include "lockin.h"
#include "machine_size.h"
#include "wall.h"

/* Of a line, before the others and the worker's descriptors have their turn. */
enum { READS_MAX = 64 };

/* Of the kernel's own words only its last ones are shown, those of a panic.
 * i8042 and the clock chip are not there (ACPI says so too); the rest saves waiting. */
static const char command_line[] =
    "console=ttyS0 quiet loglevel=1 panic=-1 reboot=k pci=off random.trust_cpu=on "
    "cryptomgr.notests "
    "8250.nr_uarts=2 i8042.noaux i8042.nokbd no_timer_check tsc=reliable rdinit=/init";

static struct linux_vm *machine_of(const struct worker *worker)
{
	return ((const struct vm *)worker_state(worker))->linux_guest;
}

/* ---- the steps ---- */

static int step_create_vm(struct vm *vm, struct err *e)
{
	int r = kvm_create_vm(vm, e);

	return r < 0 ? r : linux_cpu_create_chips(vm, e);
}

/* What the kernel and its files take decides how much memory there must be. */
static int step_prepare(struct vm *vm, struct err *e)
{
	struct linux_vm *machine = vm->linux_guest;

	return boot_files_prepare(vm->worker, &machine->files, &machine->image, e);
}

static int step_memory(struct vm *vm, struct err *e)
{
	const struct linux_vm *machine = vm->linux_guest;
	uint64_t bytes;
	int r = machine_size_choose(vm->worker, &machine->image, machine->files.initramfs_bytes,
				    &bytes, e);

	if (r < 0)
		return r;
	return kvm_create_memory(vm, bytes,
				 vm_volumes_share_memory(worker_spec(vm->worker))
				     ? memory_init_shared
				     : memory_init_huge,
				 e);
}

static int step_processors(struct vm *vm, struct err *e)
{
	uint64_t wanted = worker_spec(vm->worker)->vcpus;

	return processors_create(vm->linux_guest, wanted ? (unsigned)wanted : 1, e);
}

static int step_load(struct vm *vm, struct err *e)
{
	struct linux_vm *machine = vm->linux_guest;
	struct boot_files *files = &machine->files;
	int r = linux_load_kernel(&vm->memory, files->kernel, &machine->image, e);

	if (r == 0)
		r = linux_place_initramfs(&vm->memory, &machine->image, files->initramfs_bytes, e);
	uint64_t at = machine->image.initramfs_start;
	for (unsigned i = 0; r == 0 && i < files->part_count; i++) {
		const struct boot_part *part = &files->parts[i];
		r = memory_map_file(&vm->memory, at, part->fd, 0, part->bytes, e);
		at += part->bytes;
	}
	boot_files_finish(files);
	return r < 0 ? err_ctx(e, r, "load '%s'", files->kernel_path) : 0;
}

/* For `inspect --devicetree`; the guest never sees it. */
static int write_devicetree(struct vm *vm, struct err *e)
{
	vm->devicetree = malloc(DEVICETREE_LINUX_BYTES);
	if (!vm->devicetree)
		return err_sys(e, ENOMEM, "describe the machine");
	return devicetree_write_linux(vm->linux_guest, command_line, vm->devicetree,
				      DEVICETREE_LINUX_BYTES, e);
}

static int step_tables(struct vm *vm, struct err *e)
{
	struct linux_vm *machine = vm->linux_guest;
	int r = devices_create(machine, e);
	const struct acpi_machine description = {.cpus = machine->processor_count,
						 .virtio = {machine->io.count, IO_ADDRESS,
							    VIRTIO_REGISTERS_BYTES, IO_INTERRUPT}};

	if (r == 0)
		r = acpi_write(&vm->memory, &description, e);
	if (r == 0)
		r = write_devicetree(vm, e);
	return r < 0 ? r : linux_set_command_line(&vm->memory, command_line, ACPI_TABLES, e);
}

static int step_enter(struct vm *vm, struct err *e)
{
	struct linux_vm *machine = vm->linux_guest;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < machine->processor_count; i++)
		r = linux_cpu_reset(vm, &machine->processors[i], &machine->image, e);
	if (r < 0)
		return r;
	stats_open(vm);
	for (unsigned i = 0; i < machine->processor_count; i++)
		stats_watch(vm, machine->processors[i].fd);
	return 0;
}

/* Leaving the host takes a process with one thread; so the processors' threads begin in between.
 * They wait: the machine is paused. */
static int step_walls(struct vm *vm, struct err *e)
{
	struct linux_vm *machine = vm->linux_guest;

	fd_close(&vm->kvm_fd);
	int r = lockin_leave_host(vm->worker, e);
	if (r == 0)
		r = processors_start(machine, e);
	if (r == 0)
		r = io_start(machine, e);
	if (r == 0)
		r = lockin_filter_calls(&lockin_linux, e);
	return r;
}

static const struct start_step linux_steps[] = {
    {"kvm_open", "open /dev/kvm: the kernel's hypervisor is a device file", vm_step_kvm_open},
    {"prepare", "find the kernel and the files that it starts from, or make them: once",
     step_prepare},
    {"kvm_vm", "KVM_CREATE_VM: a machine, with the interrupt controllers and timer of a PC",
     step_create_vm},
    {"kvm_memory", "a piece of this process's memory becomes the machine's RAM", step_memory},
    {"kvm_vcpu", "KVM_CREATE_VCPU: each virtual processor is a thread of this process",
     step_processors},
    {"load", "lay the Linux kernel and its first file system, the initramfs, into the RAM",
     step_load},
    {"volumes", "start what serves directories of the host to the machine", vm_step_volumes},
    {"lab", NULL, vm_step_lab},
    {"vsock", "open the socket by which programs of the host reach those of the guest",
     outside_step_vsock},
    {"devicetree", "describe the machine to the kernel: on a PC, by ACPI tables", step_tables},
    {"enter", "set the first processor's registers to the kernel's first instruction", step_enter},
    {"walls", "the monitor gives up all rights it no longer needs", step_walls},
    {NULL, NULL, NULL},
};

/* ---- between the threads ---- */

/* Takes a copy of what a processor has queued. */
static size_t take_queue(struct linux_vm *machine, struct byte_queue *queue, uint8_t *buffer,
			 size_t size)
{
	size_t taken = 0;

	pthread_mutex_lock(&machine->lock);
	bool was_full = queue->head - queue->tail == LINUX_CONSOLE_BYTES;
	while (taken < size && queue->tail != queue->head)
		buffer[taken++] = queue->bytes[queue->tail++ % LINUX_CONSOLE_BYTES];
	if (was_full)
		pthread_cond_broadcast(&machine->changed);
	pthread_mutex_unlock(&machine->lock);
	return taken;
}

/* Bytes of the line, by one of its two ways. The agent chooses with its first word. */
static void receive(struct linux_vm *machine, bool is_port, const uint8_t *bytes, size_t length)
{
	struct link *link = machine->vm->link;

	if (length == 0)
		return;
	if (!link->has_agent)
		machine->is_port_used = is_port;
	if (machine->is_port_used == is_port)
		link_receive(link, bytes, length);
}

/* The kernel's own words (errors, as a rule: "quiet") and what is written to the terminal, as far
 * as somebody takes them. True if there may be more. */
static bool read_consoles(struct linux_vm *machine)
{
	struct worker *worker = machine->vm->worker;
	uint8_t buffer[4096];
	int turn = 0;

	for (; turn < READS_MAX && !worker_output_is_full(worker); turn++) {
		size_t n = take_queue(machine, &machine->console_out, buffer, sizeof(buffer));
		worker_output(worker, WORKER_STDERR, buffer, n);
		size_t more = virtio_console_take(machine->terminal, buffer, sizeof(buffer));
		worker_output(worker, WORKER_STDERR, buffer, more);
		if (n + more == 0)
			break;
	}
	return turn == READS_MAX;
}

/* The line to the agent, by both its ways. True if it has said something. */
static bool read_agent(struct linux_vm *machine)
{
	uint8_t buffer[4096];
	int turn = 0;

	for (; turn < READS_MAX; turn++) {
		size_t n = take_queue(machine, &machine->link_out, buffer, sizeof(buffer));
		receive(machine, false, buffer, n);
		size_t more = virtio_console_take(machine->port, buffer, sizeof(buffer));
		receive(machine, true, buffer, more);
		if (n + more == 0)
			break;
	}
	return turn > 0;
}

static void tell_end(struct linux_vm *machine)
{
	struct vm *vm = machine->vm;
	struct err error = {0};

	pthread_mutex_lock(&machine->lock);
	enum linux_end end = machine->end;
	if (end == LINUX_FAILED)
		error = machine->failure;
	pthread_mutex_unlock(&machine->lock);
	if (end == LINUX_RUNS || vm->has_ended)
		return;
	if (end == LINUX_OFF) {
		vm_end(vm, 0);
		return;
	}
	if (end == LINUX_RESET) {
		err_set(&error, ECANCELED, "the guest's kernel reset the machine%s",
			vm->link->has_agent ? "" : " before it was up");
		err_hint(&error, 0, "a reboot, or a panic: its last words are in `isolab logs %s`",
			 worker_spec(vm->worker)->name);
	}
	vm_fail(vm, &error);
}

static void on_wake(struct worker *worker, int fd, short revents, void *arg)
{
	uint64_t count;
	ssize_t unused = read(fd, &count, sizeof(count));

	(void)worker, (void)revents, (void)arg, (void)unused;
}

static int linux_wait(struct worker *worker, struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct vm *vm = worker_state(worker);
	struct linux_vm *machine = vm->linux_guest;
	uint64_t stats = stats_wait_ns(vm);

	if (!vm->has_ended && machine->has_threads) {
		/* What it said may have us watch a descriptor that `fds` does not hold yet. */
		bool has_more = read_consoles(machine);
		has_more |= read_agent(machine);
		if (has_more)
			timeout_ms = 0;
		link_pay(vm->link);
		link_flush(vm->link);
		io_tell(machine);
		tell_end(machine);
	}
	if (stats != UINT64_MAX && (timeout_ms < 0 || stats / 1000000 < (uint64_t)timeout_ms))
		timeout_ms = (int)(stats / 1000000) + 1;
	int ready = poll(fds, count, vm->has_ended ? 0 : timeout_ms);
	stats_publish(vm, false);
	return ready;
}

/* ---- the line to the agent ---- */

static size_t send_link(struct vm *vm, const uint8_t *bytes, size_t length)
{
	struct linux_vm *machine = vm->linux_guest;

	if (machine->is_port_used)
		return virtio_console_send(machine->port, bytes, length);
	pthread_mutex_lock(&machine->lock);
	size_t taken = serial_receive(&machine->link, bytes, length);
	pthread_mutex_unlock(&machine->lock);
	return taken;
}

static void on_up(struct vm *vm)
{
	unsigned rows, columns;

	vm_stamp(vm, "kernel_entry", vm->linux_guest->first_exit_ns,
		 "the kernel runs, and talks to a device");
	vm_stamp(vm, "kernel_ready", clock_now_ns(),
		 "Linux is up: it has unpacked itself, found its devices, and runs /init");
	/* Linux asks for a terminal's size only when it has changed, its driver being up. */
	worker_window_size(vm->worker, &rows, &columns);
	virtio_console_resize(vm->linux_guest->terminal, rows, columns);
}

static const struct inside_machine inside_machine = {.send = send_link, .on_up = on_up};

/* ---- what the worker asks ---- */

static int linux_start(struct worker *worker, struct err *e)
{
	struct vm *vm = worker_state(worker);
	struct linux_vm *machine = calloc(1, sizeof(*machine));

	if (!machine)
		return err_sys(e, ENOMEM, "start a virtual machine");
	vm->linux_guest = machine;
	machine->vm = vm;
	machine->is_paused = true;
	machine->files.kernel = -1;
	pthread_mutex_init(&machine->lock, NULL);
	pthread_cond_init(&machine->changed, NULL);
	machine->io.bell_fd = machine->vsock_fd = -1;
	machine->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (machine->wake_fd < 0)
		return err_sys(e, errno, "make the processors' bell");
	int r = worker_watch(worker, machine->wake_fd, POLLIN, on_wake, NULL, e);
	if (r == 0)
		r = inside_create(vm, &inside_machine, e);
	if (r == 0)
		r = vm_start(vm, linux_steps, e);
	if (r < 0)
		return r;
	machine->has_threads = true;
	pthread_mutex_lock(&machine->lock);
	machine->is_paused = false;
	pthread_cond_broadcast(&machine->changed);
	pthread_mutex_unlock(&machine->lock);
	return 0;
}

static int linux_pause(struct worker *worker, bool on, struct err *e)
{
	struct linux_vm *machine = machine_of(worker);

	(void)e;
	pthread_mutex_lock(&machine->lock);
	machine->is_paused = on;
	pthread_mutex_unlock(&machine->lock);
	processors_kick(machine);
	io_pause(machine, on);
	return 0;
}

static int linux_resize(struct worker *worker, unsigned rows, unsigned columns, struct err *e)
{
	virtio_console_resize(machine_of(worker)->terminal, rows, columns);
	return inside_resize(worker, rows, columns, e);
}

static void linux_finish(struct worker *worker)
{
	struct vm *vm = worker_state(worker);
	struct linux_vm *machine = vm->linux_guest;

	if (!machine)
		return;
	processors_finish(machine);
	io_finish(machine);
	outside_finish(machine);
	inside_destroy(vm);
	boot_files_finish(&machine->files);
	fd_close(&machine->wake_fd);
	pthread_cond_destroy(&machine->changed);
	pthread_mutex_destroy(&machine->lock);
	free(machine);
	vm->linux_guest = NULL;
}

const struct wall linux_machine = {
    .kind = "vm",
    .exec_takes_user = true,
    .start = linux_start,
    .signal = inside_signal,
    .pause = linux_pause,
    .resize = linux_resize,
    .input = inside_input,
    .exec = inside_exec,
    .exec_signal = inside_exec_signal,
    .wait = linux_wait,
    .finish = linux_finish,
};
