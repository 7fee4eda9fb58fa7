/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * doctor: what this machine can do, why it cannot do the rest, how to mend that, and what is
 * missing until then. Each wall's worker is asked by `--check` and answers in JSON lines; what the
 * front itself needs is looked at here. It always exits 0: to find something is its job.
 */
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "cmd.h"
#include "doctor.h"
#include "fd.h"
#include "programs.h"
#include "rundir.h"

extern char **environ;

enum { CHECK_BYTES_MAX = 128 * 1024, CHECK_TIMEOUT_MS = 10000, FREE_BYTES_MIN = 16 << 20 };

void doctor_add(struct doctor_report *report, const char *name, const char *status,
		const char *found, const char *cause, const char *fix, const char *degrades)
{
	struct doctor_check *check;

	if (report->count == DOCTOR_CHECKS_MAX)
		return;
	check = &report->checks[report->count++];
	str_copy(check->name, sizeof(check->name), name);
	str_copy(check->status, sizeof(check->status), status);
	str_copy(check->found, sizeof(check->found), found);
	str_copy(check->cause, sizeof(check->cause), cause);
	str_copy(check->fix, sizeof(check->fix), fix);
	str_copy(check->degrades, sizeof(check->degrades), degrades);
}

/* ---- what the workers say ---- */

static bool is_status(const char *text)
{
	return strcmp(text, "ok") == 0 || strcmp(text, "degraded") == 0 ||
	       strcmp(text, "missing") == 0;
}

static void take_line(struct doctor_report *report, const char *line, size_t length)
{
	struct doc *object = doc_parse_object(line, length, NULL);

	if (object && *doc_get_text(object, "name") && is_status(doc_get_text(object, "status")))
		doctor_add(report, doc_get_text(object, "name"), doc_get_text(object, "status"),
			   doc_get_text(object, "found"), doc_get_text(object, "cause"),
			   doc_get_text(object, "fix"), doc_get_text(object, "degrades"));
	doc_free(object);
}

void doctor_parse(struct doctor_report *report, const char *text, size_t length)
{
	for (const char *at = text, *end = text + length; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;

		if (stop > at)
			take_line(report, at, (size_t)(stop - at));
		at = newline ? newline + 1 : end;
	}
}

static size_t read_for(int fd, char *text, size_t size, int timeout_ms)
{
	uint64_t end_ns = clock_now_ns() + (uint64_t)timeout_ms * 1000000;
	size_t length = 0;

	for (uint64_t now_ns; length < size && (now_ns = clock_now_ns()) < end_ns;) {
		struct pollfd readable = {.fd = fd, .events = POLLIN};
		ssize_t n = poll(&readable, 1, (int)((end_ns - now_ns) / 1000000) + 1);

		if (n > 0)
			n = read(fd, text + length, size - length);
		if (n <= 0)
			break;
		length += (size_t)n;
	}
	return length;
}

/* Runs `path --check` with stdout into a pipe. */
static int run_check(const char *path, const char *name, char *text, size_t size, struct err *e)
{
	char *argv[] = {(char *)name, (char *)"--check", NULL};
	posix_spawn_file_actions_t actions;
	auto_close int mine = -1;
	int fds[2], r;
	size_t length;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, errno, "make a pipe");
	mine = fds[0];
	r = posix_spawn_file_actions_init(&actions);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
						     0);
	if (r == 0)
		r = posix_spawn(&pid, path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	fd_close(&fds[1]);
	if (r)
		return err_sys(e, r, "run '%s'", path);
	length = read_for(mine, text, size, CHECK_TIMEOUT_MS);
	if (length == size || length == 0)
		kill(pid, SIGKILL); /* floods or hangs */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return (int)length;
}

