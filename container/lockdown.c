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
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "console_ends.h"
#include "fd.h"
#include "hooks.h"
#include "pass.h"
#include "seccomp_load.h"

enum { CAPABILITIES_MAX = 64 };

/* Somebody who is not root loses all powers with the change of user, unless he says before that he
 * keeps them: to load a filter without no_new_privs, or because --cap-add gives him one. */
static bool needs_powers_as_user(const struct container *c)
{
	return c->user && (c->capabilities.added || !container_has(c, SPEC_NO_NEW_PRIVS));
}

int lockdown_bounding(struct container *c, struct err *e)
{
	for (unsigned capability = 0; capability < CAPABILITIES_MAX; capability++) {
		if (c->capabilities.kept & 1ULL << capability || hook_is_out("bounding-set"))
			continue;
		if (call_prctl(c->calls, PR_CAPBSET_DROP, capability) == 0)
			continue;
		if (errno == EINVAL) /* past the last one that this kernel knows */
			break;
		return err_sys(e, errno, "drop capability %u for good", capability);
	}
	if (needs_powers_as_user(c) && call_prctl(c->calls, PR_SET_KEEPCAPS, 1) < 0)
		return err_sys(e, errno, "keep what is needed over the change of user");
	return 0;
}

struct power_sets {
	uint64_t effective, permitted, inheritable;
};

static int get_powers(struct power_sets *ret)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2];

	if (syscall(SYS_capget, &header, sets) < 0)
		return -1;
	ret->effective = sets[0].effective | (uint64_t)sets[1].effective << 32;
	ret->permitted = sets[0].permitted | (uint64_t)sets[1].permitted << 32;
	ret->inheritable = sets[0].inheritable | (uint64_t)sets[1].inheritable << 32;
	return 0;
}

static int set_powers(struct container *c, const struct power_sets *powers)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct sets[2] = {
	    {(uint32_t)powers->effective, (uint32_t)powers->permitted,
	     (uint32_t)powers->inheritable},
	    {(uint32_t)(powers->effective >> 32), (uint32_t)(powers->permitted >> 32),
	     (uint32_t)(powers->inheritable >> 32)},
	};
	uint64_t start_ns = clock_now_ns();
	long r = syscall(SYS_capset, &header, sets);

	call_note(c->calls, CALL_CAPSET, start_ns, r < 0 ? -errno : r,
		  CALL_WORDS_OF((long)powers->permitted));
	return (int)r;
}

int lockdown_raise(struct container *c, struct err *e)
{
	struct power_sets powers;

	if (get_powers(&powers) == 0) {
		powers.effective = powers.permitted;
		if (set_powers(c, &powers) == 0)
			return 0;
	}
	return err_sys(e, errno, "raise again what is needed to load a filter");
}

int lockdown_capabilities(struct container *c, struct err *e)
{
	uint64_t kept = c->is_ordinary_user ? c->capabilities.added : c->capabilities.kept;
	uint64_t ambient = c->is_ordinary_user ? kept : 0;
	struct power_sets now, powers = {kept, kept, ambient};

	if (hook_is_out("inheritable-empty")) /* as before CVE-2022-27650 */
		powers.inheritable = kept;
	if (set_powers(c, &powers) < 0) {
		/* Around us is a container that has not all of them either. */
		if (errno != EPERM || get_powers(&now) < 0)
			return err_sys(e, errno, "give up capabilities");
		powers.permitted &= now.permitted;
		powers.effective = powers.permitted;
		powers.inheritable &= now.permitted;
		ambient &= now.permitted;
		if (set_powers(c, &powers) < 0)
			return err_sys(e, errno, "give up capabilities");
	}
	for (int capability = 0; ambient >> capability; capability++)
		if (capabilities_have(ambient, capability) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
			return err_sys(e, errno, "give capability %d to the user", capability);
	return 0;
}

int lockdown_keyring(struct container *c, struct err *e)
{
	if (call_make(c->calls, CALL_KEYCTL, CALL_WORDS_OF(KEYCTL_JOIN_SESSION_KEYRING, 0)) >= 0 ||
	    errno == ENOSYS || errno == EPERM) /* no keys here, or a filter around us */
		return 0;
	return err_hint(e, err_sys(e, errno, "leave the session's keyring"),
			"/proc/sys/kernel/keys/maxkeys may be reached, see /proc/key-users");
}

int lockdown_death(struct container *c, struct err *e)
{
	if (hook_is_out("death-signal"))
		return 0;
	if (call_prctl(c->calls, PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(e, errno, "ask to die with the worker");
	return 0; /* it may have died before: console_hand_over() */
}

int lockdown_privileges(struct container *c, struct err *e)
{
	if (call_prctl(c->calls, PR_SET_NO_NEW_PRIVS, 1) < 0)
		return err_sys(e, errno, "give up new privileges");
	return 0;
}

int lockdown_calls(struct container *c, struct err *e)
{
	const struct seccomp_choice choice = {.capabilities = c->capabilities.added,
					      .counts_refusals = c->counts_refusals &&
								 !hook_is_out("notify")};
	uint64_t start_ns = clock_now_ns();
	int listener;
	int r = seccomp_load(&choice, &listener, e);

	call_note(c->calls, CALL_SECCOMP, start_ns, r, CALL_WORDS_OF(SECCOMP_SET_MODE_FILTER, 0));
	if (c->is_child && capabilities_have(c->capabilities.added, CAP_SYS_ADMIN) &&
	    container_has(c, SPEC_LANDLOCK))
		container_note(c, "Landlock is left out: it refuses mounts even to CAP_SYS_ADMIN");
	/* It is of use to nobody but the worker: whoever has it could let calls through. Our copy
	 * closes itself on exec. */
	if (listener >= 0)
		pass_add(&c->pass, PASS_LISTENER, listener);
	return r;
}
