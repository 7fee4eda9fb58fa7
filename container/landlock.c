// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Four calls: a ruleset that says which rights it handles, the root opened, a rule that grants
 * there what is granted anywhere, the restriction. The descriptors close themselves on exec. What
 * surprises: a right to move files between directories (REFER) is denied by *every* ruleset that
 * does not handle and grant it; so a kernel that does not know the right (before 5.19) gets no
 * rules.
 * See landlock_create_ruleset(2), landlock_add_rule(2), landlock_restrict_self(2).
 */
#include "landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "container.h"
#include "fd.h"
#include "hooks.h"

/* The kernel's own header may be older than the kernel. */
enum {
	RIGHT_EXECUTE = 1 << 0,
	RIGHT_MAKE_CHAR = 1 << 6,
	RIGHT_MAKE_BLOCK = 1 << 11,
	RIGHT_REFER = 1 << 13,
	SCOPE_ABSTRACT_SOCKETS = 1 << 0,
	SCOPE_SIGNALS = 1 << 1,
	RULE_PATH_BENEATH = 1,
	CREATE_TELL_VERSION = 1,
};

struct ruleset {
	uint64_t files, network, scopes;
};

struct path_rule {
	uint64_t rights;
	int32_t fd;
} __attribute__((packed));

int landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_TELL_VERSION);

	return version < 0 ? 0 : (int)version;
}

static struct ruleset choose_rules(const struct container *c)
{
	struct ruleset rules = {.files = RIGHT_EXECUTE | RIGHT_REFER};

	if (!capabilities_have(c->capabilities.added, CAP_MKNOD))
		rules.files |= RIGHT_MAKE_CHAR | RIGHT_MAKE_BLOCK;
	if (!(c->namespaces & CLONE_NEWNET))
		rules.scopes |= SCOPE_ABSTRACT_SOCKETS;
	if (!(c->namespaces & CLONE_NEWPID))
		rules.scopes |= SCOPE_SIGNALS;
	if (rules.scopes && landlock_version() < LANDLOCK_VERSION_SCOPES)
		rules.scopes = 0;
	return rules;
}

/* The three calls, by the numbers that all processors share. */
static int restrict_by(struct container *c, const struct ruleset *rules, struct err *e)
{
	struct path_rule whole_root = {.rights = RIGHT_EXECUTE | RIGHT_REFER};
	/* An older kernel knows only the first field; it minds the others if they are not 0. */
	size_t size = rules->scopes ? sizeof(*rules) : sizeof(rules->files);
	/* Both are left to exec, which closes them with all others. */
	int ruleset = (int)call_make(c->calls, CALL_LANDLOCK_CREATE,
				     CALL_WORDS_OF((long)rules, (long)size, 0));

	if (ruleset < 0) /* ENOSYS, EOPNOTSUPP, EINVAL: without it, with too few rights */
		return 0;
	int root = c->is_entered ? -1 : c->files.root;
	if (root < 0)
		root = call_openat(c->calls, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	whole_root.fd = root;
	if (root < 0 ||
	    call_make(c->calls, CALL_LANDLOCK_ADD_RULE,
		      CALL_WORDS_OF(ruleset, RULE_PATH_BENEATH, (long)&whole_root, 0)) < 0)
		return err_sys(e, errno, "grant what is granted below the root");
	if (call_make(c->calls, CALL_LANDLOCK_RESTRICT, CALL_WORDS_OF(ruleset, 0)) == 0)
		c->report->is_landlocked = true;
	else if (errno != E2BIG) /* too many domains around us already */
		return err_sys(e, errno, "restrict files by Landlock");
	return 0;
}

int landlock_lock(struct container *c, struct err *e)
{
	const struct ruleset rules = choose_rules(c);

	return restrict_by(c, &rules, e);
}
