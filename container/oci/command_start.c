// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * `start`: prestart hooks, then the gate. The container's first process gets, with the word "go",
 * a page of memory in which it can say what went wrong on its way to exec, even when a filter
 * already forbids it to say anything by a system call. Its end of the connection is closed by
 * exec, or by its death: only then does start return. See the specification, runtime.md, "Start".
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "commands.h"
#include "fd.h"
#include "kernel.h"

enum { DEATH_TIMEOUT_MS = 10000 };

static int connect_gate(const struct oci_state *state, struct err *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/gate",
		 state->directory);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_sys(e, errno, "reach the container at its gate");
	return fd_move(&fd);
}

/* Waits until the process has become the program, or failed to. */
static int pass(const struct oci_state *state, struct oci_report *report, int page, struct err *e)
{
	auto_close int gate = connect_gate(state, e);
	char unused;

	if (gate < 0)
		return gate;
	if (unlinkat(state->directory, "gate", 0) < 0)
		return err_sys(e, errno, "open the gate");
	int r = oci_say_with(gate, "go", page, e);
	if (r < 0)
		return r;
	while (recv(gate, &unused, 1, 0) < 0 && errno == EINTR)
		;
	if (report->error.code) {
		*e = report->error;
		return -e->code;
	}
	return report->is_exec ? 0
			       : err_set(e, EIO,
					 "the container's first process ended before it ran "
					 "the program");
}

static int open_page(struct oci_report **ret_report, int *ret_fd, struct err *e)
{
	auto_close int fd = memfd_create("report", MFD_CLOEXEC);
	void *page = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, sizeof(**ret_report)) == 0)
		page = mmap(NULL, sizeof(**ret_report), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return err_sys(e, errno, "make the page for errors");
	*ret_report = page;
	*ret_fd = fd_move(&fd);
	return 0;
}

/* A container whose start failed is stopped; after a hook's failure it is to be deleted, too. */
static void give_up(struct oci_state *state, bool is_hook)
{
	struct err unused = {0};
	auto_close int process = oci_state_open_process(state);
	struct pollfd wait = {.fd = process, .events = POLLIN};

	if (process >= 0) {
		kernel_pidfd_send_signal(process, SIGKILL);
		poll(&wait, 1, DEATH_TIMEOUT_MS);
	}
	if (is_hook)
		oci_delete(state, &unused);
}

int oci_start(struct oci_state *state, const struct oci_config *config, struct err *e)
{
	bool is_hook = false;
	struct oci_report *report = NULL;
	auto_close int page = -1;

	if (!config->process.is_set)
		return err_set(e, EINVAL, "config.json has no process: there is nothing to start");
	int r = oci_hooks_run(config, OCI_PRESTART, state, OCI_CREATED, false, e);
	is_hook = r < 0;
	if (r == 0)
		r = open_page(&report, &page, e);
	if (r == 0) {
		r = pass(state, report, page, e);
		is_hook = report->is_hook;
		munmap(report, sizeof(*report));
	}
	if (r == 0)
		return oci_hooks_run(config, OCI_POSTSTART, state, OCI_RUNNING, true, e);
	give_up(state, is_hook);
	return r;
}

static int start(struct oci_state *state, struct err *e)
{
	enum oci_status status = oci_state_status(state);
	struct oci_config config;

	if (status != OCI_CREATED)
		return err_hint(e, err_set(e, EINVAL, "it is %s", oci_status_name(status)),
				"only a container that is created can be started, and only once");
	int r = oci_config_load(&config, state->directory, "config.json", NULL, e);
	if (r < 0)
		return r;
	r = oci_start(state, &config, e);
	oci_config_finish(&config);
	return r;
}

int oci_command_start(const struct oci_call *call, int *ret_status, struct err *e)
{
	struct oci_state state;
	int r = oci_options_open(call, NULL, 0, NULL, true, &state, e);

	(void)ret_status;
	if (r == 0 && (r = start(&state, e)) < 0)
		err_ctx(e, r, "start '%s'", state.id);
	oci_state_finish(&state);
	return r;
}
