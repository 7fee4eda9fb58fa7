// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The member `process` of config.json, which is also what `exec --process` reads: who runs what,
 * with which capabilities and limits. A name that the kernel does not know (of a capability, of a
 * limit) is an error, as the specification demands; a capability that only this kernel lacks is
 * found out later, when it is set. See capabilities(7), getrlimit(2), ioprio_set(2).
 */
#include "config.h"

#include <string.h>
#include <sys/resource.h>

#include "spec.h"

enum { IO_PRIORITY_CLASS_SHIFT = 13, PATH_LENGTH_MAX = 4096 };

static const struct {
	const char *name;
	int resource;
} rlimit_names[] = {
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
};

static void read_capability_set(const struct oci_node *sets, const char *key, uint64_t *ret)
{
	struct oci_node list, item;
	size_t count = oci_array(sets, key, &list);

	for (size_t i = 0; i < count && oci_item(&list, i, &item); i++) {
		const char *name = oci_text(&item);
		/* It takes shorter names, too, but here only the kernel's are right. */
		int number = name && strncmp(name, "CAP_", 4) == 0 ? spec_find_capability(name)
								   : -1;
		if (number >= 0)
			*ret |= 1ULL << number;
		else if (name)
			oci_fault(&item, "there is no capability '%.60s'", name);
	}
}

static void read_capabilities(const struct oci_node *process, struct oci_process *ret)
{
	static const char *const keys[OCI_CAPABILITY_SETS] = {
	    [OCI_BOUNDING] = "bounding",   [OCI_EFFECTIVE] = "effective",
	    [OCI_PERMITTED] = "permitted", [OCI_INHERITABLE] = "inheritable",
	    [OCI_AMBIENT] = "ambient",
	};
	struct oci_node sets;

	ret->has_capabilities = oci_object(process, "capabilities", &sets);
	for (int set = 0; ret->has_capabilities && set < OCI_CAPABILITY_SETS; set++)
		read_capability_set(&sets, keys[set], &ret->capabilities[set]);
}

static void read_rlimit(const struct oci_node *node, struct oci_rlimit *ret)
{
	struct oci_node type;
	const char *name;

	if (!oci_member(node, "type", &type) || !(name = oci_text(&type))) {
		oci_fault(node, "type is missing");
		return;
	}
	for (size_t i = 0; i < sizeof(rlimit_names) / sizeof(rlimit_names[0]); i++)
		if (strcmp(name, rlimit_names[i].name) == 0) {
			ret->name = rlimit_names[i].name;
			ret->resource = rlimit_names[i].resource;
		}
	if (!ret->name)
		oci_fault(&type, "there is no limit '%.60s'", name);
	if (!oci_size(node, "soft", &ret->soft) || !oci_size(node, "hard", &ret->hard))
		oci_fault(node, "it needs soft and hard");
	if (ret->soft > ret->hard)
		oci_fault(node, "soft is greater than hard");
}

static void read_rlimits(const struct oci_node *process, struct oci_process *ret)
{
	struct oci_node list, item;
	size_t count = oci_array(process, "rlimits", &list);

	ret->rlimits = oci_memory_take(process->reader->memory, count + 1, sizeof(*ret->rlimits));
	for (size_t i = 0; ret->rlimits && i < count && oci_item(&list, i, &item); i++) {
		read_rlimit(&item, &ret->rlimits[i]);
		for (size_t j = 0; j < i; j++)
			if (ret->rlimits[j].name == ret->rlimits[i].name)
				oci_fault(&item, "a second %s", ret->rlimits[i].name);
		ret->rlimit_count = i + 1;
	}
}

