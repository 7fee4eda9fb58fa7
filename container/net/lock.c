// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the holder keeps for the rest of its life: two capabilities, over its own user namespace and
 * those of the sandboxes below it. CAP_NET_ADMIN lays cables; CAP_SYS_ADMIN enters a sandbox's
 * network namespace (setns(2) asks for it there and here). It never executes anything, and may not.
 * See capabilities(7).
 */
#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "private.h"

int holder_lock_down(struct err *e)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const uint32_t kept = 1U << CAP_NET_ADMIN | 1U << CAP_SYS_ADMIN;
	struct __user_cap_data_struct sets[2] = {{.effective = kept, .permitted = kept}};

	if (syscall(SYS_capset, &header, sets) < 0)
		return err_sys(e, errno, "keep no more than two capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, errno, "give up new privileges");
	return 0;
}
