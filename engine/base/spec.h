/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_SPEC_H
#define ISOLAB_SPEC_H
/*
 * spec: what a sandbox shall be. Plain data, filled by one option table that the command line, the
 * prompt, the help, the completion and the workers share.
 *
 * On disk (file `spec`) it is the canonical command line itself, its words terminated by NUL:
 *
 *	container\0--name\0demo\0--memory\0 67108864\0--\0sh\0
 *
 * so there is one parser for both, and what was saved can be typed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "str.h"

enum { SPEC_NAME_MAX = 64, SPEC_KIND_MAX = 16, SPEC_FILE_MAX = 1 << 20, SPEC_WORDS_MAX = 4096 };

enum spec_network { SPEC_NETWORK_DEFAULT, SPEC_NETWORK_NONE, SPEC_NETWORK_HOST };

/* The bricks of a wall that --no-… takes out, one bit each. */
enum spec_brick {
	SPEC_NS_USER = 1 << 0,
	SPEC_NS_PID = 1 << 1,
	SPEC_NS_MOUNT = 1 << 2,
	SPEC_NS_NETWORK = 1 << 3,
	SPEC_NS_UTS = 1 << 4,
	SPEC_NS_IPC = 1 << 5,
	SPEC_NS_CGROUP = 1 << 6,
	SPEC_NS_TIME = 1 << 7,
	SPEC_SECCOMP = 1 << 8,
};

struct sandbox_spec {
	char kind[SPEC_KIND_MAX]; /* process, container, vm (tests: fake) */
	char name[SPEC_NAME_MAX]; /* empty until chosen: spec_choose_name() */
	char *hostname;           /* NULL: the name */
	char *workdir;            /* NULL: "/" inside (process: where it was started) */
	char **argv; /* the command, NULL-terminated; argv[0] == NULL: the default command */
	char **env;  /* K=V from --env, NULL-terminated */
	uint64_t memory_bytes; /* 0: no limit (vm: VM_MEMORY_DEFAULT) */
	uint64_t pids_max;     /* 0: no limit */
	enum spec_network network;
	unsigned removed_bricks; /* enum spec_brick */
	bool detach, remove, interactive, tty;
	bool leased; /* belongs to its front: gone with it (see worker.h) */
};

/* Zeroes and frees. A zeroed spec is valid to finish. */
void spec_finish(struct sandbox_spec *spec);
#define auto_spec __attribute__((cleanup(spec_finish))) struct sandbox_spec

int spec_copy(struct sandbox_spec *destination, const struct sandbox_spec *source, struct err *e);

/* One option. The table is spec_options[], its end is name == NULL. */
struct spec_option {
	const char *name;     /* "--memory" */
	char letter;          /* 'i' for -i, 0 = none. Letters may be joined: -it */
	const char *argument; /* "SIZE", NULL = a flag */
	const char *about;    /* one line for help, man page, completion */
	const char *kinds;    /* NULL = all; else e.g. "container vm" */
	/* NULL = "not in this version". Called with the spec and the argument (NULL for a flag);
	 * 0 or -errno + e. */
	int (*set)(struct sandbox_spec *spec, const char *argument, struct err *e);
};
extern const struct spec_option spec_options[];

/*
 * Parses words[0..count): OPTIONS [--] CMD…, where the first word that is no option starts CMD.
 * spec->kind must be set (an option of another kind is refused). Fills spec on top of what it
 * holds; argv and env are lists afterwards, if only empty ones. Errors (-EINVAL) mean exit status 2
 * and carry the nearest option as a hint; "not in this version" is -ENOTSUP.
 */
int spec_parse_options(struct sandbox_spec *spec, int count, char *const words[], struct err *e);

/* How many of the words are options with their values: `run -i --name x container` has 3 before its
 * kind. */
int spec_count_options(int count, char *const words[]);

/* Checks what spans options: limits against the host's memory, names, network per kind. */
int spec_validate(const struct sandbox_spec *spec, struct err *e);

/* Puts a short name ("container-1f3a") if there is none. It is made from the clock, so it may be
 * taken: after rundir_create()'s -EEXIST empty it and choose again. */
void spec_choose_name(struct sandbox_spec *spec);

/* The canonical words, NUL-terminated each, into `words` (to save), and back. */
void spec_encode(const struct sandbox_spec *spec, struct strbuf *words);
int spec_decode(struct sandbox_spec *spec, const char *words, size_t length, struct err *e);

#endif
