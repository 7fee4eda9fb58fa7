/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The options that say how a wall is built: files, users, capabilities (limits: spec_limits.c).
 * Their syntax is checked here, when they are typed; whether the machine can do it, the wall finds
 * out. What is a list is kept as it was written and split again, by the same function, where it is
 * used.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "spec.h"
#include "spec_private.h"

enum { VCPUS_MAX = 8, USER_MAX = 64 };

const char *const spec_capabilities[] = {
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
    NULL,
};

/* Names of setrlimit(2), as bash's and docker's ulimit know them. */
static const struct {
	const char *name;
	int resource;
} ulimit_names[] = {
    {"core", RLIMIT_CORE},         {"cpu", RLIMIT_CPU},
    {"data", RLIMIT_DATA},         {"fsize", RLIMIT_FSIZE},
    {"locks", RLIMIT_LOCKS},       {"memlock", RLIMIT_MEMLOCK},
    {"msgqueue", RLIMIT_MSGQUEUE}, {"nice", RLIMIT_NICE},
    {"nofile", RLIMIT_NOFILE},     {"nproc", RLIMIT_NPROC},
    {"rss", RLIMIT_RSS},           {"rtprio", RLIMIT_RTPRIO},
    {"rttime", RLIMIT_RTTIME},     {"sigpending", RLIMIT_SIGPENDING},
    {"stack", RLIMIT_STACK},       {"as", RLIMIT_AS},
};

/* Copies what stands before `end` (NULL: all of it). False: it does not fit. */
static bool copy_part(char *destination, size_t size, const char *text, const char *end)
{
	size_t length = end ? (size_t)(end - text) : strlen(text);

	if (length >= size)
		return false;
	memcpy(destination, text, length);
	destination[length] = '\0';
	return true;
}

static int refuse_volume(const char *volume, const char *why, struct err *e)
{
	int r = err_set(e, EINVAL, "--volume '%.80s': %s", volume, why);

	return err_hint(e, r,
			"SRC:DST or SRC:DST:ro with absolute paths, for example "
			"--volume /home/me/work:/work:ro");
}

int spec_split_volume(const char *volume, char *ret_source, char *ret_target, bool *ret_read_only,
		      struct err *e)
{
	const char *colon = strchr(volume, ':');
	const char *mode = colon ? strchr(colon + 1, ':') : NULL;

	if (!colon)
		return refuse_volume(volume,
				     "no ':' between the host's directory and the sandbox's", e);
	if (mode && strcmp(mode, ":ro") != 0 && strcmp(mode, ":rw") != 0)
		return refuse_volume(volume, "the last part is neither 'ro' nor 'rw'", e);
	if (!copy_part(ret_source, SPEC_PATH_MAX, volume, colon) ||
	    !copy_part(ret_target, SPEC_PATH_MAX, colon + 1, mode))
		return refuse_volume(volume, "too long a path", e);
	if (ret_source[0] != '/' || ret_target[0] != '/')
		return refuse_volume(volume, "not an absolute path", e);
	if (strspn(ret_target, "/") == strlen(ret_target))
		return refuse_volume(volume, "the root itself is the image's place (--image)", e);
	*ret_read_only = mode && mode[2] == 'o' && mode[1] == 'r';
	return 0;
}

int spec_split_tmpfs(const char *tmpfs, char *ret_target, uint64_t *ret_bytes, struct err *e)
{
	const char *colon = strchr(tmpfs, ':');
	int r = 0;

	*ret_bytes = 0;
	if (tmpfs[0] != '/' || !copy_part(ret_target, SPEC_PATH_MAX, tmpfs, colon) ||
	    strspn(ret_target, "/") == strlen(ret_target))
		r = err_set(e, EINVAL, "--tmpfs '%.80s': not an absolute path inside", tmpfs);
	else if (colon && (str_parse_size(colon + 1, ret_bytes) < 0 || *ret_bytes == 0))
		r = err_set(e, EINVAL, "--tmpfs '%.80s': '%.20s' is not a size", tmpfs, colon + 1);
	return r < 0 ? err_hint(e, r, "for example --tmpfs /scratch or --tmpfs /scratch:64M") : 0;
}

