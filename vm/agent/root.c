/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the first root, where the kernel has unpacked the initramfs (we, the modules, and the image
 * below /image), to the image as the root of everything: a mount of its own, moved over the first
 * one. So the image is whole, none of our files is in it, and pivot_root(2) works for whoever
 * makes a container in here. What the image lacks in directories is made: it is a copy. See
 * Documentation/filesystems/ramfs-rootfs-initramfs.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "guest.h"
#include "spec.h"
#include "walk.h"

#define OWN_PROGRAMS "/run/isolab-programs"

enum { SAFE = MS_NOSUID | MS_NODEV, TMPFS_SIZE_BYTES = 256 << 20 /* as a container's */ };

static const struct mount_entry {
	const char *target, *type, *data;
	unsigned long flags;
	bool is_optional; /* not every kernel has it */
} mount_table[] = {
    {"/proc", "proc", NULL, SAFE | MS_NOEXEC, false},
    {"/sys", "sysfs", NULL, SAFE | MS_NOEXEC, false},
    {"/sys/fs/cgroup", "cgroup2", "nsdelegate", SAFE | MS_NOEXEC, true},
    {"/dev", "devtmpfs", "mode=755", MS_NOSUID | MS_NOEXEC, false},
    {"/dev/pts", "devpts", "ptmxmode=0666,mode=0620,gid=5", MS_NOSUID | MS_NOEXEC, false},
    {"/dev/shm", "tmpfs", "mode=1777", SAFE, false},
    {"/tmp", "tmpfs", "mode=1777", SAFE, false},
    {"/run", "tmpfs", "mode=755", SAFE, false},
};

static const struct {
	const char *target, *path;
} link_table[] = {
    {"pts/ptmx", "/dev/ptmx"},          {"/proc/self/fd", "/dev/fd"},
    {"/proc/self/fd/0", "/dev/stdin"},  {"/proc/self/fd/1", "/dev/stdout"},
    {"/proc/self/fd/2", "/dev/stderr"},
};

/* A real directory, whatever the image has there: a link would lead a mount astray. */
static void make_place(const char *path)
{
	struct stat found;

	if (lstat(path, &found) == 0 && !S_ISDIR(found.st_mode))
		unlink(path);
	mkdir(path, 0755);
}

static void mount_all(void)
{
	char path[64];

	for (size_t i = 0; i < sizeof(mount_table) / sizeof(mount_table[0]); i++) {
		const struct mount_entry *entry = &mount_table[i];
		snprintf(path, sizeof(path), GUEST_IMAGE "%s", entry->target);
		if (!entry->is_optional)
			make_place(path);
		if (mount(entry->type, path, entry->type, entry->flags, entry->data) < 0 &&
		    errno != EBUSY && !entry->is_optional)
			guest_complain("mount", entry->target);
	}
	for (size_t i = 0; i < sizeof(link_table) / sizeof(link_table[0]); i++) {
		snprintf(path, sizeof(path), GUEST_IMAGE "%s", link_table[i].path);
		unlink(path);
		if (symlink(link_table[i].target, path) < 0)
			guest_complain("make", link_table[i].path);
	}
}

/* Walls in walls: isolab's own programs, which lie beside us, are shown in the image, and found
 * by whoever looks for the command, unless the image has its own. */
static void show_programs(void)
{
	static const char *const places[] = {"/bin", "/usr/bin"};
	auto_close int image = open(GUEST_IMAGE, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (access("/isolab/isolab-container", F_OK) < 0)
		return;
	mkdir(GUEST_IMAGE OWN_PROGRAMS, 0755);
	if (mount("/isolab", GUEST_IMAGE OWN_PROGRAMS, NULL, MS_BIND, NULL) < 0)
		guest_complain("mount", OWN_PROGRAMS);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		auto_close int place = -1;
		if (walk_open(image, places[i], WALK_ONLY, &place, NULL) == 0 &&
		    (symlinkat(OWN_PROGRAMS "/isolab", place, "isolab") == 0 || errno == EEXIST))
			return;
	}
}

/* The kernel looks for its modprobe where process 1 has its root: in the image. So a file system or
 * an interface that needs a module works when it is first asked for, and costs nothing before. */
static void show_modules(void)
{
	auto_close int file = -1;

	if (access("/modules/order", F_OK) < 0)
		return;
	mkdir(GUEST_IMAGE GUEST_MODULES, 0700);
	file = open(GUEST_IMAGE GUEST_MODPROBE, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	if (mount("/modules", GUEST_IMAGE GUEST_MODULES, NULL, MS_BIND, NULL) < 0 ||
	    mount("/init", GUEST_IMAGE GUEST_MODPROBE, NULL, MS_BIND, NULL) < 0 ||
	    fd_write_file(AT_FDCWD, GUEST_IMAGE "/proc/sys/kernel/modprobe", GUEST_MODPROBE) < 0)
		guest_complain("show", GUEST_MODULES);
}

void root_lay_out(void)
{
	umask(0);
	mkdir(GUEST_IMAGE, 0755);
	if (mount(GUEST_IMAGE, GUEST_IMAGE, NULL, MS_BIND, NULL) < 0)
		guest_complain("mount", GUEST_IMAGE);
	mount_all();
	show_modules();
	show_programs();
	umask(022);
}

void root_enter(void)
{
	if (chdir(GUEST_IMAGE) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
	    chdir("/") < 0)
		guest_complain("enter", GUEST_IMAGE);
}

/* ---- what the options ask for ---- */

static int place_tmpfs(const char *word, struct err *e)
{
	char target[SPEC_PATH_MAX], data[64], link[32];
	uint64_t bytes;
	auto_close int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), place = -1;
	int r = spec_split_tmpfs(word, target, &bytes, e);

	if (r == 0)
		r = walk_open(top, target, WALK_DIRECTORY, &place, e);
	if (r < 0)
		return err_ctx(e, r, "--tmpfs '%.200s'", word);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", place);
	snprintf(data, sizeof(data), "mode=1777,size=%llu",
		 (unsigned long long)(bytes ? bytes : TMPFS_SIZE_BYTES));
	return mount("tmpfs", link, "tmpfs", SAFE, data) < 0
		   ? err_sys(e, errno, "--tmpfs '%.200s': mount it", word)
		   : 0;
}

/* Places are made while the root can be written to. */
int root_finish(const struct guest *guest, struct err *e)
{
	const struct agent_words *words = &guest->words;

	for (size_t i = 0; words->tmpfs[i]; i++) {
		int r = place_tmpfs(words->tmpfs[i], e);
		if (r < 0)
			return r;
	}
	if (words->start.flags & AGENT_START_WRITABLE || !guest->owns_root)
		return 0;
	return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0
		   ? err_sys(e, errno, "make the root read-only")
		   : 0;
}
