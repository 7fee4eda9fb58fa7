// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The member `linux` of config.json: namespaces to make or to join, maps of ids, devices, cgroup,
 * sysctls, paths to cover. A sysctl is only taken if it belongs to a namespace of the container, a
 * relative path to cover never. See namespaces(7), user_namespaces(7).
 */
#include "config.h"

#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/stat.h>

#include "kernel.h"

enum { RANGES_MAX = 340 }; /* as many as the kernel takes */

const struct oci_namespace_name oci_namespace_names[OCI_NAMESPACES] = {
    [OCI_NS_USER] = {"user", CLONE_NEWUSER},       [OCI_NS_PID] = {"pid", CLONE_NEWPID},
    [OCI_NS_NETWORK] = {"network", CLONE_NEWNET},  [OCI_NS_MOUNT] = {"mount", CLONE_NEWNS},
    [OCI_NS_IPC] = {"ipc", CLONE_NEWIPC},          [OCI_NS_UTS] = {"uts", CLONE_NEWUTS},
    [OCI_NS_CGROUP] = {"cgroup", CLONE_NEWCGROUP}, [OCI_NS_TIME] = {"time", CLONE_NEWTIME},
};

static void read_namespace(const struct oci_node *node, struct oci_config *ret)
{
	const char *type = "", *path = NULL;
	int kind = 0;

	if (!oci_string(node, "type", &type)) {
		oci_fault(node, "type is missing");
		return;
	}
	while (kind < OCI_NAMESPACES && strcmp(type, oci_namespace_names[kind].name) != 0)
		kind++;
	if (kind == OCI_NAMESPACES) {
		oci_fault(node, "type: there is no namespace '%.40s'", type);
		return;
	}
	unsigned flag = (unsigned)oci_namespace_names[kind].flag;
	if (ret->namespaces & flag || ret->joined[kind])
		oci_fault(node, "a second namespace of type '%s'", type);
	if (oci_string(node, "path", &path) && *path) {
		if (*path != '/')
			oci_fault(node, "path: '%.100s' must be an absolute path", path);
		ret->joined[kind] = path;
	} else {
		ret->namespaces |= flag;
	}
}

static void read_map(const struct oci_node *linux_node, const char *key, struct oci_id_map *ret)
{
	struct oci_node list, item;
	size_t count = oci_array(linux_node, key, &list);

	ret->ranges = oci_memory_take(linux_node->reader->memory, count + 1, sizeof(*ret->ranges));
	if (count > RANGES_MAX)
		oci_fault(&list, "the kernel takes at most %d ranges", RANGES_MAX);
	for (size_t i = 0; ret->ranges && i < count && oci_item(&list, i, &item); i++) {
		struct oci_id_range *range = &ret->ranges[i];
		if (!oci_unsigned(&item, "containerID", &range->inside) ||
		    !oci_unsigned(&item, "hostID", &range->outside) ||
		    !oci_unsigned(&item, "size", &range->count))
			oci_fault(&item, "it needs containerID, hostID and size");
		else if (!range->count || range->inside > UINT32_MAX - range->count ||
			 range->outside > UINT32_MAX - range->count)
			oci_fault(&item, "a range of %u ids from there does not exist",
				  range->count);
		ret->count = i + 1;
	}
}

static void read_device(const struct oci_node *node, struct oci_device *ret)
{
	const char *type = "";
	int64_t mode;

	oci_string(node, "type", &type);
	if (!oci_absolute(node, "path", &ret->path))
		oci_fault(node, "path is missing");
	ret->type = strcmp(type, "p") == 0                             ? S_IFIFO
		    : strcmp(type, "b") == 0                           ? S_IFBLK
		    : strcmp(type, "c") == 0 || strcmp(type, "u") == 0 ? S_IFCHR
								       : 0;
	if (!ret->type)
		oci_fault(node, "type: '%.20s' is none of c, b, u, p", type);
	bool has_number = oci_unsigned(node, "major", &ret->major);
	has_number = oci_unsigned(node, "minor", &ret->minor) && has_number;
	if (!has_number && ret->type != S_IFIFO)
		oci_fault(node, "it needs major and minor");
	/* Some write the whole st_mode. */
	ret->has_mode = oci_integer(node, "fileMode", 0, UINT32_MAX, &mode);
	ret->mode = ret->has_mode ? (uint32_t)mode & 07777 : 0666;
	bool has_uid = oci_unsigned(node, "uid", &ret->uid);
	ret->has_owner = oci_unsigned(node, "gid", &ret->gid) || has_uid;
}