static int parse_rlimit(const char *text, const char *end, uint64_t *ret)
{
	char number[32];

	if (!copy_part(number, sizeof(number), text, end))
		return -EINVAL;
	if (strcmp(number, "unlimited") == 0 || strcmp(number, "-1") == 0) {
		*ret = UINT64_MAX;
		return 0;
	}
	return str_parse_number(number, 0, UINT64_MAX - 1, ret);
}

int spec_split_ulimit(const char *ulimit, int *ret_resource, uint64_t *ret_soft, uint64_t *ret_hard,
		      struct err *e)
{
	const char *value = strchr(ulimit, '='), *hard = value ? strchr(value, ':') : NULL;
	int r = -EINVAL;

	for (size_t i = 0; value && i < sizeof(ulimit_names) / sizeof(ulimit_names[0]); i++) {
		size_t length = strlen(ulimit_names[i].name);

		if (length != (size_t)(value - ulimit) ||
		    memcmp(ulimit, ulimit_names[i].name, length) != 0)
			continue;
		*ret_resource = ulimit_names[i].resource;
		r = parse_rlimit(value + 1, hard, ret_soft);
		if (r == 0)
			r = parse_rlimit(hard ? hard + 1 : value + 1, NULL, ret_hard);
		if (r == 0 && *ret_soft > *ret_hard)
			r = -ERANGE;
	}
	if (r == 0)
		return 0;
	err_set(e, EINVAL, "--ulimit '%.80s': %s", ulimit,
		r == -ERANGE ? "too large a number, or a soft limit above the hard one"
			     : "not NAME=SOFT or NAME=SOFT:HARD");
	return err_hint(e, -EINVAL,
			"for example --ulimit nofile=256:512; names: core cpu data fsize "
			"memlock nofile nproc stack …, `help ulimit` of a shell has all");
}

int spec_find_capability(const char *name)
{
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (int i = 0; spec_capabilities[i]; i++)
		if (strcasecmp(spec_capabilities[i], name) == 0)
			return i;
	return -EINVAL;
}

int spec_set_volume(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	char source[SPEC_PATH_MAX], target[SPEC_PATH_MAX];
	bool is_read_only;
	int r = spec_split_volume(argument, source, target, &is_read_only, e);

	return r < 0 ? r : spec_add_word(&spec->volumes, argument, e);
}

/* Only the two words are cut off: a path may have colons of its own. */
int spec_split_disk(const char *disk, char *ret_path, bool *ret_read_only, struct err *e)
{
	static const char hint[] = "PATH (the guest may write, its changes are kept apart and go "
				   "with it) or PATH:ro, for example --disk /home/me/debian.img";
	const char *colon = strrchr(disk, ':');

	*ret_read_only = colon && strcmp(colon, ":ro") == 0;
	if (colon && strcmp(colon, ":rw") == 0)
		return err_hint(e,
				err_set(e, EINVAL, "--disk '%.80s': an image is never written to",
					disk),
				"%s", hint);
	if (colon && !*ret_read_only && strcmp(colon, ":cow") != 0)
		colon = NULL;
	if (disk[0] == '/' && copy_part(ret_path, SPEC_PATH_MAX, disk, colon))
		return 0;
	return err_hint(e,
			err_set(e, EINVAL, "--disk '%.80s': %s", disk,
				disk[0] == '/' ? "too long a path" : "not an absolute path"),
			"%s", hint);
}

int spec_set_disk(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	char path[SPEC_PATH_MAX];
	bool is_read_only;
	size_t count = 0;
	int r = spec_split_disk(argument, path, &is_read_only, e);

	while (spec->disks && spec->disks[count])
		count++;
	if (r == 0 && count == SPEC_DISKS_MAX)
		return err_set(e, E2BIG, "--disk: more than %d disks", SPEC_DISKS_MAX);
	return r < 0 ? r : spec_add_word(&spec->disks, argument, e);
}

