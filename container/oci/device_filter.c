// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * cgroup v2 has no file for devices: a program for the kernel, attached to the cgroup, answers 1
 * or 0 for each attempt to open or make a node. It is a list of the rules, last first, since the
 * last rule that fits counts: a few comparisons each, then "return". What no rule speaks of is
 * allowed, as by v1. The attached program lives as long as the cgroup. See bpf(2), and
 * BPF_PROG_TYPE_CGROUP_DEVICE in linux/bpf.h.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroups.h"
#include "fd.h"

enum { RULE_INSNS_MAX = 10, HEAD_INSNS = 7, TAIL_INSNS = 2 };
enum { R0, CONTEXT, TYPE, ACCESS, MAJOR, MINOR, SCRATCH }; /* registers */

struct program {
	struct bpf_insn *insns;
	size_t length;
};

static void emit(struct program *p, uint8_t code, uint8_t to, uint8_t from, int16_t offset,
		 int32_t value)
{
	p->insns[p->length++] = (struct bpf_insn){
	    .code = code, .dst_reg = to & 0xf, .src_reg = from & 0xf, .off = offset, .imm = value};
}

static void emit_head(struct program *p)
{
	emit(p, BPF_LDX | BPF_MEM | BPF_W, TYPE, CONTEXT, 0, 0);
	emit(p, BPF_ALU | BPF_MOV | BPF_X, ACCESS, TYPE, 0, 0);
	emit(p, BPF_ALU | BPF_AND | BPF_K, TYPE, 0, 0, 0xffff);
	emit(p, BPF_ALU | BPF_RSH | BPF_K, ACCESS, 0, 0, 16);
	emit(p, BPF_LDX | BPF_MEM | BPF_W, MAJOR, CONTEXT, 4, 0);
	emit(p, BPF_LDX | BPF_MEM | BPF_W, MINOR, CONTEXT, 8, 0);
}

/* Every comparison that does not fit jumps behind the rule. */
static void emit_rule(struct program *p, const struct oci_device_rule *rule)
{
	struct program part = {.insns = p->insns + p->length};
	int32_t access = (rule->can_make ? BPF_DEVCG_ACC_MKNOD : 0) |
			 (rule->can_read ? BPF_DEVCG_ACC_READ : 0) |
			 (rule->can_write ? BPF_DEVCG_ACC_WRITE : 0);

	if (rule->type != 'a')
		emit(&part, BPF_JMP | BPF_JNE | BPF_K, TYPE, 0, 0,
		     rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	/* Allowed if all that is wanted is; refused if any of it is. */
	emit(&part, BPF_ALU | BPF_MOV | BPF_X, SCRATCH, ACCESS, 0, 0);
	emit(&part, BPF_ALU | BPF_AND | BPF_K, SCRATCH, 0, 0, access);
	if (rule->is_allowed)
		emit(&part, BPF_JMP | BPF_JNE | BPF_X, SCRATCH, ACCESS, 0, 0);
	else
		emit(&part, BPF_JMP | BPF_JEQ | BPF_K, SCRATCH, 0, 0, 0);
	if (rule->type != 'a' && rule->major >= 0)
		emit(&part, BPF_JMP | BPF_JNE | BPF_K, MAJOR, 0, 0, (int32_t)rule->major);
	if (rule->type != 'a' && rule->minor >= 0)
		emit(&part, BPF_JMP | BPF_JNE | BPF_K, MINOR, 0, 0, (int32_t)rule->minor);
	emit(&part, BPF_ALU | BPF_MOV | BPF_K, R0, 0, 0, rule->is_allowed);
	emit(&part, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	for (size_t i = 0; i < part.length; i++)
		if (BPF_CLASS(part.insns[i].code) == BPF_JMP &&
		    BPF_OP(part.insns[i].code) != BPF_EXIT)
			part.insns[i].off = (int16_t)(part.length - i - 1);
	p->length += part.length;
}

static int load(const struct program *p)
{
	union bpf_attr attributes = {
	    .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
	    .insns = (uintptr_t)p->insns,
	    .insn_cnt = (uint32_t)p->length,
	    .license = (uintptr_t) "GPL",
	};

	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes));
}

static int attach(int group, int program)
{
	union bpf_attr attributes = {
	    .target_fd = (uint32_t)group,
	    .attach_bpf_fd = (uint32_t)program,
	    .attach_type = BPF_CGROUP_DEVICE,
	    .attach_flags = BPF_F_ALLOW_MULTI,
	};

	return (int)syscall(SYS_bpf, BPF_PROG_ATTACH, &attributes, sizeof(attributes));
}

int oci_device_filter_attach(int group, const struct oci_device_rule *rules, size_t count,
			     struct err *e)
{
	size_t size = (count + oci_default_device_count) * RULE_INSNS_MAX + HEAD_INSNS + TAIL_INSNS;
	auto_free struct bpf_insn *insns = calloc(size, sizeof(*insns));
	struct program p = {.insns = insns};

	if (!insns)
		return err_sys(e, ENOMEM, "write the filter of devices");
	emit_head(&p);
	for (size_t i = oci_default_device_count; i-- > 0;)
		emit_rule(&p, &oci_default_devices[i]);
	for (size_t i = count; i-- > 0;)
		emit_rule(&p, &rules[i]);
	emit(&p, BPF_ALU | BPF_MOV | BPF_K, R0, 0, 0, 1);
	emit(&p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	auto_close int program = load(&p);
	if (program < 0 || attach(group, program) < 0)
		return err_hint(e, err_sys(e, errno, "limit devices by a program in the kernel"),
				"cgroup v2 needs CONFIG_CGROUP_BPF and root for that; without a "
				"list in linux.resources.devices nothing is limited");
	return 0;
}