static void read_devices(const struct oci_node *linux_node, struct oci_config *ret)
{
	struct oci_node list, item;
	size_t count = oci_array(linux_node, "devices", &list);

	ret->devices = oci_memory_take(&ret->memory, count + 1, sizeof(*ret->devices));
	for (size_t i = 0; ret->devices && i < count && oci_item(&list, i, &item); i++) {
		read_device(&item, &ret->devices[i]);
		ret->device_count = i + 1;
	}
}

/* Those that are counted per namespace, and which one that is. */
static int find_sysctl_namespace(const char *name)
{
	static const char *const of_ipc[] = {"kernel.msgmax", "kernel.msgmnb",
					     "kernel.msgmni", "kernel.sem",
					     "kernel.shmall", "kernel.shmmax",
					     "kernel.shmmni", "kernel.shm_rmid_forced"};

	for (size_t i = 0; i < sizeof(of_ipc) / sizeof(of_ipc[0]); i++)
		if (strcmp(name, of_ipc[i]) == 0)
			return OCI_NS_IPC;
	if (strncmp(name, "fs.mqueue.", 10) == 0)
		return OCI_NS_IPC;
	if (strncmp(name, "net.", 4) == 0)
		return OCI_NS_NETWORK;
	return strcmp(name, "kernel.domainname") == 0 ? OCI_NS_UTS : -1;
}

static void read_sysctl(const struct oci_node *sysctls, const char *name, const char *value,
			struct oci_config *ret)
{
	int kind = find_sysctl_namespace(name);
	struct oci_sysctl *sysctl = &ret->sysctls[ret->sysctl_count];

	if (kind < 0 || strstr(name, "..") || strlen(name) > 200) {
		oci_fault(sysctls,
			  "'%.80s' is the whole machine's: only net.*, the IPC ones and "
			  "fs.mqueue.* belong to a container",
			  name);
		return;
	}
	if (!ret->joined[kind] && !(ret->namespaces & (unsigned)oci_namespace_names[kind].flag)) {
		oci_fault(sysctls, "'%.80s' would be the host's: it needs a namespace of type '%s'",
			  name, oci_namespace_names[kind].name);
		return;
	}
	*sysctl = (struct oci_sysctl){name, value, oci_memory_copy(&ret->memory, name)};
	/* "net.ipv4.conf.eth0/100.x" and net/ipv4/…: dots and slashes change places. */
	bool has_slash = strchr(name, '/') && strchr(name, '/') < strchrnul(name, '.');
	for (char *c = sysctl->path; c && *c && !has_slash; c++)
		*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	ret->sysctl_count++;
}

static void read_sysctls(const struct oci_node *linux_node, struct oci_config *ret)
{
	struct oci_node sysctls;
	const char *name;
	json_t *value;

	if (!oci_object(linux_node, "sysctl", &sysctls))
		return;
	ret->sysctls = oci_memory_take(&ret->memory, json_object_size(sysctls.value) + 1,
				       sizeof(*ret->sysctls));
	if (!ret->sysctls)
		return;
	json_object_foreach(sysctls.value, name, value)
	{
		if (json_is_string(value))
			read_sysctl(&sysctls, name, json_string_value(value), ret);
		else
			oci_fault(&sysctls, "'%.80s' must be a string", name);
	}
}

