// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * `exec` runs a program inside a running container: all its namespaces are joined through one
 * checked descriptor (setns(2) with a pidfd, Linux 5.8), by a process in between, as for
 * namespaces that are named in a config; the new process is put into the cgroups, and then becomes
 * the program with the container's own capabilities and filter.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroups.h"
#include "commands.h"
#include "fd.h"
#include "kernel.h"
#include "labels.h"
#include "spec.h"
#include "str.h"

struct exec_options {
	const char *process, *cwd, *user, *pid_file, *console_socket, *preserve_fds;
	struct oci_strings env, capabilities;
	bool is_detached, has_terminal, has_no_new_privileges;
};

struct entering {
	struct oci_container *c;
	unsigned namespaces; /* those that differ from ours */
	int target;          /* pidfd of the container's first process */
	int root;            /* its root directory */
};

/* "UID[:GID]", digits only: a name is the image's business, and a wrong one must never be root. */
static int parse_user(const char *text, struct oci_process *process, struct err *e)
{
	char copy[32];
	uint64_t uid, gid = 0;
	char *colon;

	if (!text)
		return 0;
	bool is_right = str_copy(copy, sizeof(copy), text);
	if ((colon = strchr(copy, ':')))
		*colon++ = '\0';
	is_right = is_right && str_parse_number(copy, 0, UINT32_MAX - 1, &uid) == 0;
	is_right = is_right && (!colon || str_parse_number(colon, 0, UINT32_MAX - 1, &gid) == 0);
	if (!is_right)
		return err_hint(e,
				err_set(e, EINVAL, "--user: '%.40s' is not UID or UID:GID", text),
				"numbers only: names are known to the image alone");
	process->uid = (uint32_t)uid;
	process->gid = colon ? (uint32_t)gid : process->gid;
	process->group_count = 0;
	return 0;
}

static int add_environment(const struct exec_options *options, struct oci_container *c,
			   struct err *e)
{
	struct oci_strings *env = &c->config.process.env;
	char **items = oci_memory_take(&c->config.memory, env->count + options->env.count + 1,
				       sizeof(*items));
	size_t count = 0;

	if (!items)
		return err_sys(e, ENOMEM, "make the environment");
	for (size_t i = 0; i < env->count; i++)
		items[count++] = env->items[i];
	for (size_t i = 0; i < options->env.count; i++) {
		char *word = options->env.items[i];
		size_t length = strcspn(word, "="), place = 0;
		if (!word[length] || !length)
			return err_set(e, EINVAL, "--env: '%.60s' is not NAME=VALUE", word);
		while (place < count && strncmp(items[place], word, length + 1) != 0)
			place++;
		items[place] = word;
		count += place == count;
	}
	*env = (struct oci_strings){items, count};
	return 0;
}

static int add_capabilities(const struct exec_options *options, struct oci_process *process,
			    struct err *e)
{
	for (size_t i = 0; i < options->capabilities.count; i++) {
		const char *name = options->capabilities.items[i];
		int number = spec_find_capability(name);
		if (number < 0)
			return err_set(e, EINVAL, "--cap: there is no capability '%.40s'", name);
		for (int set = 0; set < OCI_CAPABILITY_SETS; set++)
			process->capabilities[set] |= 1ULL << number;
	}
	process->no_new_privileges |= options->has_no_new_privileges;
	return 0;
}

/* --process FILE: a process of its own, in the form of the config's. */
static int read_process(const char *path, struct oci_container *c, struct err *e)
{
	struct oci_reader reader = {.document = path, .memory = &c->config.memory, .e = e};
	struct oci_node document = {.reader = &reader};
	auto_free char *text = malloc(OCI_JSON_MAX);

	if (!text)
		return err_sys(e, ENOMEM, "read '%s'", path);
	ssize_t n = fd_read_file(AT_FDCWD, path, text, OCI_JSON_MAX);
	if (n < 0)
		return err_sys(e, (int)n, "read '%s'", path);
	int r = oci_json_parse(path, text, (size_t)n, &document.value, e);
	if (r < 0)
		return r;
	c->config.process = (struct oci_process){0};
	if (!json_is_object(document.value))
		oci_fault(&document, "it must be an object");
	else
		oci_config_read_process(&document, &c->config.process);
	c->process_tree = document.value; /* its strings are in use until the end */
	return reader.r;
}

static int choose_process(const struct oci_call *call, const struct exec_options *options,
			  int first, struct oci_container *c, struct err *e)
{
	struct oci_process *process = &c->config.process;
	int r = 0;

	if (options->process) {
		r = read_process(options->process, c, e);
	} else if (first >= call->argc) {
		return err_set(e, EINVAL, "exec: which program?");
	} else {
		process->args = (struct oci_strings){call->argv + first,
						     (size_t)(call->argc - first)};
		process->terminal = options->has_terminal;
		process->is_set = true;
	}
	if (r == 0)
		r = parse_user(options->user, process, e);
	if (r == 0)
		r = add_environment(options, c, e);
	if (options->cwd)
		process->cwd = options->cwd;
	if (r == 0 && (!process->cwd || *process->cwd != '/'))
		r = err_set(e, EINVAL, "--cwd must be an absolute path");
	return r < 0 ? r : add_capabilities(options, process, e);
}

