// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Users are numbers to the kernel; names are the business of two text files of the image. They are
 * read after the root has been changed, so that no symbolic link leads out, without /proc's magic
 * links, and only if they are regular files (a fifo would let us wait for ever). The first line of
 * a name counts, as everywhere else. Order: groups, then the group, then the user, for the last one
 * gives up the right to the others. See credentials(7), user_namespaces(7).
 */
#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"
#include "container.h"
#include "fd.h"
#include "str.h"

enum { NAME_MAX_BYTES = 64, PASSWD_FIELDS = 7, GROUP_FIELDS = 4 };

static const uint64_t id_max = UINT32_MAX - 1;

/* ---- lines ---- */

struct text {
	const char *at;
	size_t length;
};

/* One line, cut at its colons; fields that it does not have are empty. */
struct line {
	struct text field[PASSWD_FIELDS];
	size_t count;
};

enum { FIELD_NAME = 0, PASSWD_UID = 2, PASSWD_GID = 3, PASSWD_HOME = 5 };
enum { GROUP_GID = 2, GROUP_MEMBERS = 3 };

/* The part of `rest` before the next `delimiter`; `rest` becomes what follows it. */
static struct text take_part(struct text *rest, char delimiter)
{
	const char *end = memchr(rest->at, delimiter, rest->length);
	struct text part = {rest->at, end ? (size_t)(end - rest->at) : rest->length};
	size_t used = part.length + (end ? 1 : 0);

	rest->at += used;
	rest->length -= used;
	return part;
}

/* The next line of `rest`. False at its end. */
static bool take_line(struct text *rest, struct line *ret)
{
	if (rest->length == 0)
		return false;
	struct text line = take_part(rest, '\n');

	*ret = (struct line){.count = 0};
	while (ret->count < PASSWD_FIELDS && (line.length > 0 || ret->count == 0))
		ret->field[ret->count++] = take_part(&line, ':');
	return true;
}

static bool is_text(struct text text, const char *word)
{
	return strlen(word) == text.length && memcmp(text.at, word, text.length) == 0;
}

static bool parse_id(struct text text, uint32_t *ret)
{
	char copy[16];
	uint64_t id;

	if (text.length == 0 || text.length >= sizeof(copy))
		return false;
	memcpy(copy, text.at, text.length);
	copy[text.length] = '\0';
	if (strlen(copy) != text.length || str_parse_number(copy, 0, id_max, &id) < 0)
		return false;
	*ret = (uint32_t)id;
	return true;
}

/* A file's line by its name or, if that is NULL, by the number in `id_field`. */
static bool find_line(struct text text, const char *name, uint32_t id, size_t id_field,
		      struct line *ret)
{
	uint32_t found;

	while (take_line(&text, ret))
		if (name ? is_text(ret->field[FIELD_NAME], name)
			 : parse_id(ret->field[id_field], &found) && found == id)
			return true;
	return false;
}

/* ---- who is meant ---- */

static bool is_number(const char *word)
{
	return strspn(word, "0123456789") == strlen(word);
}

static int refuse(const char *what, const char *name, const char *file, const struct text *text,
		  struct err *e)
{
	int r = text->at
		    ? err_set(e, ENOENT, "the image has no %s '%s'", what, name)
		    : err_set(e, ENOENT, "the image has no %s, so no %s '%s'", file, what, name);

	return err_hint(e, r,
			"names are looked up in the image's %s; a number needs none, for example "
			"--user 1000:1000",
			file);
}

static int refuse_line(const char *name, const char *file, struct err *e)
{
	return err_hint(e,
			err_set(e, EINVAL, "the line of '%s' in the image's %s is damaged", name,
				file),
			"see passwd(5); a number needs no line, for example --user 1000:1000");
}

