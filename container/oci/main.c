// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * isolab-oci: isolab's container wall behind the command line of an OCI runtime. It reads bundles
 * (config.json and a root file system) as other runtimes do, so that engines can call it and the
 * public validation programs can judge it. Options that come before the command's name are read
 * here, errors are told here: on standard error, and in --log as text or JSON.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "fd.h"
#include "str.h"

struct global_options {
	const char *root, *log, *log_format, *cgroup_manager;
	bool is_help, is_version, is_systemd;
};

static const struct oci_command commands[] = {
    {"create", "[-b BUNDLE] [--pid-file FILE] [--console-socket PATH] [--preserve-fds N] ID",
     "builds a container, up to the point where its program would run", oci_command_create},
    {"start", "ID", "runs the program of a created container", oci_command_start},
    {"state", "ID", "prints a container's state as JSON", oci_command_state},
    {"kill", "[--all] ID [SIGNAL]", "sends it a signal (TERM)", oci_command_kill},
    {"delete", "[--force] ID", "removes what a stopped container has left", oci_command_delete},
    {"run", "[-b BUNDLE] [-d] [--keep] ID", "create, start, wait, delete", oci_command_run},
    {"exec", "[-t] [-d] [-e K=V] [-u UID[:GID]] [--cwd DIR] [-p FILE] ID COMMAND…",
     "runs another program in a running container", oci_command_exec},
    {"list", "[-q] [-f table|json]", "lists the containers", oci_command_list},
    {"spec", "[-b BUNDLE] [--rootless]", "writes a config.json to begin with", oci_command_spec},
    {"features", "", "prints as JSON what this runtime can", oci_command_features},
};

static void print_help(void)
{
	printf("isolab-oci: runs OCI bundles in isolab's container wall\n\n"
	       "  isolab-oci [--root DIR] [--log FILE] [--log-format text|json] COMMAND …\n\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		printf("  %-9s %s\n            %s\n", commands[i].name, commands[i].arguments,
		       commands[i].about);
	printf("\nStates are kept in --root, else $XDG_RUNTIME_DIR/isolab-oci or "
	       "/run/isolab-oci.\n");
}

static void print_version(void)
{
	printf("isolab-oci version %s\nspec: 1.0 to 1.2\n", OCI_PROGRAM_VERSION);
}

/* Engines read the last error from the log. */
static void write_log(const struct global_options *options, const struct err *e)
{
	char stamp[32];
	time_t now = time(NULL);
	struct tm parts;
	auto_strbuf line = {0};

	if (!options->log)
		return;
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
	if (options->log_format && strcmp(options->log_format, "json") == 0) {
		str_add(&line, "{\"level\":\"error\",\"msg\":");
		str_add_json(&line, e->what);
		str_addf(&line, ",\"time\":\"%s\"}\n", stamp);
	} else {
		str_addf(&line, "time=\"%s\" level=error msg=\"%s\"\n", stamp, e->what);
	}
	auto_close int fd = open(options->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd >= 0 && !line.failed)
		fd_write_all(fd, line.data, line.length);
}

static int tell(const struct global_options *options, const struct err *e, int status)
{
	char text[ERR_WHAT_MAX + ERR_HINT_MAX + 32];

	write_log(options, e);
	err_format(e, text, sizeof(text));
	fprintf(stderr, "isolab-oci: %s", text);
	return status;
}

static int check_globals(const struct global_options *options, struct err *e)
{
	const char *format = options->log_format, *manager = options->cgroup_manager;

	if (options->is_systemd || (manager && strcmp(manager, "systemd") == 0))
		return err_hint(e,
				err_set(e, ENOTSUP,
					"this runtime does not ask systemd for "
					"cgroups"),
				"leave --systemd-cgroup out: cgroups are made below our own");
	if (format && strcmp(format, "json") != 0 && strcmp(format, "text") != 0)
		return err_set(e, EINVAL, "--log-format is text or json, not '%.40s'", format);
	return 0;
}

static int read_globals(struct oci_call *call, struct global_options *options, struct err *e)
{
	const struct oci_option table[] = {
	    {"root", 0, true, .text = &options->root},
	    {"log", 0, true, .text = &options->log},
	    {"log-format", 0, true, .text = &options->log_format},
	    {"log-level", 0, true, .text = NULL},
	    {"debug", 0, false, .text = NULL},
	    {"rootless", 0, true, .text = NULL},
	    {"systemd-cgroup", 0, false, .flag = &options->is_systemd},
	    {"cgroup-manager", 0, true, .text = &options->cgroup_manager},
	    {"help", 'h', false, .flag = &options->is_help},
	    {"version", 'v', false, .flag = &options->is_version},
	};
	int first;
	int r = oci_options_read(call, table, sizeof(table) / sizeof(table[0]), &first, e);

	if (r < 0)
		return r;
	call->root = options->root;
	call->argc -= first;
	call->argv += first;
	return check_globals(options, e);
}

static const struct oci_command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

static int explain_unknown(const char *name, struct err *e)
{
	const char *names[sizeof(commands) / sizeof(commands[0])];
	size_t count = sizeof(commands) / sizeof(commands[0]);

	for (size_t i = 0; i < count; i++)
		names[i] = commands[i].name;
	const char *nearest = str_nearest(name, names, count);
	int r = err_set(e, EINVAL, "unknown command '%.60s'", name);
	return nearest ? err_hint(e, r, "did you mean '%s'?", nearest)
		       : err_hint(e, r, "`isolab-oci --help` lists them");
}

int main(int argc, char **argv)
{
	struct global_options options = {0};
	struct oci_call call = {.argc = argc, .argv = argv};
	struct err e = {0};
	int status = 0;
	int r = read_globals(&call, &options, &e);

	if (r < 0)
		return tell(&options, &e, OCI_USAGE);
	if (options.is_version) {
		print_version();
		return 0;
	}
	if (options.is_help || call.argc == 0 || strcmp(call.argv[0], "help") == 0) {
		print_help();
		return options.is_help || call.argc ? 0 : OCI_USAGE;
	}
	const struct oci_command *command = find_command(call.argv[0]);
	if (!command) {
		explain_unknown(call.argv[0], &e);
		return tell(&options, &e, OCI_USAGE);
	}
	bool is_inside = command->run == oci_command_create || command->run == oci_command_run ||
			 command->run == oci_command_exec;
	r = is_inside ? oci_protect_self(argv, &e) : 0;
	if (r == 0)
		r = command->run(&call, &status, &e);
	return r < 0 ? tell(&options, &e, OCI_FAILED) : status;
}
