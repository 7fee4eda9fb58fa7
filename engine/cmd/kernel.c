/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kernel: the Linux kernels that a VM can boot. `list` shows them and which one `--kernel linux`
 * takes; `fetch` runs isolab-kernel-fetch, which gets the distribution's own with the
 * distribution's own tool and takes the package apart without installing it.
 */
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"
#include "kernels.h"
#include "programs.h"
#include "table.h"

extern char **environ;

enum kernel_option { KERNEL_JSON };

/* What a list is gathered in: a table or a document. */
struct listing {
	struct table *table;
	struct doc *array;
	char chosen[PATH_MAX];
};

static uint64_t size_of(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static void add_entry(void *arg, const struct kernel_entry *kernel)
{
	struct listing *listing = arg;
	bool is_chosen = strcmp(kernel->path, listing->chosen) == 0;
	char size[24], modules[PATH_MAX];
	bool has_modules = kernels_find_modules(kernel->path, NULL, modules, sizeof(modules));

	if (listing->array) {
		struct doc *entry = doc_push(listing->array, doc_object());
		doc_put_text(entry, "version", kernel->version);
		doc_put_text(entry, "path", kernel->path);
		doc_put_text(entry, "origin", kernel->origin);
		doc_put_number(entry, "size_bytes", size_of(kernel->path));
		doc_put_bool(entry, "is_readable", kernel->is_readable);
		doc_put_bool(entry, "is_chosen", is_chosen);
		if (has_modules)
			doc_put_text(entry, "modules", modules);
		return;
	}
	table_add(listing->table, OUT_PLAIN, kernel->version);
	table_add(listing->table, OUT_PLAIN, kernel->origin);
	table_add(listing->table, OUT_PLAIN,
		  str_format_bytes(size, sizeof(size), size_of(kernel->path)));
	table_add(listing->table, OUT_PLAIN, has_modules ? "yes" : "none");
	table_add(listing->table, OUT_PLAIN,
		  is_chosen             ? "--kernel linux"
		  : kernel->is_readable ? ""
					: "you may not read it");
	table_add(listing->table, OUT_PLAIN, kernel->path);
}

static int list(struct command_context *context, bool as_json)
{
	auto_table table = {0};
	struct listing listing = {.table = &table};
	struct err error = {0};
	int r = kernels_choose(listing.chosen, sizeof(listing.chosen), &error);

	if (as_json) {
		struct doc *root = doc_root(CMD_SCHEMA);
		listing.array = doc_array();
		kernels_for_each(add_entry, &listing);
		doc_put(root, "kernels", listing.array);
		return doc_print(root, context->out);
	}
	table_init(&table, "VERSION|ORIGIN|>SIZE|MODULES|TAKEN BY|PATH");
	kernels_for_each(add_entry, &listing);
	table_print(&table, context->out);
	if (r < 0)
		out_printf(context->out, "%s: %s\n", error.what, error.hint);
	return 0;
}

/* Runs the script with the directory to put the kernel into; its words are for the user. */
static int fetch(struct command_context *context, const char *package)
{
	char programs[PATH_MAX], path[PATH_MAX + 32], cache[PATH_MAX];
	struct err error = {0};
	int r = programs_find(NULL, programs, sizeof(programs), &error), status = 0;
	pid_t pid;

	if (r == 0)
		r = kernels_cache(cache, sizeof(cache), &error);
	snprintf(path, sizeof(path), "%s/isolab-kernel-fetch", r == 0 ? programs : "");
	char *const words[] = {path, cache, (char *)package, NULL};
	if (r == 0) {
		r = -posix_spawn(&pid, path, NULL, NULL, words, environ);
		if (r < 0)
			err_hint(&error, err_sys(&error, -r, "run '%s'", path),
				 "build it with ./dev build, or install isolab again");
	}
	if (r < 0)
		return cmd_fail(context, &error);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_kernel(struct command_context *context, int argc, char **argv)
{
	struct cmd_line line;
	struct err error = {0};
	int status = cmd_parse(context, argc, argv, 1, 2, 0, &line);

	if (status)
		return status;
	if (strcmp(line.words[0], "list") == 0)
		return list(context, cmd_has(&line, KERNEL_JSON));
	if (strcmp(line.words[0], "fetch") == 0)
		return fetch(context, line.count > 1 ? line.words[1] : NULL);
	err_set(&error, EINVAL, "kernel: cannot '%.40s'", line.words[0]);
	err_hint(&error, 0, "isolab kernel list, isolab kernel fetch");
	return cmd_fail(context, &error);
}

static const struct command_option options[] = {
    [KERNEL_JSON] = {.name = "--json", .about = "one JSON document (list)"},
    {.name = NULL},
};

const struct command cmd_kernel = {
    .name = "kernel",
    .arguments = "list|fetch [PACKAGE] [--json]",
    .about = "show the Linux kernels that a vm can boot, get the distribution's",
    .details =
	"fetch downloads the distribution's kernel for virtual machines, or the PACKAGE named, "
	"with its own\ntool, and takes it apart: kernel and modules are kept, nothing is "
	"installed.\nWhat root fetches is for everybody on this machine.",
    .flags = COMMAND_NO_LAB | COMMAND_TERMINAL,
    .options = options,
    .run = run_kernel,
};
