/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A virtual machine as a sandbox. Its start is a list of named steps, each a line of the
 * timeline; the last one walls the monitor itself in, because from then on hostile code runs in
 * this process's guest. After that the worker's loop is ours: while it waits for its descriptors,
 * the guest runs (vm_wall_wait).
 */
#include "wall.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel.h"
#include "clock.h"
#include "fd.h"
#include "vm.h"

/* The name that timer_create(2) gives it; the GNU C library has none. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

enum { MEMORY_DEFAULT = 32 << 20, TURNS_SKIPPED_MAX = 8 };

/* ---- the steps of the start, in order ---- */

static int step_kvm_open(struct vm *vm, struct err *e)
{
	return kvm_open(&vm->kvm_fd, e);
}

static int step_kvm_memory(struct vm *vm, struct err *e)
{
	const struct sandbox_spec *spec = worker_spec(vm->worker);
	uint64_t bytes = spec->memory_bytes ? memory_page_up(spec->memory_bytes) : MEMORY_DEFAULT;
	if (bytes < VM_MEMORY_MINIMUM) {
		err_set(e, EINVAL, "--memory: %llu bytes are too little for a virtual machine",
			(unsigned long long)bytes);
		return err_hint(e, -EINVAL, "the tiny VM needs at least 2M");
	}
	if (bytes > VM_MEMORY_MAXIMUM) {
		err_set(e, EINVAL, "--memory: %llu bytes are more than the tiny VM can use",
			(unsigned long long)bytes);
		return err_hint(e, -EINVAL, "the teaching kernel sees at most 2046M");
	}
	return kvm_create_memory(vm, bytes, e);
}

/* Opens a file beside the worker and hands it to `load`. */
static int load_file(struct vm *vm, const char *name,
		     int (*load)(struct vm *vm, int fd, struct err *e), struct err *e)
{
	char path[4096];
	auto_close int fd = open(worker_data_path(vm->worker, name, path, sizeof(path)),
				 O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		int r = err_sys(e, errno, "open '%s'", path);
		return err_hint(e, r, "isolab is not built or installed whole: ./dev build");
	}
	int r = load(vm, fd, e);
	if (r == 0)
		return 0;
	err_hint(e, r,
		 "isolab's own file is not what it was built as: ./dev build, or install again");
	return err_ctx(e, r, "load '%s'", path);
}

/* The program shall be known before the machine is: a name that is not there is the learner's
 * most frequent slip. */
static int lay_main_program(struct vm *vm, struct err *e)
{
	static char *const default_command[] = {"isolab-work", NULL};
	const struct sandbox_spec *spec = worker_spec(vm->worker);
	char *const *argv = spec->argv && spec->argv[0] ? spec->argv : default_command;
	struct program program;
	if (spec->workdir)
		worker_note(vm->worker, "workdir",
			    "the teaching kernel has no directories: --workdir is left out");
	vm->channels[0].is_tty = spec->tty;
	int r = exec_find_program(vm, argv[0], &program, e);
	if (r < 0)
		return worker_command_error(vm->worker, r);
	if (!spec->interactive) /* its stdin is empty */
		channel_input(vm, 0)->is_ended = 1;
	auto_free char **environment = environment_make(vm, NULL, e);
	if (!environment)
		return -ENOMEM;
	return channel_start(vm, 0, &program, argv, environment, e);
}

static int step_load(struct vm *vm, struct err *e)
{
	int r = load_file(vm, "tiny-kernel", load_kernel, e);
	if (r == 0)
		r = load_file(vm, "tiny-initrd.cpio", load_initrd, e);
	if (r == 0)
		r = pagetables_build(vm, e);
	return r < 0 ? r : lay_main_program(vm, e);
}

static int step_devicetree(struct vm *vm, struct err *e)
{
	return devicetree_build(vm, worker_spec(vm->worker), e);
}

static int step_walls(struct vm *vm, struct err *e)
{
	worker_note(vm->worker, "accel", "%s", kvm_acceleration());
	fd_close(&vm->kvm_fd); /* the guest's host has no way to make another VM */
	return lockin(vm->worker, e);
}

