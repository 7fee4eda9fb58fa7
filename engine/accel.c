/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whose hardware runs a guest on this host: the label that every figure of a VM carries. /dev/kvm
 * decides whether there is any; the processor's flags only say which sort. Without vmx and svm KVM
 * has another way (here "PVM", kernel mode emulated), and times measured on it say little about a
 * real machine.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "lab_private.h"

/* True if a word of the first "flags" line is `flag`. */
static bool has_flag(const char *flags, const char *flag)
{
	size_t length = strlen(flag);

	for (const char *at = flags; (at = strstr(at, flag)); at += length)
		if (at[-1] == ' ' && (at[length] == ' ' || at[length] == '\n' || !at[length]))
			return true;
	return false;
}

void accel_of_host(char *buffer, size_t size)
{
	char text[8192];
	auto_close int fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_read_full(fd, text, sizeof(text) - 1);
	const char *flags;

	text[n > 0 ? n : 0] = 0;
	flags = strstr(text, "flags");
	if (flags)
		text[(size_t)(flags - text) + strcspn(flags, "\n")] = 0;
	if (access("/dev/kvm", F_OK) < 0)
		str_copy(buffer, size, "none");
	else if (access("/sys/module/kvm_pvm", F_OK) == 0 ||
		 (flags && !has_flag(flags, "vmx") && !has_flag(flags, "svm")))
		str_copy(buffer, size, "kvm-pvm");
	else
		str_copy(buffer, size,
			 flags && has_flag(flags, "hypervisor") ? "kvm-nested" : "kvm");
}

const char *accel_no_verdict(const char *accel)
{
	if (strcmp(accel, "tcg") == 0)
		return "tcg (emulated by QEMU): no verdict on time";
	if (strcmp(accel, "kvm-pvm") == 0)
		return "kvm-pvm (this host's KVM emulates kernel mode): no verdict on time";
	return NULL;
}
