/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The VM's counters for the engine (engine/base/vmstats.h). The file is opened before the monitor
 * walls itself in, and written seldom: never by a VM that lives less than half a second and is
 * removed at its end, once by an idle one. So counting costs a short-lived VM next to nothing.
 * KVM's own statistics are opened then, too, and read only when there is something to write.
 */
#include <fcntl.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "kvmstats.h"
#include "vm.h"

enum { PAUSE_NS = 500 * 1000 * 1000 };

static uint64_t count_exits(const struct vm *vm)
{
	uint64_t sum = 0;
	for (int i = 0; i < VM_EXIT_REASONS; i++)
		sum += vm->stats.exits[i];
	return sum;
}

void stats_open(struct vm *vm)
{
	vm->stats_fd = rundir_open_file(worker_rundir(vm->worker), VM_STATS_FILE,
					O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, NULL);
	vm->stats.magic = VM_STATS_MAGIC;
	vm->stats.ram_address = (uintptr_t)vm->memory.host;
	vm->stats.ram_bytes = vm->memory.size;
	vm->stats_at_ns = clock_now_ns();
	stats_watch(vm, vm->vm_fd);
}

void stats_watch(struct vm *vm, int kvm_object_fd)
{
	int fd = vm->kvm_stats_count < KVM_STATS_MAX ? kvmstats_open(kvm_object_fd) : -1;

	if (fd >= 0)
		vm->kvm_stats_fds[vm->kvm_stats_count++] = fd;
}

uint64_t stats_wait_ns(const struct vm *vm)
{
	if (vm->stats_fd < 0 || vm->stats_written == count_exits(vm))
		return UINT64_MAX;
	uint64_t now = clock_now_ns(), next = vm->stats_at_ns + PAUSE_NS;
	return next > now ? next - now : 0;
}

static void read_kvm(struct vm *vm)
{
	vm->stats.kvm.count = 0;
	for (unsigned i = 0; i < vm->kvm_stats_count; i++)
		kvmstats_add(vm->kvm_stats_fds[i], &vm->stats.kvm);
}

void stats_publish(struct vm *vm, bool now)
{
	uint64_t wait = stats_wait_ns(vm);
	if (vm->stats_fd < 0 || (!now && wait > 0))
		return;
	if (wait == UINT64_MAX && vm->kvm_stats_count == 0)
		return; /* nothing new; KVM may have served exits that we have not seen */
	read_kvm(vm);
	vm->stats_at_ns = clock_now_ns();
	vm->stats_written = count_exits(vm);
	if (pwrite(vm->stats_fd, &vm->stats, sizeof(vm->stats), 0) < 0)
		fd_close(
		    &vm->stats_fd); /* a full disk: counters are no reason to trouble anybody */
}

void stats_close(struct vm *vm)
{
	if (!worker_spec(vm->worker)->remove)
		stats_publish(vm, true);
	fd_close(&vm->stats_fd);
	while (vm->kvm_stats_count > 0)
		fd_close(&vm->kvm_stats_fds[--vm->kvm_stats_count]);
}
