// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The table of contents of a container. The worker's half and the child's half run at the same
 * time from STEP_CLONE on; where one must wait for the other, there is a step for it. The order
 * is the point:
 *
 *	the account before anybody is counted in it; the maps before anybody is root inside
 *	the image bound before we become root inside, who could not walk to it any more
 *	root inside before the first tmpfs, whose files need an owner who exists there
 *	mounts before pivot, and all that needs a capability before the capabilities go
 *	the death signal after every change of credentials, since that clears it
 *	no_new_privs before Landlock and seccomp, which ask for it; the filter last, but without
 *	no_new_privs before the capabilities go
 */
#include "steps.h"

#include <linux/capability.h>
#include <sched.h>

#include "clock.h"
#include "console_ends.h"
#include "container.h"
#include "hooks.h"
#include "landlock.h"
#include "workdir.h"

static bool has_limits(const struct container *c)
{
	return cgroup_is_asked(c->spec);
}

static bool has_cgroup(const struct container *c)
{
	return cgroup_is_made(&c->cgroup);
}

static bool needs_attach(const struct container *c)
{
	/* the lab's messenger enters, and the child is born there */
	return cgroup_needs_enter(&c->cgroup) && !lab_is_wanted(c);
}

static bool has_user_namespace(const struct container *c)
{
	return c->namespaces & CLONE_NEWUSER;
}

static bool has_time_namespace(const struct container *c)
{
	return c->namespaces & CLONE_NEWTIME;
}

/* In the lab the child's maps are written with its making (lab_clone.c). */
static bool needs_maps(const struct container *c)
{
	return has_user_namespace(c) && !lab_is_wanted(c);
}

static bool has_mount_namespace(const struct container *c)
{
	return c->namespaces & CLONE_NEWNS;
}

static bool has_network_namespace(const struct container *c)
{
	return c->namespaces & CLONE_NEWNET;
}

/* Without no_new_privs only who has CAP_SYS_ADMIN may load a filter: then that must come before
 * the capabilities go, and the filter must let us do the rest. */
static bool needs_early_filter(const struct container *c)
{
	return !container_has(c, SPEC_NO_NEW_PRIVS) && container_has(c, SPEC_CAPABILITIES);
}

static bool needs_late_filter(const struct container *c)
{
	return !needs_early_filter(c);
}

static bool needs_powers(const struct container *c)
{
	return needs_early_filter(c) && c->user;
}

/* It refuses every mount, so whoever is given the power to mount does without. */
static bool needs_early_landlock(const struct container *c)
{
	return needs_early_filter(c) && !capabilities_have(c->capabilities.added, CAP_SYS_ADMIN);
}

static bool needs_late_landlock(const struct container *c)
{
	return needs_late_filter(c) && !capabilities_have(c->capabilities.added, CAP_SYS_ADMIN);
}

/* With the filter no call reaches a keyring. */
static bool needs_keyring(const struct container *c)
{
	return !c->is_bare && !container_has(c, SPEC_SECCOMP) && !hook_is_out("keyring");
}

/* The bounding set is what exec may give back to root. With no_new_privs exec gives nothing back,
 * whatever that set holds (capabilities(7), prctl(2)), and cutting it takes a system call for each
 * of 38 capabilities, a fifth of all that a container costs: so it is cut where it means something,
 * or where somebody has said which capabilities there shall be. */
static bool needs_bounding(const struct container *c)
{
	return !container_has(c, SPEC_NO_NEW_PRIVS) || c->spec->cap_add || c->spec->cap_drop;
}

static bool has_workdir(const struct container *c)
{
	return c->spec->workdir && !c->is_bare;
}

static bool has_user(const struct container *c)
{
	return c->user;
}

static bool is_needed(const struct container *c, enum step step)
{
	return !steps[step].is_needed || steps[step].is_needed(c);
}

bool step_stands(const struct container *c, enum step step)
{
	unsigned bricks = steps[step].bricks;

	return is_needed(c, step) && (!bricks || container_has_any(c, bricks));
}

const char *step_text(const struct container *c, enum step step)
{
	const struct step_entry *entry = &steps[step];

	if (step == STEP_NETWORK && lab_is_wanted(c))
		return c->lab.told;
	if (step_stands(c, step) || !(entry->bricks & c->spec->removed_bricks))
		return entry->why;
	return entry->without ? entry->without
			      : spec_brick_exposes(entry->bricks & c->spec->removed_bricks);
}

int steps_do(struct container *c, enum step first, enum step end, struct err *e)
{
	uint64_t shift_ns = c->is_child ? c->clock_shift_ns : 0;
	int r = 0;

	for (enum step step = first; r == 0 && step < end; step++) {
		const struct step_entry *entry = &steps[step];

		if (!step_stands(c, step) && !(entry->is_done_anyway && is_needed(c, step)))
			continue;
		if (c->is_child)
			c->report->reached = step;
		hook_reached(c->is_child ? "child" : "worker", entry->name);
		uint64_t start_ns = clock_now_ns() + shift_ns;
		if (c->report) /* before it runs: exec does not come back */
			c->report->start_ns[step] = start_ns;
		if (c->calls)
			c->calls->step = step;
		r = entry->run(c, e);
		if (c->report) { /* the first step has made it */
			c->report->start_ns[step] = start_ns;
			c->report->end_ns[step] = clock_now_ns() + shift_ns;
		}
	}
	return r;
}

