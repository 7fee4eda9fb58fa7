/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A thread per processor, with a list of system calls of its own. It runs the guest until KVM
 * comes back, serves the exit under the machine's lock, and goes on. HLT, timers and interrupts
 * never get here: the controllers in the kernel serve them.
 *
 * Getting a processor out of KVM_RUN takes two things: its page says immediate_exit, for the case
 * that it is about to enter; a signal, for the case that it is in. The signal's handler has nothing
 * to do.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "clock.h"
#include "fd.h"
#include "linux.h"
#include "lockin.h"

enum { THREAD_STACK_BYTES = 64 * 1024 };

/* ---- exits ---- */

static void on_port(struct linux_vm *machine, struct kvm_run *run)
{
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	for (unsigned i = 0; i < run->io.count; i++, data += run->io.size) {
		uint64_t value = 0;
		if (run->io.direction == KVM_EXIT_IO_OUT) {
			memcpy(&value, data, run->io.size);
			bus_write(&machine->bus, BUS_PORT, run->io.port, run->io.size, value);
		} else {
			value = bus_read(&machine->bus, BUS_PORT, run->io.port, run->io.size);
			memcpy(data, &value, run->io.size);
		}
	}
	machine->vm->stats.exits[VM_EXIT_IO]++;
}

static void on_memory(struct linux_vm *machine, struct kvm_run *run)
{
	uint64_t value = 0, address = run->mmio.phys_addr;
	unsigned width = run->mmio.len < sizeof(value) ? run->mmio.len : sizeof(value);

	if (run->mmio.is_write) {
		memcpy(&value, run->mmio.data, width);
		bus_write(&machine->bus, BUS_MEMORY, address, width, value);
	} else {
		value = bus_read(&machine->bus, BUS_MEMORY, address, width);
		memcpy(run->mmio.data, &value, width);
	}
	machine->vm->stats.exits[VM_EXIT_MMIO]++;
}

static void fail(struct linux_vm *machine, const struct processor *processor, int code,
		 const char *what, const char *hint)
{
	char place[128];

	if (machine->end != LINUX_RUNS)
		return;
	err_set(&machine->failure, code, "%s (processor %u %s)", what, processor->index,
		cpu_describe(processor->fd, place, sizeof(place)));
	err_hint(&machine->failure, 0, "%s", hint);
	linux_end(machine, LINUX_FAILED);
}

static void on_other(struct linux_vm *machine, struct processor *processor)
{
	struct kvm_run *run = processor->run;

	machine->vm->stats.exits[VM_EXIT_OTHER]++;
	if (run->exit_reason == KVM_EXIT_SHUTDOWN)
		fail(machine, processor, EFAULT, "the guest's processor shut down (triple fault)",
		     "a fault while its kernel handled a fault");
	else if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
		fail(machine, processor, ENOTSUP, "this host's KVM cannot run a full kernel",
		     "its KVM emulates the guest's kernel mode and lacks instructions that Linux "
		     "uses; --kernel tiny runs here, 'isolab doctor' tells more");
	else if (run->exit_reason == KVM_EXIT_FAIL_ENTRY)
		fail(machine, processor, EINVAL, "the processor refused to enter the guest",
		     "the host's KVM does not accept the guest's state: please report it");
	else if (run->exit_reason == KVM_EXIT_SYSTEM_EVENT)
		linux_end(machine, LINUX_RESET);
	else
		fail(machine, processor, ENOTSUP, "the processor came back for an unknown reason",
		     "please report it");
}

static void serve_exit(struct linux_vm *machine, struct processor *processor)
{
	pthread_mutex_lock(&machine->lock);
	if (!machine->first_exit_ns)
		machine->first_exit_ns = clock_now_ns();
	switch (processor->run->exit_reason) {
	case KVM_EXIT_IO:
		on_port(machine, processor->run);
		break;
	case KVM_EXIT_MMIO:
		on_memory(machine, processor->run);
		break;
	default:
		on_other(machine, processor);
	}
	pthread_mutex_unlock(&machine->lock);
}

