// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * On v1 each controller is a tree of its own; on v2 there is one tree, and a directory that holds
 * processes cannot hand controllers down, so we climb from our own until one does. On a hybrid
 * machine each controller is in one of the two, and each limit is written where its controller is.
 * A new v1 cpuset is empty and takes no process before it has cpus and mems: it inherits ours. See
 * cgroups(7), cpuset(7).
 */
#include "cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cgroup_path.h"
#include "fd.h"
#include "notices.h"
#include "oci_container.h"
#include "str.h"

enum { REMOVE_TRIES = 200, PIDS_TEXT_MAX = 64 * 1024, PATH_DEPTH_MAX = 32 };

/* One tree that was entered, while it is being set up. */
struct group {
	char path[CGROUP_PATH_MAX];
	int fd;
	bool is_unified;
};

struct making {
	const struct oci_config *config;
	struct oci_state *state;
	const char *membership, *mountinfo; /* texts for cgroup_find_path() */
	char below[1024];                   /* the path, cleaned, without a slash at its start */
	bool is_root;
	struct err *e;
};

/* The path of the config without "." and "//"; ".." is refused. */
static int clean_path(struct making *m)
{
	const char *path = m->config->cgroups_path;
	size_t length = 0, depth = 0;

	if (!path || !*path || strspn(path, "/") == strlen(path))
		path = m->state->id;
	/* systemd's form "slice:prefix:name": what is left of it without systemd. */
	for (const char *part = path; *part;) {
		size_t size = strcspn(part, "/:");
		bool is_dot = size == 0 || (size == 1 && *part == '.');
		if ((size == 2 && memcmp(part, "..", 2) == 0) || ++depth > PATH_DEPTH_MAX ||
		    length + size + 2 > sizeof(m->below))
			return err_set(m->e, EINVAL,
				       "config.json: linux.cgroupsPath: '%.100s' is no path of a "
				       "cgroup",
				       path);
		if (!is_dot)
			length += (size_t)snprintf(m->below + length, sizeof(m->below) - length,
						   "%s%.*s", length ? "/" : "", (int)size, part);
		part += size + (part[size] != '\0');
	}
	return 0;
}

static int remember(char *list[], size_t *count, size_t max, const char *path)
{
	if (*count == max || !(list[*count] = strdup(path)))
		return -ENOMEM;
	(*count)++;
	return 0;
}

static void inherit_cpuset(int parent, int child)
{
	static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
	char text[4096];

	for (size_t i = 0; i < 2; i++) {
		if (fd_read_file(child, files[i], text, sizeof(text)) >= 0 && *text > '\n')
			continue;
		if (fd_read_file(parent, files[i], text, sizeof(text)) > 0)
			fd_write_file(child, files[i], text);
	}
}

