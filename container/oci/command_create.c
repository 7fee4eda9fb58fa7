// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * `create` builds a container up to its gate; `run` also lets it through, waits for it and deletes
 * it. Both clean up what a failure in the middle leaves.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "commands.h"
#include "fd.h"

struct create_options {
	const char *bundle, *pid_file, *console_socket, *preserve_fds;
	bool is_detached, is_kept, is_run, keeps_keyring;
};

int oci_write_pid_file(const char *path, pid_t pid, struct err *e)
{
	char part[4096], text[16];

	if (!path)
		return 0;
	int n = snprintf(part, sizeof(part), "%s.part", path);
	if (n < 0 || (size_t)n >= sizeof(part))
		return err_sys(e, ENAMETOOLONG, "write the pid file");
	snprintf(text, sizeof(text), "%d", (int)pid);
	auto_close int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));
	if (r == 0 && rename(part, path) < 0)
		r = -errno;
	return r < 0 ? err_sys(e, r, "write the pid file '%s'", path) : 0;
}

int oci_connect_console(const char *path, int *ret_fd, struct err *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_close int named = open(path, O_PATH | O_CLOEXEC);
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (named < 0 || fd < 0)
		return err_sys(e, errno, "--console-socket: open '%s'", path);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", named);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_hint(e, err_sys(e, errno, "--console-socket: connect to '%s'", path),
				"somebody must listen at that socket, to get the terminal");
	*ret_fd = fd_move(&fd);
	return 0;
}

int oci_check_console(const struct oci_process *process, const char *socket_path, bool is_detached,
		      struct err *e)
{
	if (process->terminal && !socket_path && is_detached)
		return err_hint(e,
				err_set(e, EINVAL,
					"process.terminal is true, but there is no "
					"--console-socket to send the terminal to"),
				"give one, or set terminal to false");
	if (!process->terminal && socket_path)
		return err_hint(e,
				err_set(e, EINVAL,
					"--console-socket, but process.terminal is not true"),
				"leave one out, or set the other");
	return 0;
}

/* What will be made must fit before anything is. */
static int prepare(const struct create_options *options, struct oci_container *c, int *ret_console,
		   struct err *e)
{
	int pair[2];
	bool is_detached = !options->is_run || options->is_detached;

	c->keeps_keyring = options->keeps_keyring;
	int r = oci_parse_count("preserve-fds", options->preserve_fds, OCI_PRESERVED_MAX,
				&c->preserved, e);

	for (unsigned i = 0; r == 0 && i < c->preserved; i++)
		if (fcntl((int)(3 + i), F_GETFD) < 0)
			r = err_set(e, EBADF, "--preserve-fds %u: descriptor %u is not open",
				    c->preserved, 3 + i);
	if (r == 0)
		r = oci_container_load(c, options->bundle ? options->bundle : ".", e);
	if (r == 0)
		r = oci_check_console(&c->config.process, options->console_socket, is_detached, e);
	if (r == 0 && options->console_socket)
		r = oci_connect_console(options->console_socket, &c->console, e);
	if (r < 0 || !c->config.process.terminal || c->console >= 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, errno, "make a socket for the terminal");
	c->console = pair[0];
	*ret_console = pair[1];
	return 0;
}

static int build(const struct oci_call *call, const struct create_options *options, const char *id,
		 struct oci_container *c, struct err *e)
{
	auto_close int root = -1;
	int r = oci_state_open_root(call->root, true, &root, e);

	if (r == 0)
		r = oci_state_make(root, id, &c->state, e);
	if (r < 0)
		return r;
	r = oci_container_build(c, e);
	if (r == 0)
		r = oci_write_pid_file(options->pid_file, c->pid, e);
	if (r == 0)
		r = oci_say(c->socket, "stay", e);
	if (r < 0)
		oci_container_discard(c);
	return r < 0 ? err_ctx(e, r, "%s '%s'", call->argv[0], id) : 0;
}

/* After the gate was opened: until the end, or not. */
static int attend(const struct oci_call *call, const struct create_options *options,
		  struct oci_container *c, int console, int *ret_status, struct err *e)
{
	struct err unused = {0};
	int r = oci_start(&c->state, &c->config, e);

	if (r < 0) {
		oci_container_discard(c);
		return err_ctx(e, r, "%s '%s'", call->argv[0], c->state.id);
	}
	if (options->is_detached)
		return 0;
	fd_close(&c->console);
	oci_state_unlock(&c->state);
	*ret_status = oci_foreground(c->process, console, e);
	if (*ret_status < 0)
		return *ret_status;
	/* Somebody else may have deleted it meanwhile. */
	if (!options->is_kept && oci_state_lock(&c->state, &unused) == 0)
		oci_delete(&c->state, &unused);
	return 0;
}

static int read_options(const struct oci_call *call, struct create_options *options,
			const char **ret_id, struct err *e)
{
	const struct oci_option table[] = {
	    {"bundle", 'b', true, .text = &options->bundle},
	    {"pid-file", 0, true, .text = &options->pid_file},
	    {"console-socket", 0, true, .text = &options->console_socket},
	    {"preserve-fds", 0, true, .text = &options->preserve_fds},
	    {"no-new-keyring", 0, false, .flag = &options->keeps_keyring},
	    {"no-pivot", 0, false, .refused = "pivot_root is what keeps the host's tree away"},
	    {"detach", 'd', false, .flag = &options->is_detached},
	    {"keep", 0, false, .flag = &options->is_kept},
	};
	size_t count = sizeof(table) / sizeof(table[0]) - (options->is_run ? 0 : 2);
	int first, r = oci_options_read(call, table, count, &first, e);

	return r < 0 ? r : oci_options_id(call, first, 0, ret_id, e);
}

static int create(const struct oci_call *call, struct create_options *options, int *ret_status,
		  struct err *e)
{
	struct oci_container c;
	const char *id;
	auto_close int console = -1;

	oci_container_init(&c);
	int r = read_options(call, options, &id, e);
	if (r == 0)
		r = prepare(options, &c, &console, e);
	if (r == 0 && options->is_run && !options->is_detached)
		oci_foreground_prepare();
	if (r == 0)
		r = build(call, options, id, &c, e);
	if (r == 0 && options->is_run)
		r = attend(call, options, &c, console, ret_status, e);
	oci_container_finish(&c);
	return r < 0 ? err_hint(e, r,
				"config.md of the OCI runtime specification explains each key; "
				"`isolab-oci spec` writes a config.json that works")
		     : r;
}

int oci_command_create(const struct oci_call *call, int *ret_status, struct err *e)
{
	struct create_options options = {0};

	return create(call, &options, ret_status, e);
}

int oci_command_run(const struct oci_call *call, int *ret_status, struct err *e)
{
	struct create_options options = {.is_run = true};

	return create(call, &options, ret_status, e);
}
