/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The loop of the virtual processor: inject what waits, let it run (KVM_RUN), look why it came
 * back, and so on until there is something else to do. Documentation/virt/kvm/api.rst, section 5
 * (struct kvm_run), names every reason.
 *
 * Two things surprise. KVM_RUN comes back only when the guest leaves: a timer's signal ("the
 * kick") ends it every few milliseconds so that the worker's descriptors are looked at. The
 * signal's handler sets run->immediate_exit, which closes the gap between our last look and the
 * entry. And an interrupt can be injected only at a moment when the guest takes one: KVM tells by
 * ready_for_interrupt_injection, else we ask for an exit at the next such moment
 * (request_interrupt_window).
 */
#include <errno.h>
#include <linux/kvm.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>

#include "clock.h"
#include "vm.h"

enum { KICK_NS = 4 * 1000 * 1000, KICK_SOON_NS = 200 * 1000 };

/* ---- the end ---- */

void vm_end(struct vm *vm, int wait_status)
{
	vm->has_ended = true;
	worker_exited(vm->worker, wait_status);
}

void vm_fail(struct vm *vm, const struct err *error)
{
	vm->has_ended = true;
	worker_fail(vm->worker, error);
}

/* ---- interrupts and the kick ---- */

void vm_raise(struct vm *vm, unsigned vector)
{
	vm->vcpu.pending |= 1ull << vector;
}

/* Injects one waiting interrupt if the guest takes it now, else asks for an exit as soon as it
 * would. */
static void inject(struct vm *vm)
{
	struct vcpu *vcpu = &vm->vcpu;
	vcpu->run->request_interrupt_window = 0;
	if (!vcpu->pending)
		return;
	if (vcpu->run->ready_for_interrupt_injection) {
		struct kvm_interrupt interrupt = {.irq = (uint32_t)__builtin_ctzll(vcpu->pending)};
		if (ioctl(vcpu->fd, KVM_INTERRUPT, &interrupt) == 0) {
			vcpu->pending &= vcpu->pending - 1;
			vcpu->is_halted = false;
			vm->stats.injected++;
		}
	}
	vcpu->run->request_interrupt_window = vcpu->pending != 0;
}

static void set_kick(struct vm *vm, uint64_t at_ns)
{
	struct itimerspec when = {.it_value = {.tv_sec = (time_t)(at_ns / 1000000000),
					       .tv_nsec = (long)(at_ns % 1000000000)}};
	timer_settime(vm->kick_timer, TIMER_ABSTIME, &when, NULL);
	vm->kick_at_ns = at_ns;
}

void vm_kick_soon(struct vm *vm)
{
	set_kick(vm, clock_now_ns() + KICK_SOON_NS);
}

/* Sees to it that KVM_RUN ends at the guest's timer, or after KICK_NS. */
static void arm_kick(struct vm *vm)
{
	if (vm->kick_at_ns && (!vm->timer_at_ns || vm->kick_at_ns <= vm->timer_at_ns))
		return;
	uint64_t at = clock_now_ns() + KICK_NS;
	if (vm->timer_at_ns && vm->timer_at_ns < at)
		at = vm->timer_at_ns;
	set_kick(vm, at);
}

/* ---- why the processor came back ---- */

/* What the loop does next. */
enum next { NEXT_RUN, NEXT_RETURN };

static enum next on_port(struct vm *vm)
{
	struct kvm_run *run = vm->vcpu.run;
	struct err error = {0};
	uint32_t value;
	const struct port *port = port_find(vm->ports, run->io.port, run->io.size, run->io.count,
					    run->io.direction == KVM_EXIT_IO_OUT, &error);
	vm->stats.exits[VM_EXIT_IO]++;
	if (!port) {
		vm_fail(vm, &error);
		return NEXT_RETURN;
	}
	memcpy(&value, (char *)run + run->io.data_offset, sizeof(value));
	return port->on_write(vm, value) == PORT_DONE ? NEXT_RUN : NEXT_RETURN;
}

static enum next on_halt(struct vm *vm)
{
	struct kvm_run *run = vm->vcpu.run;
	struct err error = {0};
	vm->stats.exits[VM_EXIT_HALT]++;
	vm->vcpu.is_halted = true;
	if (run->if_flag)
		return vm->vcpu.pending ? NEXT_RUN : NEXT_RETURN;
	err_set(&error, EDEADLK,
		"the guest stopped its processor for ever (HLT with interrupts off)");
	err_hint(&error, 0, "its kernel gave up without a word: a bug in the guest");
	vm_fail(vm, &error);
	return NEXT_RETURN;
}

static enum next on_window(struct vm *vm)
{
	vm->stats.exits[VM_EXIT_INTERRUPT]++;
	return NEXT_RUN; /* inject() does it */
}