static void take_home(struct text home, struct user *ret)
{
	bool is_usable = home.length > 0 && home.length < sizeof(ret->home) && *home.at == '/';

	for (size_t i = 0; is_usable && i < home.length; i++)
		is_usable = (unsigned char)home.at[i] >= ' ' && home.at[i] != 0x7f;
	snprintf(ret->home, sizeof(ret->home), "%.*s", is_usable ? (int)home.length : 1,
		 is_usable ? home.at : "/");
}

static int find_user(const char *name, struct text passwd, struct user *ret,
		     char ret_name[NAME_MAX_BYTES], struct err *e)
{
	uint64_t number = 0;
	struct line line;
	bool by_number = is_number(name);

	if (by_number && str_parse_number(name, 0, id_max, &number) < 0)
		return err_set(e, EINVAL, "'%s' is no number of a user", name);
	ret->uid = ret->gid = (uint32_t)number;
	str_copy(ret->home, sizeof(ret->home), "/");
	ret_name[0] = '\0';
	if (!find_line(passwd, by_number ? NULL : name, ret->uid, PASSWD_UID, &line))
		return by_number ? 0 : refuse("user", name, "/etc/passwd", &passwd, e);
	if (!parse_id(line.field[PASSWD_UID], &ret->uid) ||
	    !parse_id(line.field[PASSWD_GID], &ret->gid))
		return refuse_line(name, "/etc/passwd", e);
	take_home(line.field[PASSWD_HOME], ret);
	if (line.field[FIELD_NAME].length > 0 && line.field[FIELD_NAME].length < NAME_MAX_BYTES)
		snprintf(ret_name, NAME_MAX_BYTES, "%.*s", (int)line.field[FIELD_NAME].length,
			 line.field[FIELD_NAME].at);
	return 0;
}

static int find_group(const char *name, struct text group, struct user *ret, struct err *e)
{
	uint64_t number = 0;
	struct line line;

	if (is_number(name)) {
		if (str_parse_number(name, 0, id_max, &number) < 0)
			return err_set(e, EINVAL, "'%s' is no number of a group", name);
		ret->gid = (uint32_t)number;
		return 0;
	}
	if (!find_line(group, name, 0, GROUP_GID, &line))
		return refuse("group", name, "/etc/group", &group, e);
	return parse_id(line.field[GROUP_GID], &ret->gid) ? 0 : refuse_line(name, "/etc/group", e);
}

static bool is_member(struct text members, const char *name)
{
	while (members.length > 0)
		if (is_text(take_part(&members, ','), name))
			return true;
	return false;
}

/* All groups that list `name`. A damaged line gives no group, which can only take rights away. */
static int find_groups(const char *name, struct text group, struct user *ret, struct err *e)
{
	struct line line;
	uint32_t id;

	while (*name && take_line(&group, &line)) {
		if (!is_member(line.field[GROUP_MEMBERS], name) ||
		    !parse_id(line.field[GROUP_GID], &id) || id == ret->gid)
			continue;
		if (ret->group_count == USER_GROUPS_MAX)
			return err_hint(e,
					err_set(e, E2BIG,
						"'%s' is in more than %d groups of the "
						"image",
						name, USER_GROUPS_MAX),
					"name the one it needs: --user USER:GROUP");
		ret->groups[ret->group_count++] = id;
	}
	return 0;
}

int user_resolve(const char *wanted, const struct user_files *files, struct user *ret,
		 struct err *e)
{
	const struct text passwd = {files->passwd, files->passwd_length};
	const struct text group = {files->group, files->group_length};
	char word[NAME_MAX_BYTES], name[NAME_MAX_BYTES];
	const char *colon = strchr(wanted, ':');
	size_t length = colon ? (size_t)(colon - wanted) : strlen(wanted);

