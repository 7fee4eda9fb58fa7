/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The start of a virtual machine: a list of named steps (tiny_steps, at the end; linux/machine.c
 * has its own), each a line of the timeline, from /dev/kvm to a processor whose registers point at
 * the kernel's first instruction. The last step walls the monitor itself in: what it needs later
 * is open by then.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel.h"
#include "clock.h"
#include "fd.h"
#include "hooks.h"
#include "lockin.h"
#include "vm.h"
#include "wall.h"

/* The name that timer_create(2) gives it; the GNU C library has none. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

enum { MEMORY_DEFAULT = 32 << 20 };

int vm_step_kvm_open(struct vm *vm, struct err *e)
{
	int r = kvm_open(&vm->kvm_fd, e);
	if (r == 0)
		worker_note(vm->worker, "accel", "%s", kvm_acceleration(vm));
	return r;
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
	return kvm_create_memory(vm, bytes, memory_init, e);
}

/* Opens a file beside the worker and hands it to `load`. */
static int load_file(struct vm *vm, const char *name,
		     int (*load)(struct vm *vm, int fd, struct err *e), struct err *e)
{
	char path[4096];
	auto_close int fd = openat(AT_FDCWD, worker_data_path(vm->worker, name, path, sizeof(path)),
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
	unsigned rows, columns;
	worker_window_size(vm->worker, &rows, &columns);
	channel_control(vm)->rows = (uint16_t)rows;
	channel_control(vm)->columns = (uint16_t)columns;
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
	fd_close(&vm->kvm_fd); /* the guest's host has no way to make another VM */
	int r = lockin_leave_host(vm->worker, e);
	return r < 0 ? r : lockin_filter_calls(&lockin_tiny, e);
}

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

static int step_enter(struct vm *vm, struct err *e)
{
	int r = cpu_reset(vm, vm->layout.entry, e);
	if (r == 0)
		r = create_kick_timer(vm, e);
	if (r < 0)
		return r;
	stats_open(vm);
	stats_watch(vm, vm->vcpu.fd);
	return 0;
}

const struct start_step tiny_steps[] = {
    {"kvm_open", "open /dev/kvm: the kernel's hypervisor is a device file", vm_step_kvm_open},
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

int vm_start(struct vm *vm, const struct start_step *steps, struct err *e)
{
	for (const struct start_step *step = steps; step->name; step++) {
		uint64_t start = clock_now_ns();
		hook_reached("worker", step->name);
		int r = step->run(vm, e);
		if (r < 0)
			return r;
		if (r == 0)
			worker_step(vm->worker, step->name, start, step->why);
	}
	vm->entered_ns = clock_now_ns();
	return 0;
}

void vm_stamp(struct vm *vm, const char *step, uint64_t at_ns, const char *why)
{
	worker_step_at(vm->worker, step, vm->entered_ns, at_ns, why);
	vm->entered_ns = at_ns;
}
