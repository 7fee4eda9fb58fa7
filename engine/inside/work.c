/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * isolab-work: the workload that runs, the very same file, as a process, in the container and in
 * the VM.
 *
 *	true, false (by its own name)		end at once
 *	isolab-work COMMAND [ARGUMENTS]		one of work_commands[]
 *	isolab-work				reads commands line by line; on a terminal
 *						with a banner and a prompt
 *
 * What surprises: whether to show a prompt. A kernel that answers TCGETS has a terminal below us,
 * which echoes and edits; any other answer means a pipe, and nobody looks.
 */
#include "work.h"

#include <linux/utsname.h>

static const char prompt[] = "work> ";

static void say_uname(struct session *session)
{
	struct new_utsname names;
	const char *const parts[] = {names.sysname, names.nodename, names.release, names.version,
				     names.machine};

	if (call1(__NR_uname, &names) < 0)
		return;
	for (unsigned part = 0; part < 5; part++) {
		writer_text(&session->out, part ? " " : "");
		writer_text(&session->out, parts[part]);
	}
	writer_text(&session->out, "\n");
}

static int work_uname(struct session *session, int argc, char **argv)
{
	(void)argc, (void)argv;
	say_uname(session);
	return 0;
}

static int work_pid(struct session *session, int argc, char **argv)
{
	(void)argc, (void)argv;
	writer_text(&session->out, "pid ");
	writer_number(&session->out, (uint64_t)call0(__NR_getpid));
	writer_text(&session->out, ", parent ");
	writer_number(&session->out, (uint64_t)call0(__NR_getppid));
	writer_text(&session->out, "\n");
	return 0;
}

static int work_echo(struct session *session, int argc, char **argv)
{
	for (int word = 1; word < argc; word++) {
		writer_text(&session->out, word > 1 ? " " : "");
		writer_text(&session->out, argv[word]);
	}
	writer_text(&session->out, "\n");
	return 0;
}

static int cat_file(struct session *session, const char *path)
{
	char buffer[1024];
	long r = 0, fd = call4(__NR_openat, FD_HERE, path, 0, 0);

	if (fd >= 0) {
		while ((r = call3(__NR_read, fd, buffer, sizeof(buffer))) > 0 &&
		       !session->out.is_broken)
			writer_bytes(&session->out, buffer, (size_t)r);
		call1(__NR_close, fd);
	}
	if (fd >= 0 && r >= 0)
		return 0;
	writer_text(&session->out, "cat '");
	writer_text(&session->out, path);
	writer_text(&session->out, "': ");
	writer_text(&session->out, error_text(fd < 0 ? fd : r));
	writer_text(&session->out, "\n");
	return 1;
}

static int work_cat(struct session *session, int argc, char **argv)
{
	int status = 0;

	for (int word = 1; word < argc; word++)
		status |= cat_file(session, argv[word]);
	return argc < 2 ? 2 : status;
}

static int work_env(struct session *session, int argc, char **argv)
{
	(void)argc, (void)argv;
	for (char **variable = session->env; *variable; variable++) {
		writer_text(&session->out, *variable);
		writer_text(&session->out, "\n");
	}
	return 0;
}

static int work_exit(struct session *session, int argc, char **argv)
{
	uint64_t status = (uint64_t)session->status;
	const char *rest;

	if (argc > 1 && (!text_number(argv[1], &status, &rest) || *rest))
		return 2;
	session->is_done = true;
	return (int)(status & 255);
}

static int work_true(struct session *session, int argc, char **argv)
{
	(void)session, (void)argc, (void)argv;
	return 0;
}

static int work_false(struct session *session, int argc, char **argv)
{
	(void)session, (void)argc, (void)argv;
	return 1;
}

static int work_help(struct session *session, int argc, char **argv)
{
	(void)argc, (void)argv;
	for (const struct work_command *command = work_commands; command->name; command++) {
		size_t length = text_length(command->name) + text_length(command->arguments);
		writer_text(&session->out, command->name);
		writer_text(&session->out, " ");
		writer_text(&session->out, command->arguments);
		for (; length < 16; length++)
			writer_text(&session->out, " ");
		writer_text(&session->out, "  ");
		writer_text(&session->out, command->about);
		writer_text(&session->out, "\n");
	}
	return 0;
}

static int run_words(struct session *session, int argc, char **argv)
{
	const struct work_command *command = work_commands;
	int status;

	while (command->name && !text_equal(command->name, argv[0]))
		command++;
	if (!command->name) {
		writer_text(&session->out, "'");
		writer_text(&session->out, argv[0]);
		writer_text(&session->out, "' is not one of my commands\nhint: type help\n");
		return 127;
	}
	status = command->run(session, argc, argv);
	if (status == 2 && !session->is_done) {
		writer_text(&session->out, "usage: ");
		writer_text(&session->out, command->name);
		writer_text(&session->out, " ");
		writer_text(&session->out, command->arguments);
		writer_text(&session->out, "\n");
	}
	return status;
}

