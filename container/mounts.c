// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What is mounted afresh on the image, and what is covered of it. All paths are relative to the
 * container's root, in which we stand, and none leads over a symbolic link (root.c).
 *
 * Who writes to the image while we build may still rename a directory under us. So before /proc
 * and /sys are covered we go there, make sure that it is what it should be, and cover from
 * there: no name of the image's is part of those paths (CVE-2025-31133, CVE-2025-52881). See
 * mount(2), proc(5), sysfs(5).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "calls.h"
#include "container.h"
#include "files.h"
#include "hooks.h"

enum { SAFE = MS_NOSUID | MS_NODEV };

static const struct mount_entry {
	const char *target, *type, *data;
	unsigned long flags;
} mount_table[] = {
    {"tmp", "tmpfs", "mode=1777,size=256m", SAFE},
    {"run", "tmpfs", "mode=755,size=64m", SAFE},
};

/* What is covered though the uid alone would protect it: a second lock. Absent ones are skipped. */
static const struct {
	const char *file_system, *path, *why;
	bool is_directory;
} mask_table[] = {
    {"proc", "kcore", "the kernel's memory", false},
    {"proc", "keys", "names of the host's keys", false},
    {"proc", "sysrq-trigger", "reboots the host", false},
    {"proc", "timer_list", "addresses inside the kernel", false},
    {"proc", "latency_stats", "what the host waits for", false},
    {"proc", "acpi", "the machine's power", true},
    {"proc", "scsi", "the machine's disks", true},
    {"sys", "firmware", "the machine's firmware", true},
};

/* Covered against writing, in /proc. */
static const struct {
	const char *path;
	bool
	    only_without_user_namespace; /* its files belong to host root, who has no name inside */
} read_only_table[] = {
    {"sys", false},
    {"bus", true},
    {"fs", true},
    {"irq", true},
};

static int mount_fresh(const struct container *c, const struct mount_entry *entry, struct err *e)
{
	if (call_mount(c->calls, entry->type, entry->target, entry->type, entry->flags,
		       entry->data) == 0)
		return 0;
	int error = errno;
	int r = err_sys(e, error, "mount %s on '/%s'", entry->type, entry->target);
	if (error == ENOENT || error == ELOOP || error == ENOTDIR)
		err_hint(e, r,
			 "the image must have a real directory '/%s'; --overlay makes one that is "
			 "missing",
			 entry->target);
	return r;
}

/* The host's, read-only. */
static int bind_host(const struct container *c, const char *target, struct err *e)
{
	char source[16];

	snprintf(source, sizeof(source), "/%s", target);
	if (call_mount(c->calls, source, target, NULL, MS_BIND | MS_REC, NULL) < 0)
		return err_sys(e, errno, "bind the host's %s", source);
	if (call_mount_setattr(c->calls, AT_FDCWD, target, AT_RECURSIVE,
			       MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				   MOUNT_ATTR_NOEXEC,
			       0) < 0)
		return err_sys(e, errno, "make %s read-only", source);
	return 0;
}

/* A kernel file system of our own, or, where the kernel says no, the host's. */
static int mount_kernel(const struct container *c, const struct mount_entry *entry, struct err *e)
{
	bool is_proc = strcmp(entry->type, "proc") == 0;
	int r = mount_fresh(c, entry, e);

	if (r != -EPERM)
		return r;
	err_clear(e);
	container_note(c, "/%s is the host's, read-only: an own one needs an own %s namespace%s",
		       entry->target, is_proc ? "pid" : "network",
		       c->namespaces & (is_proc ? CLONE_NEWPID : CLONE_NEWNET)
			   ? ", and no container around us that covers a part of it"
			   : "");
	return bind_host(c, entry->target, e);
}

int files_proc(struct container *c, struct err *e)
{
	static const struct mount_entry proc = {"proc", "proc", NULL, SAFE | MS_NOEXEC};

	return mount_kernel(c, &proc, e);
}

int files_fresh(struct container *c, struct err *e)
{
	static const struct mount_entry sysfs = {"sys", "sysfs", NULL,
						 SAFE | MS_NOEXEC | MS_RDONLY};
	int r = mount_kernel(c, &sysfs, e);

	for (size_t i = 0; r == 0 && i < sizeof(mount_table) / sizeof(mount_table[0]); i++)
		r = mount_fresh(c, &mount_table[i], e);
	return r < 0 ? r : files_dev(c, e);
}

/* Goes to the top of a kernel file system; nothing that only looks like one will do. */
static int enter_kernel(const struct container *c, const char *target, unsigned long magic,
			struct err *e)
{
	struct statfs found;

	if (call_chdir(c->calls, target) < 0 || statfs(".", &found) < 0)
		return err_sys(e, errno, "enter '%s'", target + 2);
	if ((unsigned long)found.f_type != magic && !hook_is_out("proc-check"))
		return err_set(e, ESTALE, "'%s' is not what was mounted there", target + 2);
	return 0;
}

static int mask(const struct container *c, const char *file_system, struct err *e)
{
	for (size_t i = 0; i < sizeof(mask_table) / sizeof(mask_table[0]); i++) {
		bool is_directory = mask_table[i].is_directory;
		if (strcmp(mask_table[i].file_system, file_system) != 0)
			continue;
		call_because(c->calls, mask_table[i].why);
		/* The host's own node, of which files_dev() has made sure. */
		int r = call_mount(c->calls, is_directory ? "none" : "/dev/null",
				   mask_table[i].path, is_directory ? "tmpfs" : NULL,
				   is_directory ? MS_RDONLY | SAFE | MS_NOEXEC : MS_BIND, NULL);
		if (r < 0 && errno != ENOENT)
			return err_sys(e, errno, "cover '/%s/%s'", file_system, mask_table[i].path);
	}
	return 0;
}

static int make_read_only(const struct container *c, struct err *e)
{
	for (size_t i = 0; i < sizeof(read_only_table) / sizeof(read_only_table[0]); i++) {
		const char *path = read_only_table[i].path;
		if (read_only_table[i].only_without_user_namespace &&
		    (c->namespaces & CLONE_NEWUSER))
			continue;
		if (call_mount(c->calls, path, path, NULL, MS_BIND | MS_REC, NULL) < 0) {
			if (errno == ENOENT) /* not every kernel has all of them */
				continue;
			return err_sys(e, errno, "cover '/proc/%s'", path);
		}
		if (call_mount_setattr(c->calls, AT_FDCWD, path, 0, MOUNT_ATTR_RDONLY, 0) < 0)
			return err_sys(e, errno, "make '/proc/%s' read-only", path);
	}
	return 0;
}

/* From /dev, where files_fresh() has left us, to /proc, to /sys. */
int files_cover_kernel(struct container *c, struct err *e)
{
	int r = 0;

	if (container_has(c, SPEC_PROC)) {
		r = enter_kernel(c, "../proc", PROC_SUPER_MAGIC, e);
		if (r == 0)
			r = mask(c, "proc", e);
		if (r == 0)
			r = make_read_only(c, e);
	}
	if (r == 0)
		r = enter_kernel(c, "../sys", SYSFS_MAGIC, e);
	return r < 0 ? r : mask(c, "sys", e);
}
