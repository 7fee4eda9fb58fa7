/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Volumes: directories of the host, as file systems of the guest's own kernel (virtiofs). The place
 * is made if the image has none there: its tree is a copy in memory. What cannot be mounted is
 * told, and no program runs without it.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "guest.h"

/* What is missing on the way to it, too. */
static int make_directory(const char *path)
{
	char part[PATH_MAX];
	struct stat status;

	for (const char *end = strchr(path + 1, '/'); end; end = strchr(end + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(end - path), path);
		mkdir(part, 0755);
	}
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	if (stat(path, &status) < 0)
		return -errno;
	return S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
}

static const char *explain(int r)
{
	if (r == -ENODEV)
		return "mount a volume: its kernel has no virtiofs (modules fuse, virtiofs)";
	if (r == -EINVAL)
		return "mount a volume: its kernel does not find the device (module virtio_mmio)";
	return r == -ENOTDIR ? "mount a volume: there is a file in its place" : "mount a volume";
}

void mount_volume(struct guest *guest, uint8_t *body, size_t length)
{
	struct agent_mount volume;
	const char *source, *target;
	unsigned long flags = MS_NOSUID | MS_NODEV;
	int r = agent_decode_mount(body, length, &volume, &source, &target, NULL);

	if (r == 0)
		r = make_directory(target);
	if (r == 0 && volume.flags & AGENT_MOUNT_READ_ONLY)
		flags |= MS_RDONLY;
	if (r == 0 && mount(source, target, "virtiofs", flags, NULL) < 0)
		r = -errno;
	if (r < 0)
		guest_refuse(guest, -r, explain(r));
}