static int step_enter(struct vm *vm, struct err *e)
{
	return cpu_reset(vm, vm->layout.entry, e);
}

static const struct start_step {
	const char *name, *why;
	int (*run)(struct vm *vm, struct err *e);
} start_steps[] = {
    {"kvm_open", "open /dev/kvm: the kernel's hypervisor is a device file", step_kvm_open},
    {"kvm_vm", "KVM_CREATE_VM: a machine without memory or processor", kvm_create_vm},
    {"kvm_memory", "a piece of this process's memory becomes the machine's RAM", step_kvm_memory},
    {"kvm_vcpu", "KVM_CREATE_VCPU: a virtual processor, a thread of this process runs it",
     kvm_create_vcpu},
    {"load", "map the guest's kernel and programs into its RAM, lay its page tables", step_load},
    {"devicetree", "describe the machine: memory, devices, the program's place", step_devicetree},
    {"enter", "set the processor's registers to the kernel's first instruction", step_enter},
    {"walls", "the monitor gives up all rights it no longer needs", step_walls},
    {NULL, NULL, NULL},
};

/* ---- what start needs besides ---- */

/* The kick's signal: whatever KVM_RUN does, it shall come back at once. The page is found by the
 * signal's value, so there is no global. */
static void on_kick_signal(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	((struct kvm_run *)info->si_value.sival_ptr)->immediate_exit = 1;
}

static int create_kick_timer(struct vm *vm, struct err *e)
{
	struct sigaction action = {.sa_sigaction = on_kick_signal, .sa_flags = SA_SIGINFO};
	struct sigevent event = {
	    .sigev_notify = SIGEV_THREAD_ID,
	    .sigev_signo = SIGRTMIN,
	    .sigev_value.sival_ptr = vm->vcpu.run,
	};
	event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
	if (sigaction(SIGRTMIN, &action, NULL) < 0 ||
	    timer_create(CLOCK_MONOTONIC, &event, &vm->kick_timer) < 0)
		return err_sys(e, errno, "create the timer that interrupts the guest");
	vm->has_kick_timer = true;
	return 0;
}

/* ---- struct wall ---- */

static int vm_wall_start(struct worker *worker, struct err *e)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	if (!vm)
		return err_sys(e, ENOMEM, "start a virtual machine");
	*vm = (struct vm){.worker = worker,
			  .kvm_fd = -1,
			  .vm_fd = -1,
			  .vcpu.fd = -1,
			  .stats_fd = -1,
			  .ports = tiny_ports};
	for (unsigned i = 0; i < VM_CHANNELS; i++)
		for (int k = 0; k < 3; k++)
			vm->channels[i].fds[k] = -1;
	worker_set_state(worker, vm);
	for (const struct start_step *step = start_steps; step->name; step++) {
		uint64_t start = clock_now_ns();
		int r = 0;
		if (step->run == step_walls && (r = create_kick_timer(vm, e)) == 0)
			stats_open(vm);
		if (r == 0)
			r = step->run(vm, e);
		if (r < 0)
			return r;
		worker_step(worker, step->name, start, step->why);
	}
	vm->entered_ns = clock_now_ns();
	return 0;
}

static bool can_run(const struct vm *vm)
{
	return !vm->has_ended && !vm->is_paused && (!vm->vcpu.is_halted || vm->vcpu.pending) &&
	       !worker_output_is_full(vm->worker);
}

/* poll(2), ended also by the guest's timer, to the nanosecond, and by counters to be written. */
static int poll_until(struct vm *vm, struct pollfd *fds, nfds_t count, int timeout_ms)
{
	uint64_t now = clock_now_ns(), wait = stats_wait_ns(vm);
	if (timeout_ms >= 0 && (uint64_t)timeout_ms * 1000000 < wait)
		wait = (uint64_t)timeout_ms * 1000000;
	if (vm->timer_at_ns && !vm->is_paused && !vm->has_ended) {
		uint64_t timer = vm->timer_at_ns > now ? vm->timer_at_ns - now : 0;
		wait = timer < wait ? timer : wait;
	}
	struct timespec limit = {.tv_sec = (time_t)(wait / 1000000000),
				 .tv_nsec = (long)(wait % 1000000000)};
	return ppoll(fds, count, wait == UINT64_MAX ? NULL : &limit, NULL);
}

