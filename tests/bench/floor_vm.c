/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * floor_vm [hold]: the least that a virtual machine can cost, to measure ours against.
 *
 * The ioctls of Documentation/virt/kvm/api.rst and nothing else: a VM, one memory slot, one virtual
 * CPU in 16-bit mode, whose program is a single instruction that leaves the guest (out to a port).
 * No walls, no kernel, no device tree, no console. With `hold` it then says so (one byte) and
 * stays until it is killed: so the closing of a VM by itself can be timed. Any failure is exit
 * status 125.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FAILED = 125, MEMORY_BYTES = 2 << 20, CODE_GPA = 0x1000 };

static const uint8_t guest_code[] = {0xe6, 0x80}; /* out %al, $0x80 */

static int must(int result, const char *what)
{
	if (result < 0)
		err(FAILED, "%s", what);
	return result;
}

static void set_registers(int vcpu)
{
	struct kvm_sregs special;
	must(ioctl(vcpu, KVM_GET_SREGS, &special), "KVM_GET_SREGS");
	special.cs.base = 0;
	special.cs.selector = 0;
	must(ioctl(vcpu, KVM_SET_SREGS, &special), "KVM_SET_SREGS");
	struct kvm_regs registers = {.rip = CODE_GPA, .rflags = 2};
	must(ioctl(vcpu, KVM_SET_REGS, &registers), "KVM_SET_REGS");
}

int main(int argc, char **argv)
{
	int kvm = must(open("/dev/kvm", O_RDWR | O_CLOEXEC), "open /dev/kvm");
	int vm = must(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	void *memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	if (memory == MAP_FAILED)
		err(FAILED, "mmap guest memory");
	memcpy((char *)memory + CODE_GPA, guest_code, sizeof(guest_code));
	struct kvm_userspace_memory_region slot = {
	    .memory_size = MEMORY_BYTES,
	    .userspace_addr = (uintptr_t)memory,
	};
	must(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot), "KVM_SET_USER_MEMORY_REGION");
	int vcpu = must(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	size_t run_bytes = (size_t)must(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0),
					"KVM_GET_VCPU_MMAP_SIZE");
	const struct kvm_run *run = mmap(NULL, run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu,
					 0);
	if (run == MAP_FAILED)
		err(FAILED, "mmap the vcpu");
	set_registers(vcpu);
	must(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
	if (run->exit_reason != KVM_EXIT_IO)
		errx(FAILED, "left the guest for reason %u, not for its port", run->exit_reason);
	if (argc > 1 && strcmp(argv[1], "hold") == 0 && write(STDOUT_FILENO, "!", 1) == 1)
		pause();
	return 0;
}
