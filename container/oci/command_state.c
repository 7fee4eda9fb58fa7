// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * `state` prints one container's state as JSON, `list` all of them, as a table or as JSON. They
 * only read. Without an id, or without that container, `state` is an error, as the specification
 * wants.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "fd.h"

int oci_command_state(const struct oci_call *call, int *ret_status, struct err *e)
{
	struct oci_state state;
	int r = oci_options_open(call, NULL, 0, NULL, false, &state, e);

	(void)ret_status;
	if (r == 0) {
		auto_free char *text = oci_state_describe(&state, oci_state_status(&state),
							  JSON_INDENT(2));
		printf("%s\n", text ? text : "{}");
	}
	oci_state_finish(&state);
	return r;
}

struct listing {
	bool is_quiet, is_json;
	unsigned count;
};

static void print_one(struct listing *listing, const struct oci_state *state)
{
	enum oci_status status = oci_state_status(state);
	auto_free char *text = oci_state_describe(state, status, JSON_COMPACT);
	int pid = status == OCI_STOPPED ? 0 : (int)state->pid;

	if (listing->is_quiet) {
		printf("%s\n", state->id);
	} else if (listing->is_json) {
		printf("%s%s", listing->count ? "," : "[", text ? text : "{}");
	} else {
		if (!listing->count)
			printf("%-24s %-8s %-10s %-22s %s\n", "ID", "PID", "STATUS", "CREATED",
			       "BUNDLE");
		printf("%-24s %-8d %-10s %-22s %s\n", state->id, pid, oci_status_name(status),
		       state->created ? state->created : "", state->bundle ? state->bundle : "");
	}
	listing->count++;
}

static int list(int root, struct listing *listing, struct err *e)
{
	DIR *directory = fdopendir(fcntl(root, F_DUPFD_CLOEXEC, 3));
	struct dirent *entry;

	if (!directory)
		return err_sys(e, errno, "read the directory of states");
	while ((entry = readdir(directory))) {
		struct err unused = {0};
		struct oci_state state;
		oci_state_init(&state);
		if (*entry->d_name != '.' &&
		    oci_state_open(root, entry->d_name, false, &state, &unused) == 0)
			print_one(listing, &state);
		oci_state_finish(&state);
	}
	closedir(directory);
	if (listing->is_json)
		printf("%s\n", listing->count ? "]" : "[]");
	return 0;
}

int oci_command_list(const struct oci_call *call, int *ret_status, struct err *e)
{
	struct listing listing = {0};
	const char *format = "table";
	const struct oci_option table[] = {
	    {"quiet", 'q', false, .flag = &listing.is_quiet},
	    {"format", 'f', true, .text = &format},
	};
	auto_close int root = -1;
	int first, r = oci_options_read(call, table, 2, &first, e);

	(void)ret_status;
	if (r < 0)
		return r;
	if (first < call->argc)
		return err_set(e, EINVAL, "list: '%.100s' is one word too many", call->argv[first]);
	listing.is_json = strcmp(format, "json") == 0;
	if (!listing.is_json && strcmp(format, "table") != 0)
		return err_set(e, EINVAL, "--format is table or json, not '%.40s'", format);
	r = oci_state_open_root(call->root, false, &root, e);
	if (r == -ENOENT) { /* never used: there are none */
		err_clear(e);
		printf("%s", listing.is_json ? "[]\n" : "");
		return 0;
	}
	return r < 0 ? r : list(root, &listing, e);
}
