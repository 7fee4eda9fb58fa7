/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libarchive writes the archives, we find what goes in. A file is opened only if it is a regular
 * one, must then still be the one that was looked at, and must have as many bytes as it said. Of
 * several names of one file (hard links) the first has the bytes, and all have the same number,
 * by which the kernel knows them again; numbers are ours, so that the same tree always makes the
 * same archive.
 */
#include "pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "bzimage.h"
#include "fd.h"
#include "modules.h"
#include "str.h"
#include "tree.h"
#include "unpack.h"

enum {
	PAGE = 4096,
	PIECE = 64 * 1024,
	CONSOLE_MAJOR = 5,
	CONSOLE_MINOR = 1,
	MODULE_MAX = 64 << 20,
	AGENT_MAX = 16 << 20,
};

/* A file with several names. */
struct linked {
	dev_t device;
	ino_t inode;
	int64_t number;
};

struct pack {
	struct archive *archive;
	struct archive_entry *entry; /* used again for each */
	int64_t number;              /* of the last one */
	uint64_t bytes;
	void *linked; /* of tsearch(3) */
	struct pack_losses losses;
	char path[sizeof("image/") + TREE_PATH_MAX];
	char piece[PIECE];
};

static int tell(struct pack *pack, const char *path, struct err *e)
{
	int code = archive_errno(pack->archive);

	if (code <= 0) /* libarchive's own */
		return err_set(e, EINVAL, "pack '%.200s': %.200s", path,
			       archive_error_string(pack->archive));
	int r = err_sys(e, code, "pack '%.200s'", path);
	return code == ENOSPC ? err_hint(e, r,
					 "the cache's file system is full: XDG_CACHE_HOME names "
					 "another directory")
			      : r;
}

static struct pack *begin(int to, struct err *e)
{
	struct pack *pack = calloc(1, sizeof(*pack));

	if (pack) {
		pack->archive = archive_write_new();
		pack->entry = archive_entry_new();
	}
	if (!pack || !pack->archive || !pack->entry) {
		err_sys(e, ENOMEM, "pack");
		return pack;
	}
	archive_write_set_format_cpio_newc(pack->archive);
	archive_write_add_filter_none(pack->archive);
	archive_write_set_bytes_per_block(pack->archive, PIECE);
	archive_write_set_bytes_in_last_block(pack->archive, PAGE);
	if (archive_write_open_fd(pack->archive, to) != ARCHIVE_OK)
		tell(pack, "the archive", e);
	return pack;
}

static int finish(struct pack *pack, int r, struct err *e)
{
	if (!pack)
		return r;
	if (r == 0 && archive_write_close(pack->archive) != ARCHIVE_OK)
		r = tell(pack, "the end", e);
	/* Not archive_write_fail(): what was given up so, libarchive would never free. */
	archive_write_free(pack->archive);
	archive_entry_free(pack->entry);
	tdestroy(pack->linked, free);
	free(pack);
	return r;
}

/* Writes what stands in pack->entry. */
static int put_header(struct pack *pack, const char *path, struct err *e)
{
	pack->bytes += (uint64_t)archive_entry_size(pack->entry) + strlen(path) + 128;
	if (pack->bytes > PACK_BYTES_MAX)
		return err_hint(e,
				err_set(e, EFBIG, "more than %d MiB of files",
					PACK_BYTES_MAX >> 20),
				"a Linux guest has its image in its memory: take a smaller one");
	archive_entry_set_pathname(pack->entry, path);
	return archive_write_header(pack->archive, pack->entry) == ARCHIVE_OK ? 0
									      : tell(pack, path, e);
}

/* An entry that no file stands behind. */
static int put(struct pack *pack, const char *path, mode_t mode, const void *data, size_t length,
	       struct err *e)
{
	archive_entry_clear(pack->entry);
	archive_entry_set_mode(pack->entry, mode);
	archive_entry_set_nlink(pack->entry, 1);
	archive_entry_set_ino64(pack->entry, ++pack->number);
	archive_entry_set_size(pack->entry, (la_int64_t)length);
	if (S_ISCHR(mode)) {
		archive_entry_set_rdevmajor(pack->entry, CONSOLE_MAJOR);
		archive_entry_set_rdevminor(pack->entry, CONSOLE_MINOR);
	}
	int r = put_header(pack, path, e);
	if (r == 0 && length &&
	    archive_write_data(pack->archive, data, length) != (la_ssize_t)length)
		r = tell(pack, path, e);
	return r;
}