static void read_user(const struct oci_node *process, struct oci_process *ret)
{
	struct oci_node user, list, item;
	int64_t mask;

	if (!oci_object(process, "user", &user))
		return;
	oci_unsigned(&user, "uid", &ret->uid);
	oci_unsigned(&user, "gid", &ret->gid);
	if (oci_integer(&user, "umask", 0, 0777, &mask)) {
		ret->has_umask = true;
		ret->umask = (uint32_t)mask;
	}
	size_t count = oci_array(&user, "additionalGids", &list);
	ret->groups = oci_memory_take(process->reader->memory, count + 1, sizeof(*ret->groups));
	for (size_t i = 0; ret->groups && i < count && oci_item(&list, i, &item); i++) {
		int64_t number = json_integer_value(item.value);
		if (!json_is_integer(item.value) || number < 0 || number > UINT32_MAX)
			oci_fault(&item, "it must be the number of a group");
		ret->groups[ret->group_count++] = (gid_t)number;
	}
}

static void read_io_priority(const struct oci_node *process, struct oci_process *ret)
{
	static const char *const classes[] = {"", "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE",
					      "IOPRIO_CLASS_IDLE"};
	struct oci_node node;
	const char *name = "";
	int64_t priority = 0;

	if (!oci_object(process, "ioPriority", &node))
		return;
	oci_string(&node, "class", &name);
	oci_integer(&node, "priority", 0, 7, &priority);
	for (int i = 1; i < 4; i++)
		if (strcmp(name, classes[i]) == 0)
			ret->io_priority = i << IO_PRIORITY_CLASS_SHIFT | (int)priority;
	if (!ret->io_priority)
		oci_fault(&node, "class: there is no class '%.60s'", name);
}

static void read_command(const struct oci_node *process, struct oci_process *ret)
{
	struct oci_node env, item;

	oci_strings(process, "args", &ret->args);
	oci_strings(process, "env", &ret->env);
	size_t count = oci_array(process, "env", &env);
	for (size_t i = 0; i < count && oci_item(&env, i, &item); i++) {
		const char *word = oci_text(&item);
		if (word && (*word == '=' || !strchr(word, '=')))
			oci_fault(&item, "'%.60s' is not NAME=VALUE", word);
	}
	if (!ret->args.count)
		oci_fault(process, "args is missing: what is to run?");
	else if (ret->args.items[0] && !*ret->args.items[0])
		oci_fault(process, "args[0] is empty: what is to run?");
	if (!oci_absolute(process, "cwd", &ret->cwd))
		oci_fault(process, "cwd is missing");
	else if (strlen(ret->cwd) >= PATH_LENGTH_MAX)
		oci_fault(process, "cwd is longer than %d bytes", PATH_LENGTH_MAX - 1);
}

static void refuse_unknown(const struct oci_node *process)
{
	struct oci_node node;

	if (oci_object(process, "scheduler", &node))
		oci_refuse(&node, "leave it out, and use linux.resources.cpu for a share",
			   "this runtime sets no scheduling policy");
	if (oci_object(process, "execCPUAffinity", &node))
		oci_refuse(&node, "leave it out, and use linux.resources.cpu.cpus",
			   "this runtime sets no affinity");
}

void oci_config_read_process(const struct oci_node *process, struct oci_process *ret)
{
	struct oci_node size;
	int64_t number;

	ret->is_set = true;
	read_command(process, ret);
	oci_bool(process, "terminal", &ret->terminal);
	if (oci_object(process, "consoleSize", &size)) {
		oci_unsigned(&size, "height", &ret->rows);
		oci_unsigned(&size, "width", &ret->columns);
	}
	read_user(process, ret);
	read_capabilities(process, ret);
	read_rlimits(process, ret);
	oci_bool(process, "noNewPrivileges", &ret->no_new_privileges);
	oci_string(process, "apparmorProfile", &ret->apparmor);
	oci_string(process, "selinuxLabel", &ret->selinux);
	ret->has_oom_score_adj = oci_integer(process, "oomScoreAdj", -1000, 1000, &number);
	if (ret->has_oom_score_adj)
		ret->oom_score_adj = (int)number;
	read_io_priority(process, ret);
	refuse_unknown(process);
}
