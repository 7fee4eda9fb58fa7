// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * How a recorded call looks as text. All of it happens when somebody asks, never while a wall is
 * built. Numbers without a name are shown in hexadecimal, so nothing is hidden by an old table.
 */
#include "calls_text.h"

#include <inttypes.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "container.h"
#include "names.h"
#include "spec.h"

#define NAMED(constant)                              \
	{                                            \
#constant, (unsigned long)(constant) \
	}

static const struct call_name mount_flags[] = {
    NAMED(MS_RDONLY),  NAMED(MS_NOSUID),     NAMED(MS_NODEV),
    NAMED(MS_NOEXEC),  NAMED(MS_REMOUNT),    NAMED(MS_BIND),
    NAMED(MS_MOVE),    NAMED(MS_REC),        NAMED(MS_PRIVATE),
    NAMED(MS_SLAVE),   NAMED(MS_SHARED),     NAMED(MS_RELATIME),
    NAMED(MS_NOATIME), NAMED(MS_NODIRATIME), {0}};

static const struct call_name unmount_flags[] = {NAMED(MNT_DETACH), NAMED(MNT_FORCE), {0}};

static const struct call_name mount_attributes[] = {NAMED(MOUNT_ATTR_RDONLY),
						    NAMED(MOUNT_ATTR_NOSUID),
						    NAMED(MOUNT_ATTR_NODEV),
						    NAMED(MOUNT_ATTR_NOEXEC),
						    {"MOUNT_ATTR_IDMAP", 0x00100000},
						    NAMED(MOUNT_ATTR_NOSYMFOLLOW),
						    {0}};

static const struct call_name at_flags[] = {NAMED(AT_RECURSIVE),
					    NAMED(AT_EMPTY_PATH),
					    NAMED(AT_SYMLINK_NOFOLLOW),
					    NAMED(AT_NO_AUTOMOUNT),
					    {"OPEN_TREE_CLONE", 1},
					    NAMED(O_CLOEXEC),
					    {0}};

static const struct call_name move_flags[] = {{"MOVE_MOUNT_F_EMPTY_PATH", 4},
					      {"MOVE_MOUNT_T_EMPTY_PATH", 0x40},
					      {0}};

static const struct call_name clone_flags[] = {NAMED(CLONE_NEWUSER),
					       NAMED(CLONE_NEWPID),
					       NAMED(CLONE_NEWNS),
					       NAMED(CLONE_NEWNET),
					       NAMED(CLONE_NEWUTS),
					       NAMED(CLONE_NEWIPC),
					       NAMED(CLONE_NEWCGROUP),
					       NAMED(CLONE_NEWTIME),
					       NAMED(CLONE_PIDFD),
					       NAMED(CLONE_PARENT),
					       {"CLONE_INTO_CGROUP", 0x200000000UL},
					       {0}};

static const struct call_name open_flags[] = {NAMED(O_WRONLY),
					      NAMED(O_RDWR),
					      NAMED(O_CREAT),
					      NAMED(O_EXCL),
					      NAMED(O_NOCTTY),
					      NAMED(O_NONBLOCK),
					      NAMED(O_DIRECTORY),
					      NAMED(O_NOFOLLOW),
					      NAMED(O_CLOEXEC),
					      NAMED(O_PATH),
					      {0}};

static const struct call_name resolve_flags[] = {
    NAMED(RESOLVE_NO_XDEV), NAMED(RESOLVE_NO_MAGICLINKS), NAMED(RESOLVE_NO_SYMLINKS),
    NAMED(RESOLVE_BENEATH), NAMED(RESOLVE_IN_ROOT),       {0}};

static const struct call_name prctl_options[] = {
    NAMED(PR_SET_PDEATHSIG),    NAMED(PR_SET_DUMPABLE),   NAMED(PR_SET_KEEPCAPS),
    NAMED(PR_CAPBSET_DROP),     NAMED(PR_SET_SECUREBITS), NAMED(PR_SET_CHILD_SUBREAPER),
    NAMED(PR_SET_NO_NEW_PRIVS), NAMED(PR_CAP_AMBIENT),    {0}};

