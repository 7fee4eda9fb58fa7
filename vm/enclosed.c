/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The child builds its namespaces, lays out what it is shown, then executes the program.
 *
 * What surprises: a recursive bind, since a user namespace may not uncover what lies below a mount.
 * What is staged is opened before the stage, a tmpfs, covers /tmp, where it may lie. The death
 * signal is asked for before "go" is waited for: if we die in between, that read ends.
 */
#include "enclosed.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "idmap.h"
#include "kernel.h"
#include "worker.h"

#define STAGE  "/tmp"
#define STAGED STAGE "/" ENCLOSED_NAME

enum { CHILD_FAILED = 125 };

/* ---- the child ---- */

/* The pipe by which it is let go once its ids are mapped. */
struct gate {
	int ends[2];
};

static int restrict_mount(const char *place, bool is_read_only)
{
	uint64_t set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

	if (is_read_only)
		set |= MOUNT_ATTR_RDONLY;
	if (kernel_mount_setattr(place, AT_RECURSIVE, set, 0) == 0)
		return 0;
	if (errno != ENOSYS)
		return -1;
	/* before Linux 5.12: what is mounted below stays as it is */
	return mount(NULL, place, NULL,
		     MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | (is_read_only ? MS_RDONLY : 0UL),
		     NULL);
}

/* Lays the source into a directory that holds nothing else. */
static int stage(const struct enclosed *program)
{
	char link[32];
	auto_close int source = open(program->source, O_PATH | O_CLOEXEC);

	if (source < 0 || mount("stage", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") < 0)
		return -1;
	if (program->is_file) {
		auto_close int place = open(STAGED, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (place < 0)
			return -1;
	} else if (mkdir(STAGED, 0700) < 0) {
		return -1;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", source);
	if (mount(link, STAGED, NULL, MS_BIND | MS_REC, NULL) < 0)
		return -1;
	return restrict_mount(STAGED, program->is_read_only);
}

static int show(const struct enclosed *program, const char **ret_shown)
{
	bool is_staged = program->is_staged || program->is_file;

	*ret_shown = is_staged ? STAGE : program->source;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	if (is_staged)
		return stage(program);
	if (mount(program->source, program->source, NULL, MS_BIND | MS_REC, NULL) < 0)
		return -1;
	return restrict_mount(program->source, program->is_read_only);
}

/* True if /proc is that of the new pid namespace now. */
static bool can_mount_proc(void)
{
	return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
}

static int take_descriptors(const struct enclosed *program)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fd = fcntl(program->fd, F_DUPFD_CLOEXEC, ENCLOSED_FD + 1);
	int words_fd = fcntl(program->words_fd, F_DUPFD_CLOEXEC, ENCLOSED_FD + 1);

	if (null < 0 || fd < 0 || words_fd < 0 || dup2(null, 0) < 0 || dup2(words_fd, 1) < 0 ||
	    dup2(words_fd, 2) < 0 || dup2(fd, ENCLOSED_FD) < 0)
		return -1;
	return kernel_close_range(ENCLOSED_FD + 1, ~0U, 0);
}

static void become_program(const struct enclosed *program, const struct gate *gate)
{
	char go;
	const char *failed = NULL, *shown;

	worker_child_signals();
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	close(gate->ends[1]);
	if (read(gate->ends[0], &go, 1) != 1 || take_descriptors(program) < 0)
		_exit(CHILD_FAILED);
	if (kernel_setresgid(0) < 0 || kernel_setresuid(0) < 0)
		failed = "become root of a user namespace";
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* the change has cleared it */
	if (!failed && show(program, &shown) < 0)
		failed = "lay out what is shown";
	if (!failed) {
		program->execute(program, shown, can_mount_proc());
		failed = "be executed";
	}
	dprintf(STDERR_FILENO, "cannot %s: %s\n", failed, strerror(errno));
	_exit(CHILD_FAILED);
}

/* ---- the parent ---- */

static int write_map(pid_t pid, struct err *e)
{
	/* Root of another user namespace may have fewer. */
	static const uint32_t counts[] = {UINT32_MAX, 65536, 1};
	struct idmap map = {.first_uid = geteuid(), .first_gid = getegid(), .count = 1};
	int r = -EPERM;

	if (geteuid() != 0) {
		map.must_deny_setgroups = true;
		idmap_add_range(&map);
		return idmap_write(&map, pid, e);
	}
	for (size_t i = 0; r < 0 && i < sizeof(counts) / sizeof(counts[0]); i++) {
		map.count = counts[i];
		r = idmap_write(&map, pid, e);
	}
	return r;
}

static int spawn(const struct enclosed *program, const struct gate *gate, int *ret_pidfd,
		 struct err *e)
{
	struct clone_args arguments = {.flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS |
						CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
						CLONE_PIDFD,
				       .pidfd = (uintptr_t)ret_pidfd,
				       .exit_signal = SIGCHLD};
	pid_t pid = kernel_clone3(&arguments);

	if (pid == 0)
		become_program(program, gate);
	if (pid < 0)
		return err_hint(e, err_sys(e, errno, "make namespaces for %s", program->name),
				"this machine restricts user namespaces; `isolab doctor` says by "
				"which setting, and how to allow them");
	int r = write_map(pid, e);
	if (r == 0 && write(gate->ends[1], "g", 1) != 1)
		r = err_sys(e, errno, "let %s go", program->name);
	if (r < 0)
		fd_close(ret_pidfd);
	return r;
}

int enclosed_start(const struct enclosed *program, int *ret_pidfd, struct err *e)
{
	struct gate gate;

	*ret_pidfd = -1;
	if (pipe2(gate.ends, O_CLOEXEC) < 0)
		return err_sys(e, errno, "start %s", program->name);
	int r = spawn(program, &gate, ret_pidfd, e);
	fd_close(&gate.ends[0]);
	fd_close(&gate.ends[1]);
	return r;
}

bool enclosed_restricts_all(void)
{
	return kernel_mount_setattr("", 0, 0, 0) == 0 || errno != ENOSYS;
}

void enclosed_reap(int pidfd)
{
	siginfo_t unused;

	waitid(P_PIDFD, (id_t)pidfd, &unused, WEXITED | WNOHANG);
}

int enclosed_make_words(const char *name, struct err *e)
{
	auto_close int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, ENCLOSED_WORDS_BYTES) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return err_sys(e, errno, "make room for the words of %s", name);
	return fd_move(&fd);
}

const char *enclosed_words(int words_fd, char *buffer, size_t size)
{
	ssize_t n = pread(words_fd, buffer, size - 1, 0);
	size_t length = n > 0 ? (size_t)n : 0;

	buffer[length] = '\0';
	buffer[strcspn(buffer, "\n")] = '\0';
	for (char *at = buffer; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	return buffer;
}
