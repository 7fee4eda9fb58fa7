// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The file system a container sees, in the order in which it is built: the image bound
 * read-only, on it /proc, /sys, /tmp, /run, /dev; what must not be seen or written is covered;
 * then pivot_root(2) makes it "/" and the host's tree is let go.
 *
 * Symbolic links are the classic way out of here: an image whose "proc" or "dev" points
 * elsewhere makes its builder mount elsewhere. While we build, the image is mounted so that
 * none is followed (MOUNT_ATTR_NOSYMFOLLOW). All paths are relative to it. See mount(2),
 * mount_setattr(2), mount_namespaces(7), pivot_root(2).
 */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fd.h"
#include "kernel.h"

enum { SAFE = MS_NOSUID | MS_NODEV };

/* What is mounted afresh. */
static const struct mount_entry {
	const char *target, *type, *data;
	unsigned long flags;
} mount_table[] = {
    {"tmp", "tmpfs", "mode=1777,size=256m", SAFE},
    {"run", "tmpfs", "mode=755,size=64m", SAFE},
    {"dev", "tmpfs", "mode=755,size=64m", MS_NOSUID | MS_NOEXEC},
};

/* Nodes that every program may expect: harmless, and bound because mknod(2) is refused in a
 * user namespace. */
static const struct {
	const char *host, *target;
} node_table[] = {
    {"/dev/null", "dev/null"},     {"/dev/zero", "dev/zero"},       {"/dev/full", "dev/full"},
    {"/dev/random", "dev/random"}, {"/dev/urandom", "dev/urandom"}, {"/dev/tty", "dev/tty"},
};

static const struct {
	const char *target, *path;
} link_table[] = {
    {"pts/ptmx", "dev/ptmx"},          {"/proc/self/fd", "dev/fd"},
    {"/proc/self/fd/0", "dev/stdin"},  {"/proc/self/fd/1", "dev/stdout"},
    {"/proc/self/fd/2", "dev/stderr"},
};

/* What is covered though the uid alone would protect it: a second lock. Absent ones are skipped. */
static const struct {
	const char *path, *why;
	bool is_directory;
} mask_table[] = {
    {"proc/kcore", "the kernel's memory", false},
    {"proc/keys", "names of the host's keys", false},
    {"proc/sysrq-trigger", "reboots the host", false},
    {"proc/timer_list", "addresses inside the kernel", false},
    {"proc/latency_stats", "what the host waits for", false},
    {"proc/acpi", "the machine's power", true},
    {"proc/scsi", "the machine's disks", true},
    {"sys/firmware", "the machine's firmware", true},
};

/* Covered against writing. */
static const struct {
	const char *path;
	bool
	    only_without_user_namespace; /* its files belong to host root, who has no name inside */
} read_only_table[] = {
    {"proc/sys", false},
    {"proc/bus", true},
    {"proc/fs", true},
    {"proc/irq", true},
};

/* Adds attributes to a mount, keeping the ones the kernel has locked (noexec of the host's
 * mount …). */
static int restrict_mount(const struct container *c, const char *path, uint64_t set, struct err *e)
{
	if (call_mount_setattr(c->calls, AT_FDCWD, path, 0, set, 0) == 0)
		return 0;
	return err_sys(e, errno, "restrict the mount at '%s'", path);
}

static int explain_bind(const char *image, int error, struct err *e)
{
	int r = err_sys(e, error, "bind the image '%s'", image);

	if (error == ENOENT)
		return err_hint(e, r, "build it with ./dev build, or install isolab again");
	if (error == EACCES || error == EPERM)
		return err_hint(e, r,
				"either you may not read it, or a security module restricts user "
				"namespaces (`isolab doctor`)");
	return r;
}

/* The way to the image may lead through folders of the host's root, such as /root: so we go there
 * as long as we are still who started us. */
