// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Doctor's line about `--network lab`: isolab-net tries it (net/try.h), since no worker speaks
 * netlink; what it prints is turned into cause and fix here.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "str.h"
#include "wall.h"

enum { TOLD_MAX = 4096 };

/* The answer of isolab-net, which lies beside us. False: it could not be asked. */
static bool ask(char told[TOLD_MAX])
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("isolab-net"));
	int ends[2];

	if (n < 0)
		return false;
	path[n] = '\0';
	char *slash = strrchr(path, '/');
	str_copy(slash ? slash + 1 : path, sizeof("isolab-net"), "isolab-net");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execl(path, "isolab-net", "--try", (char *)NULL);
		_exit(127);
	}
	fd_close(&ends[1]);
	n = fd_read_full(ends[0], told, TOLD_MAX - 2);
	fd_close(&ends[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return n > 0; /* what was not read is zero */
}

/* The rest of the line that begins with `key` and a blank, in place; "" if there is none. */
static char *line_of(char *told, const char *key)
{
	size_t length = strlen(key);

	for (char *line = told; line && *line; line = strchr(line, '\0') + 1) {
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return line + length + 1;
	}
	return told + strlen(told);
}

/* Cuts lines at their ends; two NULs end the text. */
static void cut_lines(char told[TOLD_MAX])
{
	for (char *at = told; (at = strchr(at, '\n')); at++)
		*at = '\0';
}

/* "WHAT<TAB>HINT" becomes cause and fix. */
static void explain(struct worker_check *check, char *line)
{
	char *hint = strchr(line, '\t');

	if (hint)
		*hint++ = '\0';
	check->cause = line;
	check->fix = hint && *hint ? hint
				   : "load the kernel's modules: sudo modprobe -a bridge veth tun";
}

static void explain_uplink(struct worker_check *check, char *nat, const char *uplink)
{
	check->status = "degraded";
	check->found = "a bridge and cables; nothing leads outside";
	check->degrades = "sandboxes with --network lab see each other only";
	if (strcmp(nat, "ok") != 0) {
		explain(check, nat);
	} else if (*uplink == '!') {
		check->cause = "/dev/net/tun is closed to this user";
		check->fix = "sudo chmod 0666 /dev/net/tun";
	} else {
		check->cause = "neither pasta nor slirp4netns is installed";
		check->fix = "install one: apt install passt (Fedora, Arch: passt, too)";
	}
}

/* A machine's cable is a tap, which the lab's holder makes: nobody special, in a user namespace. */
static bool has_cables_for_machines(void)
{
	struct stat status;

	return stat("/dev/net/tun", &status) == 0 && (status.st_mode & 06) == 06;
}

void wall_check_lab(void (*say)(void *arg, const struct worker_check *check), void *arg)
{
	char told[TOLD_MAX] = "", found[96];
	struct worker_check check = {.name = "lab_network", .status = "ok", .found = found};
	bool has_asked = ask(told);

	cut_lines(told);
	char *lab = line_of(told, "lab"), *nat = line_of(told, "nat");
	const char *uplink = line_of(told, "uplink");
	if (!has_asked) {
		check.status = "missing";
		check.found = "no isolab-net beside isolab-container";
		check.cause = "it was not built or not installed";
		check.fix = "./dev build, or install isolab again";
		check.degrades = "no --network lab";
	} else if (strcmp(lab, "ok") != 0) {
		check.status = "missing";
		check.found = "cannot be made";
		check.degrades = "no --network lab";
		explain(&check, lab);
	} else if (strcmp(nat, "ok") != 0 || !*uplink || *uplink == '!') {
		explain_uplink(&check, nat, uplink);
	} else {
		snprintf(found, sizeof(found), "a bridge and cables, %.16s leads outside", uplink);
		if (!has_cables_for_machines()) {
			check.status = "degraded";
			check.cause = "/dev/net/tun is not there, or not for everybody";
			check.fix = "sudo modprobe tun; sudo chmod 0666 /dev/net/tun";
			check.degrades = "no --network lab for a vm";
		}
	}
	say(arg, &check);
}
