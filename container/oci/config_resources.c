// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The member `linux.resources`: limits, translated to lines for the files of cgroups. v1 and v2
 * name and count some things differently: shares become a weight, memory and swap together become
 * swap alone, quota and period become one line. Which of the two is written is known only when the
 * cgroup is made (cgroups.c). See cgroups(7), and the kernel's admin-guide/cgroup-v1 and
 * cgroup-v2.rst.
 */
#include "config.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SETTINGS_MAX = 512, TEXT_MAX = 256 };

/* Adds a line; v2's text is the same as v1's unless the caller changes it. Never NULL. */
__attribute__((format(printf, 7, 8))) static struct oci_setting *
add(const struct oci_node *node, struct oci_resources *to, const char *controller, const char *path,
    const char *v1_file, const char *v2_file, const char *format, ...)
{
	struct oci_memory *memory = node->reader->memory;
	char text[TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (to->count == SETTINGS_MAX) {
		oci_fault(node, "more than %d limits", SETTINGS_MAX);
		to->count--;
	}
	struct oci_setting *setting = &to->settings[to->count++];
	*setting = (struct oci_setting){.controller = controller,
					.path = path,
					.v1_file = v1_file,
					.v2_file = v2_file,
					.v1_text = oci_memory_copy(memory, text)};
	setting->v2_text = setting->v1_text;
	return setting;
}

static const char *copy(const struct oci_node *node, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static const char *copy(const struct oci_node *node, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return oci_memory_copy(node->reader->memory, text);
}

/* A number of bytes where -1 means no limit. */
static bool read_bytes(const struct oci_node *object, const char *key, int64_t *ret)
{
	return oci_integer(object, key, -1, INT64_MAX, ret);
}

static const char *or_max(const struct oci_node *node, int64_t number)
{
	return number < 0 ? "max" : copy(node, "%" PRId64, number);
}

static void read_memory(const struct oci_node *memory, struct oci_resources *to)
{
	int64_t limit = -1, number;
	bool is_on;

	if (read_bytes(memory, "limit", &limit))
		add(memory, to, "memory", "memory.limit", "memory.limit_in_bytes", "memory.max",
		    "%" PRId64, limit)
		    ->v2_text = or_max(memory, limit);
	if (read_bytes(memory, "reservation", &number))
		add(memory, to, "memory", "memory.reservation", "memory.soft_limit_in_bytes",
		    "memory.low", "%" PRId64, number)
		    ->v2_text = or_max(memory, number);
	if (read_bytes(memory, "swap", &number)) {
		if (number >= 0 && (limit < 0 || number < limit))
			oci_fault(memory, "swap is memory and swap together: at least limit");
		add(memory, to, "memory", "memory.swap", "memory.memsw.limit_in_bytes",
		    "memory.swap.max", "%" PRId64, number)
		    ->v2_text = or_max(memory, number < 0 ? -1 : number - limit);
	}
	if (read_bytes(memory, "kernel", &number)) /* gone since Linux 6.x, and never on v2 */
		add(memory, to, "memory", "memory.kernel", "memory.kmem.limit_in_bytes", NULL,
		    "%" PRId64, number)
		    ->is_optional = true;
	if (read_bytes(memory, "kernelTCP", &number))
		add(memory, to, "memory", "memory.kernelTCP", "memory.kmem.tcp.limit_in_bytes",
		    NULL, "%" PRId64, number)
		    ->is_optional = true;
	if (oci_integer(memory, "swappiness", 0, 100, &number))
		add(memory, to, "memory", "memory.swappiness", "memory.swappiness", NULL,
		    "%" PRId64, number);
	if (oci_bool(memory, "disableOOMKiller", &is_on) && is_on)
		add(memory, to, "memory", "memory.disableOOMKiller", "memory.oom_control", NULL,
		    "1");
}

/* "0-3,5": nothing else may come through to the file. */
static void read_list(const struct oci_node *cpu, const char *key, struct oci_resources *to,
		      const char *path, const char *file)
{
	const char *list = "";
	struct oci_node node;

	if (!oci_string(cpu, key, &list) || !*list)
		return;
	if (strspn(list, "0123456789,-") != strlen(list) || strlen(list) >= TEXT_MAX) {
		if (oci_member(cpu, key, &node))
			oci_fault(&node, "'%.60s' is no list like 0-3,5", list);
		return;
	}
	add(cpu, to, "cpuset", path, file, file, "%s", list);
}

static void read_quota(const struct oci_node *cpu, struct oci_resources *to)
{
	int64_t quota = -1, period = 0;
	bool has_period = oci_integer(cpu, "period", 1, UINT32_MAX, &period);
	bool has_quota = oci_integer(cpu, "quota", -1, INT64_MAX, &quota);

	if (quota == 0)
		quota = -1;
	if (has_period)
		add(cpu, to, "cpu", "cpu.period", "cpu.cfs_period_us", NULL, "%" PRId64, period)
		    ->is_optional = true; /* v2: one line with the quota */
	if (has_quota)
		add(cpu, to, "cpu", "cpu.quota", "cpu.cfs_quota_us", NULL, "%" PRId64, quota)
		    ->is_optional = true;
	if (has_period || has_quota)
		add(cpu, to, "cpu", "cpu.quota", NULL, "cpu.max", "%s %" PRId64, or_max(cpu, quota),
		    has_period ? period : 100000)
		    ->is_optional = true;
}

static void read_cpu(const struct oci_node *cpu, struct oci_resources *to)
{
	int64_t number;

	if (oci_integer(cpu, "shares", 0, 262144, &number) && number)
		add(cpu, to, "cpu", "cpu.shares", "cpu.shares", "cpu.weight", "%" PRId64, number)
		    ->v2_text = copy(cpu, "%" PRId64,
				     1 + ((number < 2 ? 2 : number) - 2) * 9999 / 262142);
	read_quota(cpu, to);
	if (oci_integer(cpu, "burst", 0, INT64_MAX, &number))
		add(cpu, to, "cpu", "cpu.burst", "cpu.cfs_burst_us", "cpu.max.burst", "%" PRId64,
		    number);
	if (oci_integer(cpu, "idle", 0, 1, &number))
		add(cpu, to, "cpu", "cpu.idle", "cpu.idle", "cpu.idle", "%" PRId64, number);
	if (oci_integer(cpu, "realtimePeriod", 0, INT64_MAX, &number) && number)
		add(cpu, to, "cpu", "cpu.realtimePeriod", "cpu.rt_period_us", NULL, "%" PRId64,
		    number);
	if (oci_integer(cpu, "realtimeRuntime", -1, INT64_MAX, &number) && number)
		add(cpu, to, "cpu", "cpu.realtimeRuntime", "cpu.rt_runtime_us", NULL, "%" PRId64,
		    number);
	read_list(cpu, "cpus", to, "cpu.cpus", "cpuset.cpus");
	read_list(cpu, "mems", to, "cpu.mems", "cpuset.mems");
}

/* A list of {major, minor, KEY}. */
static void read_block_devices(const struct oci_node *block, const char *key, const char *value,
			       struct oci_resources *to, const char *v1_file, const char *v2_word)
{
	struct oci_node list, item;
	size_t count = oci_array(block, key, &list);
	int64_t major, minor, number;

	for (size_t i = 0; i < count && oci_item(&list, i, &item); i++) {
		if (!oci_integer(&item, "major", 0, UINT32_MAX, &major) ||
		    !oci_integer(&item, "minor", 0, UINT32_MAX, &minor))
			oci_fault(&item, "it needs major and minor");
		if (!oci_integer(&item, value, 0, INT64_MAX, &number))
			continue;
		struct oci_setting *line = add(&item, to, "blkio", "blockIO", v1_file,
					       v2_word ? "io.max" : "io.bfq.weight",
					       "%" PRId64 ":%" PRId64 " %" PRId64, major, minor,
					       number);
		if (v2_word)
			line->v2_text = copy(&item, "%" PRId64 ":%" PRId64 " %s=%" PRId64, major,
					     minor, v2_word, number);
	}
}

static void read_block(const struct oci_node *block, struct oci_resources *to)
{
	static const struct {
		const char *key, *v1_file, *v2_word;
	} throttles[] = {
	    {"throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps"},
	    {"throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps"},
	    {"throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops"},
	    {"throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops"},
	};
	int64_t number;

	if (oci_integer(block, "weight", 10, 1000, &number)) {
		struct oci_setting *line = add(block, to, "blkio", "blockIO.weight", "blkio.weight",
					       "io.bfq.weight", "%" PRId64, number);
		line->other_file = "blkio.bfq.weight";
	}
	if (oci_integer(block, "leafWeight", 10, 1000, &number))
		add(block, to, "blkio", "blockIO.leafWeight", "blkio.leaf_weight", NULL, "%" PRId64,
		    number);
	read_block_devices(block, "weightDevice", "weight", to, "blkio.weight_device", NULL);
	read_block_devices(block, "weightDevice", "leafWeight", to, "blkio.leaf_weight_device",
			   NULL);
	for (size_t i = 0; i < sizeof(throttles) / sizeof(throttles[0]); i++)
		read_block_devices(block, throttles[i].key, "rate", to, throttles[i].v1_file,
				   throttles[i].v2_word);
}

static void read_huge_pages(const struct oci_node *resources, struct oci_resources *to)
{
	struct oci_node list, item;
	size_t count = oci_array(resources, "hugepageLimits", &list);
	uint64_t limit;

	for (size_t i = 0; i < count && oci_item(&list, i, &item); i++) {
		const char *size = "";
		oci_string(&item, "pageSize", &size);
		size_t digits = strspn(size, "0123456789");
		if (!digits || digits > 9 || strlen(size) != digits + 2 ||
		    !strchr("KMG", size[digits]) || size[digits + 1] != 'B')
			oci_fault(&item, "pageSize: '%.20s' is no size like 2MB", size);
		else if (!oci_size(&item, "limit", &limit))
			oci_fault(&item, "limit is missing");
		else
			add(&item, to, "hugetlb", "hugepageLimits",
			    copy(&item, "hugetlb.%s.limit_in_bytes", size),
			    copy(&item, "hugetlb.%s.max", size), "%" PRIu64, limit);
	}
}

static void read_network(const struct oci_node *network, struct oci_resources *to)
{
	struct oci_node list, item;
	uint32_t number;

	if (oci_unsigned(network, "classID", &number))
		add(network, to, "net_cls", "network.classID", "net_cls.classid", NULL, "%u",
		    number);
	size_t count = oci_array(network, "priorities", &list);
	for (size_t i = 0; i < count && oci_item(&list, i, &item); i++) {
		const char *name = "";
		if (!oci_string(&item, "name", &name) || !oci_unsigned(&item, "priority", &number))
			oci_fault(&item, "it needs name and priority");
		else if (!*name || strlen(name) > 15 || strpbrk(name, " \n/"))
			oci_fault(&item, "name: '%.20s' is no name of an interface", name);
		else
			add(&item, to, "net_prio", "network.priorities", "net_prio.ifpriomap", NULL,
			    "%s %u", name, number);
	}
}

/* Files of v2 by name: one component, never a file that moves processes or hands out power. */
static void read_unified(const struct oci_node *resources, struct oci_resources *to)
{
	struct oci_node unified;
	const char *key;
	json_t *value;

	if (!oci_object(resources, "unified", &unified))
		return;
	json_object_foreach(unified.value, key, value)
	{
		const char *text = json_string_value(value);
		if (!text || strlen(text) >= TEXT_MAX || strlen(key) >= TEXT_MAX)
			oci_fault(&unified, "'%.60s' must be a short string", key);
		else if (strchr(key, '/') || !strchr(key, '.') || *key == '.')
			oci_fault(&unified, "'%.60s' is no file of a cgroup", key);
		else if (strncmp(key, "cgroup.", 7) == 0 && strcmp(key, "cgroup.max.depth") != 0 &&
			 strcmp(key, "cgroup.max.descendants") != 0)
			oci_fault(&unified, "'%.60s' belongs to the runtime", key);
		else
			add(&unified, to, "", "unified", NULL,
			    oci_memory_copy(unified.reader->memory, key), "%s", text);
	}
}

static void read_device_rule(const struct oci_node *node, struct oci_device_rule *ret)
{
	const char *type = "a", *access = "";

	*ret = (struct oci_device_rule){.major = -1, .minor = -1};
	if (!oci_bool(node, "allow", &ret->is_allowed))
		oci_fault(node, "allow is missing");
	oci_string(node, "type", &type);
	oci_string(node, "access", &access);
	oci_integer(node, "major", -1, UINT32_MAX, &ret->major);
	oci_integer(node, "minor", -1, UINT32_MAX, &ret->minor);
	ret->type = *type ? *type : 'a';
	if (!strchr("abc", ret->type) || strlen(type) > 1)
		oci_fault(node, "type: '%.20s' is neither a, b nor c", type);
	if (strspn(access, "rwm") != strlen(access))
		oci_fault(node, "access: '%.20s' is not made of r, w, m", access);
	ret->can_read = !*access || strchr(access, 'r');
	ret->can_write = !*access || strchr(access, 'w');
	ret->can_make = !*access || strchr(access, 'm');
}

static void read_devices(const struct oci_node *resources, struct oci_resources *to)
{
	struct oci_node list, item;
	size_t count = oci_array(resources, "devices", &list);

	to->devices = oci_memory_take(resources->reader->memory, count + 1, sizeof(*to->devices));
	for (size_t i = 0; to->devices && i < count && oci_item(&list, i, &item); i++) {
		read_device_rule(&item, &to->devices[i]);
		to->device_count = i + 1;
	}
}

void oci_config_read_resources(const struct oci_node *resources, struct oci_resources *ret)
{
	struct oci_node part;
	int64_t number;

	ret->settings = oci_memory_take(resources->reader->memory, SETTINGS_MAX,
					sizeof(*ret->settings));
	if (!ret->settings) {
		oci_fault(resources, "no memory to read it");
		return;
	}
	read_devices(resources, ret);
	if (oci_object(resources, "memory", &part))
		read_memory(&part, ret);
	if (oci_object(resources, "cpu", &part))
		read_cpu(&part, ret);
	if (oci_object(resources, "pids", &part) &&
	    oci_integer(&part, "limit", -1, INT64_MAX, &number))
		add(&part, ret, "pids", "pids.limit", "pids.max", "pids.max", "%s",
		    or_max(&part, number ? number : -1));
	if (oci_object(resources, "blockIO", &part))
		read_block(&part, ret);
	read_huge_pages(resources, ret);
	if (oci_object(resources, "network", &part))
		read_network(&part, ret);
	if (oci_object(resources, "rdma", &part) && json_object_size(part.value))
		oci_refuse(&part, NULL, "this runtime sets no limits on RDMA");
	read_unified(resources, ret);
}