int mounts_bind_root(struct container *c, struct err *e)
{
	/* With a user namespace of its own the new mount namespace hears from the host, but is
	 * not heard. */
	if (!(c->namespaces & CLONE_NEWUSER) &&
	    call_mount(c->calls, NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_sys(e, errno, "part the mounts from the host's");
	if (call_mount(c->calls, c->image, c->image, NULL, MS_BIND, NULL) < 0)
		return explain_bind(c->image, errno, e);
	if (call_chdir(c->calls, c->image) < 0)
		return err_sys(e, errno, "enter the image '%s'", c->image);
	return restrict_mount(c, ".",
			      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				  MOUNT_ATTR_NOSYMFOLLOW,
			      e);
}

static int mount_fresh(const struct container *c, const struct mount_entry *entry, struct err *e)
{
	if (call_mount(c->calls, entry->type, entry->target, entry->type, entry->flags,
		       entry->data) == 0)
		return 0;
	int error = errno;
	int r = err_sys(e, error, "mount %s on '/%s'", entry->type, entry->target);
	if (error == ENOENT || error == ELOOP || error == ENOTDIR)
		err_hint(e, r, "the image must have a real directory '/%s'", entry->target);
	return r;
}

/* A kernel file system of our own, or, where the kernel says no, the host's, read-only. */
static int mount_kernel(const struct container *c, const char *type, const char *target,
			unsigned long flags, struct err *e)
{
	bool is_proc = strcmp(type, "proc") == 0;
	char source[16];

	if (call_mount(c->calls, type, target, type, flags | SAFE | MS_NOEXEC, NULL) == 0)
		return 0;
	if (errno != EPERM)
		return err_sys(e, errno, "mount %s on '/%s'", type, target);
	snprintf(source, sizeof(source), "/%s", target);
	if (call_mount(c->calls, source, target, NULL, MS_BIND | MS_REC, NULL) < 0)
		return err_sys(e, errno, "bind the host's %s", source);
	container_note(c, "%s is the host's, read-only: an own one needs an own %s namespace%s",
		       source, is_proc ? "pid" : "network",
		       c->namespaces & (is_proc ? CLONE_NEWPID : CLONE_NEWNET)
			   ? ", and no container around us that covers a part of it"
			   : "");
	if (call_mount_setattr(c->calls, AT_FDCWD, target, AT_RECURSIVE,
			       MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				   MOUNT_ATTR_NOEXEC,
			       0) < 0)
		return err_sys(e, errno, "make %s read-only", source);
	return 0;
}

static int bind_node(const struct container *c, const char *host, const char *target, struct err *e)
{
	if (call_mknodat(c->calls, AT_FDCWD, target, S_IFREG | 0666) < 0 ||
	    call_mount(c->calls, host, target, NULL, MS_BIND, NULL) < 0)
		return err_sys(e, errno, "bind '%s'", host);
	return 0;
}

/* The node that also covers things must be what it says (CVE-2025-31133). */
static int check_null(struct err *e)
{
	struct stat found;

	if (stat("dev/null", &found) == 0 && S_ISCHR(found.st_mode) &&
	    found.st_rdev == makedev(1, 3))
		return 0;
	return err_set(e, ENODEV, "'/dev/null' of this machine is not the null device");
}

static int fill_dev(const struct container *c, struct err *e)
{
	/* Group 5 is tty; it exists inside only where a whole range is mapped. */
	bool has_groups = c->idmap.count > 1 || !(c->namespaces & CLONE_NEWUSER);
	const struct mount_entry terminals = {"dev/pts", "devpts",
					      has_groups
						  ? "newinstance,ptmxmode=0666,mode=0620,gid=5"
						  : "newinstance,ptmxmode=0666,mode=0620",
					      MS_NOSUID | MS_NOEXEC};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(node_table) / sizeof(node_table[0]); i++)
		r = bind_node(c, node_table[i].host, node_table[i].target, e);
	if (r == 0)
		r = check_null(e);
	for (size_t i = 0; r == 0 && i < sizeof(link_table) / sizeof(link_table[0]); i++)
		if (call_symlinkat(c->calls, link_table[i].target, AT_FDCWD, link_table[i].path) <
		    0)
			r = err_sys(e, errno, "make '/%s'", link_table[i].path);
	if (r == 0 && (call_mkdirat(c->calls, AT_FDCWD, "dev/shm", 01777) < 0 ||
		       call_mkdirat(c->calls, AT_FDCWD, "dev/pts", 0755) < 0))
		r = err_sys(e, errno, "make the directories of /dev");
	return r < 0 ? r : mount_fresh(c, &terminals, e);
}

int mounts_cover(struct container *c, struct err *e)
{
	for (size_t i = 0; i < sizeof(mask_table) / sizeof(mask_table[0]); i++) {
		bool is_directory = mask_table[i].is_directory;
		call_because(c->calls, mask_table[i].why);
		int r = call_mount(c->calls, is_directory ? "none" : "dev/null", mask_table[i].path,
				   is_directory ? "tmpfs" : NULL,
				   is_directory ? MS_RDONLY | SAFE | MS_NOEXEC : MS_BIND, NULL);
		if (r < 0 && errno != ENOENT)
			return err_sys(e, errno, "cover '/%s'", mask_table[i].path);
	}
	for (size_t i = 0; i < sizeof(read_only_table) / sizeof(read_only_table[0]); i++) {
		const char *path = read_only_table[i].path;
		if (read_only_table[i].only_without_user_namespace &&
		    (c->namespaces & CLONE_NEWUSER))
			continue;
		if (call_mount(c->calls, path, path, NULL, MS_BIND | MS_REC, NULL) < 0) {
			if (errno == ENOENT) /* not every kernel has all of them */
				continue;
			return err_sys(e, errno, "cover '/%s'", path);
		}
		int r = restrict_mount(c, path, MOUNT_ATTR_RDONLY, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int mounts_proc(struct container *c, struct err *e)
{
	return mount_kernel(c, "proc", "proc", 0, e);
}

int mounts_fresh(struct container *c, struct err *e)
{
	int r = mount_kernel(c, "sysfs", "sys", MS_RDONLY, e);

	for (size_t i = 0; r == 0 && i < sizeof(mount_table) / sizeof(mount_table[0]); i++)
		r = mount_fresh(c, &mount_table[i], e);
	return r < 0 ? r : fill_dev(c, e);
}

/* Out of a chroot whoever may call chroot(2) again climbs by "..": it never was a wall. */
static int change_root(const struct container *c, struct err *e)
{
	return call_chroot(c->calls, ".") < 0 ? err_sys(e, errno, "change the root to the image")
					      : 0;
}

int mounts_pivot(struct container *c, struct err *e)
{
	call_because(c->calls, "the mounts stand: the image may have its symbolic links back");
	if (call_mount_setattr(c->calls, AT_FDCWD, ".", 0, 0, MOUNT_ATTR_NOSYMFOLLOW) < 0)
		return err_sys(e, errno, "allow the image its symbolic links");
	if (!container_has(c, SPEC_PIVOT))
		return change_root(c, e);
	/* "Swap the roots: the host's tree lies on top of ours now …" (pivot_root(2), NOTES) */
	call_because(c->calls, "the image becomes the root, the host's tree lies on top of it");
	if (call_pivot_root(c->calls, ".", ".") < 0)
		return err_hint(e, err_sys(e, errno, "make the image the root"),
				"pivot_root fails when the machine runs from an initramfs");
	/* "… and is let go, with all that is mounted in it." */
	call_because(c->calls, "the host's tree lay below the new root; now nothing leads there");
	if (call_umount2(c->calls, ".", MNT_DETACH) < 0)
		return err_sys(e, errno, "let the host's tree go");
	return 0;
}
