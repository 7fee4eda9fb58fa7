/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A part's identity is computed here, without unpacking or packing anything; only what the cache
 * does not have is made, by isolab-kernel. That program gets its input as stdin and writes a file
 * of ours as stdout, which becomes part of the cache only if it ended well. Its words on stderr
 * are ours to tell.
 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot_cache.h"
#include "clock.h"
#include "fd.h"
#include "kernels.h"
#include "linux_boot.h"
#include "str.h"
#include "tree.h"
#include "worker.h"

enum {
	WORDS_MAX = 2048,   /* of isolab-kernel's on stderr */
	STATUS_UNKNOWN = 3, /* of isolab-kernel: this one can only unpack itself */
	PAGE = 4096,
};

/* The agent's file changes with isolab; what else the parts consist of has a number. */
static const char format_of_parts[] = "parts 1";

/* ---- isolab-kernel ---- */

struct making {
	const char *kind, *told; /* its name in the cache; in words, for the timeline */
	const char *words[6];    /* isolab-kernel's, after its name; ends with NULL */
	int input;
	bool is_public;
};

/* The child: never comes back. */
static void become_helper(const char *path, const struct making *making, int output, int errors)
{
	char *argv[8] = {(char *)"isolab-kernel"};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	worker_child_signals();
	for (int i = 0; making->words[i]; i++)
		argv[i + 1] = (char *)making->words[i];
	if (dup2(making->input, 0) >= 0 && dup2(output, 1) >= 0 && dup2(errors, 2) >= 0)
		execv(path, argv);
	dprintf(errors, "run '%s': %s\nhint: isolab is not built or installed whole: ./dev build\n",
		path, strerror(errno));
	_exit(WORKER_STATUS_FAILED);
}

/* Its lines: an error with its hint, or notes. */
static void tell_words(struct worker *worker, char *words, struct err *error)
{
	char *position = NULL;

	for (char *line = strtok_r(words, "\n", &position); line;
	     line = strtok_r(NULL, "\n", &position)) {
		if (strncmp(line, "note: ", 6) == 0)
			worker_note(worker, "image", "%s", line + 6);
		else if (strncmp(line, "hint: ", 6) == 0)
			err_hint(error, 0, "%s", line + 6);
		else if (!error->code)
			err_set(error, EBADMSG, "%s", line);
	}
}

static int run_helper(struct worker *worker, const struct making *making, int output, struct err *e)
{
	char path[BOOT_PATH_MAX], words[WORDS_MAX + 1] = "";
	int ends[2], status = 0;
	struct err error = {0};

	worker_data_path(worker, "isolab-kernel", path, sizeof(path));
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, errno, "make a pipe");
	pid_t pid = fork();
	if (pid == 0)
		become_helper(path, making, output, ends[1]);
	fd_close(&ends[1]);
	ssize_t n = pid < 0 ? 0 : fd_read_full(ends[0], words, WORDS_MAX);
	words[n > 0 ? n : 0] = '\0';
	fd_close(&ends[0]);
	if (pid < 0)
		return err_sys(e, errno, "run isolab-kernel");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	tell_words(worker, words, &error);
	if (status == 0)
		return 0;
	if (!error.code && WIFSIGNALED(status))
		err_set(&error, EINTR, "isolab-kernel was ended by signal %d", WTERMSIG(status));
	else if (!error.code)
		err_set(&error, EIO, "isolab-kernel ended with status %d", WEXITSTATUS(status));
	*e = error;
	return WIFEXITED(status) && WEXITSTATUS(status) == STATUS_UNKNOWN ? -ENOTSUP : -error.code;
}

/* From the cache, or made now. Returns a descriptor. */
static int find_or_make(struct worker *worker, const struct making *making, const char *identity,
			struct err *e)
{
	struct boot_cache_entry entry;
	char took[24], detail[64];
	uint64_t start_ns = clock_now_ns();
	int fd = boot_cache_open(making->kind, identity);

	if (fd >= 0)
		return fd;
	int r = boot_cache_create(&entry, making->kind, identity, e);
	if (r == 0)
		r = run_helper(worker, making, entry.fd, e);
	if (r == 0)
		r = boot_cache_keep(&entry, making->is_public, e);
	boot_cache_drop(&entry);
	if (r < 0)
		return r;
	uint64_t took_ns = clock_now_ns() - start_ns;
	snprintf(detail, sizeof(detail), "made %s %llu", making->kind, (unsigned long long)took_ns);
	worker_tell(worker, "prepare", detail, "%s: %s, once: it is kept for the next start",
		    making->told, str_format_ns(took, sizeof(took), took_ns));
	return r;
}

/* ---- the kernel ---- */