/* Which namespaces of the container are not ours. */
static int compare_namespaces(struct entering *entering, struct err *e)
{
	static const struct {
		const char *name;
		int flag;
	} kinds[] = {{"user", CLONE_NEWUSER}, {"pid", CLONE_NEWPID},      {"net", CLONE_NEWNET},
		     {"mnt", CLONE_NEWNS},    {"ipc", CLONE_NEWIPC},      {"uts", CLONE_NEWUTS},
		     {"time", CLONE_NEWTIME}, {"cgroup", CLONE_NEWCGROUP}};
	struct oci_container *c = entering->c;
	char path[48];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct stat own, other;
		snprintf(path, sizeof(path), "self/ns/%s", kinds[i].name);
		if (fstatat(c->proc, path, &own, 0) < 0)
			continue; /* this kernel has none of that kind */
		snprintf(path, sizeof(path), "%d/ns/%s", (int)c->state.pid, kinds[i].name);
		if (fstatat(c->proc, path, &other, 0) < 0)
			return err_sys(e, errno, "look at the container's namespaces");
		if (own.st_ino != other.st_ino)
			entering->namespaces |= (unsigned)kinds[i].flag;
	}
	return 0;
}

static int open_container(struct entering *entering, struct err *e)
{
	struct oci_container *c = entering->c;
	char path[32];

	c->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	entering->target = oci_state_open_process(&c->state);
	if (c->proc < 0 || entering->target < 0)
		return err_set(e, ESRCH, "it is stopped");
	snprintf(path, sizeof(path), "%d/root", (int)c->state.pid);
	entering->root = openat(c->proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (entering->root < 0)
		return err_sys(e, errno, "open its root");
	return compare_namespaces(entering, e);
}

/* ---- inside ---- */

static int settle(struct entering *entering, struct err *e)
{
	struct oci_container *c = entering->c;
	int r = 0;

	umask(0);
	setsid();
	if (r == 0 && (fchdir(entering->root) < 0 || chroot(".") < 0 || chdir("/") < 0))
		r = err_sys(e, errno, "enter its root");
	if (r == 0 && entering->namespaces & CLONE_NEWUSER) {
		kernel_setgroups(0, NULL);
		if (kernel_setresgid(0) < 0 || kernel_setresuid(0) < 0)
			r = err_sys(e, errno, "become root of its user namespace");
	}
	c->root_tree = entering->root;
	if (r == 0)
		r = oci_labels_open(c, e);
	if (r == 0)
		r = oci_console_open(c, e);
	return r < 0 ? r : oci_labels_set(c, e);
}

static void become(struct entering *entering) __attribute__((noreturn));
static void become(struct entering *entering)
{
	struct oci_container *c = entering->c;
	const struct oci_becoming becoming = {.process = &c->config.process,
					      .seccomp = &c->config.seccomp,
					      .personality = c->config.personality,
					      .preserved = c->preserved,
					      .is_rootless = c->is_rootless,
					      .report = c->report};
	struct err *e = &c->report->error;
	sigset_t none;

	fd_close(&c->socket);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (settle(entering, e) == 0)
		oci_process_become(&becoming, e);
	_exit(127);
}

static void go_between(struct entering *entering) __attribute__((noreturn));
static void go_between(struct entering *entering)
{
	struct oci_container *c = entering->c;
	struct err *e = &c->report->error;
	struct clone_args arguments = {.flags = CLONE_PARENT};
	auto_close int group = oci_groups_open_unified(&c->state.groups);

	/* Nobody inside may look into our descriptors (CVE-2016-9962). */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* Then the cgroups: behind another mount namespace they have no path. */
	if (oci_groups_join(&c->state.groups, e) < 0)
		_exit(1);
	if (entering->namespaces && setns(entering->target, (int)entering->namespaces) < 0) {
		err_sys(e, errno, "join its namespaces");
		_exit(1);
	}
	if (group >= 0) {
		arguments.flags |= CLONE_INTO_CGROUP;
		arguments.cgroup = (uint64_t)group;
	}
	pid_t pid = kernel_clone3(&arguments);
	if (pid == 0)
		become(entering);
	if (pid < 0)
		err_sys(e, errno, "make a process in it");
	c->report->pid = pid;
	_exit(pid < 0);
}

/* ---- outside ---- */

static int spawn(struct entering *entering, struct err *e)
{
	struct oci_container *c = entering->c;
	int r = oci_words_open(c, e);
	pid_t between = r < 0 ? r : fork();

	if (between == 0)
		go_between(entering);
	if (r < 0 || between < 0)
		return r < 0 ? r : err_sys(e, errno, "make a process");
	while (waitpid(between, NULL, 0) < 0 && errno == EINTR)
		;
	fd_close(&c->child_socket);
	if (c->report->pid <= 0) {
		*e = c->report->error;
		return e->code ? -e->code : err_set(e, EIO, "the process in between has died");
	}
	c->pid = c->report->pid;
	c->process = kernel_pidfd_open(c->pid);
	return c->process < 0 ? err_sys(e, errno, "hold the process") : 0;
}

/* Its end of the socket is closed by exec, or by its death. */
static int await_exec(struct oci_container *c, struct err *e)
{
	char unused;

	while (recv(c->socket, &unused, 1, 0) < 0 && errno == EINTR)
		;
	if (c->report->error.code) {
		*e = c->report->error;
		return -e->code;
	}
	return c->report->is_exec ? 0
				  : err_set(e, EIO, "the process ended before it ran the program");
}

static int enter(const struct exec_options *options, struct oci_container *c, int console,
		 int *ret_status, struct err *e)
{
	struct entering entering = {.c = c, .target = -1, .root = -1};
	int r = open_container(&entering, e);

	if (r == 0 && !options->is_detached)
		oci_foreground_prepare();
	if (r == 0)
		r = spawn(&entering, e);
	if (r == 0)
		r = await_exec(c, e);
	fd_close(&entering.target);
	fd_close(&entering.root);
	if (r == 0)
		r = oci_write_pid_file(options->pid_file, c->pid, e);
	if (r < 0 && c->process >= 0)
		kernel_pidfd_send_signal(c->process, SIGKILL);
	fd_close(&c->console);
	if (r < 0 || options->is_detached)
		return r;
	*ret_status = oci_foreground(c->process, console, e);
	return *ret_status < 0 ? *ret_status : 0;
}

static int open_console(const struct exec_options *options, struct oci_container *c,
			int *ret_console, struct err *e)
{
	const struct oci_process *process = &c->config.process;
	int pair[2];
	int r = oci_check_console(process, options->console_socket, options->is_detached, e);

	if (r == 0 && options->console_socket)
		return oci_connect_console(options->console_socket, &c->console, e);
	if (r < 0 || !process->terminal)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, errno, "make a socket for the terminal");
	c->console = pair[0];
	*ret_console = pair[1];
	return 0;
}

