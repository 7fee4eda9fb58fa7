/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What this machine can do for the VM wall, for doctor. Nothing is concluded from the processor's
 * name or its CPUID: /dev/kvm is opened, asked, and at last made to run a guest of a few
 * instructions, with the very functions that start every VM. A machine may have KVM without VMX
 * or SVM (a paravirtual KVM), or the device without the right to open it, or a module that loads
 * on a processor whose virtualisation is switched off.
 */
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "accel.h"
#include "fd.h"
#include "kernels.h"
#include "qemu.h"
#include "vm.h"
#include "wall.h"

struct report {
	void (*say)(void *arg, const struct worker_check *check);
	void *arg;
};

#define NO_VM                                                                                 \
	"no tiny VM; Linux VMs are emulated if vm_emulation is ready; process and container " \
	"work all the same"

static void tell(const struct report *report, const char *name, const char *found)
{
	report->say(report->arg, &(struct worker_check){.name = name,
							.status = "ok",
							.found = found,
							.cause = "",
							.fix = "",
							.degrades = ""});
}

static void tell_missing(const struct report *report, const char *name, const struct err *error)
{
	report->say(report->arg, &(struct worker_check){.name = name,
							.status = "missing",
							.found = "no",
							.cause = error->what,
							.fix = error->hint,
							.degrades = NO_VM});
}

static void tell_degraded(const struct report *report, const char *name, const char *found,
			  const char *cause, const char *fix, const char *degrades)
{
	report->say(report->arg, &(struct worker_check){.name = name,
							.status = "degraded",
							.found = found,
							.cause = cause,
							.fix = fix,
							.degrades = degrades});
}

/* ---- what KVM says of itself ---- */

static const struct capability {
	long number;
	const char *name;
} capabilities[] = {
    {KVM_CAP_USER_MEMORY, "user memory"},
    {KVM_CAP_IMMEDIATE_EXIT, "immediate exit"},
    {KVM_CAP_EXT_CPUID, "CPUID"},
    {KVM_CAP_GET_TSC_KHZ, "clock frequency"},
};

static void check_capabilities(const struct report *report, int kvm_fd)
{
	char lacking[160] = "";
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		size_t length = strlen(lacking);
		if (ioctl(kvm_fd, KVM_CHECK_EXTENSION, capabilities[i].number) <= 0)
			snprintf(lacking + length, sizeof(lacking) - length, "%s%s",
				 length ? ", " : "", capabilities[i].name);
	}
	struct err error = {0};
	if (*lacking) {
		err_set(&error, ENOTSUP, "this KVM lacks: %s", lacking);
		err_hint(&error, 0, "a Linux kernel of 4.11 or later has them");
		tell_missing(report, "kvm_capabilities", &error);
	} else {
		tell(report, "kvm_capabilities", "all that is needed");
	}
}

static void check_acceleration(const struct report *report)
{
	struct vm any = {.acceleration = NULL};
	const char *kind = kvm_acceleration(&any);
	if (strcmp(kind, "kvm") == 0)
		tell(report, "kvm_acceleration", kind);
	else if (strcmp(kind, "kvm-nested") == 0)
		tell_degraded(
		    report, "kvm_acceleration", kind,
		    "this machine is a virtual machine itself: its guests are nested", "",
		    "times of VMs are longer than on the bare machine, and marked kvm-nested");
	else
		tell_degraded(
		    report, "kvm_acceleration", kind,
		    "KVM runs here without the processor's help: the guest's kernel mode is "
		    "emulated",
		    "",
		    "times of VMs give no verdict and are marked kvm-pvm; only the tiny VM runs "
		    "on it, Linux is emulated (--accel auto)");
}

/* ---- a real guest ---- */

/*
 * mov $10, %ecx; xor %eax, %eax; 1: add %ecx, %eax; loop 1b; mov $0x77, %edx; out %eax, (%dx); hlt
 * The sum 10 + 9 + … + 1 = 55 shows that it has run.
 */
static const uint8_t sum_guest[] = {0xb9, 10,   0,    0,    0, 0x31, 0xc0, 0x01, 0xc8,
				    0xe2, 0xfc, 0xba, 0x77, 0, 0,    0,    0xef, 0xf4};
enum { SUM_PORT = 0x77, SUM = 55 };