/* ---- an image ---- */

static int compare(const void *a, const void *b)
{
	const struct linked *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return x->device == y->device ? 0 : x->device < y->device ? -1 : 1;
}

/* The number of a file, and whether its bytes are in the archive already. */
static int number_of(struct pack *pack, const struct stat *status, bool *ret_is_known)
{
	struct linked wanted = {.device = status->st_dev, .inode = status->st_ino};
	struct linked **found;

	*ret_is_known = false;
	if (status->st_nlink < 2 || S_ISDIR(status->st_mode)) {
		archive_entry_set_ino64(pack->entry, ++pack->number);
		return 0;
	}
	found = tfind(&wanted, &pack->linked, compare);
	if (!found) {
		struct linked *made = malloc(sizeof(*made));
		if (!made)
			return -ENOMEM;
		*made = wanted;
		made->number = ++pack->number;
		found = tsearch(made, &pack->linked, compare);
		if (!found) {
			free(made);
			return -ENOMEM;
		}
	} else {
		*ret_is_known = true;
	}
	archive_entry_set_ino64(pack->entry, (*found)->number);
	return 0;
}

static void set_owner(struct pack *pack, const struct stat *status)
{
	bool is_ours = geteuid() != 0;

	archive_entry_set_uid(pack->entry,
			      is_ours && status->st_uid == geteuid() ? 0 : status->st_uid);
	archive_entry_set_gid(pack->entry,
			      is_ours && status->st_gid == getegid() ? 0 : status->st_gid);
}

/* Opens the regular file that was looked at. -EACCES: we may not read it. */
static int open_file(const struct tree_entry *entry, struct err *e)
{
	struct stat opened;
	auto_close int fd = openat(entry->directory, entry->name,
				   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && (errno == EACCES || errno == EPERM))
		return -EACCES;
	if (fd < 0 || fstat(fd, &opened) < 0)
		return err_sys(e, errno, "open '%.200s'", entry->path);
	if (opened.st_ino != entry->status.st_ino || opened.st_dev != entry->status.st_dev ||
	    !S_ISREG(opened.st_mode) || opened.st_size != entry->status.st_size)
		return err_sys(e, ESTALE, "read '%.200s', which somebody changes", entry->path);
	return fd_move(&fd);
}

static int put_content(struct pack *pack, int fd, const struct tree_entry *entry, struct err *e)
{
	uint64_t rest = (uint64_t)entry->status.st_size;

	while (rest) {
		ssize_t n = read(fd, pack->piece, rest < PIECE ? rest : PIECE);
		if (n <= 0)
			return err_sys(e, n < 0 ? errno : ESTALE, "read '%.200s'", entry->path);
		if (archive_write_data(pack->archive, pack->piece, (size_t)n) != n)
			return tell(pack, entry->path, e);
		rest -= (uint64_t)n;
	}
	return 0;
}

static int put_file(struct pack *pack, const struct tree_entry *entry, struct err *e)
{
	bool is_known;
	int r = number_of(pack, &entry->status, &is_known);
	auto_close int fd = -1;

	if (r < 0)
		return err_sys(e, r, "pack '%.200s'", entry->path);
	if (!is_known && entry->status.st_size > 0) {
		fd = open_file(entry, e);
		if (fd < 0 && fd != -EACCES)
			return fd;
		pack->losses.closed += fd < 0;
	}
	archive_entry_set_nlink(pack->entry, (unsigned)entry->status.st_nlink);
	archive_entry_set_size(pack->entry, fd >= 0 ? entry->status.st_size : 0);
	r = put_header(pack, pack->path, e);
	return r < 0 || fd < 0 ? r : put_content(pack, fd, entry, e);
}

