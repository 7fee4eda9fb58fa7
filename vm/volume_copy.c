/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How large the image must be is reckoned beforehand, generously: it is a file with holes, so room
 * that nobody uses costs nothing. No journal and no check sums in it: it is made for one start.
 * What mke2fs may not read makes it fail, and its words say which file: no volume with gaps.
 */
#include "volume_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disk.h"
#include "enclosed.h"
#include "fd.h"
#include "kernel.h"
#include "tree.h"

enum {
	BLOCK = 4096,
	ENTRY_BYTES = 1024, /* an inode, its name, and a share of what else there is */
	FREE_BYTES = 256 << 20,
	FREE_ENTRIES = 16384,
};

static const char *const places[] = {"/usr/sbin/mke2fs", "/sbin/mke2fs", "/usr/bin/mke2fs", NULL};

static const char *find_mke2fs(void)
{
	for (int i = 0; places[i]; i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

/* ---- how large ---- */

static int add_size(void *arg, const struct tree_entry *entry, struct err *e)
{
	struct volume_size *size = arg;
	uint64_t bytes = S_ISREG(entry->status.st_mode) ? (uint64_t)entry->status.st_size : BLOCK;

	size->entries++;
	if (bytes <= VOLUME_COPY_BYTES_MAX)
		size->bytes += (bytes + BLOCK - 1) / BLOCK * BLOCK;
	if (bytes <= VOLUME_COPY_BYTES_MAX && size->bytes <= VOLUME_COPY_BYTES_MAX)
		return 0;
	return err_hint(e,
			err_set(e, EFBIG, "it holds more than %llu GiB, too much to be copied",
				(unsigned long long)(VOLUME_COPY_BYTES_MAX >> 30)),
			"with virtiofsd nothing is copied (sudo apt install virtiofsd; Debian 12: "
			"qemu-system-common); or name a part of it");
}

int volume_copy_measure(const char *source, struct volume_size *ret, struct err *e)
{
	struct tree_entry top = {.path = source, .name = source, .directory = AT_FDCWD};
	auto_close int fd = open(source, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	*ret = (struct volume_size){0};
	if (fd < 0 || fstat(fd, &top.status) < 0)
		return err_sys(e, errno, "open it");
	int r = add_size(ret, &top, e);
	return r < 0 || !S_ISDIR(top.status.st_mode) ? r : tree_walk_all(fd, add_size, ret, e);
}

/* ---- making it ---- */

struct making {
	const char *path;
	uint64_t inodes;
};

static void execute(const struct enclosed *self, const char *shown, bool has_proc)
{
	const struct making *making = self->arg;
	char inodes[24], image[32];
	char *const env[] = {(char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	char *const argv[] = {(char *)making->path,
			      (char *)"-q",
			      (char *)"-F",
			      (char *)"-t",
			      (char *)"ext4",
			      (char *)"-O",
			      (char *)"^has_journal,^metadata_csum,^64bit",
			      (char *)"-m",
			      (char *)"0",
			      (char *)"-b",
			      (char *)"4096",
			      (char *)"-E",
			      (char *)"nodiscard",
			      (char *)"-N",
			      inodes,
			      (char *)"-d",
			      (char *)shown,
			      image,
			      NULL};

	(void)has_proc;
	snprintf(inodes, sizeof(inodes), "%llu", (unsigned long long)making->inodes);
	snprintf(image, sizeof(image), "/proc/self/fd/%d", ENCLOSED_FD);
	execve(making->path, argv, env);
}

/* Until it has ended, or our own end is asked for: a worker has these signals blocked, and hears of
 * them after this, since nobody takes them here. False: that was it, and the program is killed. */
static bool wait_unless_stopped(int pidfd)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	auto_close int signals = signalfd(-1, &set, SFD_CLOEXEC);
	struct pollfd fds[] = {{.fd = pidfd, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	if (fds[0].revents)
		return true;
	kernel_pidfd_send_signal(pidfd, SIGKILL);
	return false;
}

/* Waits for its end; what it complained of becomes the error. */
static int wait_for(int pidfd, int words_fd, struct err *e)
{
	bool is_done = wait_unless_stopped(pidfd);
	siginfo_t info = {0};
	char words[160];

	if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0)
		return err_sys(e, errno, "wait for mke2fs");
	if (!is_done)
		return err_set(e, EINTR, "copy it: stopped by a signal");
	if (info.si_code == CLD_EXITED && info.si_status == 0)
		return 0;
	enclosed_words(words_fd, words, sizeof(words));
	if (info.si_code == CLD_EXITED)
		return err_hint(e,
				err_set(e, EIO, "copy it: mke2fs ended with status %d: %s",
					info.si_status, words),
				"a copy is made of all of it or not at all: take out what you may "
				"not read, or name a part of it");
	return err_set(e, EIO, "mke2fs was ended by signal %d", info.si_status);
}

static int run(const char *source, bool is_file, const struct making *making, int image,
	       struct err *e)
{
	auto_close int words_fd = enclosed_make_words("mke2fs", e), pidfd = -1;
	const struct enclosed program = {.name = "mke2fs",
					 .source = source,
					 .is_file = is_file,
					 .is_staged = true,
					 .is_read_only = true,
					 .fd = image,
					 .words_fd = words_fd,
					 .execute = execute,
					 .arg = making};

	if (words_fd < 0)
		return words_fd;
	int r = enclosed_start(&program, &pidfd, e);
	return r < 0 ? r : wait_for(pidfd, words_fd, e);
}

/* The same file, which nobody shall write to from now on. */
static int open_again(int fd, struct err *e)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int again = open(path, O_RDONLY | O_CLOEXEC);
	return again < 0 ? err_sys(e, errno, "open the copy") : again;
}

int volume_copy_make(const char *source, bool is_file, int *ret_fd, struct err *e)
{
	struct volume_size size;
	struct making making = {.path = find_mke2fs()};

	if (!making.path)
		return err_sys(e, ENOENT, "find mke2fs");
	int r = volume_copy_measure(source, &size, e);
	if (r < 0)
		return r;
	making.inodes = size.entries + FREE_ENTRIES;
	uint64_t bytes = size.bytes + size.bytes / 16 + making.inodes * ENTRY_BYTES + FREE_BYTES;
	auto_close int fd = disk_make_nameless(e);
	if (fd < 0)
		return fd;
	if (ftruncate(fd, (off_t)(bytes / BLOCK * BLOCK)) < 0)
		return err_sys(e, errno, "make room for the copy");
	r = run(source, is_file, &making, fd, e);
	if (r < 0)
		return r;
	*ret_fd = open_again(fd, e);
	return *ret_fd < 0 ? *ret_fd : 0;
}
