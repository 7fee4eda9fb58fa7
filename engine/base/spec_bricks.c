/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What each brick of a container's wall is, what its absence exposes (`inspect`, `compare` and
 * `explain` tell it of a sandbox from which one was taken out), and which options mean nothing
 * without it.
 */
#include <errno.h>

#include "spec.h"
#include "spec_private.h"

const char *spec_brick_option(unsigned bricks)
{
	for (const struct spec_brick_entry *entry = spec_bricks; entry->option; entry++)
		if (entry->brick & bricks)
			return entry->option;
	return NULL;
}

const char *spec_brick_name(unsigned bricks)
{
	for (const struct spec_brick_entry *entry = spec_bricks; entry->option; entry++)
		if (entry->brick & bricks)
			return entry->name;
	return NULL;
}

const char *spec_brick_exposes(unsigned bricks)
{
	for (const struct spec_brick_entry *entry = spec_bricks; entry->option; entry++)
		if (entry->brick & bricks)
			return entry->exposes;
	return NULL;
}

static bool has_words(char *const *list)
{
	return list && list[0];
}

/* An option that asks for what only this brick gives: better no sandbox than one that silently does
 * less. */
int spec_validate_bricks(const struct sandbox_spec *spec, struct err *e)
{
	const struct {
		enum spec_brick brick;
		bool is_asked;
		const char *option, *why;
	} needs[] = {
	    {SPEC_NS_UTS, spec->hostname, "--hostname", "the name would be the host's own"},
	    {SPEC_NS_MOUNT, spec->image, "--image", "there is no root of its own for it to become"},
	    {SPEC_NS_MOUNT, spec->overlay, "--overlay", "there is no root of its own to lay it on"},
	    {SPEC_NS_MOUNT, has_words(spec->volumes), "--volume",
	     "it would be mounted in the host's tree, for all to see"},
	    {SPEC_NS_MOUNT, has_words(spec->tmpfs), "--tmpfs",
	     "it would be mounted in the host's tree, for all to see"},
	    {SPEC_CAPABILITIES, has_words(spec->cap_add), "--cap-add", "it has all of them"},
	    {SPEC_CAPABILITIES, has_words(spec->cap_drop), "--cap-drop", "it keeps all of them"},
	};

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (needs[i].is_asked && spec->removed_bricks & needs[i].brick)
			return err_hint(e,
					err_set(e, EINVAL, "%s: not with %s", needs[i].option,
						spec_brick_option(needs[i].brick)),
					"without the %s %s: leave one of the two out",
					spec_brick_name(needs[i].brick), needs[i].why);
	return 0;
}

/* The order in which they are laid. */
const struct spec_brick_entry spec_bricks[] = {
    {SPEC_CGROUP, "--no-cgroup", "account", "cgroup",
     "nothing is counted: it may take all of the host's memory, processors and processes"},
    {SPEC_NS_USER, "--no-ns user", "user namespace", "uid_root_maps_to",
     "root inside is whoever started it, with that user's rights on the host's files"},
    {SPEC_NS_PID, "--no-ns pid", "pid namespace", "pid_count",
     "it sees the host's processes, and may signal those of its user"},
    {SPEC_NS_IPC, "--no-ns ipc", "ipc namespace", "ipc_objects",
     "it reaches the host's message queues and shared memory"},
    {SPEC_NS_CGROUP, "--no-ns cgroup", "cgroup namespace", "cgroup_root",
     "it sees where among the host's cgroups it stands"},
    {SPEC_NS_TIME, "--no-ns time", "time namespace", "clock_monotonic", "its uptime is the host's"},
    {SPEC_NS_MOUNT, "--no-ns mount", "mount namespace", "root_filesystem",
     "there is no root of its own: it sees the host's files"},
    {SPEC_PROC, "--no-proc", "own /proc", "pid_count",
     "/proc is an empty directory: what looks at processes finds nothing"},
    {SPEC_MASKS, "--no-masks", "masks", "proc_masks",
     "/proc and /sys show what the kernel shows: its keys, its timers, the firmware"},
    {SPEC_PIVOT, "--no-pivot", "pivot_root", "root_escape",
     "chroot only points elsewhere: the host's tree stays mounted, and a root who may call chroot "
     "again climbs out into it"},
    {SPEC_NS_UTS, "--no-ns uts", "uts namespace", "hostname",
     "its host name is the host's, and so would be a new one"},
    {SPEC_NS_NETWORK, "--no-ns network", "network namespace", "network_interfaces",
     "it shares the host's interfaces, ports and abstract sockets"},
    {SPEC_CAPABILITIES, "--no-caps", "cut of capabilities", "capabilities",
     "root inside keeps all its powers over whatever belongs to its user namespace"},
    {SPEC_NO_NEW_PRIVS, "--no-nnp", "no_new_privs", "no_new_privs",
     "set-user-ID programs and file capabilities work: a faulty one is a way up"},
    {SPEC_LANDLOCK, "--no-landlock", "Landlock", NULL,
     "there is no second lock on files should the mounts fail"},
    {SPEC_SECCOMP, "--no-seccomp", "seccomp filter", "seccomp_mode",
     "every system call of the kernel is open: each of its faults can be reached"},
    {0},
};