static const struct call_name seccomp_operations[] = {NAMED(SECCOMP_SET_MODE_FILTER), {0}};

static const struct call_name seccomp_flags[] = {{"SECCOMP_FILTER_FLAG_TSYNC", 1},
						 {"SECCOMP_FILTER_FLAG_LOG", 2},
						 {"SECCOMP_FILTER_FLAG_NEW_LISTENER", 8},
						 {0}};

static const struct call_name ioctl_requests[] = {NAMED(SIOCSIFFLAGS),     NAMED(TIOCSPTLCK),
						  {"TIOCGPTPEER", 0x5441}, NAMED(TIOCSWINSZ),
						  NAMED(TIOCSCTTY),        {0}};

static const struct call_name families[] = {NAMED(AF_UNIX), NAMED(AF_INET), NAMED(AF_NETLINK), {0}};

static const struct call_name resources[] = {NAMED(RLIMIT_CPU),
					     NAMED(RLIMIT_FSIZE),
					     NAMED(RLIMIT_DATA),
					     NAMED(RLIMIT_STACK),
					     NAMED(RLIMIT_CORE),
					     NAMED(RLIMIT_RSS),
					     NAMED(RLIMIT_NPROC),
					     NAMED(RLIMIT_NOFILE),
					     NAMED(RLIMIT_MEMLOCK),
					     NAMED(RLIMIT_AS),
					     NAMED(RLIMIT_LOCKS),
					     NAMED(RLIMIT_SIGPENDING),
					     NAMED(RLIMIT_MSGQUEUE),
					     NAMED(RLIMIT_NICE),
					     NAMED(RLIMIT_RTPRIO),
					     NAMED(RLIMIT_RTTIME),
					     {0}};

static const struct call_name no_flags[] = {{0}};

/* ---- words ---- */

static void add_hexadecimal(struct strbuf *text, unsigned long number)
{
	str_addf(text, "0x%lx", number);
}

static void add_flags(struct strbuf *text, const struct call_name *names, unsigned long flags)
{
	bool is_first = true;

	for (; names->name && flags; names++) {
		if (!names->value || (flags & names->value) != names->value)
			continue;
		str_add(text, is_first ? "" : "|");
		str_add(text, names->name);
		flags &= ~names->value;
		is_first = false;
	}
	if (!flags && !is_first)
		return;
	str_add(text, is_first ? "" : "|");
	if (flags)
		add_hexadecimal(text, flags);
	else
		str_add(text, "0");
}

static void add_option(struct strbuf *text, const struct call_name *names, unsigned long value)
{
	for (; names->name; names++) {
		if (names->value != value)
			continue;
		str_add(text, names->name);
		return;
	}
	add_hexadecimal(text, value);
}

static void add_capabilities(struct strbuf *text, unsigned long mask)
{
	bool is_first = true;

	for (int i = 0; spec_capabilities[i]; i++) {
		if (!(mask & 1UL << i))
			continue;
		str_addf(text, "%sCAP_%s", is_first ? "" : "|", spec_capabilities[i]);
		is_first = false;
	}
	if (is_first)
		str_add(text, "0");
}

/* As a C string, so that no byte of a path can be taken for something else. */
static void add_text(struct strbuf *text, const struct calls *calls, long at)
{
	if (at == WORD_NONE) {
		str_add(text, "NULL");
		return;
	}
	if (at < 0 || at >= CALLS_TEXT_MAX) {
		str_add(text, "\"…\"");
		return;
	}
	str_add(text, "\"");
	const char *c = calls->text + at, *end = calls->text + CALLS_TEXT_MAX;
	for (; c < end && *c; c++) {
		if (*c == '\n')
			str_add(text, "\\n");
		else if (*c == '"' || *c == '\\')
			str_addf(text, "\\%c", *c);
		else if ((unsigned char)*c < ' ' || *c == 127)
			str_addf(text, "\\x%02x", (unsigned char)*c);
		else
			str_add_bytes(text, c, 1);
	}
	str_add(text, "\"");
}

