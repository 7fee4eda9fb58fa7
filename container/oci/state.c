// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One directory per container, see state.h. Whoever makes or changes a container holds a lock on
 * the directory itself; readers need none, since state.json is replaced by rename. The name of a
 * container becomes the name of a directory, so it is checked before anything else.
 */
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fd.h"
#include "json.h"
#include "kernel.h"
#include "str.h"

enum { STATE_FILE_MAX = 1024 * 1024 };

void oci_state_init(struct oci_state *state)
{
	*state = (struct oci_state){.root = -1, .directory = -1};
}

void oci_state_finish(struct oci_state *state)
{
	fd_close(&state->root);
	fd_close(&state->directory);
	free(state->version);
	free(state->bundle);
	free(state->created);
	json_decref(state->annotations);
	for (size_t i = 0; i < state->groups.entered_count; i++)
		free(state->groups.entered[i]);
	for (size_t i = 0; i < state->groups.made_count; i++)
		free(state->groups.made[i]);
	oci_state_init(state);
}

static int make_directories(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int r = mkdir(path, 0711);
		*slash = '/';
		if (r < 0 && errno != EEXIST)
			return -errno;
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

int oci_state_open_root(const char *option, bool is_made, int *ret_fd, struct err *e)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char path[4096];
	int n = option                ? snprintf(path, sizeof(path), "%s", option)
		: runtime && *runtime ? snprintf(path, sizeof(path), "%s/isolab-oci", runtime)
				      : snprintf(path, sizeof(path), "/run/isolab-oci");
	struct stat found;

	if (n <= 0 || (size_t)n >= sizeof(path))
		return err_set(e, ENAMETOOLONG, "the directory of states has no usable name");
	if (!option && !runtime && geteuid() != 0)
		return err_hint(e, err_set(e, ENOENT, "XDG_RUNTIME_DIR is not set"),
				"set it, or say where states are to be kept: --root DIR");
	int r = is_made ? make_directories(path) : 0;
	if (r < 0)
		return err_sys(e, r, "make the directory of states '%s'", path);
	auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "open the directory of states '%s'", path);
	if (fstat(fd, &found) < 0 || found.st_uid != geteuid() || found.st_mode & 022)
		return err_hint(e, err_set(e, EPERM, "'%s' can be written by others", path),
				"it decides which programs are run: it must be yours, mode 0700");
	*ret_fd = fd_move(&fd);
	return 0;
}

static int check_id(const char *id, struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_+-.";
	size_t length = strlen(id);

	if (length && length <= OCI_ID_MAX && strspn(id, allowed) == length && *id != '.' &&
	    *id != '-')
		return 0;
	return err_hint(e, err_set(e, EINVAL, "'%.80s' cannot be the id of a container", id),
			"letters, digits and _ + - . after a letter or digit, at most %d of them",
			OCI_ID_MAX);
}

