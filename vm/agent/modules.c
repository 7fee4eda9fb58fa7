/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The drivers of the devices that this machine has. A distribution's kernel has them as modules,
 * which lie beside us in the first root, with a list of what each needs (kernel/pack.h). Only what
 * is there is driven: each module costs some milliseconds. A device says by a number what it is
 * (virtio specification, "Device Types"); it appears once its bus is driven, so that comes first.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"
#include "guest.h"
#include "str.h"

#define FIRST_ROOT "/modules"

enum { ORDER_MAX = 64 * 1024, DEVICE_NUMBER_MAX = 63 };

static const char *const drivers[DEVICE_NUMBER_MAX + 1] = {
    [1] = "virtio_net",
    [2] = "virtio_blk",
    [3] = "virtio_console",
    [4] = "virtio_rng",
    [19] = "vmw_vsock_virtio_transport",
    [26] = "virtiofs",
};

static int load_file(const char *folder, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%.64s.ko", folder, name);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0)
		return errno == EEXIST ? 0 : -errno;
	return 0;
}

int modules_load(const char *folder, const char *wanted)
{
	char path[128];
	auto_free char *order = malloc(ORDER_MAX);
	char *lines = NULL, *words = NULL;
	int r = -ENOENT; /* built in, or this kernel has it not */

	snprintf(path, sizeof(path), "%s/order", folder);
	if (!order || fd_read_file(AT_FDCWD, path, order, ORDER_MAX) < 0)
		return -ENOENT;
	for (char *line = strtok_r(order, "\n", &lines); line;
	     line = strtok_r(NULL, "\n", &lines)) {
		const char *name = strtok_r(line, " ", &words);
		if (!name || strcmp(name, wanted) != 0)
			continue;
		for (const char *needed; (needed = strtok_r(NULL, " ", &words));)
			load_file(folder, needed);
		r = load_file(folder, wanted);
	}
	return r;
}

/* Calls `use` for each name in a directory of /sys. */
static void for_each_name(const char *path, void (*use)(const char *path, const char *name))
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			use(path, entry->d_name);
	if (directory)
		closedir(directory);
}

/* ACPI's word for a virtio device in memory; of PCI every machine that has it says so itself. */
static void drive_bus(const char *path, const char *name)
{
	(void)path;
	if (strncmp(name, "LNRO0005", 8) == 0)
		modules_load(FIRST_ROOT, "virtio_mmio");
}

static void drive_pci(const char *path, const char *name)
{
	char file[256], vendor[16];

	snprintf(file, sizeof(file), "%s/%.64s/vendor", path, name);
	if (fd_read_file(AT_FDCWD, file, vendor, sizeof(vendor)) > 0 &&
	    strncmp(vendor, "0x1af4", 6) == 0)
		modules_load(FIRST_ROOT, "virtio_pci");
}

static void drive_device(const char *path, const char *name)
{
	char file[256], text[16];

	snprintf(file, sizeof(file), "%s/%.64s/device", path, name);
	if (fd_read_file(AT_FDCWD, file, text, sizeof(text)) <= 0)
		return;
	unsigned long number = strtoul(text, NULL, 16);
	if (number <= DEVICE_NUMBER_MAX && drivers[number])
		modules_load(FIRST_ROOT, drivers[number]);
}

void modules_drive_devices(void)
{
	for_each_name(GUEST_IMAGE "/sys/bus/acpi/devices", drive_bus);
	for_each_name(GUEST_IMAGE "/sys/bus/pci/devices", drive_pci);
	for_each_name(GUEST_IMAGE "/sys/bus/virtio/devices", drive_device);
}

/* "fs-overlay", "rtnl-link-veth", "netdev-…": what the kernel asks for by a name of its own. */
int modules_serve_kernel(const char *wanted)
{
	static const char *const prefixes[] = {"fs-", "rtnl-link-", "netdev-"};
	char name[64];

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(wanted, prefixes[i], strlen(prefixes[i])) == 0)
			wanted += strlen(prefixes[i]);
	if (!str_copy(name, sizeof(name), wanted))
		return -ENOENT;
	for (char *at = name; *at; at++)
		*at = *at == '-' ? '_' : *at;
	return modules_load(GUEST_MODULES, name);
}