	*ret = (struct user){.group_count = 0};
	if (length == 0 || length >= sizeof(word) || (colon && !colon[1]))
		return err_set(e, EINVAL, "'%.80s' is no USER or USER:GROUP", wanted);
	memcpy(word, wanted, length);
	word[length] = '\0';
	int r = find_user(word, passwd, ret, name, e);
	if (r < 0)
		return r;
	return colon ? find_group(colon + 1, group, ret, e) : find_groups(name, group, ret, e);
}

/* ---- to become that ---- */

/* Opens a file of the image without waiting and without leaving. Kernels before 5.6, and filters
 * around us, lack openat2(2): there what was opened is looked at all the more. */
static int open_inside(struct calls *calls, const char *path)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

	call_because(calls, "who the user is only the image's own files know");
	int fd = call_openat2(calls, AT_FDCWD, path, (uint64_t)flags, RESOLVE_NO_MAGICLINKS);

	return fd < 0 && (errno == ENOSYS || errno == EPERM) ? open(path, flags) : fd;
}

/* The whole file, to be freed, and its length. Absent: NULL and 0. */
static int read_file(struct calls *calls, const char *path, char **ret_text, size_t *ret_length,
		     struct err *e)
{
	auto_close int fd = open_inside(calls, path);
	struct stat found;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0 || fstat(fd, &found) < 0)
		return err_sys(e, errno, "open '%s' of the image", path);
	if (!S_ISREG(found.st_mode))
		return err_set(e, EINVAL, "'%s' of the image is no regular file", path);
	if (found.st_size > USER_FILE_MAX)
		return err_set(e, EFBIG, "'%s' of the image is larger than %d KiB", path,
			       USER_FILE_MAX / 1024);
	auto_free char *text = malloc((size_t)found.st_size + 1);
	if (!text)
		return err_sys(e, ENOMEM, "read '%s' of the image", path);
	ssize_t n = fd_read_full(fd, text, (size_t)found.st_size);
	if (n < 0)
		return err_sys(e, (int)n, "read '%s' of the image", path);
	*ret_text = text;
	*ret_length = (size_t)n;
	text = NULL;
	return 0;
}

static int look_up(const struct container *c, struct user *ret, struct err *e)
{
	auto_free char *passwd = NULL, *group = NULL;
	struct user_files files = {0};
	int r = read_file(c->calls, "/etc/passwd", &passwd, &files.passwd_length, e);

	if (r == 0)
		r = read_file(c->calls, "/etc/group", &group, &files.group_length, e);
	files.passwd = passwd;
	files.group = group;
	return r < 0 ? r : user_resolve(c->user, &files, ret, e);
}

/* HOME was the default's, or, for a plain process, the caller's. */
static int put_home(char **env, const char *home, struct err *e)
{
	char *copy = NULL;

	for (; env && *env; env++) {
		if (strncmp(*env, "HOME=", 5) != 0)
			continue;
		if (asprintf(&copy, "HOME=%s", home) < 0)
			return err_sys(e, ENOMEM, "set HOME");
		*env = copy; /* a forked copy of the worker's: never freed, gone with exec */
	}
	return 0;
}

static int explain_id(const struct container *c, const char *what, uint32_t id, int error,
		      struct err *e)
{
	if (error == EPERM && c->is_bare)
		return err_hint(e, err_set(e, EPERM, "only root may run a process as another user"),
				"a container has users of its own: isolab run container --user %u",
				id);
	if (error != EINVAL)
		return err_sys(e, error, "become %s %u", what, id);
	err_set(e, EINVAL, "%s %u does not exist inside: the sandbox's user namespace has %u %s%s",
		what, id, c->idmap.count, what, c->idmap.count == 1 ? "" : "s");
	if (c->idmap.count > 1)
		return err_hint(e, -EINVAL, "take one from 0 to %u", c->idmap.count - 1);
	if (c->is_entered)
		return err_hint(e, -EINVAL,
				"an ordinary user's sandbox has other users only if he has a range "
				"of ids, as `isolab doctor` says, and it was made for one: create "
				"it with --user or --image");
	return err_hint(e, -EINVAL,
			"an ordinary user needs a range of ids in /etc/subuid and /etc/subgid for "
			"more than root; `isolab doctor` says how to get one");
}

