/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Volumes: directories and files of the host, as file systems of the guest's own kernel: virtiofs,
 * or ext4 on a disk that holds a copy. The place is made if the image has none there: its tree is
 * a copy in memory. What cannot be mounted is told, and no program runs without it.
 *
 * What lies inside its file system is bound to its place; the rest of it is then out of sight.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "guest.h"

#define STAGE  "/run/isolab-volume"
#define STAGED STAGE "/volume" /* vm/enclosed.h: ENCLOSED_NAME */

enum { SERIAL_MAX = 24 };

static int make_place(const char *path, bool is_file)
{
	struct stat status;

	fd_make_way(path);
	if (is_file) {
		auto_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (fd < 0 && errno != EEXIST)
			return -errno;
	} else if (mkdir(path, 0755) < 0 && errno != EEXIST) {
		return -errno;
	}
	if (stat(path, &status) < 0)
		return -errno;
	if (!is_file)
		return S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
	return S_ISDIR(status.st_mode) ? -EISDIR : 0;
}

static bool has_serial(const char *disk, const char *wanted)
{
	char path[sizeof("/sys/block//serial") + 64], serial[SERIAL_MAX] = "";

	snprintf(path, sizeof(path), "/sys/block/%.64s/serial", disk);
	if (fd_read_file(AT_FDCWD, path, serial, sizeof(serial)) < 0)
		return false;
	serial[strcspn(serial, "\n")] = '\0';
	return strcmp(serial, wanted) == 0;
}

/* The disk with that serial number. */
static int find_disk(const char *serial, char *ret_path, size_t size)
{
	DIR *disks = opendir("/sys/block");
	struct dirent *entry;
	int r = -ENXIO;

	while (r < 0 && disks && (entry = readdir(disks))) {
		if (entry->d_name[0] == '.' || !has_serial(entry->d_name, serial))
			continue;
		snprintf(ret_path, size, "/dev/%.64s", entry->d_name);
		r = 0;
	}
	if (disks)
		closedir(disks);
	return r;
}

static int mount_device(const struct agent_mount *volume, const char *tag, const char *place)
{
	unsigned long flags = MS_NOSUID | MS_NODEV;
	char disk[80];
	int r = 0;

	if (volume->flags & AGENT_MOUNT_READ_ONLY)
		flags |= MS_RDONLY;
	if (!(volume->flags & AGENT_MOUNT_DISK))
		return mount(tag, place, "virtiofs", flags, NULL) < 0 ? -errno : 0;
	r = find_disk(tag, disk, sizeof(disk));
	if (r < 0)
		return r;
	modules_load(GUEST_MODULES, "crc32c_generic"); /* ext4 needs it without saying so */
	modules_load(GUEST_MODULES, "ext4");
	return mount(disk, place, "ext4", flags, NULL) < 0 ? -errno : 0;
}

/* Binds what lies inside to its place. */
static int show(const char *target)
{
	struct stat status;
	int r = lstat(STAGED, &status) < 0 ? -errno : make_place(target, S_ISREG(status.st_mode));

	if (r == 0 && mount(STAGED, target, NULL, MS_BIND | MS_REC, NULL) < 0)
		r = -errno;
	return r;
}

static int mount_inside(const struct agent_mount *volume, const char *tag, const char *target)
{
	if (mkdir(STAGE, 0700) < 0)
		return -errno;
	int r = mount_device(volume, tag, STAGE);
	if (r == 0) {
		r = show(target);
		umount2(STAGE, MNT_DETACH);
	}
	rmdir(STAGE);
	return r;
}

static const char *explain(int r, bool is_disk)
{
	if (r == -ENODEV)
		return is_disk ? "its kernel has no ext4"
			       : "its kernel has no virtiofs (modules fuse, virtiofs)";
	if (r == -EINVAL || r == -ENXIO)
		return "its kernel does not find the device (modules virtio_mmio, virtio_blk)";
	if (r == -EISDIR)
		return "there is a directory in the file's place";
	return r == -ENOTDIR ? "there is a file in its place" : strerror(-r);
}

static void refuse(struct guest *guest, int r, bool is_disk, const char *target)
{
	bool is_taken = r == -EISDIR || r == -ENOTDIR;
	char what[256];

	snprintf(what, sizeof(what), "mount a volume at '%.120s': %s", target, explain(r, is_disk));
	guest_refuse(guest, -r, what,
		     is_taken ? "another place for it: --volume SOURCE:/another/place" : NULL);
}

void mount_volume(struct guest *guest, uint8_t *body, size_t length)
{
	struct agent_mount volume = {0};
	const char *tag, *target = "?";
	int r = agent_decode_mount(body, length, &volume, &tag, &target, NULL);

	if (r == 0 && volume.flags & AGENT_MOUNT_INSIDE) {
		r = mount_inside(&volume, tag, target);
	} else if (r == 0) {
		r = make_place(target, false);
		if (r == 0)
			r = mount_device(&volume, tag, target);
	}
	if (r < 0)
		refuse(guest, r, volume.flags & AGENT_MOUNT_DISK, target);
}
