// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a container's root may still do. First the bounding set (nothing may come back by exec),
 * then one capset for effective, permitted and inheritable; the ambient set is empty as long as
 * the inheritable one is. Then, in this order because each would hinder the one before: the
 * death signal (changes of credentials clear it), no_new_privs (a filter without privilege
 * needs it), the seccomp filter, which also forbids to change the death signal. See
 * capabilities(7), prctl(2), seccomp(2).
 */
#include "container.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "console_ends.h"
#include "seccomp_load.h"

enum { CAPABILITIES_MAX = 64 };

/* The three that stay: each acts on the sandbox's own files, processes and ports only. */
static const unsigned capabilities_kept[] = {CAP_CHOWN, CAP_KILL, CAP_NET_BIND_SERVICE};

static uint64_t kept_mask(void)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < sizeof(capabilities_kept) / sizeof(capabilities_kept[0]); i++)
		mask |= 1ULL << capabilities_kept[i];
	return mask;
}

int lockdown_bounding(struct container *c, struct err *e)
{
	uint64_t kept = kept_mask();

	for (unsigned capability = 0; capability < CAPABILITIES_MAX; capability++) {
		if (kept & (1ULL << capability))
			continue;
		if (call_prctl(c->calls, PR_CAPBSET_DROP, capability) == 0)
			continue;
		if (errno == EINVAL) /* past the last one that this kernel knows */
			break;
		return err_sys(e, errno, "drop capability %u for good", capability);
	}
	return 0;
}

/* Who is not root keeps none: the kernel took them with the change of user. */
int lockdown_capabilities(struct container *c, struct err *e)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	uint64_t kept = c->is_ordinary_user ? 0 : kept_mask();
	struct __user_cap_data_struct sets[2] = {
	    {.effective = (uint32_t)kept, .permitted = (uint32_t)kept},
	    {.effective = (uint32_t)(kept >> 32), .permitted = (uint32_t)(kept >> 32)},
	};

	uint64_t start_ns = clock_now_ns();

	long r = syscall(SYS_capset, &header, sets);
	call_note(c->calls, CALL_CAPSET, start_ns, r < 0 ? -errno : r, CALL_WORDS_OF((long)kept));
	if (r < 0)
		return err_sys(e, errno, "keep no more than three capabilities");
	return 0;
}

int lockdown_death(struct container *c, struct err *e)
{
	char byte;

	if (call_prctl(c->calls, PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(e, errno, "ask to die with the worker");
	/* It may have died before we asked. */
	if (recv(CHILD_SOCKET, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0)
		return err_set(e, ECANCELED, "the worker is gone");
	return 0;
}

int lockdown_privileges(struct container *c, struct err *e)
{
	if (call_prctl(c->calls, PR_SET_NO_NEW_PRIVS, 1) < 0)
		return err_sys(e, errno, "give up new privileges");
	return 0;
}

int lockdown_calls(struct container *c, struct err *e)
{
	const struct seccomp_choice choice = {0};
	uint64_t start_ns = clock_now_ns();
	int listener;
	int r = seccomp_load(&choice, &listener, e);

	call_note(c->calls, CALL_SECCOMP, start_ns, r, CALL_WORDS_OF(SECCOMP_SET_MODE_FILTER, 0));
	return r;
}
