// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Loads the filter that seccomp_build made from seccomp_table.c when the project was built: in the
 * usual case nothing is compiled at run time, and no library is needed. See seccomp(2),
 * seccomp_unotify(2).
 */
#include "seccomp_load.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __x86_64__
enum { OUR_ARCH = (int)AUDIT_ARCH_X86_64 };
#else
enum { OUR_ARCH = (int)AUDIT_ARCH_AARCH64 };
#endif

static const struct sock_filter filter[] = {
#include "seccomp_filter.inc"
};

static const struct sock_filter counting_filter[] = {
#include "seccomp_notify.inc"
};

static const struct seccomp_call calls[] = {
#include "seccomp_calls.inc"
};

const struct seccomp_call *seccomp_calls(size_t *ret_count)
{
	*ret_count = sizeof(calls) / sizeof(calls[0]);
	return calls;
}

/* Whether any of the capabilities asked for opens a group or a rule at all. */
static bool opens_something(const struct seccomp_choice *choice)
{
	const struct seccomp_profile *profile = &seccomp_profile_container;

	for (size_t i = 0; choice->capabilities && profile->groups[i].name; i++)
		if (seccomp_is_opened(profile->groups[i].opened_by, choice))
			return true;
	for (size_t i = 0; choice->capabilities && profile->rules[i].call; i++)
		if (seccomp_is_opened(profile->rules[i].opened_by, choice))
			return true;
	return false;
}

const struct sock_filter *seccomp_program(const struct seccomp_choice *choice,
					  struct seccomp_code *buffer, size_t *ret_length)
{
	size_t count;
	const struct seccomp_call *list = seccomp_calls(&count);

	if (opens_something(choice) && seccomp_emit(&seccomp_profile_container, list, count,
						    (uint32_t)OUR_ARCH, choice, buffer) == 0) {
		*ret_length = buffer->length;
		return buffer->code;
	}
	*ret_length = choice->counts_refusals ? sizeof(counting_filter) / sizeof(filter[0])
					      : sizeof(filter) / sizeof(filter[0]);
	return choice->counts_refusals ? counting_filter : filter;
}

static int load(const struct seccomp_choice *choice)
{
	struct seccomp_code buffer;
	size_t length;
	const struct sock_filter *program = seccomp_program(choice, &buffer, &length);
	struct sock_fprog argument = {.len = (unsigned short)length,
				      .filter = (struct sock_filter *)program};

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			    choice->counts_refusals ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0,
			    &argument);
}

int seccomp_load(const struct seccomp_choice *choice, int *ret_listener, struct err *e)
{
	struct seccomp_choice plain = *choice;
	int r = load(choice);

	*ret_listener = -1;
	if (r >= 0 && choice->counts_refusals)
		*ret_listener = r;
	/* Somebody around us listens already (EBUSY), or the kernel is too old for it (EINVAL). */
	if (r < 0 && choice->counts_refusals && (errno == EINVAL || errno == EBUSY)) {
		plain.counts_refusals = false;
		r = load(&plain);
	}
	if (r >= 0)
		return 0;
	return err_hint(e, err_sys(e, errno, "load the filter of system calls"),
			"the kernel needs CONFIG_SECCOMP_FILTER; --no-seccomp leaves it out");
}
