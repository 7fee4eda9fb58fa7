// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * From the builder to the program: limits, working directory, user, capabilities, no_new_privs,
 * filter, exec. The order is the kernel's: limits and groups need privileges, the filter without
 * no_new_privs, too; with no_new_privs it comes last. Capabilities survive the change of the user
 * by PR_SET_KEEPCAPS and are then set to exactly what config.json says; without a word about them
 * there are none. See capabilities(7), seccomp(2), execve(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "command.h"
#include "fd.h"
#include "kernel.h"
#include "notices.h"
#include "oci_container.h"
#include "spec.h"
#include "walk.h"

enum { CAPABILITIES_MAX = 64, IO_PRIORITY_WHO_PROCESS = 1 };

static int set_limits(const struct oci_becoming *b, struct err *e)
{
	const struct oci_process *process = b->process;

	for (size_t i = 0; i < process->rlimit_count; i++) {
		const struct oci_rlimit *limit = &process->rlimits[i];
		struct rlimit wanted = {.rlim_cur = limit->soft, .rlim_max = limit->hard}, now;
		if (setrlimit((__rlimit_resource_t)limit->resource, &wanted) == 0)
			continue;
		if (errno != EPERM || getrlimit((__rlimit_resource_t)limit->resource, &now) < 0)
			return err_sys(e, errno, "set the limit %s", limit->name);
		/* Only a real root with CAP_SYS_RESOURCE may raise what is above it. */
		wanted.rlim_max = now.rlim_max;
		if (wanted.rlim_cur > wanted.rlim_max)
			wanted.rlim_cur = wanted.rlim_max;
		if (setrlimit((__rlimit_resource_t)limit->resource, &wanted) < 0)
			return err_sys(e, errno, "set the limit %s", limit->name);
		oci_warn("%s stays at %llu: raising it takes CAP_SYS_RESOURCE outside", limit->name,
			 (unsigned long long)now.rlim_max);
	}
	if (process->io_priority &&
	    syscall(SYS_ioprio_set, IO_PRIORITY_WHO_PROCESS, 0, process->io_priority) < 0)
		return err_sys(e, errno, "set the priority of input and output");
	if (b->personality >= 0 && personality((unsigned long)b->personality) < 0)
		return err_sys(e, errno, "set the personality");
	return 0;
}

/* Inside, and nowhere else: a directory outside of the root has no name in here
 * (CVE-2024-21626). */
static int check_directory(const char *path, struct err *e)
{
	char found[4096];

	if (syscall(SYS_getcwd, found, sizeof(found)) < 0)
		return err_sys(e, errno, "find the name of the directory '%s'", path);
	if (*found != '/')
		return err_set(e, EPERM, "the directory '%s' is not inside the container", path);
	return 0;
}

static int enter_directory(const char *path, bool is_last, struct err *e)
{
	if (chdir(path) == 0)
		return check_directory(path, e);
	if (errno == ENOENT && !is_last) {
		struct err unused = {0};
		auto_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), made = -1;
		if (walk_open(root, path, WALK_DIRECTORY, &made, &unused) == 0 && chdir(path) == 0)
			return check_directory(path, e);
		errno = ENOENT;
	}
	if (errno == EACCES && !is_last) /* perhaps the user may what root may not */
		return 1;
	return err_hint(e, err_sys(e, errno, "enter the directory '%s'", path),
			"process.cwd names a directory inside the container");
}

static int load_filter(const struct oci_seccomp *filter, struct err *e)
{
	struct sock_fprog program = {.len = (unsigned short)filter->length,
				     .filter = filter->program};

	if (!filter->length)
		return 0;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter->flags, &program) == 0)
		return 0;
	return err_hint(e, err_sys(e, errno, "load the filter of system calls"),
			errno == EACCES ? "without noNewPrivileges it takes CAP_SYS_ADMIN"
					: "the kernel needs CONFIG_SECCOMP_FILTER");
}

static int drop_bounding(const struct oci_process *process, struct err *e)
{
	for (unsigned capability = 0; capability < CAPABILITIES_MAX; capability++) {
		if (process->capabilities[OCI_BOUNDING] & (1ULL << capability))
			continue;
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL) /* past the last one that this kernel knows */
			break;
		return err_sys(e, errno, "drop a capability for good");
	}
	return 0;
}

