/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * KVM where it can run the guest that is wanted, QEMU's emulation where it cannot: `auto`. Whether
 * it can is found by asking /dev/kvm and, in doubt, a guest (check.c). The teaching kernel is made
 * for our own monitor, which needs a KVM; where there is none, and nobody has named a kernel, a
 * Linux one serves instead, if it and QEMU are here. Whatever is not as usual is said in one line.
 */
#include "accel.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "kernels.h"
#include "qemu.h"
#include "vm.h"
#include "wall.h"

enum accel { ACCEL_AUTO, ACCEL_KVM, ACCEL_TCG };

static enum accel accel_of(const struct sandbox_spec *spec)
{
	if (!spec->accel || strcmp(spec->accel, "auto") == 0)
		return ACCEL_AUTO;
	return strcmp(spec->accel, "tcg") == 0 ? ACCEL_TCG : ACCEL_KVM;
}

static void tell_emulation(const struct vm *vm, const char *instead, const char *why)
{
	worker_note(vm->worker, "emulated",
		    "%s: QEMU emulates the processor%s (tcg); times say nothing about a real "
		    "machine",
		    why, instead);
}

/* The error of the KVM, and beside its hint the other way. */
static int offer(struct err *e, const struct err *error, const char *other_way)
{
	const struct err none = {.code = error->code};

	if (!e)
		return -error->code;
	*e = none;
	err_set(e, error->code, "%s", error->what);
	return err_hint(e, -error->code, "%s%s%s", error->hint,
			*error->hint ? "; or, emulated by QEMU: " : "", other_way);
}

/* QEMU's own needs the host's kernel, and a device that is opened by name. */
static int refuse_vsock(struct err *e)
{
	return err_hint(e,
			err_set(e, ENOTSUP, "--vsock is not in this version for a vm without KVM"),
			"where KVM can run Linux (`isolab doctor`) it is");
}

static int refuse_tiny(struct err *e)
{
	return err_hint(e,
			err_set(e, ENOTSUP,
				"--accel tcg cannot run the tiny kernel: its monitor "
				"is isolab's own, and needs KVM"),
			"--kernel linux --accel tcg runs a Linux kernel by emulation");
}

/* Nobody has named a kernel, and there is no KVM: Linux will do. */
static int choose_instead_of_tiny(struct vm *vm, const struct wall **ret, struct err *e)
{
	struct err error = {0}, lacking = {0};
	char path[PATH_MAX];
	int r = kvm_open(&vm->kvm_fd, &error);

	fd_close(&vm->kvm_fd);
	*ret = &tiny_machine;
	if (r == 0)
		return 0;
	if (qemu_find(path, sizeof(path), &lacking) < 0 ||
	    kernels_choose(path, sizeof(path), &lacking) < 0)
		return offer(e, &error, lacking.hint);
	tell_emulation(vm, ", which takes a Linux kernel instead of the tiny one", error.what);
	worker_tell(vm->worker, "flavour", "linux", "linux");
	*ret = &emulated_machine;
	return 0;
}

static int choose_for_linux(struct vm *vm, enum accel accel, const struct wall **ret, struct err *e)
{
	struct err error = {0};

	*ret = accel == ACCEL_TCG ? &emulated_machine : &linux_machine;
	if (accel == ACCEL_TCG)
		return 0;
	int r = accel_ask_kvm(vm, &error);
	if (r < 0 && accel == ACCEL_KVM)
		return offer(e, &error, "--accel tcg emulates the processor, without KVM");
	if (r < 0) {
		tell_emulation(vm, "", error.what);
		*ret = &emulated_machine;
	}
	return 0;
}

int accel_choose(struct vm *vm, const struct wall **ret, struct err *e)
{
	const struct sandbox_spec *spec = worker_spec(vm->worker);
	enum accel accel = accel_of(spec);

	if (spec->kernel && strcmp(spec->kernel, "distro") == 0) {
		/* QEMU's anyway; the question is whose processor it takes */
		int r = choose_for_linux(vm, accel, ret, e);
		vm->is_emulated = *ret == &emulated_machine;
		*ret = &distro_machine;
		return r;
	}
	if (spec->kernel && strcmp(spec->kernel, "tiny") != 0) {
		int r = choose_for_linux(vm, accel, ret, e);
		return r == 0 && *ret == &emulated_machine && spec->vsock ? refuse_vsock(e) : r;
	}
	if (accel == ACCEL_TCG)
		return refuse_tiny(e);
	*ret = &tiny_machine;
	/* One call: a start of the tiny machine shall not pay for what it does not need. */
	if (accel == ACCEL_KVM || spec->kernel || access("/dev/kvm", R_OK | W_OK) == 0)
		return 0;
	return choose_instead_of_tiny(vm, ret, e);
}