static void ask_worker(struct doctor_report *report, const char *programs, const char *worker)
{
	auto_free char *text = malloc(CHECK_BYTES_MAX);
	char path[PATH_MAX];
	struct err error = {0};
	size_t before = report->count;
	int length;

	if (!text)
		return;
	snprintf(path, sizeof(path), "%s/%s", programs, worker);
	length = run_check(path, worker, text, CHECK_BYTES_MAX, &error);
	if (length > 0)
		doctor_parse(report, text, (size_t)length);
	if (report->count == before)
		doctor_add(report, worker, "missing", "",
			   length < 0 ? error.what : "it says nothing",
			   "build it with ./dev build, or install isolab again",
			   "sandboxes of its kinds");
}

/* ---- what the front needs ---- */

static void check_kernel(struct doctor_report *report)
{
	struct utsname names;
	char found[256];

	uname(&names);
	snprintf(found, sizeof(found), "%s %s %s", names.sysname, names.release, names.machine);
	doctor_add(report, "kernel", "ok", found, "", "", "");
}

/* There is one also when this output goes through a pipe: to `less`, or to the screen itself. */
static bool has_terminal(void)
{
	auto_close int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	return fd >= 0 || (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO));
}

static void check_terminal(struct doctor_report *report)
{
	const char *term = getenv("TERM");

	if (!has_terminal())
		doctor_add(report, "terminal", "degraded", "there is no terminal",
			   "isolab was started from a script or a service",
			   "start isolab in a terminal", "the screen; 'isolab shell' works");
	else if (!term || !*term || strcmp(term, "dumb") == 0)
		doctor_add(report, "terminal", "degraded", term && *term ? term : "TERM is not set",
			   "a terminal of this type cannot move its cursor",
			   "set TERM to what your terminal is, e.g. xterm-256color",
			   "the screen; 'isolab shell' works");
	else
		doctor_add(report, "terminal", "ok", term, "", "", "");
}

static void check_locale(struct doctor_report *report)
{
	const char *codeset = nl_langinfo(CODESET);

	if (strcmp(codeset, "UTF-8") == 0)
		doctor_add(report, "locale", "ok", codeset, "", "", "");
	else
		doctor_add(report, "locale", "degraded", codeset,
			   "the locale's characters are not UTF-8", "export LC_ALL=C.UTF-8",
			   "everything is written in plain ASCII, no Japanese");
}

static void check_runtime_directory(struct doctor_report *report)
{
	char path[256], found[512], size[24];
	struct err error = {0};
	struct statvfs space;
	auto_close int fd = rundir_open_base(&error);
	uint64_t available;

	rundir_base_path(path, sizeof(path));
	if (fd < 0) {
		doctor_add(report, "runtime_directory", "missing", path, error.what, error.hint,
			   "all sandboxes");
		return;
	}
	if (fstatvfs(fd, &space) < 0)
		return;
	available = (uint64_t)space.f_bavail * space.f_frsize;
	snprintf(found, sizeof(found), "%s, %s free", path,
		 str_format_bytes(size, sizeof(size), available));
	if (available < FREE_BYTES_MIN)
		doctor_add(report, "runtime_directory", "degraded", found,
			   "the disk is almost full",
			   "make room, or set XDG_RUNTIME_DIR to another directory",
			   "journals and consoles drop what does not fit");
	else
		doctor_add(report, "runtime_directory", "ok", found, "", "", "");
}

static void check_image(struct doctor_report *report, const char *directory)
{
	static const char *const programs[] = {"busybox", "isolab-work", "isolab-probe"};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		snprintf(path, sizeof(path), "%s/images/base/bin/%s", directory, programs[i]);
		if (access(path, X_OK) == 0)
			continue;
		doctor_add(report, "image_base", "missing", path, strerror(errno),
			   "./dev build makes it (busybox comes from the package busybox-static)",
			   "containers without a command of their own, facts");
		return;
	}
	snprintf(path, sizeof(path), "%s/images/base", directory);
	doctor_add(report, "image_base", "ok", path, "", "", "");
}