static enum next on_kick(struct vm *vm)
{
	vm->stats.exits[VM_EXIT_KICK]++;
	return NEXT_RETURN;
}

static enum next on_mmio(struct vm *vm)
{
	struct kvm_run *run = vm->vcpu.run;
	struct err error = {0};
	char place[128];
	vm->stats.exits[VM_EXIT_MMIO]++;
	err_set(&error, EFAULT, "the guest %s address 0x%llx, where there is no memory (%s)",
		run->mmio.is_write ? "wrote to" : "read from", run->mmio.phys_addr,
		cpu_describe(vm->vcpu.fd, place, sizeof(place)));
	err_hint(&error, 0,
		 "its kernel believes in more memory than it was given: a bug in the guest");
	vm_fail(vm, &error);
	return NEXT_RETURN;
}

static enum next on_triple_fault(struct vm *vm)
{
	struct err error = {0};
	char place[128];
	vm->stats.exits[VM_EXIT_OTHER]++;
	err_set(&error, EFAULT, "the guest's processor shut down (triple fault) %s",
		cpu_describe(vm->vcpu.fd, place, sizeof(place)));
	err_hint(&error, 0, "a fault while its kernel handled a fault: a bug in the guest kernel");
	vm_fail(vm, &error);
	return NEXT_RETURN;
}

static enum next on_internal_error(struct vm *vm)
{
	struct kvm_run *run = vm->vcpu.run;
	struct err error = {0};
	char place[128];
	vm->stats.exits[VM_EXIT_OTHER]++;
	err_set(&error, ENOTSUP,
		"this host's KVM cannot run what the guest does (%s, suberror %u) %s",
		run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION ? "instruction not emulated"
								       : "internal error",
		run->internal.suberror, cpu_describe(vm->vcpu.fd, place, sizeof(place)));
	err_hint(&error, 0,
		 "a KVM without hardware support emulates the guest's kernel and knows few "
		 "instructions; 'isolab doctor' tells which KVM this is");
	vm_fail(vm, &error);
	return NEXT_RETURN;
}

static enum next on_failed_entry(struct vm *vm)
{
	struct err error = {0};
	vm->stats.exits[VM_EXIT_OTHER]++;
	err_set(&error, EINVAL, "the processor refused to enter the guest (reason 0x%llx)",
		vm->vcpu.run->fail_entry.hardware_entry_failure_reason);
	err_hint(&error, 0,
		 "the host's KVM or processor does not accept the guest's state: please report it");
	vm_fail(vm, &error);
	return NEXT_RETURN;
}

static enum next on_unknown(struct vm *vm)
{
	struct err error = {0};
	vm->stats.exits[VM_EXIT_OTHER]++;
	err_set(&error, ENOTSUP, "the processor came back for an unknown reason (%u)",
		vm->vcpu.run->exit_reason);
	vm_fail(vm, &error);
	return NEXT_RETURN;
}

static const struct exit_handler {
	uint32_t reason;
	enum next (*handle)(struct vm *vm);
} exit_handlers[] = {
    {KVM_EXIT_IO, on_port},
    {KVM_EXIT_HLT, on_halt},
    {KVM_EXIT_IRQ_WINDOW_OPEN, on_window},
    {KVM_EXIT_INTR, on_kick},
    {KVM_EXIT_MMIO, on_mmio},
    {KVM_EXIT_SHUTDOWN, on_triple_fault},
    {KVM_EXIT_INTERNAL_ERROR, on_internal_error},
    {KVM_EXIT_FAIL_ENTRY, on_failed_entry},
    {0, on_unknown},
};

static enum next handle_exit(struct vm *vm)
{
	const struct exit_handler *handler = exit_handlers;
	while (handler->reason && handler->reason != vm->vcpu.run->exit_reason)
		handler++;
	return handler->handle(vm);
}

/* KVM_RUN itself failed: by the kick, or for good. */
static enum next handle_error(struct vm *vm, int code)
{
	struct err error = {0};
	char place[128];
	if (code == EINTR || code == EAGAIN) {
		vm->vcpu.run->immediate_exit = 0;
		vm->kick_at_ns = 0;
		return on_kick(vm);
	}
	err_sys(&error, code, "run the virtual CPU (%s)",
		cpu_describe(vm->vcpu.fd, place, sizeof(place)));
	vm_fail(vm, &error);
	return NEXT_RETURN;
}

void vm_run(struct vm *vm)
{
	enum next next = NEXT_RUN;
	while (next == NEXT_RUN) {
		inject(vm);   /* an interrupt that waits and can be taken */
		arm_kick(vm); /* come back for the descriptors */
		if (ioctl(vm->vcpu.fd, KVM_RUN, 0) == 0)
			next = handle_exit(vm);
		else
			next = handle_error(vm, errno);
	}
}
