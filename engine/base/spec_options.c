/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The options of a sandbox: one table (at the end), one function per option.
 *
 * The names are those that users of docker and podman know. An entry without `set` is a word of the
 * contract that this version does not have yet: it is refused by name, which is kinder than
 * "unknown option". To add an option: write its setter, fill in its line, add it to spec_encode().
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec.h"
#include "spec_private.h"

int spec_set_text(char **destination, const char *text, struct err *e)
{
	char *copy = strdup(text);

	if (!copy)
		return err_sys(e, ENOMEM, "option");
	free(*destination);
	*destination = copy;
	return 0;
}

static int set_name(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	int r;

	if (str_is_name(argument)) {
		str_copy(spec->name, sizeof(spec->name), argument);
		return 0;
	}
	r = err_set(e, EINVAL, "'%.80s' cannot be a name", argument);
	return err_hint(e, r,
			"a letter, digit or '_' first, then also '.' and '-', at most 63 in all");
}

/* K=V, or K alone: the value it has here; nothing when it has none. */
static int set_env(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	const char *value = strchr(argument, '=');
	auto_free char *joined = NULL;

	if (argument[0] == '\0' || value == argument) {
		int r = err_set(e, EINVAL, "--env '%s': a variable without a name", argument);

		return err_hint(e, r, "for example --env LANG=C");
	}
	if (value)
		return spec_add_word(&spec->env, argument, e);
	value = getenv(argument);
	if (!value)
		return 0;
	if (asprintf(&joined, "%s=%s", argument, value) < 0) {
		joined = NULL;
		return err_sys(e, ENOMEM, "--env '%s'", argument);
	}
	return spec_add_word(&spec->env, joined, e);
}

static int set_hostname(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	if (!str_is_name(argument)) {
		int r = err_set(e, EINVAL, "--hostname '%s': not a host name", argument);

		return err_hint(e, r, "letters, digits, '-' and '.', at most 63");
	}
	return spec_set_text(&spec->hostname, argument, e);
}

static int set_workdir(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	if (argument[0] != '/') {
		int r = err_set(e, EINVAL, "--workdir '%s': not an absolute path", argument);

		return err_hint(e, r, "a path inside the sandbox that starts with '/'");
	}
	return spec_set_text(&spec->workdir, argument, e);
}

static int set_network(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	static const char *const names[] = {
	    [SPEC_NETWORK_NONE] = "none", [SPEC_NETWORK_HOST] = "host", [SPEC_NETWORK_LAB] = "lab"};

	for (int i = SPEC_NETWORK_NONE; i <= SPEC_NETWORK_LAB; i++) {
		if (strcmp(argument, names[i]) != 0)
			continue;
		spec->network = (enum spec_network)i;
		return 0;
	}
	return err_hint(e, err_set(e, EINVAL, "--network '%s': no such network", argument),
			"one of none, host, lab");
}

static int set_no_ns(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	for (const struct spec_namespace *ns = spec_namespaces; ns->name; ns++) {
		if (strcmp(ns->name, argument) == 0) {
			spec->removed_bricks |= ns->brick;
			return 0;
		}
	}
	return err_hint(e, err_set(e, EINVAL, "--no-ns '%s': no such namespace", argument),
			"one of user pid mount network uts ipc cgroup time");
}

/* A flag that takes out one brick. */
#define REMOVER(function, brick)                                                            \
	static int function(struct sandbox_spec *spec, const char *argument, struct err *e) \
	{                                                                                   \
		(void)argument, (void)e;                                                    \
		spec->removed_bricks |= (brick);                                            \
		return 0;                                                                   \
	}

REMOVER(set_no_seccomp, SPEC_SECCOMP)
REMOVER(set_no_pivot, SPEC_PIVOT)
REMOVER(set_no_proc, SPEC_PROC)
REMOVER(set_no_caps, SPEC_CAPABILITIES)
REMOVER(set_no_nnp, SPEC_NO_NEW_PRIVS)
REMOVER(set_no_cgroup, SPEC_CGROUP)
REMOVER(set_no_masks, SPEC_MASKS)
REMOVER(set_no_landlock, SPEC_LANDLOCK)

static int set_overlay(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	(void)argument, (void)e;
	spec->overlay = true;
	return 0;
}

static int set_vsock(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	(void)argument, (void)e;
	spec->vsock = true;
	return 0;
}

static int set_init(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	(void)argument, (void)e;
	spec->init = true;
	return 0;
}

static int set_detach(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	(void)argument, (void)e;
	spec->detach = true;
	return 0;
}

static int set_remove(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	(void)argument, (void)e;
	spec->remove = true;
	return 0;
}

static int set_interactive(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	(void)argument, (void)e;
	spec->interactive = true;
	return 0;
}

static int set_tty(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	(void)argument, (void)e;
	spec->tty = true;
	return 0;
}

/* The same word may be known by a second name, as `ip netns` and unshare(1) say "net" and "mnt". */
const struct spec_namespace spec_namespaces[] = {
    {"user", SPEC_NS_USER},
    {"pid", SPEC_NS_PID},
    {"mount", SPEC_NS_MOUNT},
    {"network", SPEC_NS_NETWORK},
    {"uts", SPEC_NS_UTS},
    {"ipc", SPEC_NS_IPC},
    {"cgroup", SPEC_NS_CGROUP},
    {"time", SPEC_NS_TIME},
    {"mnt", SPEC_NS_MOUNT},
    {"net", SPEC_NS_NETWORK},
    {NULL, 0},
};

