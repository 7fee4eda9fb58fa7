// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Loads the filter that seccomp_build made from seccomp_table.c when the project was built:
 * nothing is compiled at run time, no library is needed. See seccomp(2).
 */
#include "seccomp_load.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct sock_filter filter[] = {
#include "seccomp_filter.inc"
};

const struct sock_filter *seccomp_program(size_t *ret_length)
{
	*ret_length = sizeof(filter) / sizeof(filter[0]);
	return filter;
}

int seccomp_load(struct err *e)
{
	struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]),
				     .filter = (struct sock_filter *)filter};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0)
		return 0;
	return err_hint(e, err_sys(e, errno, "load the filter of system calls"),
			"the kernel needs CONFIG_SECCOMP_FILTER; --no-seccomp leaves it out");
}
