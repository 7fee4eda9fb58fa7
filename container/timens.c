// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The offsets of a time namespace are written once, to /proc/self/timens_offsets, after it was made
 * and before anybody is in it. They are whole seconds here, so the clock inside starts within the
 * first second. Must precede setresuid: afterwards the files of /proc/self are not ours to write.
 */
#include "timens.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "calls.h"

bool timens_is_entered_on_exec(void)
{
	struct utsname name;
	unsigned major = 0, minor = 0;

	uname(&name);
	sscanf(name.release, "%u.%u", &major, &minor);
	return major > 6 || (major == 6 && minor >= 3);
}

int timens_make(struct calls *calls, uint64_t *ret_shift_ns, struct err *e)
{
	struct timespec monotonic, boot;
	char offsets[96];

	if (call_unshare(calls, CLONE_NEWTIME) < 0)
		return err_sys(e, errno, "make a time namespace");
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	snprintf(offsets, sizeof(offsets), "monotonic -%lld 0\nboottime -%lld 0",
		 (long long)monotonic.tv_sec, (long long)boot.tv_sec);
	/* Left open: exec closes it. */
	int fd = call_openat(calls, AT_FDCWD, "/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC, 0);
	if (fd < 0 || call_make(calls, CALL_WRITE,
				CALL_WORDS_OF(fd, (long)offsets, (long)strlen(offsets))) < 0)
		return err_sys(e, errno, "set the clock of the time namespace");
	*ret_shift_ns = (uint64_t)monotonic.tv_sec * 1000000000;
	return 0;
}