static int exec_in(const struct oci_call *call, const struct exec_options *options, int first,
		   int *ret_status, struct err *e)
{
	struct oci_container c;
	const char *id = NULL;
	auto_close int root = -1, console = -1;

	oci_container_init(&c);
	c.is_rootless = geteuid() != 0;
	int r = oci_options_id(call, first, call->argc, &id, e);
	if (r == 0)
		r = oci_parse_count("preserve-fds", options->preserve_fds, OCI_PRESERVED_MAX,
				    &c.preserved, e);
	if (r == 0)
		r = oci_state_open_root(call->root, false, &root, e);
	if (r == 0)
		r = oci_state_open(root, id, false, &c.state, e);
	enum oci_status status = r == 0 ? oci_state_status(&c.state) : OCI_STOPPED;
	if (r == 0 && status != OCI_RUNNING && status != OCI_CREATED)
		r = err_set(e, ESRCH, "it is %s", oci_status_name(status));
	if (r == 0)
		r = oci_config_load(&c.config, c.state.directory, "config.json", NULL, e);
	if (r == 0)
		r = choose_process(call, options, first + 1, &c, e);
	if (r == 0)
		r = open_console(options, &c, &console, e);
	if (r == 0)
		r = enter(options, &c, console, ret_status, e);
	oci_container_finish(&c);
	return r < 0 && id ? err_ctx(e, r, "exec in '%s'", id) : r;
}

int oci_command_exec(const struct oci_call *call, int *ret_status, struct err *e)
{
	struct exec_options options = {0};
	const struct oci_option table[] = {
	    {"process", 'p', true, .text = &options.process},
	    {"cwd", 0, true, .text = &options.cwd},
	    {"user", 'u', true, .text = &options.user},
	    {"env", 'e', true, .texts = &options.env},
	    {"cap", 'c', true, .texts = &options.capabilities},
	    {"tty", 't', false, .flag = &options.has_terminal},
	    {"detach", 'd', false, .flag = &options.is_detached},
	    {"no-new-privs", 0, false, .flag = &options.has_no_new_privileges},
	    {"pid-file", 0, true, .text = &options.pid_file},
	    {"console-socket", 0, true, .text = &options.console_socket},
	    {"preserve-fds", 0, true, .text = &options.preserve_fds},
	};
	int first;
	int r = oci_options_read(call, table, sizeof(table) / sizeof(table[0]), &first, e);

	if (r == 0)
		r = exec_in(call, &options, first, ret_status, e);
	free(options.env.items);
	free(options.capabilities.items);
	return r;
}
