/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Starting virtiofsd. It takes a socket that already listens (--fd) and serves the first who calls;
 * we call before it is started, so that is we. The child builds its namespaces, then executes it.
 *
 * Two programs have that name: the older, in C, came with QEMU until 8.0 and wants its options as
 * `-o`; the newer one is written in Rust. Both change their root into the directory, with
 * pivot_root(2) where /proc can be mounted in a new pid namespace, else with chroot(2).
 *
 * What surprises: a recursive bind, since a user namespace may not uncover what lies below a mount.
 * The death signal is asked for before "go" is waited for: if we die in between, that read ends.
 */
#include "virtiofsd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "idmap.h"
#include "kernel.h"
#include "worker.h"

#define SOCKET_NAME "volume"

enum { SOCKET_FD = 3, CHILD_FAILED = 125 };

static const struct place {
	const char *path;
	bool is_old; /* the one in C */
} places[] = {
    {"/usr/libexec/virtiofsd", false}, {"/usr/lib/virtiofsd", false},
    {"/usr/lib/qemu/virtiofsd", true}, {"/usr/local/bin/virtiofsd", false},
    {"/usr/bin/virtiofsd", false},     {NULL, false},
};

static const struct place *find_place(void)
{
	for (const struct place *place = places; place->path; place++)
		if (access(place->path, X_OK) == 0)
			return place;
	return NULL;
}

const char *virtiofsd_find(void)
{
	const struct place *place = find_place();

	return place ? place->path : NULL;
}

/* ---- the child ---- */

/* What the child needs to know. */
struct child {
	const struct place *place;
	const char *source;
	bool is_read_only;
	int listen_fd, words_fd;
	int go[2];
};

static int restrict_source(const struct child *child)
{
	uint64_t set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

	if (child->is_read_only)
		set |= MOUNT_ATTR_RDONLY;
	if (mount(child->source, child->source, NULL, MS_BIND | MS_REC, NULL) < 0)
		return -1;
	if (kernel_mount_setattr(child->source, AT_RECURSIVE, set, 0) == 0)
		return 0;
	if (errno != ENOSYS)
		return -1;
	/* before Linux 5.12: what is mounted below stays as it is */
	return mount(NULL, child->source, NULL,
		     MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV |
			 (child->is_read_only ? MS_RDONLY : 0UL),
		     NULL);
}

/* True if /proc is that of the new pid namespace now. */
static bool can_mount_proc(void)
{
	return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
}

/* In a list of options a comma ends one, unless a backslash is before it. */
static void escape(char *to, const char *from)
{
	for (; *from; from++) {
		if (*from == ',' || *from == '\\')
			*to++ = '\\';
		*to++ = *from;
	}
	*to = '\0';
}

static void execute(const struct child *child, const char *sandbox)
{
	char escaped[2 * PATH_MAX], options[2 * PATH_MAX + 128], shared[PATH_MAX + 32], mode[48];
	char *const env[] = {(char *)"PATH=/usr/bin:/bin", NULL};
	char *const old[] = {(char *)child->place->path,
			     (char *)"--fd=3",
			     (char *)"-f",
			     (char *)"--rlimit-nofile=0",
			     (char *)"-o",
			     options,
			     NULL};
	char *const new[] = {(char *)child->place->path,
			     (char *)"--fd=3",
			     shared,
			     mode,
			     (char *)"--rlimit-nofile=0",
			     (char *)"--log-level=error",
			     NULL};

	escape(escaped, child->source);
	snprintf(options, sizeof(options), "source=%s,sandbox=%s,log_level=err", escaped, sandbox);
	snprintf(shared, sizeof(shared), "--shared-dir=%s", child->source);
	snprintf(mode, sizeof(mode), "--sandbox=%s", sandbox);
	execve(child->place->path, child->place->is_old ? old : new, env);
}

static int take_descriptors(const struct child *child)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int listen_fd = fcntl(child->listen_fd, F_DUPFD_CLOEXEC, SOCKET_FD + 1);
	int words_fd = fcntl(child->words_fd, F_DUPFD_CLOEXEC, SOCKET_FD + 1);

	if (null < 0 || listen_fd < 0 || words_fd < 0 || dup2(null, 0) < 0 ||
	    dup2(words_fd, 1) < 0 || dup2(words_fd, 2) < 0 || dup2(listen_fd, SOCKET_FD) < 0)
		return -1;
	return kernel_close_range(SOCKET_FD + 1, ~0U, 0);
}