static void read_paths(const struct oci_node *linux_node, const char *key, struct oci_strings *ret)
{
	struct oci_node list, item;

	oci_strings(linux_node, key, ret);
	size_t count = oci_array(linux_node, key, &list);
	for (size_t i = 0; i < count && oci_item(&list, i, &item); i++)
		if (*ret->items[i] != '/')
			oci_fault(&item, "'%.100s' must be an absolute path", ret->items[i]);
}

static void read_clocks(const struct oci_node *linux_node, struct oci_config *ret)
{
	static const char *const clocks[] = {"monotonic", "boottime"};
	struct oci_node offsets, clock;
	char text[256] = "";
	size_t length = 0;

	if (!oci_object(linux_node, "timeOffsets", &offsets))
		return;
	for (size_t i = 0; i < 2; i++) {
		int64_t seconds = 0, nanoseconds = 0;
		if (!oci_object(&offsets, clocks[i], &clock))
			continue;
		oci_integer(&clock, "secs", INT32_MIN, UINT32_MAX, &seconds);
		oci_integer(&clock, "nanosecs", 0, 999999999, &nanoseconds);
		length += (size_t)snprintf(text + length, sizeof(text) - length,
					   "%s %" PRId64 " %" PRId64 "\n", clocks[i], seconds,
					   nanoseconds);
	}
	ret->clock_offsets = length ? oci_memory_copy(&ret->memory, text) : NULL;
}

static void read_personality(const struct oci_node *linux_node, struct oci_config *ret)
{
	struct oci_node node;
	const char *domain = "";

	if (!oci_object(linux_node, "personality", &node))
		return;
	oci_string(&node, "domain", &domain);
	if (strcmp(domain, "LINUX") == 0)
		ret->personality = PER_LINUX;
	else if (strcmp(domain, "LINUX32") == 0)
		ret->personality = PER_LINUX32;
	else
		oci_fault(&node, "domain: '%.20s' is neither LINUX nor LINUX32", domain);
}

static void read_propagation(const struct oci_node *linux_node, struct oci_config *ret)
{
	struct oci_node node;
	const char *word = "";

	if (oci_string(linux_node, "rootfsPropagation", &word) && *word &&
	    !oci_find_propagation(word, &ret->root_propagation,
				  &ret->is_root_propagation_recursive) &&
	    oci_member(linux_node, "rootfsPropagation", &node))
		oci_fault(&node, "'%.20s' is none of shared, slave, private, unbindable", word);
}

static void refuse_unknown(const struct oci_node *linux_node)
{
	static const char *const keys[] = {"intelRdt", "memoryPolicy", "netDevices"};
	struct oci_node node;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (oci_object(linux_node, keys[i], &node) && json_object_size(node.value))
			oci_refuse(&node, NULL, "this runtime has nothing for it");
}

void oci_config_read_linux(const struct oci_node *linux_node, struct oci_config *ret)
{
	struct oci_node list, item, part;
	size_t count = oci_array(linux_node, "namespaces", &list);

	for (size_t i = 0; i < count && oci_item(&list, i, &item); i++)
		read_namespace(&item, ret);
	read_map(linux_node, "uidMappings", &ret->uid_map);
	read_map(linux_node, "gidMappings", &ret->gid_map);
	read_clocks(linux_node, ret);
	read_devices(linux_node, ret);
	oci_string(linux_node, "cgroupsPath", &ret->cgroups_path);
	if (oci_object(linux_node, "resources", &part))
		oci_config_read_resources(&part, &ret->resources);
	read_propagation(linux_node, ret);
	read_paths(linux_node, "maskedPaths", &ret->masked_paths);
	read_paths(linux_node, "readonlyPaths", &ret->read_only_paths);
	read_sysctls(linux_node, ret);
	oci_string(linux_node, "mountLabel", &ret->mount_label);
	read_personality(linux_node, ret);
	if (oci_object(linux_node, "seccomp", &part))
		oci_config_read_seccomp(&part, &ret->seccomp);
	refuse_unknown(linux_node);
}