/* Where setgroups(2) is forbidden the other groups are left out: that only takes rights away. */
static int set_groups(const struct container *c, const struct user *user, struct err *e)
{
	bool is_forbidden = c->idmap.must_deny_setgroups && (c->namespaces & CLONE_NEWUSER);

	if (is_forbidden) {
		if (user->group_count > 0)
			container_note(c, "the user's other groups of /etc/group are left out: "
					  "setgroups is forbidden without a range of ids");
		return 0;
	}
	/* The first one stands among the others, too, as after a login. */
	gid_t groups[USER_GROUPS_MAX + 1] = {user->gid};
	memcpy(groups + 1, user->groups, user->group_count * sizeof(*groups));
	if (call_setgroups(c->calls, user->group_count + 1, groups) == 0)
		return 0;
	if (errno == EINVAL)
		return err_hint(e,
				err_set(e, EINVAL, "a group of the user's does not exist inside"),
				"name the one it needs: --user USER:GROUP");
	if (errno == EPERM && c->is_bare)
		return explain_id(c, "user", user->uid, EPERM, e);
	return err_sys(e, errno, "take the user's groups");
}

/* The terminal or the pipes were made for root: else /dev/stdout could not be opened again. */
static void give_console(struct calls *calls, const struct user *user)
{
	struct stat found;

	for (int fd = 0; fd <= 2; fd++)
		if (fstat(fd, &found) == 0 && (S_ISFIFO(found.st_mode) || isatty(fd)))
			call_make(calls, CALL_FCHOWN, CALL_WORDS_OF(fd, user->uid, -1));
}

/* A filter without no_new_privs takes a power to load, and it comes later: so what root had is
 * kept until then. Exec takes it from all who are not root. */
static int keep_powers(struct err *e)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2];

	if (syscall(SYS_capget, &header, sets) < 0)
		return err_sys(e, errno, "read the capabilities");
	for (int i = 0; i < 2; i++)
		sets[i].effective = sets[i].permitted;
	if (syscall(SYS_capset, &header, sets) < 0)
		return err_sys(e, errno, "keep the capabilities");
	return 0;
}

static int become(struct container *c, const struct user *user, struct err *e)
{
	bool needs_powers = !c->is_bare && container_has(c, SPEC_SECCOMP) &&
			    !container_has(c, SPEC_NO_NEW_PRIVS);

	/* The pipes of a front are its own. */
	if (!c->is_entered || c->has_terminal)
		give_console(c->calls, user);
	int r = set_groups(c, user, e);
	if (r == 0 && call_setresgid(c->calls, user->gid) < 0)
		r = explain_id(c, "group", user->gid, errno, e);
	if (r == 0 && needs_powers && call_prctl(c->calls, PR_SET_KEEPCAPS, 1) < 0)
		r = err_sys(e, errno, "keep the capabilities");
	if (r == 0 && call_setresuid(c->calls, user->uid) < 0)
		r = explain_id(c, "user", user->uid, errno, e);
	if (r == 0 && needs_powers)
		r = keep_powers(e);
	return r;
}

int child_switch_user(struct container *c, struct err *e)
{
	struct user user;
	int r = look_up(c, &user, e);

	if (r == 0 && !c->keeps_home)
		r = put_home(c->env, user.home, e);
	if (r < 0)
		return err_ctx(e, r, "--user %s", c->user);
	/* Whoever it is already needs no right to become it. */
	bool is_it = c->is_bare && geteuid() != 0 && user.uid == geteuid() && user.gid == getegid();
	if (!is_it)
		r = become(c, &user, e);
	c->is_ordinary_user = user.uid != 0;
	return r < 0 ? err_ctx(e, r, "--user %s", c->user) : 0;
}
