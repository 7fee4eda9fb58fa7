// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Limits on block devices. One is named by its file (--device-read-bps /dev/vda:1M) and known to
 * the kernel by its number, st_rdev. A partition has none of its own: the disk's queue is what
 * is throttled. v2 has one file for all, "8:0 rbps=1048576 wiops=max"; v1 a file for each.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cgroup_private.h"

static const struct {
	const char *key, *option, *v1_file;
} io_keys[] = {
    {"rbps", "--device-read-bps", "blkio.throttle.read_bps_device"},
    {"wbps", "--device-write-bps", "blkio.throttle.write_bps_device"},
    {"riops", "--device-read-iops", "blkio.throttle.read_iops_device"},
    {"wiops", "--device-write-iops", "blkio.throttle.write_iops_device"},
};
enum { IO_KEYS = sizeof(io_keys) / sizeof(io_keys[0]) };

struct io_limit {
	int key; /* index of io_keys */
	char device[SPEC_PATH_MAX];
	uint64_t number;
};

/* "rbps /dev/vda:1048576" */
static bool split(const char *word, struct io_limit *ret)
{
	const char *blank = strchr(word, ' '), *colon = strrchr(word, ':');

	if (!blank || !colon || colon < blank || (size_t)(colon - blank) > sizeof(ret->device))
		return false;
	for (ret->key = 0; ret->key < IO_KEYS; ret->key++)
		if (strlen(io_keys[ret->key].key) == (size_t)(blank - word) &&
		    strncmp(io_keys[ret->key].key, word, (size_t)(blank - word)) == 0)
			break;
	size_t length = (size_t)(colon - blank) - 1;
	memcpy(ret->device, blank + 1, length);
	ret->device[length] = '\0';
	ret->number = strtoull(colon + 1, NULL, 10);
	return ret->key < IO_KEYS;
}

/* The name of the disk that a partition is a part of, "" if it is none. */
static void find_disk(dev_t device, char *ret_name, size_t size)
{
	char path[64], target[512];

	*ret_name = '\0';
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/partition", major(device),
		 minor(device));
	if (access(path, F_OK) < 0)
		return;
	*strrchr(path, '/') = '\0';
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0'; /* …/block/vda/vda1 */
	char *last = strrchr(target, '/');
	if (last)
		*last = '\0';
	last = strrchr(target, '/');
	snprintf(ret_name, size, "%s", last ? last + 1 : "the disk");
}

static int find_device(const struct io_limit *limit, dev_t *ret_device, struct err *e)
{
	const char *option = io_keys[limit->key].option;
	struct stat status;
	char disk[64];
	int r;

	if (stat(limit->device, &status) < 0) {
		r = err_sys(e, errno, "%s '%.200s'", option, limit->device);
		return err_hint(e, r, "`lsblk` lists the block devices of this machine");
	}
	if (!S_ISBLK(status.st_mode)) {
		r = err_set(e, ENOTBLK, "%s '%.200s': not a block device", option, limit->device);
		return err_hint(e, r, "`lsblk` lists the block devices of this machine");
	}
	find_disk(status.st_rdev, disk, sizeof(disk));
	if (*disk) {
		r = err_set(e, EINVAL, "%s '%.200s': a partition", option, limit->device);
		return err_hint(e, r, "the kernel limits whole disks: take /dev/%s", disk);
	}
	*ret_device = status.st_rdev;
	return 0;
}

int cgroup_check_io(const struct sandbox_spec *spec, struct err *e)
{
	struct io_limit limit;
	dev_t device;
	int r = 0;

	for (char *const *word = spec->io_limits; r == 0 && word && *word; word++)
		if (split(*word, &limit))
			r = find_device(&limit, &device, e);
	return r;
}

/* 0 lifts a limit on v1, "max" does on v2. */
static int write_limit(const struct cgroup_place *place, const struct io_limit *limit, dev_t device,
		       uint64_t number)
{
	char text[96], most[32] = "max";

	if (!place->is_unified) {
		snprintf(text, sizeof(text), "%u:%u %" PRIu64, major(device), minor(device),
			 number);
		return cgroup_write(place, io_keys[limit->key].v1_file, text);
	}
	if (number)
		snprintf(most, sizeof(most), "%" PRIu64, number);
	snprintf(text, sizeof(text), "%u:%u %s=%s", major(device), minor(device),
		 io_keys[limit->key].key, most);
	return cgroup_write(place, "io.max", text);
}

/* True if a list has a limit of the same kind on the same device. */
static bool has_same(char *const *words, const struct io_limit *limit)
{
	struct io_limit other;

	for (; words && *words; words++)
		if (split(*words, &other) && other.key == limit->key &&
		    strcmp(other.device, limit->device) == 0)
			return true;
	return false;
}

int cgroup_set_io(const struct cgroup_place *place, const struct sandbox_spec *before,
		  const struct sandbox_spec *after, struct err *e)
{
	struct io_limit limit;
	dev_t device;
	int r = 0;

	for (char *const *word = before->io_limits; word && *word; word++)
		/* A device that is gone has no limit any more. */
		if (split(*word, &limit) && !has_same(after->io_limits, &limit) &&
		    find_device(&limit, &device, NULL) == 0)
			write_limit(place, &limit, device, 0);
	for (char *const *word = after->io_limits; r == 0 && word && *word; word++) {
		if (!split(*word, &limit))
			continue;
		r = find_device(&limit, &device, e);
		if (r == 0)
			r = write_limit(place, &limit, device, limit.number);
	}
	return r;
}
