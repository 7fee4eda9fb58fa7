// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The member `linux.seccomp`: a profile in JSON becomes a program for the kernel. libseccomp
 * compiles it, here in the parent, at run time, because the profile is the bundle's; the child
 * only loads it. Names of calls that this libseccomp does not know are passed over, as other
 * runtimes do: profiles list calls of all processors and of kernels to come. See seccomp(2),
 * seccomp_rule_add(3).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "fd.h"

enum { ARGUMENTS_MAX = 6, ERRNO_MAX = 4095 };

static const struct {
	const char *name;
	uint32_t action;
} actions[] = {
    {"SCMP_ACT_KILL", SCMP_ACT_KILL},
    {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
    {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
    {"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
    {"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
    {"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0)},
    {"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
    {"SCMP_ACT_LOG", SCMP_ACT_LOG},
};

static const struct {
	const char *name;
	enum scmp_compare operator;
} operators[] = {
    {"SCMP_CMP_NE", SCMP_CMP_NE},
    {"SCMP_CMP_LT", SCMP_CMP_LT},
    {"SCMP_CMP_LE", SCMP_CMP_LE},
    {"SCMP_CMP_EQ", SCMP_CMP_EQ},
    {"SCMP_CMP_GE", SCMP_CMP_GE},
    {"SCMP_CMP_GT", SCMP_CMP_GT},
    {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
};

static const struct {
	const char *name;
	uint32_t token;
} processors[] = {
    {"SCMP_ARCH_X86", SCMP_ARCH_X86},
    {"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64},
    {"SCMP_ARCH_X32", SCMP_ARCH_X32},
    {"SCMP_ARCH_ARM", SCMP_ARCH_ARM},
    {"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64},
    {"SCMP_ARCH_MIPS", SCMP_ARCH_MIPS},
    {"SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64},
    {"SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32},
    {"SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL},
    {"SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64},
    {"SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32},
    {"SCMP_ARCH_PPC", SCMP_ARCH_PPC},
    {"SCMP_ARCH_PPC64", SCMP_ARCH_PPC64},
    {"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE},
    {"SCMP_ARCH_S390", SCMP_ARCH_S390},
    {"SCMP_ARCH_S390X", SCMP_ARCH_S390X},
    {"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64},
};

static const struct {
	const char *name;
	unsigned flag;
} flags[] = {
    {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
    {"SECCOMP_FILTER_FLAG_TSYNC", 0}, /* the child has one thread */
};

static void finish_filter(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}

/* A member that names an action, with the errno (or the tracer's number) that goes with it. */
static bool read_action(const struct oci_node *node, const char *key, const char *error_key,
			uint32_t *ret)
{
	struct oci_node member;
	const char *name;
	int64_t error = EPERM;

	if (!oci_member(node, key, &member) || !(name = oci_text(&member))) {
		oci_fault(node, "%s is missing", key);
		return false;
	}
	oci_integer(node, error_key, 0, ERRNO_MAX, &error);
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(name, actions[i].name) == 0) {
			bool has_number = actions[i].action == SCMP_ACT_ERRNO(0) ||
					  actions[i].action == SCMP_ACT_TRACE(0);
			*ret = actions[i].action | (has_number ? (uint32_t)error : 0);
			return true;
		}
	if (strcmp(name, "SCMP_ACT_NOTIFY") == 0)
		oci_refuse(&member, NULL, "this runtime passes on no notifications");
	else
		oci_fault(&member, "there is no action '%.40s'", name);
	return false;
}

static void read_argument(const struct oci_node *node, struct scmp_arg_cmp *ret)
{
	const char *name = "";
	int64_t index = 0;
	uint64_t value = 0, second = 0;
	size_t i = 0;

	if (!oci_integer(node, "index", 0, ARGUMENTS_MAX - 1, &index))
		oci_fault(node, "index is missing");
	oci_size(node, "value", &value);
	oci_size(node, "valueTwo", &second);
	oci_string(node, "op", &name);
	while (i < sizeof(operators) / sizeof(operators[0]) && strcmp(name, operators[i].name) != 0)
		i++;
	if (i == sizeof(operators) / sizeof(operators[0]))
		oci_fault(node, "op: there is no comparison '%.40s'", name);
	else
		*ret = (struct scmp_arg_cmp){.arg = (unsigned)index,
					     .op = operators[i].operator,
					     .datum_a = value,
					     .datum_b = second};
}

struct rule {
	uint32_t action;
	struct scmp_arg_cmp arguments[ARGUMENTS_MAX];
	unsigned count;
	bool is_any; /* one argument twice: each comparison is a rule of its own */
};

static void add_call(const struct oci_node *node, scmp_filter_ctx filter, const char *name,
		     const struct rule *rule)
{
	int number = seccomp_syscall_resolve_name(name);
	int r = 0;

	if (number == __NR_SCMP_ERROR)
		return;
	if (!rule->is_any)
		r = seccomp_rule_add_array(filter, rule->action, number, rule->count,
					   rule->arguments);
	for (unsigned i = 0; rule->is_any && r == 0 && i < rule->count; i++)
		r = seccomp_rule_add_array(filter, rule->action, number, 1, &rule->arguments[i]);
	if (r < 0 && r != -EEXIST)
		oci_fault(node, "libseccomp refuses the rule for '%.40s': %s", name, strerror(-r));
}

static void read_rule(const struct oci_node *node, scmp_filter_ctx filter, uint32_t default_action)
{
	struct oci_node list, item;
	struct rule rule = {0};
	unsigned seen = 0;

	if (!json_is_object(node->value))
		oci_fault(node, "it must be an object");
	if (!read_action(node, "action", "errnoRet", &rule.action))
		return;
	size_t count = oci_array(node, "args", &list);
	if (count > ARGUMENTS_MAX)
		oci_fault(&list, "a call has at most %d arguments", ARGUMENTS_MAX);
	for (size_t i = 0; i < count && oci_item(&list, i, &item); i++) {
		read_argument(&item, &rule.arguments[rule.count]);
		unsigned bit = 1U << rule.arguments[rule.count++].arg;
		rule.is_any |= seen & bit;
		seen |= bit;
	}
	count = oci_array(node, "names", &list);
	if (!count)
		oci_fault(node, "names is missing");
	for (size_t i = 0; i < count && oci_item(&list, i, &item); i++) {
		const char *name = oci_text(&item);
		if (name && rule.action != default_action)
			add_call(&item, filter, name, &rule);
	}
}

static void read_processors(const struct oci_node *profile, scmp_filter_ctx filter)
{
	struct oci_node list, item;
	size_t count = oci_array(profile, "architectures", &list);

	for (size_t i = 0; i < count && oci_item(&list, i, &item); i++) {
		const char *name = oci_text(&item);
		size_t j = 0, known = sizeof(processors) / sizeof(processors[0]);
		while (name && j < known && strcmp(name, processors[j].name) != 0)
			j++;
		if (name && j == known) {
			oci_fault(&item, "there is no processor '%.40s'", name);
		} else if (name) {
			int r = seccomp_arch_add(filter, processors[j].token);
			if (r < 0 && r != -EEXIST)
				oci_fault(&item, "libseccomp refuses '%.40s': %s", name,
					  strerror(-r));
		}
	}
}

static void read_flags(const struct oci_node *profile, unsigned *ret)
{
	struct oci_node list, item;
	size_t count = oci_array(profile, "flags", &list);

	for (size_t i = 0; i < count && oci_item(&list, i, &item); i++) {
		const char *name = oci_text(&item);
		size_t j = 0, known = sizeof(flags) / sizeof(flags[0]);
		while (name && j < known && strcmp(name, flags[j].name) != 0)
			j++;
		if (name && j == known)
			oci_refuse(&item, NULL, "this runtime has no flag '%.60s'", name);
		else if (name)
			*ret |= flags[j].flag;
	}
}

/* libseccomp writes its program to a descriptor. */
static void take_program(const struct oci_node *profile, scmp_filter_ctx filter,
			 struct oci_seccomp *ret)
{
	auto_close int fd = memfd_create("seccomp", MFD_CLOEXEC);
	struct stat found;

	if (fd < 0 || seccomp_export_bpf(filter, fd) < 0 || fstat(fd, &found) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0) {
		oci_fault(profile, "libseccomp cannot compile it");
		return;
	}
	size_t size = (size_t)found.st_size;
	ret->program = oci_memory_take(profile->reader->memory, size + 1, 1);
	if (!ret->program || fd_read_full(fd, ret->program, size) != found.st_size)
		oci_fault(profile, "no memory for its program");
	else if (size / sizeof(*ret->program) > BPF_MAXINSNS)
		oci_fault(profile, "its program is longer than the kernel's %d instructions",
			  BPF_MAXINSNS);
	else
		ret->length = size / sizeof(*ret->program);
}

void oci_config_read_seccomp(const struct oci_node *profile, struct oci_seccomp *ret)
{
	__attribute__((cleanup(finish_filter))) scmp_filter_ctx filter = NULL;
	struct oci_node list, item;
	uint32_t action;

	if (oci_member(profile, "listenerPath", &item))
		oci_refuse(&item, NULL, "this runtime passes on no notifications");
	if (!read_action(profile, "defaultAction", "defaultErrnoRet", &action))
		return;
	if (!(filter = seccomp_init(action))) {
		oci_fault(profile, "libseccomp cannot begin with this default action");
		return;
	}
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list */
	read_processors(profile, filter);
	read_flags(profile, &ret->flags);
	size_t count = oci_array(profile, "syscalls", &list);
	for (size_t i = 0; i < count && oci_item(&list, i, &item); i++)
		read_rule(&item, filter, action);
	if (profile->reader->r == 0)
		take_program(profile, filter, ret);
}