/* `files->kernel_path` becomes its path. Returns the descriptor. */
static int open_kernel(const char *which, struct boot_files *files, struct err *e)
{
	int r = strcmp(which, "linux") == 0
		    ? kernels_choose(files->kernel_path, sizeof(files->kernel_path), e)
		    : 0;

	if (r < 0)
		return r;
	if (strcmp(which, "linux") != 0)
		str_copy(files->kernel_path, sizeof(files->kernel_path), which);
	int fd = open(files->kernel_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_hint(e, err_sys(e, errno, "open the kernel '%s'", files->kernel_path),
				"--kernel takes a bzImage or vmlinux that you may read");
	return fd;
}

static void file_identity(const struct stat *status, const char *kind,
			  char text[static IDENTITY_TEXT])
{
	struct identity identity;

	identity_init(&identity);
	identity_add_text(&identity, format_of_parts);
	identity_add_text(&identity, kind);
	identity_add_file(&identity, status);
	identity_finish(&identity, text);
}

/* A bzImage unpacks itself in the guest, slowly: what comes out of it starts at once. */
static int unpack_kernel(struct worker *worker, struct boot_files *files, struct err *e)
{
	struct making making = {.kind = "vmlinux",
				.told = "the kernel, unpacked",
				.words = {"unpack"},
				.input = files->kernel};
	char identity[IDENTITY_TEXT];
	struct bzimage image;
	struct stat status;
	int r = bzimage_read(files->kernel, &image, e);

	if (r < 0)
		return r;
	str_copy(files->release, sizeof(files->release), image.release);
	if (fstat(files->kernel, &status) < 0)
		return err_sys(e, errno, "look at it");
	making.is_public = status.st_mode & S_IROTH;
	file_identity(&status, making.kind, identity);
	int fd = find_or_make(worker, &making, identity, e);
	if (fd == -ENOTSUP) { /* it can still do so itself */
		worker_note(worker, "kernel",
			    "it unpacks itself in the guest, which takes a "
			    "second: %s",
			    e->what);
		err_clear(e);
		return 0;
	}
	if (fd < 0)
		return err_hint(e, fd,
				"take a kernel as a distribution ships it; "
				"'isolab kernel fetch' gets one");
	fd_close(&files->kernel);
	files->kernel = fd;
	return 0;
}

static int prepare_kernel(struct worker *worker, const char *which, struct boot_files *files,
			  struct err *e)
{
	struct linux_image image;

	files->kernel = open_kernel(which, files, e);
	if (files->kernel < 0)
		return files->kernel;
	int r = linux_measure_kernel(files->kernel, &image, e);
	if (r == 0 && !image.is_elf)
		r = unpack_kernel(worker, files, e);
	return r < 0 ? err_ctx(e, r, "load '%s'", files->kernel_path) : 0;
}

/* ---- the initramfs ---- */

static int add_part(struct boot_files *files, int fd, struct err *e)
{
	struct stat status;
	struct boot_part *part = &files->parts[files->part_count];

	if (fstat(fd, &status) < 0 || status.st_size <= 0) {
		fd_close(&fd);
		return err_set(e, EIO, "a part of the initramfs is empty");
	}
	part->fd = fd;
	part->bytes = ((uint64_t)status.st_size + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	files->part_count++;
	files->initramfs_bytes += part->bytes;
	return 0;
}

static int prepare_image(struct worker *worker, struct boot_files *files, struct err *e)
{
	const struct sandbox_spec *spec = worker_spec(worker);
	struct making making = {.kind = "image",
				.told = "the image, packed for the guest",
				.words = {"image"}};
	char path[BOOT_PATH_MAX], tree[IDENTITY_TEXT], text[IDENTITY_TEXT];
	struct identity identity;
	const char *image = spec->image
				? spec->image
				: worker_data_path(worker, "images/base", path, sizeof(path));
	auto_close int top = open(image, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (top < 0)
		return err_hint(e, err_sys(e, errno, "open the image '%s'", image),
				spec->image
				    ? "--image names a directory that holds a file tree"
				    : "isolab is not built or installed whole: ./dev build");
	int r = tree_identity(top, tree, e);
	if (r < 0)
		return err_ctx(e, r, "image '%s'", image);
	/* Whose files become root's depends on who we are. */
	identity_init(&identity);
	identity_add_text(&identity, format_of_parts);
	identity_add_text(&identity, tree);
	identity_add(&identity, &(uid_t){geteuid()}, sizeof(uid_t));
	identity_add(&identity, &(gid_t){getegid()}, sizeof(gid_t));
	identity_finish(&identity, text);
	making.input = top;
	int fd = find_or_make(worker, &making, text, e);
	return fd < 0 ? err_ctx(e, fd, "image '%s'", image) : add_part(files, fd, e);
}

static int prepare_base(struct worker *worker, struct boot_files *files, struct err *e)
{
	struct making making = {.kind = "base",
				.told = "agent and modules, packed for the guest",
				.words = {"base"},
				.is_public = true};
	char path[BOOT_PATH_MAX], modules[BOOT_PATH_MAX], list[BOOT_PATH_MAX + 16];
	char text[IDENTITY_TEXT];
	struct identity identity;
	struct stat status;
	auto_close int agent = open(worker_data_path(worker, "isolab-agent", path, sizeof(path)),
				    O_RDONLY | O_CLOEXEC);

	if (agent < 0 || fstat(agent, &status) < 0)
		return err_hint(e, err_sys(e, errno, "open '%s'", path),
				"isolab is not built or installed whole: ./dev build");
	identity_init(&identity);
	identity_add_text(&identity, format_of_parts);
	identity_add_file(&identity, &status);
	files->has_modules = kernels_find_modules(files->kernel_path, files->release, modules,
						  sizeof(modules));
	if (files->has_modules) {
		snprintf(list, sizeof(list), "%s/modules.dep", modules);
		if (stat(list, &status) < 0)
			return err_sys(e, errno, "look at '%s'", list);
		identity_add_text(&identity, modules);
		identity_add_file(&identity, &status);
		making.words[1] = modules;
	}
	identity_finish(&identity, text);
	making.input = agent;
	int fd = find_or_make(worker, &making, text, e);
	return fd < 0 ? err_ctx(e, fd, "prepare agent and modules") : add_part(files, fd, e);
}

/* isolab's own programs, under the names that they have in the guest. */
static const struct {
	const char *name, *files[3]; /* the first that is there, beside the worker */
} own_programs[] = {
    {"isolab", {"isolab", "../../bin/isolab", NULL}},
    {"isolab-container", {"isolab-container-guest", NULL}},
    {"isolab-cli", {"isolab-cli-guest", NULL}},
};

/* Adds a program to what is to be packed. False: this build does not have it. */
static bool add_program(struct worker *worker, unsigned index, struct identity *identity,
			char *word, size_t size)
{
	char path[BOOT_PATH_MAX];
	struct stat status;

	for (const char *const *file = own_programs[index].files; *file; file++) {
		worker_data_path(worker, *file, path, sizeof(path));
		if (stat(path, &status) < 0 || !S_ISREG(status.st_mode))
			continue;
		identity_add_text(identity, own_programs[index].name);
		identity_add_file(identity, &status);
		snprintf(word, size, "%s=%s", own_programs[index].name, path);
		return true;
	}
	return false;
}

/* Walls in walls: a build that cannot link them statically (a sanitised one) goes without. */
static int prepare_programs(struct worker *worker, struct boot_files *files, struct err *e)
{
	enum { COUNT = sizeof(own_programs) / sizeof(own_programs[0]) };
	struct making making = {.kind = "programs",
				.told = "isolab itself, packed for the guest",
				.words = {"programs"},
				.input = files->kernel,
				.is_public = true};
	char words[COUNT][BOOT_PATH_MAX + 32], text[IDENTITY_TEXT];
	struct identity identity;
	unsigned count = 0;

	identity_init(&identity);
	identity_add_text(&identity, format_of_parts);
	for (unsigned i = 0; i < COUNT; i++)
		if (add_program(worker, i, &identity, words[count], sizeof(words[count]))) {
			making.words[1 + count] = words[count];
			count++;
		}
	identity_finish(&identity, text);
	if (count < 2) /* without a wall nothing is gained */
		return 0;
	int fd = find_or_make(worker, &making, text, e);
	return fd < 0 ? err_ctx(e, fd, "prepare isolab's own programs") : add_part(files, fd, e);
}

int boot_files_prepare(struct worker *worker, struct boot_files *ret, struct linux_image *ret_image,
		       struct err *e)
{
	struct err error = {0};

	*ret = (struct boot_files){.kernel = -1};
	const char *kernel = worker_spec(worker)->kernel;
	int r = prepare_kernel(worker, kernel ? kernel : "linux", ret, &error);
	if (r == 0)
		r = prepare_image(worker, ret, &error);
	if (r == 0)
		r = prepare_base(worker, ret, &error);
	if (r == 0)
		r = prepare_programs(worker, ret, &error);
	if (r == 0)
		r = linux_measure_kernel(ret->kernel, ret_image, &error);
	if (r == 0)
		worker_tell(worker, "kernel", ret->kernel_path, "%s", ret->kernel_path);
	if (r < 0 && e)
		*e = error;
	return r;
}

void boot_files_finish(struct boot_files *files)
{
	fd_close(&files->kernel);
	while (files->part_count)
		fd_close(&files->parts[--files->part_count].fd);
}
