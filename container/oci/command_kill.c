// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * `kill` sends a signal to a container's first process, or with --all to every process in it. It
 * is sent through a descriptor that was checked, so never to a process that has inherited the
 * number. A stopped container is an error.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cgroups.h"
#include "commands.h"
#include "fd.h"
#include "kernel.h"
#include "names.h"
#include "str.h"

static int parse_signal(const char *text, int *ret, struct err *e)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	uint64_t number;

	if (str_parse_number(text, 1, SIGRTMAX, &number) == 0) {
		*ret = (int)number;
		return 0;
	}
	for (int i = 1; i < NSIG; i++) {
		const char *known = name_of_signal(i);
		if (known && strcasecmp(known + 3, name) == 0) {
			*ret = i;
			return 0;
		}
	}
	return err_hint(e, err_set(e, EINVAL, "there is no signal '%.40s'", text),
			"a name like TERM or SIGTERM, or a number up to %d", SIGRTMAX);
}

static int send_signal(const struct oci_state *state, int number, bool is_all, struct err *e)
{
	enum oci_status status = oci_state_status(state);
	auto_close int process = oci_state_open_process(state);

	if (is_all && oci_groups_signal(&state->groups, number))
		return 0;
	if (status == OCI_STOPPED || process < 0)
		return err_set(e, ESRCH, "it is stopped");
	if (kernel_pidfd_send_signal(process, number) < 0)
		return err_sys(e, errno, "send signal %d", number);
	return 0;
}

int oci_command_kill(const struct oci_call *call, int *ret_status, struct err *e)
{
	bool is_all = false;
	const char *word = "TERM", *id = NULL;
	const struct oci_option table[] = {
	    {"all", 'a', false, .flag = &is_all},
	    {"signal", 's', true, .text = &word},
	};
	auto_close int root = -1;
	struct oci_state state;
	int first, number = 0, r = oci_options_read(call, table, 2, &first, e);

	(void)ret_status;
	oci_state_init(&state);
	if (r == 0)
		r = oci_options_id(call, first, 1, &id, e);
	if (r == 0 && first + 1 < call->argc)
		word = call->argv[first + 1];
	if (r == 0)
		r = parse_signal(word, &number, e);
	if (r == 0)
		r = oci_state_open_root(call->root, false, &root, e);
	if (r == 0)
		r = oci_state_open(root, id, false, &state, e);
	if (r == 0 && (r = send_signal(&state, number, is_all, e)) < 0)
		err_ctx(e, r, "kill '%s'", id);
	oci_state_finish(&state);
	return r;
}
