/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kind "vm" as the worker runtime sees it: it chooses the machine (accel.c), and hands every
 * request on to it. The teaching kernel's (tiny.c) is one thread and a handful of devices; the one
 * that boots Linux (linux/machine.c) has interrupt controllers, threads and an agent inside.
 */
#include "wall.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "accel.h"
#include "lockin.h"
#include "vm.h"

static const struct wall *machine_of(const struct worker *worker)
{
	return ((const struct vm *)worker_state(worker))->machine;
}

static int vm_wall_start(struct worker *worker, struct err *e)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	if (!vm)
		return err_sys(e, ENOMEM, "start a virtual machine");
	*vm = (struct vm){.worker = worker,
			  .machine = &tiny_machine,
			  .kvm_fd = -1,
			  .vm_fd = -1,
			  .vcpu.fd = -1,
			  .stats_fd = -1,
			  .ports = tiny_ports};
	for (unsigned i = 0; i < VM_CHANNELS; i++)
		for (int k = 0; k < 3; k++)
			vm->channels[i].fds[k] = -1;
	vm_network_init(&vm->network);
	worker_set_state(worker, vm);
	int r = accel_choose(vm, &vm->machine, e);
	return r < 0 ? r : vm->machine->start(worker, e);
}

static int vm_wall_signal(struct worker *worker, int signal_number, struct err *e)
{
	if (signal_number < 1 || signal_number > 64)
		return err_set(e, EINVAL, "there is no signal %d", signal_number);
	return machine_of(worker)->signal(worker, signal_number, e);
}

static int vm_wall_kill(struct worker *worker, struct err *e)
{
	struct vm *vm = worker_state(worker);

	(void)e; /* the machine goes with its worker: nothing that could fail */
	if (!vm->has_ended)
		vm_end(vm, SIGKILL);
	return 0;
}

static int vm_wall_pause(struct worker *worker, bool on, struct err *e)
{
	return machine_of(worker)->pause(worker, on, e);
}

static int vm_wall_resize(struct worker *worker, unsigned rows, unsigned columns, struct err *e)
{
	return machine_of(worker)->resize(worker, rows, columns, e);
}

static ssize_t vm_wall_input(struct worker *worker, const void *data, size_t length)
{
	return machine_of(worker)->input(worker, data, length);
}

static int vm_wall_exec(struct worker *worker, struct worker_exec *x, struct err *e)
{
	const struct wall *machine = machine_of(worker);

	if (*x->user && !machine->exec_takes_user)
		return err_hint(e,
				err_set(e, EOPNOTSUPP,
					"a tiny vm has no other users to run a program as"),
				"leave --user out, or take --kernel linux");
	return machine->exec(worker, x, e);
}

static int vm_wall_exec_signal(struct worker *worker, unsigned id, int signal_number, struct err *e)
{
	return machine_of(worker)->exec_signal(worker, id, signal_number, e);
}

static int vm_wall_wait(struct worker *worker, struct pollfd *fds, nfds_t count, int timeout_ms)
{
	return machine_of(worker)->wait(worker, fds, count, timeout_ms);
}

static void vm_wall_publish(struct worker *worker)
{
	struct vm *vm = worker_state(worker);
	if (vm)
		stats_publish(vm, true);
}

static int vm_wall_describe(struct worker *worker, const char *topic, struct strbuf *text,
			    struct err *e)
{
	struct vm *vm = worker_state(worker);

	if (strcmp(topic, "surface") == 0) {
		lockin_describe(vm->qemu_guest    ? &lockin_qemu
				: vm->linux_guest ? &lockin_linux
						  : &lockin_tiny,
				text);
		return 0;
	}
	if (strcmp(topic, "lab") == 0)
		return lab_describe_place(&vm->network.lab, text, e);
	if (strcmp(topic, "devicetree") != 0)
		return -EOPNOTSUPP;
	return devicetree_print(vm->devicetree, text, e);
}

static void vm_wall_finish(struct worker *worker)
{
	struct vm *vm = worker_state(worker);
	if (!vm)
		return;
	vm->machine->finish(worker);
	stats_close(vm);
	vm_network_finish(&vm->network);
	vm_volumes_finish(&vm->volumes);
	kvm_finish(vm);
	free(vm->devicetree);
	free(vm);
	worker_set_state(worker, NULL);
}

const struct wall vm_wall = {
    .kind = "vm",
    .exec_takes_user = true, /* of the machine that can */
    .check = vm_check,
    .start = vm_wall_start,
    .signal = vm_wall_signal,
    .kill = vm_wall_kill,
    .pause = vm_wall_pause,
    .resize = vm_wall_resize,
    .input = vm_wall_input,
    .exec = vm_wall_exec,
    .exec_signal = vm_wall_exec_signal,
    .wait = vm_wall_wait,
    .publish = vm_wall_publish,
    .describe = vm_wall_describe,
    .finish = vm_wall_finish,
};