/* Cuts the line at its blanks. Returns the number of words. */
static int split_words(char *line, char *words[WORDS_MAX])
{
	int count = 0;

	while (count < WORDS_MAX - 1) {
		while (*line == ' ' || *line == '\t' || *line == '\r')
			*line++ = 0;
		if (!*line)
			break;
		words[count++] = line;
		while (*line && *line != ' ' && *line != '\t' && *line != '\r')
			line++;
	}
	if (*line)
		*line = 0;
	words[count] = NULL;
	return count;
}

static int input_byte(struct input *input)
{
	if (input->at == input->end) {
		long r = call3(__NR_read, input->fd, input->data, INPUT_SIZE);
		if (r <= 0)
			return -1;
		input->at = 0;
		input->end = (size_t)r;
	}
	return (unsigned char)input->data[input->at++];
}

/* One line without its end; what does not fit is dropped. False at the end of the input. */
static bool input_line(struct input *input, char *line, size_t size)
{
	size_t length = 0;
	int byte;

	while ((byte = input_byte(input)) >= 0 && byte != '\n')
		if (length < size - 1)
			line[length++] = (char)byte;
	line[length] = 0;
	return byte >= 0 || length > 0;
}

/* Two short lines: three consoles stand side by side on 80 columns. */
static void say_banner(struct session *session)
{
	struct new_utsname names;

	if (call1(__NR_uname, &names) == 0) {
		writer_text(&session->out, names.sysname);
		writer_text(&session->out, " ");
		writer_text(&session->out, names.release);
		writer_text(&session->out, "\n");
	}
	writer_text(&session->out, "isolab-work: type help\n");
}

static void read_commands(struct session *session)
{
	char line[LINE_SIZE];
	char *words[WORDS_MAX];
	int count;

	if (session->is_interactive)
		say_banner(session);
	while (!session->is_done && !session->out.is_broken) {
		if (session->is_interactive)
			writer_text(&session->out, prompt);
		if (session->in.at == session->in.end)
			writer_flush(
			    &session
				 ->out); /* before we wait: one write for all that came at once */
		if (!input_line(&session->in, line, sizeof(line)))
			break;
		count = split_words(line, words);
		if (count)
			session->status = run_words(session, count, words);
	}
}

static void on_interrupt(int number)
{
	call1(__NR_exit_group, 128 + number);
}

/* Process 1 of a pid namespace does not notice a signal without a handler: Ctrl-C would end this
 * program as a plain process and in the VM, but not in the container. SIGTERM keeps that trap:
 * it is worth being met. A kernel without handlers answers ENOSYS, and ends us by itself. */
static void end_on_interrupt(void)
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(int); /* must be there; the handler never returns */
		unsigned long mask;
	} action = {on_interrupt, 0x04000000 /* SA_RESTORER */, on_interrupt, 0};

	if (call0(__NR_getpid) == 1)
		call4(__NR_rt_sigaction, 2 /* SIGINT */, &action, NULL, sizeof(action.mask));
}

int inside_main(int argc, char **argv, char **env)
{
	struct session session;
	const char *name = argc > 0 ? text_base_name(argv[0]) : "";
	char terminal
	    /* struct termios as the kernel has it, 36 bytes; only whether it answers matters */
	    [64];

	if (text_equal(name, "true") || text_equal(name, "false"))
		return name[0] == 'f';
	end_on_interrupt();
	memset(&session, 0, sizeof(session));
	session.env = env;
	writer_init(&session.out, FD_STDOUT);
	if (argc > 1) {
		session.status = run_words(&session, argc - 1, argv + 1);
	} else {
		session.is_interactive = call3(__NR_ioctl, FD_STDIN, 0x5401 /* TCGETS */,
					       terminal) == 0;
		read_commands(&session);
	}
	writer_flush(&session.out);
	return session.status;
}

const struct work_command work_commands[] = {
    {"help", "", "this list", work_help},
    {"burn", "[N[ms|s|M]]", "turn a loop N times, or for N ms", work_burn},
    {"touch", "SIZE [SEC]", "write to every page of SIZE (16M) and hold it", work_touch},
    {"free", "", "give back what touch holds", work_free},
    {"print", "[N]", "print N lines", work_print},
    {"compare", "", "the fixed mix that `isolab compare` runs", work_compare},
    {"tick", "[N]", "print a line a second", work_tick},
    {"sleep", "N[s|ms]", "do nothing for a while", work_sleep},
    {"idle", "", "do nothing for ever", work_idle},
    {"uname", "", "which kernel answers here", work_uname},
    {"pid", "", "which process am I", work_pid},
    {"echo", "[WORD...]", "say it again", work_echo},
    {"env", "", "show the environment", work_env},
    {"cat", "FILE...", "show files", work_cat},
    {"true", "", "end well", work_true},
    {"false", "", "end badly", work_false},
    {"spin", "", "turn a loop for ever", work_spin},
    {"flood", "", "print for ever", work_flood},
    {"fault", "", "touch memory that is not there", work_fault},
    {"exit", "[STATUS]", "end", work_exit},
    {NULL, NULL, NULL, NULL},
};