/* What a container shares with a plain process, and what only a container has. */
#define BOTH "process container"

/* clang-format off */
const struct spec_option spec_options[] = {
    {"--name", 0, "NAME", "its name; one is made up without it", .set = set_name},
    {"--image", 0, "DIR", "the file tree it sees as its root", "container vm",
     .set = spec_set_image},
    {"--memory", 'm', "SIZE", "no more memory than this, for example 64M", .set = spec_set_memory,
     .is_limit = true},
    {"--memory-swap", 0, "SIZE", "no more memory and swap together; -1: as much as there is",
     BOTH, NULL,
     spec_set_swap, true},
    {"--cpus", 0, "N", "no more processor time than N processors have, for example 1.5", BOTH, "vm",
     spec_set_cpus, true},
    {"--cpuset-cpus", 0, "LIST", "only on these processors, for example 0-1",
     BOTH, "vm", spec_set_cpuset,
     true},
    {"--pids", 0, "N", "no more than N processes at a time",
     .set = spec_set_pids, .is_limit = true},
    {"--device-read-bps", 0, "DEV:N", "reads no more than N bytes a second from a device",
     BOTH, NULL,
     spec_set_read_bps, true},
    {"--device-write-bps", 0, "DEV:N", "writes no more than N bytes a second to a device",
     BOTH, NULL,
     spec_set_write_bps, true},
    {"--device-read-iops", 0, "DEV:N", "no more than N reads a second from a device", BOTH, NULL,
     spec_set_read_iops, true},
    {"--device-write-iops", 0, "DEV:N", "no more than N writes a second to a device", BOTH, NULL,
     spec_set_write_iops, true},
    {"--env", 'e', "K=V", "sets an environment variable inside", .set = set_env},
    {"--hostname", 0, "NAME", "the host name it sees", "container vm", .set = set_hostname},
    {"--workdir", 'w', "DIR", "the directory in which the command starts", .set = set_workdir},
    {"--user", 'u', "USER", "the user it runs as, USER[:GROUP]",
     NULL, .set = spec_set_user},
    {"--ulimit", 0, "NAME=N", "a limit of setrlimit(2), NAME=SOFT[:HARD]",
     NULL, .set = spec_set_ulimit},
    {"--init", 0, NULL, "puts a small init in front of the command", "container vm",
     .set = set_init},
    {"--detach", 'd', NULL, "runs in the background", .set = set_detach},
    {"--rm", 0, NULL, "removes it when it ends", .set = set_remove},
    {"--interactive", 'i', NULL, "passes the input on to it", .set = set_interactive},
    {"--tty", 't', NULL, "gives it a terminal of its own", .set = set_tty},
    {"--volume", 'v', "SRC:DST", "shows it a directory or file of the host, SRC:DST[:ro]",
     "container vm", .set = spec_set_volume},
    {"--tmpfs", 0, "DIR", "an empty directory in memory, DIR[:SIZE]", "container vm",
     .set = spec_set_tmpfs},
    {"--overlay", 0, NULL, "lets it write to its root; the changes go with it", "container vm",
     .set = set_overlay},
    {"--network", 0, "NET", "none (only itself), host (the host's own), lab (a bridge of yours)",
     .set = set_network},
    {"--cap-add", 0, "CAP", "gives it a capability, or ALL", "container",
     .set = spec_add_capability},
    {"--cap-drop", 0, "CAP", "takes a capability away, or ALL", "container",
     .set = spec_drop_capability},
    {"--no-ns", 0, "NS", "takes out a namespace: user pid mount network uts ipc cgroup time",
     "container", .set = set_no_ns},
    {"--no-pivot", 0, NULL, "takes out pivot_root: the host's tree stays mounted behind a chroot",
     "container", .set = set_no_pivot},
    {"--no-proc", 0, NULL, "takes out the own /proc", "container", .set = set_no_proc},
    {"--no-masks", 0, NULL, "takes out the covers over /proc and /sys", "container",
     .set = set_no_masks},
    {"--no-cgroup", 0, NULL, "takes out the account: nothing is limited",
     BOTH, .set = set_no_cgroup},
    {"--no-caps", 0, NULL, "leaves root inside all its capabilities", "container",
     .set = set_no_caps},
    {"--no-nnp", 0, NULL, "takes out no_new_privs: programs may gain privileges", "container",
     .set = set_no_nnp},
    {"--no-landlock", 0, NULL, "takes out Landlock, the second lock on files", "container",
     .set = set_no_landlock},
    {"--no-seccomp", 0, NULL, "takes out the filter of system calls", "container",
     .set = set_no_seccomp},
    {"--kernel", 0, "KERNEL",
     "the machine's kernel: tiny, linux, a kernel's file; distro: a whole Debian", "vm",
     .set = spec_set_kernel},
    {"--vcpus", 0, "N", "how many processors the machine has, 1 to 8 (with a Linux kernel)", "vm",
     .set = spec_set_vcpus},
    {"--disk", 0, "IMAGE", "a raw image as a disk, IMAGE[:ro]; changes go with it (Linux kernel)",
     "vm", .set = spec_set_disk},
    {"--vsock", 0, NULL, "programs of the host and the machine meet at its socket (Linux kernel)",
     "vm", .set = set_vsock},
    {"--accel", 0, "ACCEL", "how the machine is run: auto, kvm, or tcg (emulated by QEMU)", "vm",
     .set = spec_set_accel},
    {0},
};
/* clang-format on */
