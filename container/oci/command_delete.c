// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * `delete` removes what a stopped container has left: cgroups, state; then its poststop hooks run.
 * A container that is not stopped is an error, and stays as it is; with --force it is killed
 * first. What a killed `create` has left counts as stopped.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroups.h"
#include "commands.h"
#include "fd.h"
#include "kernel.h"
#include "notices.h"

enum { DEATH_TIMEOUT_MS = 10000 };

int oci_delete(struct oci_state *state, struct err *e)
{
	struct err unused = {0};
	struct oci_config config;
	/* A container whose creation was cut short has run no hooks, and has perhaps no config. */
	bool has_hooks = state->pid && oci_config_load(&config, state->directory, "config.json",
						       NULL, &unused) == 0;

	oci_groups_remove(&state->groups);
	int r = oci_state_remove(state, e);
	if (r == 0 && has_hooks)
		r = oci_hooks_run(&config, OCI_POSTSTOP, state, OCI_STOPPED, true, e);
	if (has_hooks)
		oci_config_finish(&config);
	return r;
}

/* Kills the first process, and with it, in a pid namespace, all others; waits until it is gone. */
static int stop(const struct oci_state *state, struct err *e)
{
	auto_close int process = oci_state_open_process(state);
	struct pollfd wait = {.fd = process, .events = POLLIN};

	oci_groups_signal(&state->groups, SIGKILL);
	if (process < 0)
		return 0;
	if (kernel_pidfd_send_signal(process, SIGKILL) < 0 && errno != ESRCH)
		return err_sys(e, errno, "kill it");
	if (poll(&wait, 1, DEATH_TIMEOUT_MS) == 0)
		return err_hint(e, err_set(e, ETIMEDOUT, "it does not die"),
				"a process that waits for a device cannot be killed");
	return 0;
}

static int delete_one(struct oci_state *state, bool is_forced, struct err *e)
{
	enum oci_status status = oci_state_status(state);

	if (status != OCI_STOPPED && !is_forced)
		return err_hint(e, err_set(e, EBUSY, "it is %s", oci_status_name(status)),
				"first `isolab-oci kill %s KILL`, or `delete --force`", state->id);
	int r = status == OCI_STOPPED ? 0 : stop(state, e);
	return r < 0 ? r : oci_delete(state, e);
}

int oci_command_delete(const struct oci_call *call, int *ret_status, struct err *e)
{
	bool is_forced = false;
	const struct oci_option table[] = {{"force", 'f', false, .flag = &is_forced}};
	struct oci_state state;
	int r = oci_options_open(call, table, 1, NULL, true, &state, e);

	(void)ret_status;
	if (r == -ENOENT && is_forced) { /* gone is what was wanted */
		err_clear(e);
		r = 0;
	} else if (r == 0 && (r = delete_one(&state, is_forced, e)) < 0) {
		err_ctx(e, r, "delete '%s'", state.id);
	}
	oci_state_finish(&state);
	return r;
}