int spec_set_tmpfs(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	char target[SPEC_PATH_MAX];
	uint64_t bytes;
	int r = spec_split_tmpfs(argument, target, &bytes, e);

	return r < 0 ? r : spec_add_word(&spec->tmpfs, argument, e);
}

int spec_set_ulimit(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	int resource;
	uint64_t soft, hard;
	int r = spec_split_ulimit(argument, &resource, &soft, &hard, e);

	return r < 0 ? r : spec_add_word(&spec->ulimits, argument, e);
}

static int refuse_user(const char *argument, struct err *e)
{
	return err_hint(e, err_set(e, EINVAL, "--user '%.80s': not a user", argument),
			"USER or USER:GROUP, names of the image or numbers, for example 1000:1000");
}

int spec_check_user(const char *argument, struct err *e)
{
	char part[USER_MAX];
	const char *colon = strchr(argument, ':');
	uint64_t number;

	for (int i = 0; i < (colon ? 2 : 1); i++) {
		if (!copy_part(part, sizeof(part), i ? colon + 1 : argument, i ? NULL : colon) ||
		    !str_is_name(part))
			return refuse_user(argument, e);
		/* What is all digits is a number, and must be one: -1 and 2^32 are no users. */
		if (strspn(part, "0123456789") == strlen(part) &&
		    str_parse_number(part, 0, UINT32_MAX - 1, &number) < 0)
			return refuse_user(argument, e);
	}
	return 0;
}

int spec_set_user(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	int r = spec_check_user(argument, e);

	return r < 0 ? r : spec_set_text(&spec->user, argument, e);
}

static int add_capability(char ***list, const char *option, const char *argument, struct err *e)
{
	char word[32];
	int capability = spec_find_capability(argument);

	if (strcasecmp(argument, "ALL") == 0)
		return spec_add_word(list, "ALL", e);
	if (capability < 0)
		return err_hint(e,
				err_set(e, EINVAL, "%s '%.40s': no such capability", option,
					argument),
				"a name of capabilities(7), for example CAP_NET_RAW, or ALL");
	snprintf(word, sizeof(word), "CAP_%s", spec_capabilities[capability]);
	return spec_add_word(list, word, e);
}

int spec_add_capability(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	return add_capability(&spec->cap_add, "--cap-add", argument, e);
}

int spec_drop_capability(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	return add_capability(&spec->cap_drop, "--cap-drop", argument, e);
}

int spec_set_image(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	if (argument[0] == '/' && strlen(argument) < SPEC_PATH_MAX)
		return spec_set_text(&spec->image, argument, e);
	return err_hint(e, err_set(e, EINVAL, "--image '%.80s': not an absolute path", argument),
			"a directory that holds a file tree, for example --image /srv/debian");
}

int spec_set_kernel(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	if (strcmp(argument, "tiny") == 0 || strcmp(argument, "linux") == 0 ||
	    strcmp(argument, "distro") == 0 ||
	    (argument[0] == '/' && strlen(argument) < SPEC_PATH_MAX))
		return spec_set_text(&spec->kernel, argument, e);
	return err_hint(e, err_set(e, EINVAL, "--kernel '%.80s': no such kernel", argument),
			"tiny, linux, distro, or the absolute path of a kernel, for example "
			"/boot/vmlinuz-6.1.0");
}

int spec_set_accel(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	static const char *const known[] = {"auto", "kvm", "tcg"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(argument, known[i]) == 0)
			return spec_set_text(&spec->accel, argument, e);
	return err_hint(e, err_set(e, EINVAL, "--accel '%.40s': no such way", argument),
			"auto (KVM if it can, else tcg), kvm, tcg (emulated by QEMU)");
}

int spec_set_vcpus(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	if (str_parse_number(argument, 1, VCPUS_MAX, &spec->vcpus) == 0)
		return 0;
	return err_hint(e,
			err_set(e, EINVAL, "--vcpus '%.40s': not a number from 1 to %d", argument,
				VCPUS_MAX),
			"for example --kernel linux --vcpus 2");
}