/* The worker waits: the guest runs. Looks at the descriptors first, then runs the guest until it
 * has nothing to do or the kick comes. Returning 0 early is fine: the worker looks at its own
 * clock. */
static int vm_wall_wait(struct worker *worker, struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct vm *vm = worker_state(worker);
	int ready = can_run(vm) ? poll(fds, count, 0) : poll_until(vm, fds, count, timeout_ms);
	if (vm->timer_at_ns && clock_now_ns() >= vm->timer_at_ns) {
		vm->timer_at_ns = 0;
		vm_raise(vm, VM_VECTOR_TIMER);
	}
	if (ready < 0 || (ready > 0 && ++vm->turns_skipped < TURNS_SKIPPED_MAX))
		return ready;
	vm->turns_skipped = 0;
	if (can_run(vm))
		vm_run(vm);
	exec_resume_inputs(vm);
	stats_publish(vm, false);
	return 0;
}

static int vm_wall_signal(struct worker *worker, int signal_number, struct err *e)
{
	struct vm *vm = worker_state(worker);
	if (signal_number < 1 || signal_number > 64)
		return err_set(e, EINVAL, "there is no signal %d", signal_number);
	channel_signal(vm, 0, signal_number);
	return 0;
}

static int vm_wall_kill(struct worker *worker, struct err *e)
{
	struct vm *vm = worker_state(worker);
	(void)e;
	if (!vm->has_ended)
		vm_end(vm, SIGKILL);
	return 0;
}

static int vm_wall_pause(struct worker *worker, bool on, struct err *e)
{
	struct vm *vm = worker_state(worker);
	(void)e;
	vm->is_paused = on;
	return 0;
}

static int vm_wall_resize(struct worker *worker, unsigned rows, unsigned columns, struct err *e)
{
	struct vm *vm = worker_state(worker);
	struct vm_control *control = channel_control(vm);
	(void)e;
	control->rows = (uint16_t)rows;
	control->columns = (uint16_t)columns;
	channel_signal(vm, 0, SIGWINCH);
	return 0;
}

static ssize_t vm_wall_input(struct worker *worker, const void *data, size_t length)
{
	struct vm *vm = worker_state(worker);
	if (length == 0 && vm->channels[0].is_tty)
		terminal_end(vm);
	if (length == 0) {
		channel_end_input(vm, 0);
		return 0;
	}
	if (vm->channels[0].is_tty)
		return (ssize_t)terminal_input(vm, data, length);
	return (ssize_t)channel_put_input(vm, 0, data, length);
}

/* What still ran beside the main program ends with the machine. */
static void vm_wall_finish(struct worker *worker)
{
	struct vm *vm = worker_state(worker);
	if (!vm)
		return;
	for (unsigned i = 1; i < VM_CHANNELS; i++) {
		if (!vm->channels[i].is_used)
			continue;
		unsigned id = vm->channels[i].exec_id;
		channel_finish(vm, i);
		worker_exec_exited(worker, id, SIGKILL);
	}
	if (vm->has_kick_timer)
		timer_delete(vm->kick_timer);
	stats_close(vm);
	kvm_finish(vm);
	free(vm);
	worker_set_state(worker, NULL);
}

static void vm_wall_publish(struct worker *worker)
{
	struct vm *vm = worker_state(worker);
	if (vm)
		stats_publish(vm, true);
}

const struct wall vm_wall = {
    .kind = "vm",
    .check = vm_check,
    .start = vm_wall_start,
    .signal = vm_wall_signal,
    .kill = vm_wall_kill,
    .pause = vm_wall_pause,
    .resize = vm_wall_resize,
    .input = vm_wall_input,
    .exec = exec_start,
    .exec_signal = exec_signal,
    .wait = vm_wall_wait,
    .publish = vm_wall_publish,
    .finish = vm_wall_finish,
};