/* ---- the thread ---- */

/* Waits while the machine is paused. False: it is over. */
static bool may_run(struct linux_vm *machine)
{
	pthread_mutex_lock(&machine->lock);
	while ((machine->is_paused || machine->end != LINUX_RUNS) && !machine->is_stopping)
		pthread_cond_wait(&machine->changed, &machine->lock);
	bool may = !machine->is_stopping;
	pthread_mutex_unlock(&machine->lock);
	return may;
}

static void *run_processor(void *arg)
{
	struct processor *processor = arg;
	struct linux_vm *machine = processor->machine;
	struct err error = {0};

	if (lockin_filter_calls(&lockin_processor, &error) < 0) {
		pthread_mutex_lock(&machine->lock);
		machine->failure = error;
		linux_end(machine, LINUX_FAILED);
		pthread_mutex_unlock(&machine->lock);
	}
	while (may_run(machine)) {
		if (ioctl(processor->fd, KVM_RUN, 0) == 0) {
			serve_exit(machine, processor);
			continue;
		}
		int code = errno;
		processor->run->immediate_exit = 0;
		if (code == EINTR || code == EAGAIN)
			continue;
		pthread_mutex_lock(&machine->lock);
		fail(machine, processor, code, "running the processor failed", strerror(code));
		pthread_mutex_unlock(&machine->lock);
	}
	return NULL;
}

static void on_kick_signal(int number)
{
	(void)number;
}

int processors_create(struct linux_vm *machine, unsigned count, struct err *e)
{
	struct vm *vm = machine->vm;
	int bytes = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);

	if (bytes < (int)sizeof(struct kvm_run))
		return err_sys(e, errno, "ask for the size of a processor's page");
	machine->processor_count = count;
	for (unsigned i = 0; i < count; i++) {
		struct processor *processor = &machine->processors[i];
		*processor = (struct processor){.machine = machine, .index = i};
		processor->fd = ioctl(vm->vm_fd, KVM_CREATE_VCPU, i);
		if (processor->fd < 0)
			return err_sys(e, errno, "create processor %u of %u", i, count);
		void *run = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
				 processor->fd, 0);
		if (run == MAP_FAILED)
			return err_sys(e, errno, "map the page of processor %u", i);
		processor->run = run;
		processor->run_bytes = (size_t)bytes;
	}
	return 0;
}

int processors_start(struct linux_vm *machine, struct err *e)
{
	struct sigaction action = {.sa_handler = on_kick_signal};
	pthread_attr_t attributes;
	sigset_t all, before;
	int code = 0;

	if (sigaction(SIGRTMIN, &action, NULL) < 0)
		return err_sys(e, errno, "handle the signal that stops a processor");
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
	/* Everything else goes to the worker's thread. */
	sigfillset(&all);
	sigdelset(&all, SIGRTMIN);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 0; code == 0 && i < machine->processor_count; i++) {
		struct processor *processor = &machine->processors[i];
		code = pthread_create(&processor->thread, &attributes, run_processor, processor);
		processor->has_thread = code == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return code ? err_sys(e, code, "start the processors' threads") : 0;
}

void processors_kick(struct linux_vm *machine)
{
	pthread_cond_broadcast(&machine->changed);
	for (unsigned i = 0; i < machine->processor_count; i++) {
		struct processor *processor = &machine->processors[i];
		if (!processor->has_thread)
			continue;
		processor->run->immediate_exit = 1;
		pthread_kill(processor->thread, SIGRTMIN);
	}
}

void processors_finish(struct linux_vm *machine)
{
	pthread_mutex_lock(&machine->lock);
	machine->is_stopping = true;
	pthread_mutex_unlock(&machine->lock);
	processors_kick(machine);
	for (unsigned i = 0; i < machine->processor_count; i++) {
		struct processor *processor = &machine->processors[i];
		if (processor->has_thread)
			pthread_join(processor->thread, NULL);
		if (processor->run)
			munmap(processor->run, processor->run_bytes);
		fd_close(&processor->fd);
	}
}
