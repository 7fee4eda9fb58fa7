/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * isolab: finds out which of our programs is meant and becomes it. It does nothing else and links
 * no libc, because every `isolab run` passes through it: an execve(2) costs 0.01 ms into a program
 * like this one and 0.7 ms into one with glibc.
 *
 *	isolab                      isolab-tui, the screen, if there is a terminal for it
 *	isolab shell …              isolab-tui, the prompt alone
 *	isolab run KIND …           the wall's worker itself
 *	isolab ANYTHING ELSE        isolab-cli, which also tells what was wrong
 *
 * The others lie beside it (build/) or in ../libexec/isolab (installed).
 */
#include "nolibc.h"

#include <asm/errno.h>
#include <asm/unistd.h>

enum { DIRECTORY_MAX = 4000, ENVIRONMENT_MAX = 4000, STAMP_MAX = 40 };
enum { TERMINAL_GET = 0x5401 /* TCGETS */, FAILED = 125 };

/* Walls that `run` may become without asking anybody; one that is not here is explained by
 * isolab-cli. */
static const char *worker_of(const char *kind)
{
	if (text_equal(kind, "container") || text_equal(kind, "process"))
		return "isolab-container";
	return text_equal(kind, "vm") ? "isolab-vm" : 0;
}

static void say(const char *const parts[])
{
	struct writer out;

	writer_init(&out, FD_STDERR);
	for (; *parts; parts++)
		writer_text(&out, *parts);
	writer_flush(&out);
}

/* A screen needs a terminal at both ends that knows more than lines. How large it must be the
 * screen says itself. */
static bool is_terminal_capable(char **env)
{
	char settings[256]; /* struct termios of the kernel is smaller */
	const char *type = "";

	for (; *env; env++)
		if (text_starts(*env, "TERM="))
			type = *env + 5;
	if (!*type || text_equal(type, "dumb") || text_equal(type, "unknown"))
		return false;
	return call3(__NR_ioctl, FD_STDIN, TERMINAL_GET, settings) == 0 &&
	       call3(__NR_ioctl, FD_STDOUT, TERMINAL_GET, settings) == 0;
}

/* What the screen takes; every other option is for the command line (--help, --version). */
static const char *const screen_options[] = {"--ascii", "--no-color", "--lang", 0};

static const char *choose_program(int argc, char **argv, char **env)
{
	const char *worker;

	if (argc < 2)
		return is_terminal_capable(env) ? "isolab-tui" : 0;
	if (text_equal(argv[1], "shell"))
		return "isolab-tui";
	for (unsigned i = 0; screen_options[i]; i++)
		if (text_equal(argv[1], screen_options[i]))
			return is_terminal_capable(env) ? "isolab-tui" : 0;
	worker = argc > 2 && text_equal(argv[1], "run") ? worker_of(argv[2]) : 0;
	return worker ? worker : "isolab-cli";
}

/* "ISOLAB_REQUEST_NS=…": when somebody asked for a sandbox is now, not when its worker begins. */
static void write_stamp(char *stamp)
{
	static const char name[] = "ISOLAB_REQUEST_NS=";
	uint64_t ns = clock_read_ns(CLOCK_OF_BOOT);
	char digits[20];
	unsigned count = 0;

	do
		digits[count++] = (char)('0' + ns % 10);
	while (ns /= 10);
	memcpy(stamp, name, sizeof(name) - 1);
	for (stamp += sizeof(name) - 1; count; stamp++)
		*stamp = digits[--count];
	*stamp = 0;
}

/* The environment with `stamp` behind it; as it is when it is too large for that. */
static char **add_to_environment(char **env, char **copy, char *stamp)
{
	unsigned count = 0;

	for (; env[count]; count++) {
		if (count == ENVIRONMENT_MAX)
			return env;
		copy[count] = env[count];
	}
	copy[count] = stamp;
	copy[count + 1] = 0;
	return copy;
}

/* Becomes DIRECTORY + `between` + `program`; returns only when that failed, with -errno. */
static long become(char *directory, size_t length, const char *between, const char *program,
		   char **argv, char **env)
{
	memcpy(directory + length, between, text_length(between) + 1);
	memcpy(directory + length + text_length(between), program, text_length(program) + 1);
	return call3(__NR_execve, directory, argv, env);
}

int inside_main(int argc, char **argv, char **env)
{
	char directory[DIRECTORY_MAX + 64], stamp[STAMP_MAX], *environment[ENVIRONMENT_MAX + 2];
	const char *program = choose_program(argc, argv, env);
	long length, r;

	if (!program) {
		say((const char *const[]){
		    "isolab: the screen needs a terminal that can move its cursor, this is none\n"
		    "hint: 'isolab shell' is the prompt alone; 'isolab help' lists the commands\n",
		    0});
		return FAILED;
	}
	length = call4(__NR_readlinkat, FD_HERE, "/proc/self/exe", directory, DIRECTORY_MAX);
	if (length <= 0 || length >= DIRECTORY_MAX) {
		say((const char *const[]){"isolab: cannot find its own directory: read "
					  "/proc/self/exe: ",
					  error_text(length), "\nhint: mount /proc first\n", 0});
		return FAILED;
	}
	if (argc > 1 && text_equal(argv[1], "run")) {
		write_stamp(stamp);
		env = add_to_environment(env, environment, stamp);
	}
	while (length && directory[length - 1] != '/')
		length--;
	r = become(directory, (size_t)length, "", program, argv, env);
	if (r == -ENOENT)
		r = become(directory, (size_t)length, "../libexec/isolab/", program, argv, env);
	directory[length] = 0;
	say((const char *const[]){"isolab: run '", program, "': ", error_text(r),
				  "\nhint: it belongs into '", directory, "' or '", directory,
				  "../libexec/isolab': build with ./dev build, or install again\n",
				  0});
	return FAILED;
}
