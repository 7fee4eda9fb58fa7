/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What each brick of a container's wall is, and what its absence exposes: `inspect`, `compare` and
 * `explain` tell it of a sandbox from which one was taken out.
 */
#include "spec.h"

const char *spec_brick_option(unsigned bricks)
{
	for (const struct spec_brick_entry *entry = spec_bricks; entry->option; entry++)
		if (entry->brick & bricks)
			return entry->option;
	return NULL;
}

const char *spec_brick_exposes(unsigned bricks)
{
	for (const struct spec_brick_entry *entry = spec_bricks; entry->option; entry++)
		if (entry->brick & bricks)
			return entry->exposes;
	return NULL;
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
    {SPEC_CAPABILITIES, "--no-caps", "capabilities", "capabilities",
     "root inside keeps all its powers over whatever belongs to its user namespace"},
    {SPEC_NO_NEW_PRIVS, "--no-nnp", "no_new_privs", "no_new_privs",
     "set-user-ID programs and file capabilities work: a faulty one is a way up"},
    {SPEC_LANDLOCK, "--no-landlock", "Landlock", NULL,
     "there is no second lock on files should the mounts fail"},
    {SPEC_SECCOMP, "--no-seccomp", "seccomp filter", "seccomp_mode",
     "every system call of the kernel is open: each of its faults can be reached"},
    {0},
};
