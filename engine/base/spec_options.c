/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The options of a sandbox: one table (at the end), one function per option.
 *
 * The names are those that users of docker and podman know. An entry without `set` is a word of the
 * contract that this version does not have yet: it is refused by name, which is kinder than
 * "unknown option". To add an option: write its setter, fill in its line, add it to spec_encode().
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec.h"
#include "spec_private.h"

enum { MEMORY_MIN_BYTES = 1 << 20, PIDS_MAX = 4194304 /* the kernel's own limit of pid_max */ };

static int set_text(char **destination, const char *text, struct err *e)
{
	char *copy = strdup(text);

	if (!copy)
		return err_sys(e, ENOMEM, "option");
	free(*destination);
	*destination = copy;
	return 0;
}

static int set_name(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	int r;

	if (str_is_name(argument)) {
		str_copy(spec->name, sizeof(spec->name), argument);
		return 0;
	}
	r = err_set(e, EINVAL, "'%.80s' cannot be a name", argument);
	return err_hint(e, r,
			"a letter, digit or '_' first, then also '.' and '-', at most 63 in all");
}

static int set_memory(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	uint64_t bytes = 0;
	int r = str_parse_size(argument, &bytes);

	if (r < 0) {
		r = err_set(e, -r, "--memory '%s': %s", argument,
			    r == -ERANGE ? "too large a number" : "not a size");
		return err_hint(e, r, "a number with K, M or G, for example 64M");
	}
	if (bytes < MEMORY_MIN_BYTES) {
		r = err_set(e, EINVAL, "--memory %s: %s", argument,
			    bytes ? "no program fits in that" : "no memory at all runs nothing");
		return err_hint(e, r, "at least 1M; leave the option out for no limit");
	}
	spec->memory_bytes = bytes;
	return 0;
}

static int set_pids(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	if (str_parse_number(argument, 1, PIDS_MAX, &spec->pids_max) < 0) {
		int r = err_set(e, EINVAL, "--pids '%s': not a number from 1 to %d", argument,
				PIDS_MAX);

		return err_hint(e, r, "for example --pids 100; leave the option out for no limit");
	}
	return 0;
}

/* K=V, or K alone: the value it has here; nothing when it has none. */
static int set_env(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	const char *value = strchr(argument, '=');
	auto_free char *joined = NULL;

	if (argument[0] == '\0' || value == argument) {
		int r = err_set(e, EINVAL, "--env '%s': a variable without a name", argument);

		return err_hint(e, r, "for example --env LANG=C");
	}
	if (value)
		return spec_add_word(&spec->env, argument, e);
	value = getenv(argument);
	if (!value)
		return 0;
	if (asprintf(&joined, "%s=%s", argument, value) < 0) {
		joined = NULL;
		return err_sys(e, ENOMEM, "--env '%s'", argument);
	}
	return spec_add_word(&spec->env, joined, e);
}

static int set_hostname(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	if (!str_is_name(argument)) {
		int r = err_set(e, EINVAL, "--hostname '%s': not a host name", argument);

		return err_hint(e, r, "letters, digits, '-' and '.', at most 63");
	}
	return set_text(&spec->hostname, argument, e);
}

static int set_workdir(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	if (argument[0] != '/') {
		int r = err_set(e, EINVAL, "--workdir '%s': not an absolute path", argument);

		return err_hint(e, r, "a path inside the sandbox that starts with '/'");
	}
	return set_text(&spec->workdir, argument, e);
}

static int set_network(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	int r;

	if (strcmp(argument, "none") == 0) {
		spec->network = SPEC_NETWORK_NONE;
		return 0;
	}
	if (strcmp(argument, "host") == 0) {
		spec->network = SPEC_NETWORK_HOST;
		return 0;
	}
	if (strcmp(argument, "lab") == 0)
		r = err_set(e, ENOTSUP, "--network lab is not in this version");
	else
		r = err_set(e, EINVAL, "--network '%s': no such network", argument);
	return err_hint(e, r, "this version has none and host");
}

