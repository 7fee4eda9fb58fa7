/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One sandbox's directory: made whole, opened, locked, removed.
 *
 * Making: a hidden directory, its lock file, the lock, then the files, then one rename(2) to the
 * name. Renaming a directory onto another fails unless that one is empty, so two makers of one name
 * cannot both win. Removing goes the same way backwards. The lock is flock(2): it belongs to the
 * open file description, which a worker inherits from its front.
 */
#include "rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "rundir_private.h"

enum { LOCK_ATTEMPTS = 100 }; /* a millisecond each */

void rundir_finish(struct rundir *dir)
{
	fd_close(&dir->base_fd);
	fd_close(&dir->fd);
	fd_close(&dir->lock_fd);
}

void rundir_hidden_name(const struct rundir *dir, char *buffer, size_t size)
{
	snprintf(buffer, size, RUNDIR_HIDDEN_PREFIX "%d-%llx",
		 dir->maker ? dir->maker : (int)getpid(), (unsigned long long)clock_now_ns());
}

int rundir_hint_full(struct err *e, int r)
{
	char path[256];

	if (r != -ENOSPC && r != -EDQUOT && r != -EROFS && r != -EACCES)
		return r;
	return err_hint(e, r,
			"'%s' %s; free some room, or set XDG_RUNTIME_DIR to another directory",
			rundir_base_path(path, sizeof(path)),
			r == -ENOSPC || r == -EDQUOT ? "is full" : "cannot be written");
}

/* ---- opening ---- */

int rundir_open_entry(int base_fd, const char *entry, struct rundir *ret_dir, struct err *e)
{
	auto_rundir dir = RUNDIR_NONE;

	dir.fd = openat(base_fd, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir.fd < 0)
		return err_sys(e, errno, "open '%s'", entry);
	dir.base_fd = fcntl(base_fd, F_DUPFD_CLOEXEC, 3);
	if (dir.base_fd < 0)
		return err_sys(e, errno, "open '%s'", entry);
	str_copy(dir.name, sizeof(dir.name), entry);
	*ret_dir = dir;
	dir = RUNDIR_NONE;
	return 0;
}

struct names {
	char name[128][SPEC_NAME_MAX];
	size_t count;
};

static int collect_name(void *arg, const char *name)
{
	struct names *names = arg;

	if (names->count < 128)
		str_copy(names->name[names->count++], SPEC_NAME_MAX, name);
	return 0;
}

/* No such sandbox: was another one meant? */
static int refuse_missing(int base_fd, const char *name, struct err *e)
{
	auto_free struct names *names = calloc(1, sizeof(*names));
	const char *list[128], *nearest = NULL;
	int r = err_set(e, ENOENT, "no sandbox '%s'", name);

	if (names && rundir_list(base_fd, collect_name, names, NULL) == 0) {
		for (size_t i = 0; i < names->count; i++)
			list[i] = names->name[i];
		nearest = str_nearest(name, list, names->count);
	}
	if (nearest)
		return err_hint(e, r, "did you mean '%s'?", nearest);
	return err_hint(e, r, "'isolab ps' lists those there are");
}

int rundir_open(const char *name, struct rundir *ret_dir, struct err *e)
{
	auto_close int base_fd = -1;
	int r;

	if (!str_is_name(name))
		return err_set(e, EINVAL, "'%s' cannot be a sandbox's name", name);
	base_fd = rundir_open_base(e);
	if (base_fd < 0)
		return base_fd;
	r = rundir_open_entry(base_fd, name, ret_dir, e);
	return r == -ENOENT ? refuse_missing(base_fd, name, e) : r;
}

/* ---- the lock ---- */

