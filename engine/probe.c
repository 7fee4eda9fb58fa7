/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The facts and the rules of their verdicts. A verdict comes from identity: isolab-probe prints,
 * beside each value, which object it is (the kernel's boot id, then a namespace, a device and
 * inode, …). Two kernels may both have a namespace number 4026531838; with the boot id in front
 * nobody takes one for the other. Two containers may both say "3 processes" and share nothing.
 */
#include "probe.h"

#include <string.h>

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
	    [VERDICT_UNKNOWN] = "unknown", [VERDICT_OWN] = "own",   [VERDICT_SHARED] = "shared",
	    [VERDICT_HIDDEN] = "hidden",   [VERDICT_NONE] = "none",
	};

	return (unsigned)verdict < sizeof(names) / sizeof(names[0]) ? names[verdict] : "unknown";
}

/* What a kernel does not have it cannot hide: "not implemented" is not isolation. */
static bool is_not_implemented(const struct fact *fact)
{
	return strncmp(fact->value, "not implemented", strlen("not implemented")) == 0;
}

static bool was_read(const struct fact *fact)
{
	return fact->value[0] || fact->is_absent;
}

static enum verdict judge_identity(const struct fact *host, const struct fact *inside)
{
	if (!was_read(inside))
		return VERDICT_UNKNOWN;
	if (inside->is_absent) {
		if (is_not_implemented(inside) || host->is_absent)
			return VERDICT_NONE;
		return was_read(host) ? VERDICT_HIDDEN : VERDICT_UNKNOWN;
	}
	if (!inside->identity[0] || !was_read(host))
		return VERDICT_UNKNOWN;
	if (host->is_absent)
		return VERDICT_OWN; /* the host has none, so this is not the host's */
	return strcmp(host->identity, inside->identity) == 0 ? VERDICT_SHARED : VERDICT_OWN;
}

size_t probe_count(void)
{
	size_t count = 0;

	while (probes[count].name)
		count++;
	return count;
}

int probe_index(const char *name)
{
	for (int i = 0; probes[i].name; i++)
		if (strcmp(probes[i].name, name) == 0)
			return i;
	return -1;
}

const struct probe *probe_find(const char *name)
{
	int index = probe_index(name);

	return index < 0 ? NULL : &probes[index];
}

void facts_judge(const struct facts *host, struct facts *inside)
{
	int kernel = probe_index("kernel_identity");

	for (size_t i = 0; probes[i].name; i++)
		inside->fact[i].verdict = probes[i].judge(&host->fact[i], &inside->fact[i]);
	if (inside->fact[kernel].verdict == VERDICT_SHARED)
		return;
	/* Hidden is what a kernel has and keeps back. Another kernel that has no such file or
	 * call hides nothing. */
	for (size_t i = 0; probes[i].name; i++)
		if (inside->fact[i].verdict == VERDICT_HIDDEN)
			inside->fact[i].verdict = VERDICT_NONE;
}

#define RULE_NAMESPACE "shared if kernel (boot id) and namespace inode are the host's"
#define RULE_KERNEL    "shared if the kernel that answers is the host's (boot id)"
#define RULE_RIGHT     "hidden if the host may, the same kernel answers and this may not; else none"