static int set_no_ns(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	for (const struct spec_namespace *ns = spec_namespaces; ns->name; ns++) {
		if (strcmp(ns->name, argument) == 0) {
			spec->removed_bricks |= ns->brick;
			return 0;
		}
	}
	return err_hint(e, err_set(e, EINVAL, "--no-ns '%s': no such namespace", argument),
			"one of user pid mount network uts ipc cgroup time");
}

static int set_no_seccomp(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	(void)argument, (void)e;
	spec->removed_bricks |= SPEC_SECCOMP;
	return 0;
}

static int set_detach(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	(void)argument, (void)e;
	spec->detach = true;
	return 0;
}

static int set_remove(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	(void)argument, (void)e;
	spec->remove = true;
	return 0;
}

static int set_interactive(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	(void)argument, (void)e;
	spec->interactive = true;
	return 0;
}

static int set_tty(struct sandbox_spec *spec, const char *argument, struct err *e)
{
	(void)argument, (void)e;
	spec->tty = true;
	return 0;
}

/* The same word may be known by a second name, as `ip netns` and unshare(1) say "net" and "mnt". */
const struct spec_namespace spec_namespaces[] = {
    {"user", SPEC_NS_USER},
    {"pid", SPEC_NS_PID},
    {"mount", SPEC_NS_MOUNT},
    {"network", SPEC_NS_NETWORK},
    {"uts", SPEC_NS_UTS},
    {"ipc", SPEC_NS_IPC},
    {"cgroup", SPEC_NS_CGROUP},
    {"time", SPEC_NS_TIME},
    {"mnt", SPEC_NS_MOUNT},
    {"net", SPEC_NS_NETWORK},
    {NULL, 0},
};

/* clang-format off */
const struct spec_option spec_options[] = {
    {"--name", 0, "NAME", "its name; one is made up without it", NULL, set_name},
    {"--memory", 'm', "SIZE", "no more memory than this, for example 64M", NULL, set_memory},
    {"--pids", 0, "N", "no more than N processes at a time", NULL, set_pids},
    {"--env", 'e', "K=V", "sets an environment variable inside", NULL, set_env},
    {"--hostname", 0, "NAME", "the host name it sees", "container vm", set_hostname},
    {"--workdir", 'w', "DIR", "the directory in which the command starts", NULL, set_workdir},
    {"--detach", 'd', NULL, "runs in the background", NULL, set_detach},
    {"--rm", 0, NULL, "removes it when it ends", NULL, set_remove},
    {"--interactive", 'i', NULL, "passes the input on to it", NULL, set_interactive},
    {"--tty", 't', NULL, "gives it a terminal of its own", NULL, set_tty},
    {"--network", 0, "NET", "none (only itself) or host (the host's own)", NULL, set_network},
    {"--no-ns", 0, "NS", "takes out a namespace: user pid mount network uts ipc cgroup time",
     "container", set_no_ns},
    {"--no-seccomp", 0, NULL, "takes out the filter of system calls", "container", set_no_seccomp},
    {"--image", 0, "IMAGE", "the file tree it sees", NULL, NULL},
    {"--cpus", 0, "N", "no more processor time than N processors have", NULL, NULL},
    {"--volume", 'v', "SRC:DST", "shows it a directory of the host", NULL, NULL},
    {"--user", 'u', "USER", "the user it runs as", NULL, NULL},
    {"--init", 0, NULL, "puts a small init in front of the command", NULL, NULL},
    {"--cap-add", 0, "CAP", "gives it a capability", "container", NULL},
    {"--cap-drop", 0, "CAP", "takes a capability away", "container", NULL},
    {"--kernel", 0, "KERNEL", "the kernel of the machine", "vm", NULL},
    {"--vcpus", 0, "N", "how many processors the machine has", "vm", NULL},
    {"--accel", 0, "ACCEL", "how the machine is run: auto, kvm, tcg", "vm", NULL},
    {0},
};
/* clang-format on */