static void add_word(struct strbuf *text, const struct calls *calls,
		     const struct call_form_entry *form, enum call_word kind, long word)
{
	switch (kind) {
	case WORD_TEXT:
		add_text(text, calls, word);
		return;
	case WORD_OCTAL:
		str_addf(text, "0%lo", (unsigned long)word);
		return;
	case WORD_DIRECTORY:
		if (word == AT_FDCWD)
			str_add(text, "AT_FDCWD");
		else
			str_add_signed(text, word);
		return;
	case WORD_UNSIGNED:
		str_add_number(text, (unsigned long)word);
		return;
	case WORD_MASK:
		add_capabilities(text, (unsigned long)word);
		return;
	case WORD_OPTION:
		add_option(text, form->names, (unsigned long)word);
		return;
	case WORD_FLAGS:
		add_flags(text, form->names, (unsigned long)word);
		return;
	case WORD_FLAGS_MORE:
		add_flags(text, form->more_names, (unsigned long)word);
		return;
	default:
		str_add_signed(text, word);
	}
}

/* The second word of prctl(2) means something else with each option. */
static enum call_word kind_of(const struct call *call, int i)
{
	enum call_word kind = (enum call_word)call_forms[call->form].kinds[i];

	if (call->form == CALL_PRCTL && i == 1 && call->words[0] == PR_CAPBSET_DROP)
		return WORD_MASK;
	return kind;
}

void call_add_words(const struct calls *calls, const struct call *call, struct strbuf *text)
{
	const struct call_form_entry *form = &call_forms[call->form];
	bool is_first = true;

	for (int i = 0; i < CALL_WORDS && form->kinds[i] != WORD_NOTHING; i++) {
		enum call_word kind = kind_of(call, i);
		long word = call->words[i];
		if (kind == WORD_POINTER)
			continue;
		if (kind == WORD_MASK && call->form == CALL_PRCTL)
			word = (long)(1UL << (word & 63));
		str_add(text, is_first ? "" : ", ");
		add_word(text, calls, form, kind, word);
		is_first = false;
	}
}