static int put_link(struct pack *pack, const struct tree_entry *entry, struct err *e)
{
	char target[TREE_PATH_MAX];
	ssize_t n = readlinkat(entry->directory, entry->name, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys(e, errno, "read the link '%.200s'", entry->path);
	target[n] = '\0';
	archive_entry_set_symlink(pack->entry, target);
	archive_entry_set_ino64(pack->entry, ++pack->number);
	archive_entry_set_nlink(pack->entry, 1);
	return put_header(pack, pack->path, e);
}

static int put_entry(void *arg, const struct tree_entry *entry, struct err *e)
{
	struct pack *pack = arg;
	mode_t mode = entry->status.st_mode;

	if (S_ISCHR(mode) || S_ISBLK(mode) || S_ISSOCK(mode)) {
		pack->losses.special++;
		return 0;
	}
	snprintf(pack->path, sizeof(pack->path), "image/%s", entry->path);
	archive_entry_clear(pack->entry);
	archive_entry_set_mode(pack->entry, mode);
	archive_entry_set_mtime(pack->entry, entry->status.st_mtim.tv_sec, 0);
	archive_entry_set_size(pack->entry, 0);
	set_owner(pack, &entry->status);
	if (S_ISREG(mode))
		return put_file(pack, entry, e);
	if (S_ISLNK(mode))
		return put_link(pack, entry, e);
	pack->losses.closed += entry->is_closed;
	archive_entry_set_ino64(pack->entry, ++pack->number);
	archive_entry_set_nlink(pack->entry, S_ISDIR(mode) ? 2 : 1);
	return put_header(pack, pack->path, e);
}

int pack_image(int top, int to, struct pack_losses *ret, struct err *e)
{
	struct err error = {0};
	struct pack *pack = begin(to, &error);
	struct stat status;
	int r = -error.code;

	if (r == 0 && fstat(top, &status) < 0)
		r = err_sys(&error, errno, "look at it");
	if (r == 0)
		r = put(pack, "image", S_IFDIR | (status.st_mode & 0777), NULL, 0, &error);
	if (r == 0)
		r = tree_walk(top, put_entry, pack, &error);
	if (r == 0)
		*ret = pack->losses;
	r = finish(pack, r, &error);
	if (r < 0 && e)
		*e = error;
	return r;
}

/* ---- agent and modules ---- */

static int add_piece(void *arg, const void *bytes, size_t length, struct err *e)
{
	struct strbuf *content = arg;

	str_add_bytes(content, bytes, length);
	return content->failed ? err_sys(e, ENOMEM, "keep a file in memory") : 0;
}

/* A whole file, unpacked if it is packed. */
static int read_whole(int fd, uint64_t limit, struct strbuf *ret, struct err *e)
{
	struct stat status;
	uint8_t head[8];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	if (n < 0 || fstat(fd, &status) < 0)
		return err_sys(e, errno, "read it");
	if (!S_ISREG(status.st_mode) || status.st_size <= 0)
		return err_set(e, EBADMSG, "it is empty, or no file");
	struct unpack_source source = {.fd = fd,
				       .bytes = (uint64_t)status.st_size,
				       .compression = bzimage_compression(head, (uint64_t)n),
				       .limit = limit};
	return unpack(&source, add_piece, ret, e);
}

static int put_module(struct pack *pack, int directory, const struct module *module, struct err *e)
{
	auto_strbuf content = {0};
	char path[sizeof("modules/.ko") + MODULES_NAME_MAX];
	auto_close int fd = openat(directory, module->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int r = fd < 0 ? err_sys(e, errno, "open it") : read_whole(fd, MODULE_MAX, &content, e);

	if (r < 0)
		return err_ctx(e, r, "module '%.200s'", module->path);
	snprintf(path, sizeof(path), "modules/%s.ko", module->name);
	return put(pack, path, S_IFREG | 0600, content.data, content.length, e);
}

static void add_order(struct strbuf *order, const struct strbuf *text, const struct modules *all,
		      const char *name)
{
	size_t needed[MODULES_MAX];
	size_t count = modules_needed(text->data, text->length, all, name, needed);

	str_add(order, name);
	for (size_t i = 0; i < count; i++)
		if (strcmp(all->list[needed[i]].name, name) != 0)
			str_addf(order, " %s", all->list[needed[i]].name);
	str_add(order, "\n");
}

static int put_modules(struct pack *pack, int directory, struct err *e)
{
	auto_strbuf text = {0}, order = {0};
	auto_free struct modules *modules = calloc(1, sizeof(*modules));
	auto_close int fd = openat(directory, "modules.dep", O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? err_sys(e, errno, "open modules.dep")
		       : read_whole(fd, MODULES_DEP_MAX, &text, e);

	if (r == 0 && !modules)
		r = err_sys(e, ENOMEM, "choose modules");
	if (r == 0)
		r = modules_choose(text.data, text.length, modules_wanted, modules, e);
	if (r == 0)
		r = put(pack, "modules", S_IFDIR | 0700, NULL, 0, e);
	for (size_t i = 0; r == 0 && i < modules->count; i++) {
		r = put_module(pack, directory, &modules->list[i], e);
		add_order(&order, &text, modules, modules->list[i].name);
	}
	if (r == 0 && order.failed)
		r = err_sys(e, ENOMEM, "write the modules' order");
	return r < 0 ? r : put(pack, "modules/order", S_IFREG | 0600, order.data, order.length, e);
}

int pack_base(int agent, int modules, int to, struct err *e)
{
	struct err error = {0};
	auto_strbuf program = {0};
	struct pack *pack = begin(to, &error);
	int r = -error.code;

	if (r == 0)
		r = read_whole(agent, AGENT_MAX, &program, &error);
	if (r == 0)
		r = put(pack, "init", S_IFREG | 0755, program.data, program.length, &error);
	if (r == 0)
		r = put(pack, "dev", S_IFDIR | 0755, NULL, 0, &error);
	if (r == 0)
		r = put(pack, "dev/console", S_IFCHR | 0600, NULL, 0, &error);
	if (r == 0 && modules >= 0)
		r = put_modules(pack, modules, &error);
	r = finish(pack, r, &error);
	if (r < 0 && e)
		*e = error;
	return r;
}

/* ---- isolab itself ---- */

static int put_program(struct pack *pack, const char *word, struct err *e)
{
	auto_strbuf content = {0};
	char path[128];
	const char *file = strchr(word, '=');

	if (!file || snprintf(path, sizeof(path), "isolab/%.*s", (int)(file - word), word) >=
			 (int)sizeof(path))
		return err_set(e, EINVAL, "'%.80s' is not NAME=FILE", word);
	auto_close int fd = open(file + 1, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? err_sys(e, errno, "open it") : read_whole(fd, AGENT_MAX, &content, e);
	if (r == 0)
		r = put(pack, path, S_IFREG | 0755, content.data, content.length, e);
	return r < 0 ? err_ctx(e, r, "program '%.200s'", file + 1) : 0;
}

int pack_programs(char *const words[], int to, struct err *e)
{
	struct err error = {0};
	struct pack *pack = begin(to, &error);
	int r = -error.code;

	if (r == 0)
		r = put(pack, "isolab", S_IFDIR | 0755, NULL, 0, &error);
	for (; r == 0 && *words; words++)
		r = put_program(pack, *words, &error);
	if (r == 0)
		r = put(pack, "isolab/images", S_IFDIR | 0755, NULL, 0, &error);
	if (r == 0) {
		archive_entry_clear(pack->entry);
		archive_entry_set_mode(pack->entry, S_IFLNK | 0777);
		archive_entry_set_size(pack->entry, 0);
		archive_entry_set_symlink(pack->entry, "/");
		archive_entry_set_ino64(pack->entry, ++pack->number);
		r = put_header(pack, "isolab/images/base", &error);
	}
	r = finish(pack, r, &error);
	if (r < 0 && e)
		*e = error;
	return r;
}