enum {
	ALL_NAMESPACES = SPEC_NS_USER | SPEC_NS_PID | SPEC_NS_MOUNT | SPEC_NS_NETWORK |
			 SPEC_NS_UTS | SPEC_NS_IPC | SPEC_NS_CGROUP | SPEC_NS_TIME
};

/* clang-format off */
const struct step_entry steps[STEPS] = {
    /* ---- the worker, outside ---- */
    [STEP_CHANNEL] = {"channel",
	"a page that both can write to, and a socket between them",
	.run = container_make_channel, .is_quiet = true},
    [STEP_CGROUP] = {"cgroup",
	"an account with a limit is opened in the kernel's books",
	.bricks = SPEC_CGROUP, .is_needed = has_limits, .run = container_make_cgroup},
    [STEP_OLD_CLOCK] = {"clock",
	"before Linux 6.3 a clock of its own must be laid before the child is born",
	.bricks = SPEC_NS_TIME, .is_needed = has_time_namespace, .run = container_shift_clock,
	.is_quiet = true},
    [STEP_LAB] = {"lab",
	"the lab's holder, a program that owns the bridge, gives it a place and an address",
	.is_needed = lab_is_wanted, .run = lab_join},
    [STEP_CLONE] = {"clone",
	"one call makes a process in new namespaces: the outline of the wall",
	"a new process, a copy of the worker, with no wall around it",
	ALL_NAMESPACES, .run = container_clone, .is_done_anyway = true},
    [STEP_IDMAP] = {"idmap",
	"root inside is mapped to a nobody outside",
	.bricks = SPEC_NS_USER, .is_needed = needs_maps, .run = container_map_ids},
    [STEP_TREES] = {"trees",
	"what it will see of the host's files is held ready, its owners mapped like the users",
	.bricks = SPEC_NS_MOUNT, .is_needed = files_has_trees, .run = files_make_trees},
    [STEP_GO] = {"go",
	"the child, who waits for its maps, is told to go on",
	.run = files_say_go, .is_quiet = true},
    [STEP_CABLE] = {"cable",
	"the holder moves one end of a cable into the sandbox, the other is in its bridge",
	.is_needed = lab_is_wanted, .run = lab_cable},
    [STEP_LISTEN] = {"listen",
	"when the socket closes itself, the program runs",
	.run = container_hear_exec, .is_quiet = true},

    /* ---- the child, inside ---- */
    [STEP_ATTACH] = {"attach",
	"the process puts itself on the account, before it runs anything",
	"without an account nothing is counted",
	SPEC_CGROUP, .is_needed = needs_attach, .run = child_enter_cgroup},
    [STEP_SESSION] = {"session",
	"a session of its own, and no descriptor but its own",
	.run = child_start_session, .is_quiet = true},
    [STEP_CLOCK] = {"clock",
	"its clock starts at zero, as if the machine had just booted",
	.bricks = SPEC_NS_TIME, .is_needed = has_time_namespace, .run = child_shift_clock},
    [STEP_WAIT] = {"wait",
	"who is who inside is written by somebody outside: wait for it",
	.run = files_await_go, .is_quiet = true},
    [STEP_ROOT] = {"root",
	"the image becomes a mount of its own, read-only, and for now without symbolic links",
	.bricks = SPEC_NS_MOUNT, .is_needed = has_mount_namespace, .run = files_bind_root},
    [STEP_IDENTITY] = {"identity",
	"from here on the child is root inside, and nobody outside",
	.bricks = SPEC_NS_USER, .is_needed = has_user_namespace, .run = container_become_root,
	.is_quiet = true, .is_for_exec = true},
    [STEP_OVERLAY] = {"overlay",
	"a writable layer in memory is laid over the image: changes go there, and vanish",
	.bricks = SPEC_NS_MOUNT, .is_needed = files_has_overlay, .run = files_build_overlay},
    [STEP_PING] = {"ping",
	"in the lab everybody may ask a neighbour whether it is there",
	.is_needed = lab_is_wanted, .run = lab_allow_ping, .is_quiet = true},
    [STEP_KEYRING] = {"keyring",
	"an empty keyring in place of the session's: with no filter in the way its keys could be "
	"read",
	.is_needed = needs_keyring, .run = lockdown_keyring, .is_quiet = true, .is_for_exec = true},
    [STEP_PROC] = {"proc",
	"an own /proc shows the processes of the own pid namespace only",
	.bricks = SPEC_PROC, .is_needed = has_mount_namespace, .run = files_proc},
    [STEP_MOUNTS] = {"mounts",
	"fresh /sys, /tmp, /run, and a /dev with six harmless nodes, are put on the image",
	.is_needed = has_mount_namespace, .run = files_fresh},
    [STEP_MASKS] = {"masks",
	"what remains visible of the machine in /proc and /sys is covered with nothing",
	.bricks = SPEC_MASKS, .is_needed = has_mount_namespace, .run = files_cover_kernel},
    [STEP_PIVOT] = {"pivot",
	"the image becomes the root, and the host's tree is let go",
	"chroot only points elsewhere: the host's tree stays mounted, and a root who may call "
	"chroot again climbs out into it",
	SPEC_PIVOT, has_mount_namespace, files_pivot, .is_done_anyway = true},
    [STEP_VOLUMES] = {"volumes",
	"files of the host are put where they were asked for: no s bit and no device counts there",
	.bricks = SPEC_NS_MOUNT, .is_needed = files_has_volumes, .run = files_place_volumes},
    [STEP_NAMES] = {"names",
	"/etc/resolv.conf names the lab's bridge, which knows everybody's name",
	.bricks = SPEC_NS_MOUNT, .is_needed = lab_is_wanted, .run = lab_names, .is_quiet = true},
    [STEP_TERMINAL] = {"terminal",
	"a terminal from its own /dev/pts, or the pipes: never the user's own terminal",
	.run = console_open, .is_quiet = true, .is_for_exec = true},
    [STEP_HOSTNAME] = {"hostname",
	"a host name of its own",
	.bricks = SPEC_NS_UTS, .run = child_set_hostname},
    [STEP_NETWORK] = {"network",
	"an own network that ends at localhost",
	.bricks = SPEC_NS_NETWORK, .is_needed = has_network_namespace, .run = network_build},
    [STEP_JOIN] = {"join",
	"its view of the accounts begins at its own",
	"without a cgroup namespace it sees where on the host its account lies",
	SPEC_NS_CGROUP, has_cgroup, child_split_cgroups, .is_quiet = true},
    [STEP_WORKDIR] = {"workdir",
	"the directory that the program starts in is made, if it is missing",
	.is_needed = has_workdir, .run = workdir_make, .is_quiet = true},
    [STEP_BOUNDING] = {"bounding",
	"what is dropped here no program can ever get back, whatever it executes",
	.bricks = SPEC_CAPABILITIES, .is_needed = needs_bounding, .run = lockdown_bounding,
	.is_quiet = true, .is_for_exec = true},
    [STEP_USER] = {"user",
	"root inside becomes the user that was asked for, and gives up root's powers",
	.is_needed = has_user, .run = child_switch_user, .is_for_exec = true},
    [STEP_DEATH] = {"death",
	"when the worker dies, the kernel kills the program",
	.run = lockdown_death, .is_quiet = true, .is_for_exec = true},
    [STEP_POWERS] = {"powers",
	"what loading a filter still takes is raised again after the change of user",
	.bricks = SPEC_SECCOMP | SPEC_LANDLOCK, .is_needed = needs_powers, .run = lockdown_raise,
	.is_quiet = true, .is_for_exec = true},
    [STEP_EARLY_LANDLOCK] = {"landlock",
	"a second lock, held by another part of the kernel: run only what is below the own root, "
	"make "
	"no device, look into nobody else's process",
	.bricks = SPEC_LANDLOCK, .is_needed = needs_early_landlock, .run = landlock_lock},
    [STEP_EARLY_SECCOMP] = {"seccomp",
	"a filter lets only the listed system calls through; without no_new_privs it takes a "
	"power to load it, so it comes first",
	.bricks = SPEC_SECCOMP, .is_needed = needs_early_filter, .run = lockdown_calls,
	.is_for_exec = true},
    [STEP_CAPS] = {"caps",
	"of root's 41 powers three are kept, or those that were asked for",
	.bricks = SPEC_CAPABILITIES, .run = lockdown_capabilities, .is_for_exec = true},
    [STEP_NO_NEW_PRIVS] = {"no_new_privs",
	"no program it executes can give it more privileges than it has",
	.bricks = SPEC_NO_NEW_PRIVS, .run = lockdown_privileges, .is_for_exec = true},
    [STEP_LANDLOCK] = {"landlock",
	"a second lock, held by another part of the kernel: run only what is below the own root, "
	"make "
	"no device, look into nobody else's process",
	.bricks = SPEC_LANDLOCK, .is_needed = needs_late_landlock, .run = landlock_lock},
    [STEP_SECCOMP] = {"seccomp",
	"a filter lets only the listed system calls through, for good",
	.bricks = SPEC_SECCOMP, .is_needed = needs_late_filter, .run = lockdown_calls,
	.is_for_exec = true},
    [STEP_HAND_OVER] = {"hand_over",
	"the worker gets its ends of the program's standard streams",
	.run = console_hand_over, .is_quiet = true, .is_for_exec = true},
    [STEP_EXEC] = {"exec",
	"the program takes the place of the builder",
	.run = child_exec},
};
/* clang-format on */
