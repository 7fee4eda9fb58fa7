// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * `kill` sends a signal to a container's first process, or with --all to every process in it: those
 * of its cgroups, or, where it has none of its own, those of its pid namespace. It is sent through
 * a descriptor that was checked, so never to a process that has inherited the number. A stopped
 * container is an error.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

/* ---- all of a pid namespace ---- */

static bool find_namespace(const char *pid, struct stat *ret)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%.20s/ns/pid", pid);
	return stat(path, ret) == 0;
}

/* Process 1 of a namespace: the last number of NSpid (proc(5)) is what it is called in there. In a
 * namespace that it has joined others live, who are not meant. */
static bool is_first(const char *pid)
{
	char path[48], text[4096];

	snprintf(path, sizeof(path), "/proc/%.20s/status", pid);
	if (fd_read_file(AT_FDCWD, path, text, sizeof(text)) < 0)
		return false;
	char *numbers = strstr(text, "\nNSpid:");
	char *end = numbers ? strchr(numbers + 1, '\n') : NULL;
	if (!end)
		return false;
	*end = '\0';
	const char *last = strrchr(numbers, '\t');
	return last && strcmp(last, "\t1") == 0;
}

/* First a descriptor, then the look at who that is: the number may be given away in between. */
static bool signal_member(const char *pid, const struct stat *namespace, int number)
{
	auto_close int process = (int)syscall(SYS_pidfd_open, (pid_t)strtol(pid, NULL, 10), 0);
	struct stat found;

	return process >= 0 && find_namespace(pid, &found) && found.st_ino == namespace->st_ino &&
	       found.st_dev == namespace->st_dev && kernel_pidfd_send_signal(process, number) == 0;
}

/* True if somebody got it. */
static bool signal_namespace(pid_t first, int number)
{
	struct stat namespace, own;
	struct dirent *entry;
	bool is_any = false;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)first);
	if (!is_first(pid) || !find_namespace(pid, &namespace) || !find_namespace("self", &own) ||
	    namespace.st_ino == own.st_ino)
		return false;
	DIR *proc = opendir("/proc");
	while (proc && (entry = readdir(proc)))
		if (strtol(entry->d_name, NULL, 10) > 0)
			is_any |= signal_member(entry->d_name, &namespace, number);
	if (proc)
		closedir(proc);
	return is_any;
}

static int send_signal(const struct oci_state *state, int number, bool is_all, struct err *e)
{
	enum oci_status status = oci_state_status(state);
	auto_close int process = oci_state_open_process(state);

	if (is_all && oci_groups_signal(&state->groups, number))
		return 0;
	if (status == OCI_STOPPED || process < 0)
		return err_set(e, ESRCH, "it is stopped");
	if (is_all && signal_namespace(state->pid, number))
		return 0;
	if (kernel_pidfd_send_signal(process, number) < 0)
		return err_sys(e, errno, "send signal %d", number);
	return 0;
}

int oci_command_kill(const struct oci_call *call, int *ret_status, struct err *e)
{
	bool is_all = false;
	const char *word = "TERM";
	const struct oci_option table[] = {
	    {"all", 'a', false, .flag = &is_all},
	    {"signal", 's', true, .text = &word},
	};
	struct oci_state state;
	int number = 0, r = oci_options_open(call, table, 2, &word, false, &state, e);

	(void)ret_status;
	if (r == 0)
		r = parse_signal(word, &number, e);
	if (r == 0 && (r = send_signal(&state, number, is_all, e)) < 0)
		err_ctx(e, r, "kill '%s'", state.id);
	oci_state_finish(&state);
	return r;
}
