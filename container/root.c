// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The root of a container, from the image's tree to pivot_root(2).
 *
 * Symbolic links are the classic way out of here: an image whose "proc" or "dev" points elsewhere
 * makes its builder mount elsewhere. While we build, the image is mounted so that none is followed
 * (MOUNT_ATTR_NOSYMFOLLOW), and all paths are relative to it.
 * See mount_setattr(2), mount_namespaces(7), pivot_root(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls.h"
#include "container.h"
#include "fd.h"
#include "files.h"
#include "trees.h"

static int explain_enter(const struct container *c, int error, struct err *e)
{
	int r = err_sys(e, error, "enter the image '%s'", c->image);

	if (error != ENOTDIR)
		return r;
	return err_hint(e, r, "--image takes a directory that holds a file tree: unpack it first");
}

/* Where the image lies does not matter before a pivot: "/" is there always. A chroot, which only
 * hides what is around it, is to be seen as what it is: so there it lies where it came from, in
 * the host's tree. */
const char *files_place(const struct container *c)
{
	return container_has(c, SPEC_PIVOT) ? "/" : c->image;
}

int files_attach_root(const struct container *c, struct err *e)
{
	if (call_move_mount(c->calls, c->files.root, "", AT_FDCWD, files_place(c),
			    MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(e, errno, "mount the image '%s'", c->image);
	return 0;
}

/* The way to the image may lead through folders of the host's root, such as /root: so we go there
 * as long as we are still who started us. */
int files_bind_root(struct container *c, struct err *e)
{
	/* With a user namespace of its own the new mount namespace hears from the host, but is
	 * not heard. */
	if (!(c->namespaces & CLONE_NEWUSER) &&
	    call_mount(c->calls, NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_sys(e, errno, "part the mounts from the host's");
	int r = c->files.tree_count ? 0 : trees_take(c, e);
	if (r < 0)
		return r;
	c->files.root = fd_move(&c->files.trees[0]);
	if (call_fchdir(c->calls, c->files.root) < 0)
		return explain_enter(c, errno, e);
	/* Paths that begin at "/" are still the host's, since a root directory stays what it was
	 * when something is mounted on it. */
	return files_has_overlay(c) ? 0 : files_attach_root(c, e);
}

/* Out of a chroot whoever may call chroot(2) again climbs by "..": it never was a wall. */
static int change_root(const struct container *c, struct err *e)
{
	return call_chroot(c->calls, ".") < 0 ? err_sys(e, errno, "change the root to the image")
					      : 0;
}

static int change_to_image(const struct container *c, struct err *e)
{
	if (call_fchdir(c->calls, c->files.root) < 0)
		return err_sys(e, errno, "enter the root");
	if (call_mount_setattr(c->calls, AT_FDCWD, ".", 0, 0, MOUNT_ATTR_NOSYMFOLLOW) < 0)
		return err_sys(e, errno, "allow the image its symbolic links");
	if (!container_has(c, SPEC_PIVOT))
		return change_root(c, e);
	/* "Swap the roots: the host's tree lies on top of ours now …" (pivot_root(2), NOTES) */
	if (call_pivot_root(c->calls, ".", ".") < 0)
		return err_hint(e, err_sys(e, errno, "make the image the root"),
				"pivot_root fails when the machine runs from an initramfs");
	/* "… and is let go, with all that is mounted in it." */
	if (call_umount2(c->calls, ".", MNT_DETACH) < 0)
		return err_sys(e, errno, "let the host's tree go");
	return 0;
}

int files_pivot(struct container *c, struct err *e)
{
	/* Open stays, until exec, the root that we stand in, which is no way out; Landlock names
	 * it. The trees of volumes are closed when they are in place (CVE-2024-21626). */
	return change_to_image(c, e);
}