/* Runs `code` with all of its page writable until its first exit: is it `out` with the sum? */
static int run_guest(struct vm *vm, const uint8_t *code, size_t bytes, struct err *e)
{
	int r = kvm_create_vm(vm, e);
	if (r == 0)
		r = kvm_create_memory(vm, VM_MEMORY_MINIMUM, memory_init, e);
	if (r == 0)
		r = kvm_create_vcpu(vm, e);
	if (r < 0)
		return r;
	vm->layout.segments[0] = (struct segment){VM_GPA_KERNEL, VM_GPA_KERNEL + MEMORY_PAGE,
						  PF_R | PF_W | PF_X};
	vm->layout.segment_count = 1;
	memory_write(&vm->memory, VM_GPA_KERNEL, code, bytes);
	r = pagetables_build(vm, e);
	if (r == 0)
		r = cpu_reset(vm, VM_WINDOW + VM_GPA_KERNEL, e);
	if (r < 0)
		return r;
	if (ioctl(vm->vcpu.fd, KVM_RUN, 0) < 0)
		return err_sys(e, errno, "run a guest of ten instructions");
	struct kvm_run *run = vm->vcpu.run;
	uint32_t sum = 0;
	if (run->exit_reason == KVM_EXIT_IO && run->io.port == SUM_PORT)
		memcpy(&sum, (char *)run + run->io.data_offset, sizeof(sum));
	if (sum == SUM)
		return 0;
	err_set(e, ENOTSUP, "a guest of ten instructions does not run (exit reason %u)",
		run->exit_reason);
	return err_hint(e, -ENOTSUP,
			"this KVM cannot run 64-bit guests: look into the kernel's log (dmesg)");
}

/* Before the sum, an instruction that every 64-bit Linux executes, in kernel mode, and that a KVM
 * which emulates this mode lacks: lea 0x100-7(%rip), %rdi; lock cmpxchg16b (%rdi). */
static const uint8_t full_prefix[] = {0x48, 0x8d, 0x3d, 0xf9, 0,    0,
				      0,    0xf0, 0x48, 0x0f, 0xc7, 0x0f};

int accel_ask_kvm(struct vm *vm, struct err *e)
{
	struct vm asked = {.kvm_fd = -1, .vm_fd = -1, .vcpu.fd = -1};
	uint8_t code[sizeof(full_prefix) + sizeof(sum_guest)];
	int r = kvm_open(&asked.kvm_fd, e);

	if (r == 0 && strcmp(kvm_acceleration(vm), "kvm-pvm") == 0) {
		memcpy(code, full_prefix, sizeof(full_prefix));
		memcpy(code + sizeof(full_prefix), sum_guest, sizeof(sum_guest));
		r = run_guest(&asked, code, sizeof(code), NULL);
		if (r < 0)
			err_set(e, ENOTSUP,
				"this host's KVM cannot run a full kernel: it works "
				"without the processor's help");
	}
	kvm_finish(&asked);
	return r;
}

static void check_guest(const struct report *report, int *kvm_fd)
{
	struct vm vm = {.kvm_fd = *kvm_fd, .vm_fd = -1, .vcpu.fd = -1};
	struct err error = {0};
	*kvm_fd = -1;
	if (run_guest(&vm, sum_guest, sizeof(sum_guest), &error) == 0)
		tell(report, "kvm_guest", "a guest of ten instructions has run");
	else
		tell_missing(report, "kvm_guest", &error);
	kvm_finish(&vm);
}

/* ---- without KVM ---- */

static void check_emulation(const struct report *report)
{
	char qemu[PATH_MAX], kernel[PATH_MAX], found[2 * PATH_MAX + 16];
	struct err error = {0};

	if (qemu_find(qemu, sizeof(qemu), &error) < 0 ||
	    kernels_choose(kernel, sizeof(kernel), &error) < 0) {
		tell_degraded(report, "vm_emulation", "no", error.what, error.hint,
			      "no VM where KVM cannot run it: --accel tcg needs QEMU and a Linux "
			      "kernel");
		return;
	}
	snprintf(found, sizeof(found), "%s, %s", qemu, kernel);
	tell(report, "vm_emulation", found);
}

void vm_check(void (*say)(void *arg, const struct worker_check *check), void *arg)
{
	const struct report report = {say, arg};
	struct err error = {0};
	auto_close int kvm_fd = -1;
	check_emulation(&report);
	if (kvm_open(&kvm_fd, &error) < 0) {
		tell_missing(&report, "kvm_device", &error);
		return;
	}
	tell(&report, "kvm_device", "/dev/kvm");
	check_capabilities(&report, kvm_fd);
	check_acceleration(&report);
	check_guest(&report, &kvm_fd);
}