const struct call_form_entry call_forms[CALL_FORMS] = {
    [CALL_CAPSET] =
	{"capset", "keeps these capabilities and no others", NULL, NULL, SYS_capset, {WORD_MASK}},
    [CALL_CHDIR] = {"chdir",
		    "goes there, so that what follows can be named from there",
		    NULL,
		    NULL,
		    SYS_chdir,
		    {WORD_TEXT}},
    [CALL_CHROOT] =
	{"chroot", "points the process's root elsewhere", NULL, NULL, SYS_chroot, {WORD_TEXT}},
    [CALL_CLONE] = {"clone", "makes a process", NULL, NULL, SYS_clone, {WORD_NOTHING}},
    [CALL_CLONE3] = {"clone3",
		     "makes a process, born in new namespaces",
		     clone_flags,
		     NULL,
		     SYS_clone3,
		     {WORD_FLAGS}},
    [CALL_CLOSE_RANGE] = {"close_range",
			  "closes every descriptor that was inherited",
			  no_flags,
			  NULL,
			  SYS_close_range,
			  {WORD_UNSIGNED, WORD_UNSIGNED, WORD_FLAGS}},
    [CALL_DUP3] = {"dup3",
		   "puts a descriptor where it belongs",
		   open_flags,
		   NULL,
		   SYS_dup3,
		   {WORD_NUMBER, WORD_NUMBER, WORD_FLAGS}},
    [CALL_EXECVE] = {"execve",
		     "the program takes the place of the builder",
		     NULL,
		     NULL,
		     SYS_execve,
		     {WORD_TEXT, WORD_POINTER, WORD_POINTER}},
    [CALL_FCHDIR] = {"fchdir",
		     "goes to the directory that this descriptor means",
		     NULL,
		     NULL,
		     SYS_fchdir,
		     {WORD_NUMBER}},
    [CALL_FCHOWN] = {"fchown",
		     "gives it to a user of the sandbox",
		     NULL,
		     NULL,
		     SYS_fchown,
		     {WORD_NUMBER, WORD_NUMBER, WORD_NUMBER}},
    [CALL_FSCONFIG] = {"fsconfig",
		       "sets a parameter of a file system to be mounted",
		       NULL,
		       NULL,
		       SYS_fsconfig,
		       {WORD_NUMBER, WORD_NUMBER, WORD_TEXT, WORD_TEXT, WORD_NUMBER}},
    [CALL_FSMOUNT] = {"fsmount",
		      "makes a mount that is nowhere yet",
		      open_flags,
		      mount_attributes,
		      SYS_fsmount,
		      {WORD_NUMBER, WORD_UNSIGNED, WORD_FLAGS_MORE}},
    [CALL_FSOPEN] =
	{"fsopen", "begins a new file system", no_flags, NULL, SYS_fsopen, {WORD_TEXT, WORD_FLAGS}},
    [CALL_IOCTL] = {"ioctl",
		    "asks a device or socket for something special",
		    ioctl_requests,
		    NULL,
		    SYS_ioctl,
		    {WORD_NUMBER, WORD_OPTION, WORD_POINTER}},
    [CALL_KEYCTL] =
	{"keyctl", "takes an empty keyring", NULL, NULL, SYS_keyctl, {WORD_NUMBER, WORD_TEXT}},
    [CALL_LANDLOCK_ADD_RULE] = {"landlock_add_rule",
				"allows something below this directory",
				NULL,
				NULL,
				445 /* the number is the same everywhere */,
				{WORD_NUMBER, WORD_NUMBER, WORD_POINTER, WORD_NUMBER}},
    [CALL_LANDLOCK_CREATE] = {"landlock_create_ruleset",
			      "begins a list of what may be done "
			      "with files",
			      NULL,
			      NULL,
			      444,
			      {WORD_POINTER, WORD_UNSIGNED, WORD_UNSIGNED}},
    [CALL_LANDLOCK_RESTRICT] = {"landlock_restrict_self",
				"closes all that the list does not "
				"name, for good",
				NULL,
				NULL,
				446,
				{WORD_NUMBER, WORD_UNSIGNED}},
    [CALL_MKDIRAT] = {"mkdirat",
		      "makes a directory",
		      NULL,
		      NULL,
		      SYS_mkdirat,
		      {WORD_DIRECTORY, WORD_TEXT, WORD_OCTAL}},
    [CALL_MKNODAT] = {"mknodat",
		      "makes an empty file, for something to be bound on it",
		      NULL,
		      NULL,
		      SYS_mknodat,
		      {WORD_DIRECTORY, WORD_TEXT, WORD_OCTAL}},
    [CALL_MOUNT] = {"mount",
		    "hangs a file system into the tree",
		    mount_flags,
		    NULL,
		    SYS_mount,
		    {WORD_TEXT, WORD_TEXT, WORD_TEXT, WORD_FLAGS, WORD_TEXT}},
    [CALL_MOUNT_SETATTR] = {"mount_setattr",
			    "changes what may be done on a mount: what is set, "
			    "what is cleared",
			    at_flags,
			    mount_attributes,
			    SYS_mount_setattr,
			    {WORD_DIRECTORY, WORD_TEXT, WORD_FLAGS, WORD_FLAGS_MORE,
			     WORD_FLAGS_MORE}},
    [CALL_MOVE_MOUNT] = {"move_mount",
			 "hangs a mount that was nowhere into the tree",
			 move_flags,
			 NULL,
			 SYS_move_mount,
			 {WORD_DIRECTORY, WORD_TEXT, WORD_DIRECTORY, WORD_TEXT, WORD_FLAGS}},
    [CALL_OPENAT] = {"openat",
		     "opens it",
		     open_flags,
		     NULL,
		     SYS_openat,
		     {WORD_DIRECTORY, WORD_TEXT, WORD_FLAGS, WORD_OCTAL}},
    [CALL_OPENAT2] = {"openat2",
		      "opens it, and no link leads elsewhere",
		      open_flags,
		      resolve_flags,
		      SYS_openat2,
		      {WORD_DIRECTORY, WORD_TEXT, WORD_FLAGS, WORD_FLAGS_MORE}},
    [CALL_OPEN_TREE] = {"open_tree",
			"takes a copy of a mount, which is nowhere yet",
			at_flags,
			NULL,
			SYS_open_tree,
			{WORD_DIRECTORY, WORD_TEXT, WORD_FLAGS}},
    [CALL_PIPE2] =
	{"pipe2", "makes a pipe", open_flags, NULL, SYS_pipe2, {WORD_POINTER, WORD_FLAGS}},
    [CALL_PIVOT_ROOT] =
	{"pivot_root", "swaps the roots", NULL, NULL, SYS_pivot_root, {WORD_TEXT, WORD_TEXT}},
    [CALL_PRCTL] = {"prctl",
		    "changes a property of this process",
		    prctl_options,
		    NULL,
		    SYS_prctl,
		    {WORD_OPTION, WORD_NUMBER}},
    [CALL_PRLIMIT] = {"prlimit64",
		      "sets a limit, soft and hard",
		      resources,
		      NULL,
		      SYS_prlimit64,
		      {WORD_NUMBER, WORD_OPTION, WORD_UNSIGNED, WORD_UNSIGNED}},
    [CALL_SECCOMP] = {"seccomp",
		      "loads a filter, which nobody can take away again",
		      seccomp_operations,
		      seccomp_flags,
		      SYS_seccomp,
		      {WORD_OPTION, WORD_FLAGS_MORE}},
    [CALL_SETGROUPS] = {"setgroups",
			"gives up the host's groups",
			NULL,
			NULL,
			SYS_setgroups,
			{WORD_UNSIGNED, WORD_POINTER}},
    [CALL_SETHOSTNAME] = {"sethostname",
			  "sets the name of this uts namespace",
			  NULL,
			  NULL,
			  SYS_sethostname,
			  {WORD_TEXT, WORD_UNSIGNED}},
    [CALL_SETNS] =
	{"setns", "joins a namespace", clone_flags, NULL, SYS_setns, {WORD_NUMBER, WORD_FLAGS}},
    [CALL_SETRESGID] = {"setresgid",
			"takes this group",
			NULL,
			NULL,
			SYS_setresgid,
			{WORD_NUMBER, WORD_NUMBER, WORD_NUMBER}},
    [CALL_SETRESUID] = {"setresuid",
			"becomes this user",
			NULL,
			NULL,
			SYS_setresuid,
			{WORD_NUMBER, WORD_NUMBER, WORD_NUMBER}},
    [CALL_SETSID] =
	{"setsid", "begins a session without a terminal", NULL, NULL, SYS_setsid, {WORD_NOTHING}},
    [CALL_SOCKET] = {"socket",
		     "opens a socket, to ask the kernel through it",
		     families,
		     NULL,
		     SYS_socket,
		     {WORD_OPTION, WORD_POINTER, WORD_POINTER}},
    [CALL_SOCKETPAIR] = {"socketpair",
			 "makes two sockets that talk to each other",
			 families,
			 NULL,
			 SYS_socketpair,
			 {WORD_OPTION, WORD_POINTER, WORD_POINTER}},
    [CALL_SYMLINKAT] = {"symlinkat",
			"makes a symbolic link",
			NULL,
			NULL,
			SYS_symlinkat,
			{WORD_TEXT, WORD_DIRECTORY, WORD_TEXT}},
    [CALL_UMASK] =
	{"umask", "lets modes be as they are asked for", NULL, NULL, SYS_umask, {WORD_OCTAL}},
    [CALL_UMOUNT2] = {"umount2",
		      "takes a mount out of the tree",
		      unmount_flags,
		      NULL,
		      SYS_umount2,
		      {WORD_TEXT, WORD_FLAGS}},
    [CALL_UNSHARE] = {"unshare", "makes a namespace", clone_flags, NULL, SYS_unshare, {WORD_FLAGS}},
    [CALL_WRITE] = {"write",
		    "tells the kernel by a file",
		    NULL,
		    NULL,
		    SYS_write,
		    {WORD_NUMBER, WORD_TEXT, WORD_UNSIGNED}},
    [CALL_WRITE_FILE] = {"write",
			 "tells the kernel by a file",
			 NULL,
			 NULL,
			 SYS_write,
			 {WORD_DIRECTORY, WORD_TEXT, WORD_TEXT}},
};
