/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * image: what a sandbox has inside. Of its verbs this version has those about the whole
 * distribution: `build-distro` runs isolab-image-distro, which makes a disk out of the
 * distribution's packages; `list` shows the disks that there are.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"
#include "disks.h"
#include "programs.h"
#include "table.h"

extern char **environ;

enum image_option { IMAGE_FROM, IMAGE_TARBALL, IMAGE_JSON };

/* What a list is gathered in: a table or a document. */
struct listing {
	struct table *table;
	struct doc *array;
	char chosen[PATH_MAX];
};

static void add_entry(void *arg, const struct disk_entry *disk)
{
	struct listing *listing = arg;
	bool is_chosen = strcmp(disk->path, listing->chosen) == 0;
	char size[24];

	if (listing->array) {
		struct doc *entry = doc_push(listing->array, doc_object());
		doc_put_text(entry, "name", disk->name);
		doc_put_text(entry, "path", disk->path);
		doc_put_text(entry, "origin", disk->origin);
		doc_put_number(entry, "size_bytes", disk->size_bytes);
		doc_put_number(entry, "stored_bytes", disk->stored_bytes);
		doc_put_number(entry, "made_s", disk->made_s);
		doc_put_bool(entry, "is_readable", disk->is_readable);
		doc_put_bool(entry, "is_chosen", is_chosen);
		return;
	}
	table_add(listing->table, OUT_PLAIN, disk->name);
	table_add(listing->table, OUT_PLAIN, disk->origin);
	table_add(listing->table, OUT_PLAIN,
		  str_format_bytes(size, sizeof(size), disk->size_bytes));
	table_add(listing->table, OUT_PLAIN,
		  str_format_bytes(size, sizeof(size), disk->stored_bytes));
	table_add(listing->table, OUT_PLAIN,
		  is_chosen           ? "--kernel distro"
		  : disk->is_readable ? ""
				      : "you may not read it");
	table_add(listing->table, OUT_PLAIN, disk->path);
}

static int list(struct command_context *context, bool as_json)
{
	auto_table table = {0};
	struct listing listing = {.table = &table};
	struct err error = {0};
	int r = disks_choose(listing.chosen, sizeof(listing.chosen), &error);

	if (as_json) {
		struct doc *root = doc_root(CMD_SCHEMA);
		listing.array = doc_array();
		disks_for_each(add_entry, &listing);
		doc_put(root, "disks", listing.array);
		return doc_print(root, context->out);
	}
	table_init(&table, "DISK|ORIGIN|>SIZE|>STORED|TAKEN BY|PATH");
	disks_for_each(add_entry, &listing);
	table_print(&table, context->out);
	if (r < 0)
		out_printf(context->out, "%s: %s\n", error.what, error.hint);
	return 0;
}

/* The script removes what it has begun when it is interrupted: we must not be gone before. */
static int wait_patiently(pid_t pid)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before_int, before_quit;
	int status = 0;

	sigaction(SIGINT, &ignore, &before_int);
	sigaction(SIGQUIT, &ignore, &before_quit);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGINT, &before_int, NULL);
	sigaction(SIGQUIT, &before_quit, NULL);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int build_distro(struct command_context *context, const struct cmd_line *line)
{
	char programs[PATH_MAX], path[PATH_MAX + 32], agent[PATH_MAX + 32], cache[PATH_MAX];
	char *words[] = {path, cache, agent, NULL, NULL, NULL, NULL, NULL};
	struct err error = {0};
	int count = 3, r = programs_find(NULL, programs, sizeof(programs), &error);
	pid_t pid;

	if (r == 0)
		r = disks_cache(cache, sizeof(cache), &error);
	if (r < 0)
		return cmd_fail(context, &error);
	snprintf(path, sizeof(path), "%s/isolab-image-distro", programs);
	snprintf(agent, sizeof(agent), "%s/isolab-agent", programs);
	for (unsigned i = IMAGE_FROM; i <= IMAGE_TARBALL; i++)
		if (cmd_has(line, i)) {
			words[count++] = i == IMAGE_FROM ? "--from" : "--tarball";
			words[count++] = (char *)line->option[i];
		}
	r = -posix_spawn(&pid, path, NULL, NULL, words, environ);
	if (r == 0)
		return wait_patiently(pid);
	err_hint(&error, err_sys(&error, -r, "run '%s'", path),
		 "build it with ./dev build, or install isolab again");
	return cmd_fail(context, &error);
}

static int refuse(struct command_context *context, const struct cmd_line *line)
{
	static const char *const later[] = {"build", "import", "pull", "rm", "show", NULL};
	const char *verb = line->words[0];
	struct err error = {0};
	int code = EINVAL;

	for (const char *const *name = later; *name; name++)
		if (strcmp(*name, verb) == 0)
			code = ENOTSUP;
	err_set(&error, code,
		code == ENOTSUP ? "image %.40s is not in this version" : "image: cannot '%.40s'",
		verb);
	err_hint(&error, 0,
		 "isolab image build-distro, isolab image list; --image takes any "
		 "directory");
	return cmd_fail(context, &error);
}

static int run_image(struct command_context *context, int argc, char **argv)
{
	struct cmd_line line;
	struct err error = {0};
	int status = cmd_parse(context, argc, argv, 1, 1, 0, &line);

	if (status)
		return status;
	if (strcmp(line.words[0], "list") == 0)
		return list(context, cmd_has(&line, IMAGE_JSON));
	if (strcmp(line.words[0], "build-distro") != 0)
		return refuse(context, &line);
	if (!cmd_has(&line, IMAGE_FROM) || !cmd_has(&line, IMAGE_TARBALL))
		return build_distro(context, &line);
	err_set(&error, EINVAL, "--from and --tarball do not go together");
	err_hint(&error, 0, "a tarball that is there already can be copied");
	return cmd_fail(context, &error);
}

static const struct command_option options[] = {
    [IMAGE_FROM] = {.name = "--from",
		    .argument = "FILE",
		    .about = "from such a tarball, without network (build-distro)"},
    [IMAGE_TARBALL] = {.name = "--tarball",
		       .argument = "FILE",
		       .about = "also writes a tarball to carry on a stick: .tar .tar.gz .tar.zst"},
    [IMAGE_JSON] = {.name = "--json", .about = "one JSON document (list)"},
    {.name = NULL},
};

const struct command cmd_image = {
    .name = "image",
    .arguments = "build-distro|list [OPTIONS]",
    .about = "make the disk with a whole Debian for --kernel distro, show what there is",
    .details = "build-distro gets the distribution's packages with the distribution's own tools "
	       "(mmdebstrap) from\nthe sources that this machine uses, and makes a disk with "
	       "bootloader, kernel and systemd. Root's is\nfor everybody "
	       "(/var/cache/isolab/distro), anybody else's for himself.",
    .flags = COMMAND_NO_LAB | COMMAND_TERMINAL,
    .options = options,
    .run = run_image,
};
