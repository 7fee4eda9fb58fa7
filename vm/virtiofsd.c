/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Starting virtiofsd. It takes a socket that already listens (--fd) and serves the first who calls;
 * we call before it is started, so that is we.
 *
 * Two programs have that name: the older, in C, came with QEMU until 8.0 and wants its options as
 * `-o`; the newer one is written in Rust. Both change their root into the directory, with
 * pivot_root(2) where /proc can be mounted in a new pid namespace, else with chroot(2).
 */
#include "virtiofsd.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "enclosed.h"
#include "fd.h"

#define SOCKET_NAME "volume"

_Static_assert(ENCLOSED_FD == 3, "as its option --fd says");

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

static void execute(const struct enclosed *self, const char *shown, bool has_proc)
{
	const struct place *place = self->arg;
	const char *sandbox = has_proc ? "namespace" : "chroot";
	char escaped[2 * PATH_MAX], options[2 * PATH_MAX + 128], shared[PATH_MAX + 32], mode[48];
	char *const env[] = {(char *)"PATH=/usr/bin:/bin", NULL};
	char *const old[] = {
	    (char *)place->path, (char *)"--fd=3", (char *)"-f", (char *)"--rlimit-nofile=0",
	    (char *)"-o",        options,          NULL};
	char *const new[] = {(char *)place->path,
			     (char *)"--fd=3",
			     shared,
			     mode,
			     (char *)"--rlimit-nofile=0",
			     (char *)"--log-level=error",
			     NULL};

	escape(escaped, shown);
	snprintf(options, sizeof(options), "source=%s,sandbox=%s,log_level=err", escaped, sandbox);
	snprintf(shared, sizeof(shared), "--shared-dir=%s", shown);
	snprintf(mode, sizeof(mode), "--sandbox=%s", sandbox);
	execve(place->path, place->is_old ? old : new, env);
}

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

int virtiofsd_start(struct virtiofsd *ret, const struct virtiofsd_source *source, int dir_fd,
		    struct err *e)
{
	auto_close int listen_fd = -1;
	struct virtiofsd made = {-1, -1, enclosed_make_words("virtiofsd", e)};
	struct enclosed program = {.name = "virtiofsd",
				   .source = source->path,
				   .is_file = source->is_file,
				   .is_read_only = source->is_read_only,
				   .words_fd = made.words_fd,
				   .execute = execute,
				   .arg = find_place()};

	*ret = (struct virtiofsd){-1, -1, -1};
	int r = made.words_fd < 0 ? made.words_fd : 0;
	if (r == 0 && !program.arg)
		r = err_sys(e, ENOENT, "start virtiofsd");
	if (r == 0)
		r = make_sockets(dir_fd, &listen_fd, &made.socket, e);
	program.fd = listen_fd;
	if (r == 0)
		r = enclosed_start(&program, &made.pidfd, e);
	if (r < 0)
		virtiofsd_finish(&made);
	else
		*ret = made;
	return r;
}

void virtiofsd_finish(struct virtiofsd *daemon)
{
	fd_close(&daemon->socket);
	if (daemon->pidfd >= 0)
		enclosed_reap(daemon->pidfd);
	fd_close(&daemon->pidfd);
	fd_close(&daemon->words_fd);
}