static int lock(int directory)
{
	int r;

	do
		r = flock(directory, LOCK_EX);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

void oci_state_unlock(struct oci_state *state)
{
	flock(state->directory, LOCK_UN);
	state->is_locked = false;
}

int oci_state_lock(struct oci_state *state, struct err *e)
{
	int r = lock(state->directory);

	state->is_locked = r == 0;
	return r < 0 ? err_sys(e, r, "lock the state of '%s'", state->id) : 0;
}

int oci_state_make(int root, const char *id, struct oci_state *ret, struct err *e)
{
	int r = check_id(id, e);

	if (r < 0)
		return r;
	str_copy(ret->id, sizeof(ret->id), id);
	if (mkdirat(root, id, 0700) < 0) {
		int error = errno;
		r = error == EEXIST ? err_set(e, error, "container '%s' exists already", id)
				    : err_sys(e, error, "make the state of '%s'", id);
		return error == EEXIST
			   ? err_hint(e, r, "another id, or first `isolab-oci delete %s`", id)
			   : r;
	}
	ret->root = fcntl(root, F_DUPFD_CLOEXEC, 3);
	ret->directory = openat(root, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (ret->root < 0 || ret->directory < 0 || (r = lock(ret->directory)) < 0)
		return err_sys(e, errno, "open the state of '%s'", id);
	ret->is_locked = true;
	return 0;
}

static char *take_text(const struct oci_node *node, const char *key)
{
	const char *text = "";

	oci_string(node, key, &text);
	return strdup(text);
}

static size_t take_texts(const struct oci_node *node, const char *key, char *to[], size_t max)
{
	struct oci_node list, item;
	size_t count = oci_array(node, key, &list), taken = 0;

	for (size_t i = 0; i < count && i < max && oci_item(&list, i, &item); i++) {
		const char *text = oci_text(&item);
		if (text && (to[taken] = strdup(text)))
			taken++;
	}
	return taken;
}

static void read_members(const struct oci_node *node, struct oci_state *ret)
{
	struct oci_node member;
	int64_t number = 0;

	if (oci_integer(node, "pid", 0, INT32_MAX, &number))
		ret->pid = (pid_t)number;
	oci_size(node, "startTicks", &ret->start_ticks);
	ret->version = take_text(node, "ociVersion");
	ret->bundle = take_text(node, "bundle");
	ret->created = take_text(node, "created");
	if (oci_object(node, "annotations", &member))
		ret->annotations = json_incref(member.value);
	ret->groups.entered_count = take_texts(node, "cgroups", ret->groups.entered,
					       OCI_GROUPS_MAX);
	ret->groups.made_count = take_texts(node, "cgroupsMade", ret->groups.made,
					    OCI_GROUP_PATHS_MAX);
}

static int load(struct oci_state *ret, struct err *e)
{
	auto_free char *text = malloc(STATE_FILE_MAX);
	struct oci_memory memory = {0};
	struct oci_reader reader = {.document = "state.json", .memory = &memory, .e = e};
	struct oci_node document = {.reader = &reader};

	if (!text)
		return err_sys(e, ENOMEM, "read the state of '%s'", ret->id);
	ssize_t n = fd_read_file(ret->directory, "state.json", text, STATE_FILE_MAX);
	if (n == -ENOENT) /* create was killed before it wrote anything */
		return 0;
	if (n < 0)
		return err_sys(e, (int)n, "read the state of '%s'", ret->id);
	int r = oci_json_parse("state.json", text, (size_t)n, &document.value, e);
	if (r < 0)
		return r;
	read_members(&document, ret);
	json_decref(document.value);
	oci_memory_finish(&memory);
	return reader.r;
}

int oci_state_open(int root, const char *id, bool is_locked, struct oci_state *ret, struct err *e)
{
	int r = check_id(id, e);

	if (r < 0)
		return r;
	str_copy(ret->id, sizeof(ret->id), id);
	ret->root = fcntl(root, F_DUPFD_CLOEXEC, 3);
	ret->directory = openat(root, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (ret->directory < 0 && errno == ENOENT)
		return err_hint(e, err_set(e, ENOENT, "there is no container '%s'", id),
				"`isolab-oci list` tells which there are (with the same --root)");
	if (ret->directory < 0 || ret->root < 0)
		return err_sys(e, errno, "open the state of '%s'", id);
	if (is_locked)
		r = oci_state_lock(ret, e);
	return r < 0 ? r : load(ret, e);
}

static json_t *list_texts(char *const texts[], size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(texts[i]));
	return list;
}

int oci_state_save(const struct oci_state *state, struct err *e)
{
	const struct oci_groups *groups = &state->groups;
	json_t *tree = json_pack("{ss ss si sI ss* ss* sO* so so}", "ociVersion", state->version,
				 "id", state->id, "pid", (int)state->pid, "startTicks",
				 (json_int_t)state->start_ticks, "bundle", state->bundle, "created",
				 state->created, "annotations", state->annotations, "cgroups",
				 list_texts(groups->entered, groups->entered_count), "cgroupsMade",
				 list_texts(groups->made, groups->made_count));
	auto_free char *text = tree ? json_dumps(tree, JSON_INDENT(1)) : NULL;
	auto_close int fd = openat(state->directory, ".state.json",
				   O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = !text ? -ENOMEM : fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));

	json_decref(tree);
	if (r == 0 && renameat(state->directory, ".state.json", state->directory, "state.json") < 0)
		r = -errno;
	return r < 0 ? err_sys(e, r, "write the state of '%s'", state->id) : 0;
}

int oci_state_remove(struct oci_state *state, struct err *e)
{
	static const char *const files[] = {"gate", "config.json", ".state.json", "state.json"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (unlinkat(state->directory, files[i], 0) < 0 && errno != ENOENT)
			return err_sys(e, errno, "remove '%s' of '%s'", files[i], state->id);
	if (unlinkat(state->root, state->id, AT_REMOVEDIR) < 0)
		return err_sys(e, errno, "remove the state of '%s'", state->id);
	return 0;
}

bool oci_read_start(pid_t pid, uint64_t *ret_ticks, bool *ret_is_alive)
{
	char path[32], text[1024], state;
	unsigned long long ticks;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (fd_read_file(AT_FDCWD, path, text, sizeof(text)) < 0)
		return false;
	const char *rest = strrchr(text, ')'); /* the name before it may hold anything */
	if (!rest || sscanf(rest + 1,
			    " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			    "%*d %*d %llu",
			    &state, &ticks) != 2)
		return false;
	*ret_ticks = ticks;
	*ret_is_alive = !strchr("ZXx", state);
	return true;
}

static bool is_alive(const struct oci_state *state)
{
	uint64_t ticks;
	bool is_process;

	return state->pid && oci_read_start(state->pid, &ticks, &is_process) && is_process &&
	       ticks == state->start_ticks;
}

enum oci_status oci_state_status(const struct oci_state *state)
{
	if (state->pid && !is_alive(state))
		return OCI_STOPPED;
	if (state->pid)
		return faccessat(state->directory, "gate", F_OK, 0) == 0 ? OCI_CREATED
									 : OCI_RUNNING;
	/* No pid yet: somebody makes it, and has the lock, or was killed while making it. */
	bool is_ours = state->is_locked || flock(state->directory, LOCK_SH | LOCK_NB) == 0;
	return is_ours ? OCI_STOPPED : OCI_CREATING;
}

const char *oci_status_name(enum oci_status status)
{
	static const char *const names[] = {[OCI_CREATING] = "creating",
					    [OCI_CREATED] = "created",
					    [OCI_RUNNING] = "running",
					    [OCI_STOPPED] = "stopped"};

	return names[status];
}

char *oci_state_describe(const struct oci_state *state, enum oci_status status, size_t json_flags)
{
	json_t *tree = json_pack("{ss ss ss ss}", "ociVersion",
				 state->version ? state->version : "1.0.2", "id", state->id,
				 "status", oci_status_name(status), "bundle",
				 state->bundle ? state->bundle : "");

	if (status != OCI_STOPPED && state->pid)
		json_object_set_new(tree, "pid", json_integer(state->pid));
	if (state->annotations)
		json_object_set(tree, "annotations", state->annotations);
	char *text = json_dumps(tree, json_flags | JSON_PRESERVE_ORDER);
	json_decref(tree);
	return text;
}

int oci_state_open_process(const struct oci_state *state)
{
	auto_close int process = state->pid ? kernel_pidfd_open(state->pid) : -1;

	/* Opened first, looked at then: what was looked at is what is held. */
	return process >= 0 && is_alive(state) ? fd_move(&process) : -ESRCH;
}