static void become_virtiofsd(const struct child *child)
{
	char go;
	const char *failed = NULL;

	worker_child_signals();
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	close(child->go[1]);
	if (read(child->go[0], &go, 1) != 1 || take_descriptors(child) < 0)
		_exit(CHILD_FAILED);
	if (kernel_setresgid(0) < 0 || kernel_setresuid(0) < 0)
		failed = "become root of a user namespace";
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* the change has cleared it */
	if (!failed && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		failed = "keep mounts to itself";
	if (!failed && restrict_source(child) < 0)
		failed = "bind the directory";
	if (!failed) {
		execute(child, can_mount_proc() ? "namespace" : "chroot");
		failed = "be executed";
	}
	dprintf(STDERR_FILENO, "cannot %s: %s\n", failed, strerror(errno));
	_exit(CHILD_FAILED);
}

/* ---- the parent ---- */

static int name_socket(int dir_fd, struct sockaddr_un *address)
{
	address->sun_family = AF_UNIX;
	return snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s", dir_fd,
			SOCKET_NAME);
}

/* A socket that listens, and one that is connected to it. Its name is gone afterwards. */
static int make_sockets(int dir_fd, int *ret_listen, int *ret_connected, struct err *e)
{
	struct sockaddr_un address = {0};
	auto_close int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	auto_close int caller = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	name_socket(dir_fd, &address);
	unlinkat(dir_fd, SOCKET_NAME, 0);
	if (listener < 0 || caller < 0 ||
	    bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_sys(e, errno, "make a socket for virtiofsd");
	bool is_made = listen(listener, 1) == 0 &&
		       connect(caller, (struct sockaddr *)&address, sizeof(address)) == 0;
	int error = errno;
	unlinkat(dir_fd, SOCKET_NAME, 0);
	if (!is_made)
		return err_sys(e, error, "make a socket for virtiofsd");
	*ret_listen = fd_move(&listener);
	*ret_connected = fd_move(&caller);
	return 0;
}

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

static int spawn(struct child *child, int *ret_pidfd, struct err *e)
{
	struct clone_args arguments = {.flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS |
						CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
						CLONE_PIDFD,
				       .pidfd = (uintptr_t)ret_pidfd,
				       .exit_signal = SIGCHLD};
	pid_t pid = kernel_clone3(&arguments);

	if (pid == 0)
		become_virtiofsd(child);
	if (pid < 0)
		return err_hint(e, err_sys(e, errno, "make namespaces for virtiofsd"),
				"this machine restricts user namespaces; `isolab doctor` says by "
				"which setting, and how to allow them");
	int r = write_map(pid, e);
	if (r == 0 && write(child->go[1], "g", 1) != 1)
		r = err_sys(e, errno, "let virtiofsd go");
	return r;
}

int virtiofsd_start(struct virtiofsd *ret, const char *source, bool is_read_only, int dir_fd,
		    struct err *e)
{
	struct child child = {.place = find_place(),
			      .source = source,
			      .is_read_only = is_read_only,
			      .listen_fd = -1,
			      .go = {-1, -1}};
	struct virtiofsd made = {-1, -1, memfd_create("virtiofsd", MFD_CLOEXEC)};

	*ret = (struct virtiofsd){-1, -1, -1};
	child.words_fd = made.words_fd;
	int r = !child.place || made.words_fd < 0 || pipe2(child.go, O_CLOEXEC) < 0
		    ? err_sys(e, child.place ? errno : ENOENT, "start virtiofsd")
		    : 0;
	if (r == 0)
		r = make_sockets(dir_fd, &child.listen_fd, &made.socket, e);
	if (r == 0)
		r = spawn(&child, &made.pidfd, e);
	fd_close(&child.listen_fd);
	fd_close(&child.go[0]);
	fd_close(&child.go[1]);
	if (r < 0)
		virtiofsd_finish(&made);
	else
		*ret = made;
	return r;
}

const char *virtiofsd_words(const struct virtiofsd *daemon, char *buffer, size_t size)
{
	ssize_t n = pread(daemon->words_fd, buffer, size - 1, 0);
	size_t length = n > 0 ? (size_t)n : 0;

	buffer[length] = '\0';
	buffer[strcspn(buffer, "\n")] = '\0';
	for (char *at = buffer; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	return buffer;
}

void virtiofsd_finish(struct virtiofsd *daemon)
{
	fd_close(&daemon->socket);
	fd_close(&daemon->pidfd);
	fd_close(&daemon->words_fd);
}
