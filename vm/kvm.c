/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The four objects of KVM (Documentation/virt/kvm/api.rst): the system (/dev/kvm), a VM, its
 * memory slot, a virtual CPU. Each call is one step of the timeline. What surprises: there is no
 * interrupt controller in the kernel (KVM_CREATE_IRQCHIP would make the memory slot a hundred
 * times dearer here); interrupts are injected by hand. Whether KVM is there is asked of /dev/kvm
 * only: a machine may have it without any VMX or SVM in CPUID. And the small C library's open(2)
 * makes a second call for kernels of long ago, its openat(2) does not.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "vm.h"

static const struct open_hint {
	int code;
	const char *hint;
} open_hints[] = {
    {EACCES, "become a member of its group: sudo usermod -aG kvm \"$USER\", then log in again"},
    {EPERM, "something outside (a container, a sandbox) forbids /dev/kvm: pass the device in"},
    {ENODEV,
     "the module is loaded but the processor's virtualisation is off: switch on VT-x or SVM in "
     "the BIOS, or nested virtualisation in the machine around this one"},
    {EBUSY,
     "another hypervisor (VirtualBox, VMware) holds the processor's virtualisation: stop it"},
    {0, NULL},
};

/* A node that is root's alone is not opened to anybody by joining a group. */
static bool is_roots_alone(void)
{
	struct stat node;
	return stat("/dev/kvm", &node) == 0 && (node.st_gid == 0 || !(node.st_mode & S_IWGRP));
}

static int explain_open(int code, struct err *e)
{
	const struct open_hint *hint = open_hints;
	struct kvm_absence absence;
	while (hint->code && hint->code != code)
		hint++;
	err_sys(e, code, "open '/dev/kvm'");
	if (code == ENOENT) {
		kvm_absence_find(&absence);
		return err_hint(e, -code, "%s", kvm_absence_hint(&absence));
	}
	if (code == EACCES && is_roots_alone())
		return err_hint(
		    e, -code,
		    "only root may open it: sudo chgrp kvm /dev/kvm && sudo chmod 660 /dev/kvm (a "
		    "udev rule keeps it so), sudo usermod -aG kvm \"$USER\", log in again");
	return hint->hint ? err_hint(e, -code, "%s", hint->hint) : -code;
}

int kvm_open(int *ret_fd, struct err *e)
{
	auto_close int fd = openat(AT_FDCWD, "/dev/kvm",
				   O_RDWR | O_CLOEXEC); /* open(2) of musl: 2 calls */
	if (fd < 0)
		return explain_open(errno, e);
	int version = ioctl(fd, KVM_GET_API_VERSION, 0);
	if (version != KVM_API_VERSION) {
		err_set(e, ENODEV, "'/dev/kvm' speaks version %d, not %d", version,
			KVM_API_VERSION);
		return err_hint(e, -ENODEV, "is /dev/kvm really the kernel's KVM device?");
	}
	*ret_fd = fd_move(&fd);
	return 0;
}

int kvm_create_vm(struct vm *vm, struct err *e)
{
	vm->vm_fd = ioctl(vm->kvm_fd, KVM_CREATE_VM, 0);
	if (vm->vm_fd >= 0)
		return 0;
	int code = errno;
	err_sys(e, code, "create a virtual machine (KVM_CREATE_VM)");
	if (code == EBUSY)
		return explain_open(EBUSY, e);
	return err_hint(e, -code, "'isolab doctor' tells what this machine's KVM can do");
}

int kvm_create_memory(struct vm *vm, uint64_t bytes,
		      int (*make)(struct memory *memory, uint64_t size, struct err *e),
		      struct err *e)
{
	int r = make(&vm->memory, bytes, e);

	if (r < 0)
		return r;
	struct kvm_userspace_memory_region slot = {
	    .memory_size = vm->memory.size,
	    .userspace_addr = (uintptr_t)vm->memory.host,
	};
	if (ioctl(vm->vm_fd, KVM_SET_USER_MEMORY_REGION, &slot) < 0)
		return err_sys(e, errno, "give the virtual machine %llu bytes of memory",
			       (unsigned long long)bytes);
	return 0;
}

int kvm_create_vcpu(struct vm *vm, struct err *e)
{
	struct vcpu *vcpu = &vm->vcpu;
	vcpu->fd = ioctl(vm->vm_fd, KVM_CREATE_VCPU, 0);
	if (vcpu->fd < 0)
		return err_sys(e, errno, "create a virtual CPU (KVM_CREATE_VCPU)");
	int bytes = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (bytes < (int)sizeof(struct kvm_run))
		return err_sys(e, bytes < 0 ? errno : EINVAL,
			       "ask for the virtual CPU's shared page");
	void *run = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (run == MAP_FAILED)
		return err_sys(e, errno, "map the virtual CPU's shared page");
	vcpu->run = run;
	vcpu->run_bytes = (size_t)bytes;
	return 0;
}

void kvm_finish(struct vm *vm)
{
	if (vm->vcpu.run)
		munmap(vm->vcpu.run, vm->vcpu.run_bytes);
	vm->vcpu.run = NULL;
	fd_close(&vm->vcpu.fd);
	fd_close(&vm->vm_fd);
	fd_close(&vm->kvm_fd);
	memory_finish(&vm->memory);
}