/* Makes the directories from `base` down to ours; what is there already stays somebody else's. */
static int make_below(struct making *m, const char *base, bool is_cpuset, struct group *ret)
{
	char copy[sizeof(m->below)], *position = NULL;
	size_t length = (size_t)snprintf(ret->path, sizeof(ret->path), "%s", base);
	auto_close int at = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct oci_groups *groups = &m->state->groups;

	str_copy(copy, sizeof(copy), m->below);
	for (char *part = strtok_r(copy, "/", &position); at >= 0 && part;
	     part = strtok_r(NULL, "/", &position)) {
		bool is_new = faccessat(at, part, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
		length += (size_t)snprintf(ret->path + length, sizeof(ret->path) - length, "/%s",
					   part);
		if (length >= sizeof(ret->path))
			return -ENAMETOOLONG;
		/* Written down before it is made: so it is found whenever we are killed. */
		if (is_new && (remember(groups->made, &groups->made_count, OCI_GROUP_PATHS_MAX,
					ret->path) < 0 ||
			       oci_state_save(m->state, m->e) < 0))
			return -ENOMEM;
		if (is_new && mkdirat(at, part, 0755) < 0)
			return -errno;
		int next = openat(at, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (next >= 0 && is_cpuset)
			inherit_cpuset(at, next);
		fd_close(&at);
		at = next;
	}
	if (at < 0)
		return -errno;
	ret->fd = fd_move(&at);
	return remember(groups->entered, &groups->entered_count, OCI_GROUPS_MAX, ret->path);
}

/* Has the directories from `base` down hand on what they have, so that ours gets files. */
static void hand_down(const char *base, const char *below, const char *controllers)
{
	char path[CGROUP_PATH_MAX + 1024], words[256], word[64];
	int n = snprintf(path, sizeof(path), "%s/%s", base, below);

	str_copy(words, sizeof(words), controllers);
	for (size_t end = strlen(base); n > 0 && (size_t)n < sizeof(path) && end < (size_t)n;
	     end += 1 + strcspn(path + end + 1, "/")) {
		char saved = path[end], copy[sizeof(words)], *position = NULL;
		path[end] = '\0';
		auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		str_copy(copy, sizeof(copy), words);
		for (char *name = strtok_r(copy, " \n", &position); fd >= 0 && name;
		     name = strtok_r(NULL, " \n", &position)) {
			snprintf(word, sizeof(word), "+%.60s", name);
			fd_write_file(fd, "cgroup.subtree_control", word);
		}
		path[end] = saved;
	}
}

/* v2: our own directory, or the nearest above it that may have children with controllers. */
static int make_unified(struct making *m, struct group *ret)
{
	char base[CGROUP_PATH_MAX], text[256] = "", probe[CGROUP_PATH_MAX + 64];

	if (!cgroup_find_path(m->membership, m->mountinfo, NULL, base, sizeof(base)))
		return -ENOENT;
	for (;;) {
		char given[256] = "";
		snprintf(probe, sizeof(probe), "%s/cgroup.controllers", base);
		if (fd_read_file(AT_FDCWD, probe, text, sizeof(text)) < 0)
			return -EACCES;
		hand_down(base, "x", text);
		snprintf(probe, sizeof(probe), "%s/cgroup.subtree_control", base);
		fd_read_file(AT_FDCWD, probe, given, sizeof(given));
		bool has_none = strspn(text, " \n") == strlen(text);
		if ((has_none || strspn(given, " \n") != strlen(given)) && access(base, W_OK) == 0)
			break;
		char *slash = strrchr(base, '/');
		if (!slash || slash == base)
			return -EACCES;
		*slash = '\0';
	}
	int r = make_below(m, base, false, ret);
	if (r == 0 && strchr(m->below, '/')) {
		char parents[sizeof(m->below)];
		str_copy(parents, sizeof(parents), m->below);
		*strrchr(parents, '/') = '\0';
		snprintf(probe, sizeof(probe), "%s/%.*s", base, (int)strcspn(parents, "/"),
			 parents);
		hand_down(base, m->below, text);
	}
	return r;
}

/* The cgroup that holds a controller, made if it is not yet there: v1's tree, else v2's. */
static int find_group(struct making *m, const char *controller, struct group *groups, size_t *count,
		      struct group **ret)
{
	char base[CGROUP_PATH_MAX];
	struct group made = {.fd = -1};
	bool is_v1 = *controller &&
		     cgroup_find_path(m->membership, m->mountinfo, controller, base, sizeof(base));
	int r;

	for (size_t i = 0; i < *count; i++) {
		size_t length = is_v1 ? strlen(base) : 0;
		if (groups[i].is_unified == !is_v1 &&
		    (!is_v1 || (strncmp(groups[i].path, base, length) == 0 &&
				groups[i].path[length] == '/'))) {
			*ret = &groups[i];
			return 0;
		}
	}
	if (*count == OCI_GROUPS_MAX)
		return -ENOSPC;
	r = is_v1 ? make_below(m, base, strcmp(controller, "cpuset") == 0, &made)
		  : make_unified(m, &made);
	if (r < 0) {
		fd_close(&made.fd);
		return r;
	}
	made.is_unified = !is_v1;
	groups[*count] = made;
	*ret = &groups[(*count)++];
	return 0;
}

/* What cannot be had: an error for root; an ordinary user goes on and is told. */
static int lack(struct making *m, int error, const char *what, const char *file)
{
	const char *why = error == -ENOENT && !file ? "no cgroup tree for it is mounted here"
			  : error == -ENOENT        ? "this kernel has no such file"
						    : strerror(-error);

	if (!m->is_root && error != -EINVAL && error != -ERANGE) {
		oci_warn("without linux.resources.%s: %s", what, why);
		return 0;
	}
	int r = err_set(m->e, error, "config.json: linux.resources.%s: %s%s%s", what,
			file ? file : "", file ? ": " : "", why);
	return error == -ENOENT
		   ? err_hint(m->e, r, "leave this limit out, or boot with its controller on")
		   : r;
}

static int write_setting(struct making *m, const struct group *group,
			 const struct oci_setting *setting)
{
	const char *file = group->is_unified ? setting->v2_file : setting->v1_file;
	const char *text = group->is_unified ? setting->v2_text : setting->v1_text;

	if (!file && setting->is_optional)
		return 0;
	if (!file)
		return lack(m, -ENOTSUP, setting->path,
			    group->is_unified ? "cgroup v2" : "cgroup v1");
	int r = fd_write_file(group->fd, file, text);
	if (r == -ENOENT && setting->other_file)
		r = fd_write_file(group->fd, setting->other_file, text);
	if (r == 0 || (setting->is_optional && (r == -ENOENT || r == -EOPNOTSUPP)))
		return 0;
	return lack(m, r, setting->path, file);
}

static int write_v1_device(const struct group *group, const struct oci_device_rule *rule)
{
	char text[64], major[24] = "*", minor[24] = "*";

	if (rule->major >= 0)
		snprintf(major, sizeof(major), "%lld", (long long)rule->major);
	if (rule->minor >= 0)
		snprintf(minor, sizeof(minor), "%lld", (long long)rule->minor);
	if (rule->type == 'a')
		str_copy(text, sizeof(text), "a");
	else
		snprintf(text, sizeof(text), "%c %s:%s %s%s%s", rule->type, major, minor,
			 rule->can_read ? "r" : "", rule->can_write ? "w" : "",
			 rule->can_make ? "m" : "");
	return fd_write_file(group->fd, rule->is_allowed ? "devices.allow" : "devices.deny", text);
}

/* The bundle's list in its order, then what no container can do without. */
static int write_devices(struct making *m, const struct group *group)
{
	const struct oci_resources *resources = &m->config->resources;
	int r = 0;

	if (group->is_unified)
		return oci_device_filter_attach(group->fd, resources->devices,
						resources->device_count, m->e);
	for (size_t i = 0; r == 0 && i < resources->device_count; i++)
		r = write_v1_device(group, &resources->devices[i]);
	for (size_t i = 0; r == 0 && i < oci_default_device_count; i++)
		r = write_v1_device(group, &oci_default_devices[i]);
	return r < 0 ? lack(m, r, "devices", NULL) : 0;
}

static int make_all(struct making *m)
{
	const struct oci_resources *resources = &m->config->resources;
	struct group groups[OCI_GROUPS_MAX], *group;
	size_t count = 0;
	int r = clean_path(m);

	/* An ordinary user cannot make device nodes anyway, nor open the host's. */
	if (r == 0 && resources->device_count && m->is_root) {
		r = find_group(m, "devices", groups, &count, &group);
		r = r < 0 ? lack(m, r, "devices", NULL) : write_devices(m, group);
	}
	for (size_t i = 0; r == 0 && i < resources->count; i++) {
		const struct oci_setting *setting = &resources->settings[i];
		r = find_group(m, setting->controller, groups, &count, &group);
		r = r < 0 ? lack(m, r, setting->path, NULL) : write_setting(m, group, setting);
	}
	if (r == 0 && !count && !(m->config->namespaces & CLONE_NEWPID) &&
	    !m->config->joined[OCI_NS_PID])
		find_group(m, "pids", groups, &count, &group); /* a wish: to find its processes */
	while (count)
		fd_close(&groups[--count].fd);
	return r;
}

int oci_groups_make(const struct oci_config *config, struct oci_state *state, struct err *e)
{
	struct making m = {.config = config, .state = state, .is_root = oci_is_real_root(), .e = e};
	bool has_pids = config->namespaces & CLONE_NEWPID || config->joined[OCI_NS_PID];

	if (!config->resources.count && !config->resources.device_count && has_pids)
		return 0;
	auto_free char *texts = cgroup_read_texts(0, &m.mountinfo);
	if (!texts)
		return err_sys(e, errno, "find our own cgroup");
	m.membership = texts;
	return make_all(&m);
}

int oci_groups_join(const struct oci_groups *groups, struct err *e)
{
	for (size_t i = 0; i < groups->entered_count; i++) {
		auto_close int fd = open(groups->entered[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		int r = fd < 0 ? -errno : fd_write_file(fd, "tasks", "0");
		if (r < 0 && r != -ENOENT) /* v2 has no such file */
			return err_sys(e, r, "join the cgroup '%s'", groups->entered[i]);
	}
	return 0;
}

int oci_groups_open_unified(const struct oci_groups *groups)
{
	for (size_t i = 0; i < groups->entered_count; i++) {
		auto_close int fd = open(groups->entered[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && faccessat(fd, "tasks", F_OK, 0) < 0)
			return fd_move(&fd);
	}
	return -1;
}

static bool signal_group(const char *path, int signal_number)
{
	auto_free char *text = malloc(PIDS_TEXT_MAX);
	auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *position = NULL;
	bool is_any = false;

	if (!text || fd < 0 || fd_read_file(fd, "cgroup.procs", text, PIDS_TEXT_MAX) < 0)
		return false;
	for (char *word = strtok_r(text, "\n", &position); word;
	     word = strtok_r(NULL, "\n", &position)) {
		int pid = (int)strtol(word, NULL, 10);
		is_any |= pid > 0 && kill(pid, signal_number) == 0;
	}
	return is_any;
}

bool oci_groups_signal(const struct oci_groups *groups, int signal_number)
{
	bool is_any = false;

	for (size_t i = 0; i < groups->made_count; i++)
		is_any |= signal_group(groups->made[i], signal_number);
	return is_any;
}

void oci_groups_remove(const struct oci_groups *groups)
{
	const struct timespec pause = {.tv_nsec = 5000000};

	for (size_t i = groups->made_count; i-- > 0;)
		for (int tries = 0; tries < REMOVE_TRIES; tries++) {
			if (rmdir(groups->made[i]) == 0 || errno != EBUSY)
				break;
			signal_group(groups->made[i], SIGKILL);
			nanosleep(&pause, NULL);
		}
}

const struct oci_device_rule oci_default_devices[] = {
    {'c', true, false, false, true, -1, -1}, /* making a node is no opening it */
    {'b', true, false, false, true, -1, -1}, {'c', true, true, true, true, 1, 3}, /* null */
    {'c', true, true, true, true, 1, 5},                                          /* zero */
    {'c', true, true, true, true, 1, 7},                                          /* full */
    {'c', true, true, true, true, 1, 8},                                          /* random */
    {'c', true, true, true, true, 1, 9},                                          /* urandom */
    {'c', true, true, true, true, 5, 0},                                          /* tty */
    {'c', true, true, true, true, 5, 2},                                          /* ptmx */
    {'c', true, true, true, true, 136, -1}, /* terminals of devpts */
};
const size_t oci_default_device_count = sizeof(oci_default_devices) /
					sizeof(oci_default_devices[0]);