int rundir_try_lock(struct rundir *dir)
{
	auto_close int fd = openat(dir->fd, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	/* The one who had it may have removed all of it. */
	if (fstat(fd, &status) < 0 || status.st_nlink == 0)
		return -ENOENT;
	dir->lock_fd = fd_move(&fd);
	return 0;
}

int rundir_lock(struct rundir *dir, struct err *e)
{
	/* Who only looks (rundir_is_locked) holds it for a few microseconds; a busy machine may
	 * take the processor from it just then. */
	const struct timespec pause = {.tv_nsec = 1000000};
	int r = rundir_try_lock(dir);

	for (int attempt = 0; r == -EBUSY && attempt < LOCK_ATTEMPTS; attempt++) {
		nanosleep(&pause, NULL);
		r = rundir_try_lock(dir);
	}
	if (r == -EBUSY)
		return err_set(e, EBUSY, "sandbox '%s' is in use", dir->name);
	if (r == -ENOENT)
		return err_set(e, ENOENT, "sandbox '%s' has just been removed", dir->name);
	return r < 0 ? err_sys(e, -r, "lock sandbox '%s'", dir->name) : 0;
}

bool rundir_is_locked(const struct rundir *dir)
{
	auto_close int fd = openat(dir->fd, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return false;
	return flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* ---- making ---- */

static int make_file(const struct rundir *dir, const char *file, const void *data, size_t length,
		     struct err *e)
{
	auto_close int fd = openat(dir->fd, file,
				   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return err_sys(e, errno, "make '%s'", file);
	r = length ? fd_write_all(fd, data, length) : 0;
	return r < 0 ? err_sys(e, -r, "write '%s'", file) : 0;
}

int rundir_make_hidden(struct rundir *dir, char *hidden, size_t size, struct err *e)
{
	dir->maker = (int)getpid();
	rundir_hidden_name(dir, hidden, size);
	if (mkdirat(dir->base_fd, hidden, 0700) < 0)
		return err_sys(e, errno, "make a directory");
	dir->fd = openat(dir->base_fd, hidden, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir->fd < 0)
		return err_sys(e, errno, "open the new directory");
	dir->lock_fd = openat(dir->fd, "lock", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (dir->lock_fd < 0)
		return err_sys(e, errno, "make 'lock'");
	if (flock(dir->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return err_sys(e, errno, "lock the new directory");
	return 0;
}

static int make_spec(const struct rundir *dir, const char *file, const struct sandbox_spec *spec,
		     struct err *e)
{
	auto_strbuf words = {.limit = SPEC_FILE_MAX};

	spec_encode(spec, &words);
	if (words.failed)
		return err_hint(e,
				err_set(e, E2BIG, "command and environment of more than %d bytes",
					SPEC_FILE_MAX),
				"hand them over on its input: isolab run -i …");
	return make_file(dir, file, words.data, words.length, e);
}

/* An empty file that stays open. */
static int make_open(const struct rundir *dir, const char *file, int flags, int *ret_fd,
		     struct err *e)
{
	*ret_fd = openat(dir->fd, file, flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return *ret_fd < 0 ? err_sys(e, errno, "make '%s'", file) : 0;
}

static int make_files(const struct rundir *dir, const struct sandbox_spec *spec,
		      struct rundir_files *files, struct err *e)
{
	int r = make_spec(dir, "spec", spec, e);

	if (r == 0)
		r = make_open(dir, "events", O_WRONLY | O_APPEND, &files->events_fd, e);
	if (r == 0)
		r = make_open(dir, "console", O_RDWR, &files->console_fd, e);
	if (r == 0 && spec->leased)
		r = rundir_record_process(dir, "front", getpid(), e);
	return r;
}

static int publish(const struct rundir *dir, const char *hidden, struct err *e)
{
	int r;

	if (renameat(dir->base_fd, hidden, dir->base_fd, dir->name) == 0)
		return 0;
	if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR)
		return err_sys(e, errno, "rename the new directory");
	r = err_set(e, EEXIST, "there is a sandbox '%s' already", dir->name);
	return err_hint(e, r, "take another name, or remove it: isolab rm %s", dir->name);
}

void rundir_close_files(struct rundir_files *files)
{
	fd_close(&files->events_fd);
	fd_close(&files->console_fd);
}

int rundir_create(const struct sandbox_spec *spec, struct rundir *ret_dir, struct err *e)
{
	__attribute__((cleanup(rundir_close_files))) struct rundir_files files = RUNDIR_NO_FILES;

	return rundir_create_open(spec, ret_dir, &files, e);
}

int rundir_create_open(const struct sandbox_spec *spec, struct rundir *ret_dir,
		       struct rundir_files *ret_files, struct err *e)
{
	auto_rundir dir = RUNDIR_NONE;
	char hidden[64];
	int r;

	if (!str_is_name(spec->name))
		return err_set(e, EINVAL, "'%s' cannot be a sandbox's name", spec->name);
	str_copy(dir.name, sizeof(dir.name), spec->name);
	dir.base_fd = rundir_open_base(e);
	if (dir.base_fd < 0)
		return dir.base_fd;
	r = rundir_make_hidden(&dir, hidden, sizeof(hidden), e);
	if (r == 0)
		r = make_files(&dir, spec, ret_files, e);
	if (r == 0)
		r = publish(&dir, hidden, e);
	if (r < 0) {
		rundir_close_files(ret_files);
		if (dir.fd >= 0)
			rundir_remove_entry(&dir, hidden, NULL);
		return r == -EEXIST ? r
				    : rundir_hint_full(e, err_ctx(e, r, "create '%s'", spec->name));
	}
	*ret_dir = dir;
	dir = RUNDIR_NONE;
	return 0;
}

/* ---- files ---- */

int rundir_open_file(const struct rundir *dir, const char *file, int flags, struct err *e)
{
	int fd = openat(dir->fd, file, flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);

	if (fd >= 0)
		return fd;
	return rundir_hint_full(e, err_sys(e, errno, "sandbox '%s': open '%s'", dir->name, file));
}

int rundir_load_spec(const struct rundir *dir, struct sandbox_spec *ret_spec, struct err *e)
{
	auto_close int fd = rundir_open_file(dir, "spec", O_RDONLY, e);
	auto_free char *data = NULL;
	struct stat status;
	ssize_t n;
	int r;

	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0)
		return err_sys(e, errno, "sandbox '%s': spec", dir->name);
	if (!S_ISREG(status.st_mode) || status.st_size > SPEC_FILE_MAX)
		return err_set(e, EBADMSG, "sandbox '%s': spec is no spec", dir->name);
	data = malloc((size_t)status.st_size + 1);
	if (!data)
		return err_sys(e, ENOMEM, "sandbox '%s': spec", dir->name);
	n = fd_read_full(fd, data, (size_t)status.st_size);
	if (n < 0)
		return err_sys(e, (int)-n, "sandbox '%s': read spec", dir->name);
	r = spec_decode(ret_spec, data, (size_t)n, e);
	if (r < 0)
		return err_ctx(e, r, "sandbox '%s'", dir->name);
	/* The entry's name is the truth: the directory may have been renamed by its owner. */
	str_copy(ret_spec->name, sizeof(ret_spec->name), dir->name);
	return 0;
}

int rundir_save_spec(const struct rundir *dir, const struct sandbox_spec *spec, struct err *e)
{
	static const char hidden[] = "spec.new";
	int r;

	unlinkat(dir->fd, hidden, 0); /* left over from one who was killed here */
	r = make_spec(dir, hidden, spec, e);
	if (r == 0 && renameat(dir->fd, hidden, dir->fd, "spec") < 0)
		r = err_sys(e, errno, "rename '%s'", hidden);
	if (r < 0)
		unlinkat(dir->fd, hidden, 0);
	return r < 0 ? rundir_hint_full(e, err_ctx(e, r, "save the spec of '%s'", dir->name)) : 0;
}

/* ---- removing ---- */

/* Whatever else lies there. Only called when the files that we know were not all. */
static void remove_others(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!stream) {
		fd_close(&fd);
		return;
	}
	while ((entry = readdir(stream)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dir_fd, entry->d_name, 0);
	closedir(stream);
}

static void unlink_files(int dir_fd, const char *const *files)
{
	for (; *files; files++)
		unlinkat(dir_fd, *files, 0);
}

int rundir_remove_entry(struct rundir *dir, const char *entry, struct err *e)
{
	static const char *const always[] = {"sock", "console", "events", "spec", "lock", NULL};
	static const char *const sometimes[] = {"init", "front", "stats", "calls", NULL};
	char hidden[64];

	rundir_hidden_name(dir, hidden, sizeof(hidden));
	if (renameat(dir->base_fd, entry, dir->base_fd, hidden) == 0)
		entry = hidden;
	unlink_files(dir->fd, always);
	if (unlinkat(dir->base_fd, entry, AT_REMOVEDIR) == 0)
		return 0;
	unlink_files(dir->fd, sometimes);
	if (unlinkat(dir->base_fd, entry, AT_REMOVEDIR) == 0)
		return 0;
	remove_others(dir->fd);
	if (unlinkat(dir->base_fd, entry, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(e, errno, "remove the directory of '%s'", dir->name);
	return 0;
}

int rundir_remove(struct rundir *dir, struct err *e)
{
	return rundir_remove_entry(dir, dir->name, e);
}

/* ---- listing ---- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(DIR *stream, char ***names, size_t *count, struct err *e)
{
	const struct dirent *entry;

	while ((entry = readdir(stream)) != NULL) {
		char **grown;

		if (!str_is_name(entry->d_name) ||
		    (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		grown = realloc(*names, (*count + 1) * sizeof(*grown));
		if (!grown)
			return err_sys(e, ENOMEM, "list of sandboxes");
		*names = grown;
		grown[*count] = strdup(entry->d_name);
		if (!grown[*count])
			return err_sys(e, ENOMEM, "list of sandboxes");
		++*count;
	}
	return 0;
}

int rundir_list(int base_fd, int (*each)(void *arg, const char *name), void *arg, struct err *e)
{
	int fd = openat(base_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	char **names = NULL;
	size_t count = 0;

	if (!stream) {
		r = err_sys(e, errno, "list the sandboxes");
		fd_close(&fd);
		return r;
	}
	r = read_names(stream, &names, &count, e);
	closedir(stream);
	if (r == 0 && count > 0)
		qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count; i++) {
		if (r == 0)
			r = each(arg, names[i]);
		free(names[i]);
	}
	free(names);
	return r;
}