void doctor_examine(struct doctor_report *report, const struct backend *table, const char *programs)
{
	report->count = 0;
	check_kernel(report);
	check_terminal(report);
	check_locale(report);
	check_runtime_directory(report);
	check_image(report, programs);
	for (size_t i = 0; table[i].kind; i++) {
		bool is_known = false;

		for (size_t before = 0; before < i; before++)
			is_known |= strcmp(table[before].worker, table[i].worker) == 0;
		if (!is_known)
			ask_worker(report, programs, table[i].worker);
	}
}

/* ---- the command ---- */

enum doctor_option { DOCTOR_JSON };

static int print_json(const struct doctor_report *report, struct out *out)
{
	struct doc *root = doc_root(CMD_SCHEMA), *array = doc_put(root, "checks", doc_array());

	for (size_t i = 0; i < report->count; i++) {
		const struct doctor_check *check = &report->checks[i];
		struct doc *entry = doc_push(array, doc_object());

		doc_put_text(entry, "name", check->name);
		doc_put_text(entry, "status", check->status);
		doc_put_text(entry, "found", check->found);
		doc_put_text(entry, "cause", check->cause);
		doc_put_text(entry, "fix", check->fix);
		doc_put_text(entry, "degrades", check->degrades);
	}
	return doc_print(root, out);
}

static void print_more(struct out *out, const char *label, const char *text)
{
	if (!*text)
		return;
	out_printf(out, "            ");
	out_cell(out, OUT_DIM, 9, label);
	out_printf(out, "%s\n", text);
}

static void print_text(const struct doctor_report *report, struct out *out)
{
	size_t troubles = 0;

	for (size_t i = 0; i < report->count; i++) {
		const struct doctor_check *check = &report->checks[i];
		bool is_ok = strcmp(check->status, "ok") == 0;
		enum out_role role = is_ok                                   ? OUT_GOOD
				     : strcmp(check->status, "missing") == 0 ? OUT_BAD
									     : OUT_WARN;

		troubles += !is_ok;
		out_cell(out, role, 10, check->status);
		out_printf(out, "  ");
		out_cell(out, OUT_TITLE, 20, check->name);
		out_printf(out, " %s\n", check->found);
		if (is_ok)
			continue;
		print_more(out, "cause", check->cause);
		print_more(out, "fix", check->fix);
		print_more(out, "without", check->degrades);
	}
	if (troubles)
		out_printf(
		    out,
		    "\n%zu of %zu are not as they could be; isolab does without and says so.\n",
		    troubles, report->count);
	else
		out_printf(out, "\nEverything is there.\n");
}

static int run_doctor(struct command_context *context, int argc, char **argv)
{
	auto_free struct doctor_report *report = NULL;
	struct cmd_line line;
	struct err error = {0};
	char programs[PATH_MAX];
	int status = cmd_parse(context, argc, argv, 0, 0, 0, &line);

	if (status)
		return status;
	report = calloc(1, sizeof(*report));
	if (!report)
		err_sys(&error, ENOMEM, "doctor");
	else
		programs_find(NULL, programs, sizeof(programs), &error);
	if (error.code)
		return cmd_fail(context, &error);
	/* No lab is asked for: a machine on which none can be made is the one that most needs a
	 * doctor. */
	doctor_examine(report, context->backends, programs);
	if (cmd_has(&line, DOCTOR_JSON))
		return print_json(report, context->out);
	print_text(report, context->out);
	return 0;
}

static const struct command_option options[] = {
    [DOCTOR_JSON] = {.name = "--json", .about = "one JSON document"},
    {.name = NULL},
};

const struct command cmd_doctor = {
    .name = "doctor",
    .arguments = "[--json]",
    .about = "say what this machine can do, and how to mend what it cannot",
    .flags = COMMAND_NO_LAB | COMMAND_WAITS,
    .options = options,
    .run = run_doctor,
};