static int become_user(const struct oci_becoming *b, struct err *e)
{
	const struct oci_process *process = b->process;

	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_sys(e, errno, "keep capabilities");
	/* Denied to an ordinary user's namespace: then there are none but its own. */
	if (kernel_setgroups(process->group_count, process->groups) < 0 &&
	    !(errno == EPERM && b->is_rootless && !process->group_count))
		return err_hint(e, err_sys(e, errno, "set the additional groups"),
				"do linux.gidMappings know them all?");
	if (kernel_setresgid(process->gid) < 0 || kernel_setresuid(process->uid) < 0)
		return err_hint(e,
				err_sys(e, errno, "become user %u, group %u", process->uid,
					process->gid),
				"do linux.uidMappings and gidMappings know them?");
	return 0;
}

/* The first capability of `wanted` that we do not have ourselves. */
static const char *find_missing(uint64_t wanted)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2] = {{0}};

	syscall(SYS_capget, &header, sets);
	uint64_t missing = wanted & ~((uint64_t)sets[1].permitted << 32 | sets[0].permitted);
	int number = missing ? __builtin_ctzll(missing) : -1;
	return number >= 0 && number <= CAP_LAST_CAP ? spec_capabilities[number] : "one of them";
}

static int set_capabilities(const struct oci_process *process, struct err *e)
{
	const uint64_t *wanted = process->capabilities;
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2];

	for (int i = 0; i < 2; i++)
		sets[i] = (struct __user_cap_data_struct){
		    .effective = (uint32_t)(wanted[OCI_EFFECTIVE] >> (32 * i)),
		    .permitted = (uint32_t)(wanted[OCI_PERMITTED] >> (32 * i)),
		    .inheritable = (uint32_t)(wanted[OCI_INHERITABLE] >> (32 * i))};
	if (syscall(SYS_capset, &header, sets) < 0) {
		int error = errno;
		return err_hint(e, err_sys(e, error, "set the capabilities of config.json"),
				"the runtime can give only what it has itself, and it lacks %s",
				find_missing(wanted[OCI_PERMITTED] | wanted[OCI_INHERITABLE]));
	}
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	/* One that is not inheritable cannot be ambient; many configs list such all the same. */
	uint64_t ambient = wanted[OCI_AMBIENT] & wanted[OCI_INHERITABLE] & wanted[OCI_PERMITTED];
	for (unsigned capability = 0; capability < CAPABILITIES_MAX; capability++)
		if (ambient & (1ULL << capability) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
			return err_sys(e, errno, "make %s ambient", spec_capabilities[capability]);
	return 0;
}

static int lock_down(const struct oci_becoming *b, struct err *e)
{
	const struct oci_process *process = b->process;
	int r = process->no_new_privileges ? 0 : load_filter(b->seccomp, e);

	if (r == 0)
		r = drop_bounding(process, e);
	if (r == 0)
		r = become_user(b, e);
	if (r == 0)
		r = set_capabilities(process, e);
	if (r == 0 && process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = err_sys(e, errno, "give up new privileges");
	return r;
}

/* A program may rely on HOME: "/root", or "/" for who is not root, unless the config says. */
static char **add_home(const struct oci_process *process)
{
	char **env = calloc(process->env.count + 2, sizeof(*env));

	if (!env || command_getenv(process->env.items, "HOME")) {
		free(env);
		return process->env.items;
	}
	memcpy(env, process->env.items, process->env.count * sizeof(*env));
	env[process->env.count] = (char *)(process->uid ? "HOME=/" : "HOME=/root");
	return env;
}

int oci_process_become(const struct oci_becoming *b, struct err *e)
{
	const struct oci_process *process = b->process;
	char **env = add_home(process); /* exec frees it */
	int r = set_limits(b, e);

	/* Before the filter: few profiles know close_range(2). Nothing is opened after it. */
	if (r == 0 && kernel_close_range(3 + b->preserved, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		r = err_sys(e, errno, "close what was inherited");
	umask(process->has_umask ? process->umask : 022);
	int directory = r < 0 ? r : enter_directory(process->cwd, false, e);
	r = directory < 0 ? directory : lock_down(b, e);
	if (r == 0 && directory > 0)
		r = enter_directory(process->cwd, true, e);
	if (r == 0 && process->no_new_privileges)
		r = load_filter(b->seccomp, e);
	if (r < 0)
		return r;
	b->report->is_exec = true;
	return command_exec(process->args.items, env, false, e);
}