const struct probe probes[] = {
    {
	.name = "kernel_release",
	.label = "kernel",
	.unit = "",
	.about = "The kernel that answers its system calls.",
	.how = "uname(2)",
	.rule = RULE_KERNEL,
	.judge = judge_identity,
    },
    {
	.name = "kernel_identity",
	.label = "kernel's boot id",
	.unit = "",
	.about =
	    "A random number that a kernel draws when it boots: equal means the very same kernel.",
	.how = "/proc/sys/kernel/random/boot_id",
	.rule = RULE_KERNEL,
	.judge = judge_identity,
    },
    {
	.name = "hostname",
	.label = "host name",
	.unit = "",
	.about = "The name it has for itself.",
	.how = "uname(2), /proc/self/ns/uts",
	.rule = RULE_NAMESPACE,
	.judge = judge_identity,
    },
    {
	.name = "pid_count",
	.label = "processes seen",
	.unit = "",
	.about = "How many processes it can see.",
	.how = "numbers in /proc, /proc/self/ns/pid",
	.rule = RULE_NAMESPACE,
	.judge = judge_identity,
    },
    {
	.name = "pid_one",
	.label = "process 1",
	.unit = "",
	.about = "The first process, whose end is the end of all.",
	.how = "/proc/1/comm, /proc/self/ns/pid",
	.rule = RULE_NAMESPACE,
	.judge = judge_identity,
    },
    {
	.name = "uid_root_maps_to",
	.label = "root inside is",
	.unit = "",
	.about = "Who root inside is for the kernel outside.",
	.how = "/proc/self/uid_map",
	.rule = "shared if root inside is the host's uid 0 on the host's kernel",
	.judge = judge_identity,
    },
    {
	.name = "mounts",
	.label = "mounts",
	.unit = "",
	.about = "How many file systems are mounted where it can see them.",
	.how = "/proc/self/mountinfo, /proc/self/ns/mnt",
	.rule = RULE_NAMESPACE,
	.judge = judge_identity,
    },
    {
	.name = "root_filesystem",
	.label = "root directory",
	.unit = "",
	.about = "The directory that / means, as device:inode.",
	.how = "stat(2) of /",
	.rule = "shared if kernel, st_dev and st_ino of / are the host's",
	.judge = judge_identity,
    },
    {
	.name = "network_interfaces",
	.label = "network",
	.unit = "",
	.about = "The network interfaces that it has.",
	.how = "/proc/net/dev, /proc/self/ns/net",
	.rule = RULE_NAMESPACE,
	.judge = judge_identity,
    },
    {
	.name = "ipc_objects",
	.label = "System V IPC",
	.unit = "",
	.about = "Message queues, semaphores and shared memory that it can reach.",
	.how = "/proc/sysvipc, /proc/self/ns/ipc",
	.rule = RULE_NAMESPACE,
	.judge = judge_identity,
    },
    {
	.name = "clock_monotonic",
	.label = "monotonic clock",
	.unit = "",
	.about = "Time since boot, as it sees it.",
	.how = "clock_gettime(2), /proc/self/ns/time",
	.rule = RULE_NAMESPACE,
	.judge = judge_identity,
    },
    {
	.name = "clock_realtime",
	.label = "wall clock",
	.unit = "",
	.about = "Date and time; no namespace gives a container its own.",
	.how = "clock_gettime(2)",
	.rule = RULE_KERNEL,
	.judge = judge_identity,
    },
    {
	.name = "cpu_count_seen",
	.label = "processors seen",
	.unit = "",
	.about = "How many processors it may run on.",
	.how = "sched_getaffinity(2), else /proc/cpuinfo",
	.rule = RULE_KERNEL,
	.judge = judge_identity,
    },
    {
	.name = "memory_seen",
	.label = "memory seen",
	.unit = "",
	.about = "How much memory the kernel says there is; a limit does not change it.",
	.how = "sysinfo(2)",
	.rule = RULE_KERNEL,
	.judge = judge_identity,
    },
    {
	.name = "devices",
	.label = "entries of /dev",
	.unit = "",
	.about = "How many device files it finds.",
	.how = "names in /dev, stat(2) of /dev",
	.rule = "shared if kernel, st_dev and st_ino of /dev are the host's",
	.judge = judge_identity,
    },
    {
	.name = "syscalls_allowed",
	.label = "risky calls",
	.unit = "",
	.about =
	    "Whether a seccomp filter stands between it and the kernel, and how many of the calls "
	    "that change the system still answer.",
	.how = "each called with arguments no kernel can act on; /proc/self/status",
	.rule = "shared if kernel and seccomp mode are the host's",
	.judge = judge_identity,
    },
    {
	.name = "capabilities",
	.label = "capabilities",
	.unit = "",
	.about = "The pieces of root's power that it holds, in its own user namespace.",
	.how = "CapEff of /proc/self/status, /proc/self/ns/user",
	.rule = "shared if kernel, user namespace and the set are the host's",
	.judge = judge_identity,
    },
    {
	.name = "host_dmesg",
	.label = "kernel messages",
	.unit = "",
	.about = "Whether it may read the kernel's log.",
	.how = "syslog(2)",
	.rule = RULE_RIGHT,
	.judge = judge_identity,
    },
    {
	.name = "sysctl_write",
	.label = "kernel settings",
	.unit = "",
	.about = "Whether it may change settings of the kernel.",
	.how = "open /proc/sys/vm/swappiness for writing, nothing is written",
	.rule = RULE_RIGHT,
	.judge = judge_identity,
    },
    {
	.name = "module_load",
	.label = "load modules",
	.unit = "",
	.about = "Whether it may load code into the kernel.",
	.how = "finit_module(2) of no file",
	.rule = RULE_RIGHT,
	.judge = judge_identity,
    },
    {
	.name = "hypervisor_seen",
	.label = "hypervisor seen",
	.unit = "",
	.about = "Whether the processor says that it runs under a hypervisor, and which.",
	.how = "CPUID leaves 1 and 0x40000000",
	.rule = "shared if the processor gives the host's answer",
	.judge = judge_identity,
    },
    {
	.name = "seccomp_mode",
	.label = "seccomp filter",
	.unit = "",
	.about = "Whether a filter looks at every system call that it makes.",
	.how = "prctl(2), PR_GET_SECCOMP",
	.rule = "shared if kernel and seccomp mode are the host's",
	.judge = judge_identity,
    },
    {
	.name = "no_new_privs",
	.label = "no_new_privs",
	.unit = "",
	.about =
	    "Whether executing a program, a set-user-ID one say, can never give it more rights.",
	.how = "prctl(2), PR_GET_NO_NEW_PRIVS",
	.rule = "shared if kernel and flag are the host's",
	.judge = judge_identity,
    },
    {
	.name = "proc_masks",
	.label = "covers of /proc",
	.unit = "",
	.about = "How many of the files that tell too much about the machine are covered.",
	.how = "stat(2): a covered one lies on another device than /proc",
	.rule = "shared if kernel and what lies open are the host's",
	.judge = judge_identity,
    },
    {
	.name = "cgroup_root",
	.label = "cgroup's place",
	.unit = "",
	.about = "Where its account stands, as it sees it: / is the root of its own view.",
	.how = "/proc/self/cgroup, /proc/self/ns/cgroup",
	.rule = RULE_NAMESPACE,
	.judge = judge_identity,
    },
    {
	.name = "root_escape",
	.label = "way out of root",
	.unit = "",
	.about = "The directory where it gets by climbing out of a chroot, as device:inode.",
	.how = "chroot(2), then chdir(2) to .. from outside of it",
	.rule = "shared if kernel, st_dev and st_ino are those where the host gets",
	.judge = judge_identity,
    },
    {.name = NULL},
};
