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

enum spec_network {
	SPEC_NETWORK_DEFAULT, /* container: none; process: host; vm: none */
	SPEC_NETWORK_NONE,
	SPEC_NETWORK_HOST,
	SPEC_NETWORK_LAB, /* a bridge that the user's lab sandboxes share */
};

/* --memory-swap -1 */
#define SPEC_SWAP_UNLIMITED UINT64_MAX

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
	SPEC_PIVOT = 1 << 9,         /* pivot_root(2): without it chroot(2), or the host's root */
	SPEC_PROC = 1 << 10,         /* an own /proc: without it an empty directory */
	SPEC_CAPABILITIES = 1 << 11, /* without: all of them, inside the user namespace */
	SPEC_NO_NEW_PRIVS = 1 << 12, /* without: set-user-ID programs and file capabilities work */
	SPEC_CGROUP = 1 << 13,       /* without: no account, so no limits and no freezer */
	SPEC_MASKS = 1 << 14,        /* covers over /proc and /sys; without: all of them is seen */
	SPEC_LANDLOCK = 1 << 15,     /* landlock(7) on top, where the kernel has it */
};

struct spec_brick_entry {
	enum spec_brick brick;
	const char *option;  /* that takes it out, "--no-seccomp" */
	const char *name;    /* in a sentence */
	const char *probe;   /* the fact that changes without it (engine/probe.c); NULL: none */
	const char *exposes; /* what is so without it, one line */
};
/* In the order in which they are laid; ends with option == NULL. */
extern const struct spec_brick_entry spec_bricks[];
/* Of the first of these bricks; NULL if there is none among them. */
const char *spec_brick_option(unsigned bricks);
const char *spec_brick_name(unsigned bricks);
const char *spec_brick_exposes(unsigned bricks);

struct sandbox_spec {
	char kind[SPEC_KIND_MAX]; /* process, container, vm (tests: fake) */
	char name[SPEC_NAME_MAX]; /* empty until chosen: spec_choose_name() */
	char *hostname;           /* NULL: the name */
	char *workdir;            /* NULL: "/" inside (process: where it was started) */
	char **argv;  /* the command, NULL-terminated; argv[0] == NULL: the default command */
	char **env;   /* K=V from --env, NULL-terminated */
	char *image;  /* directory that becomes "/"; NULL: the one that comes with isolab */
	char *kernel; /* vm: "tiny", "linux", "distro", or a path; NULL: tiny */
	char *accel;  /* vm: "auto", "kvm", "tcg"; NULL: auto */
	char *user;   /* USER[:GROUP], names of the image or numbers; NULL: root inside */
	char *cpuset; /* "0-1,3" as cpuset(7) writes lists; NULL: no limit */
	/* NULL-terminated lists, or NULL; their syntax was checked by their setters */
	char **volumes;   /* SRC:DST[:ro] */
	char **disks;     /* vm: PATH[:ro|:cow] */
	char **tmpfs;     /* DST[:SIZE] */
	char **ulimits;   /* NAME=SOFT[:HARD], "unlimited" or -1 for no limit */
	char **io_limits; /* rbps|wbps|riops|wiops DEVICE:NUMBER, the option's word first */
	char **cap_add, **cap_drop; /* "CAP_SYS_TIME", or "ALL" */
	uint64_t memory_bytes;      /* 0: no limit (vm: VM_MEMORY_DEFAULT) */
	uint64_t
	    memory_swap_bytes; /* memory and swap together; 0: not asked, SPEC_SWAP_UNLIMITED */
	uint64_t cpu_millis; /* 1500: as much time as one and a half processors have; 0: no limit */
	uint64_t vcpus;      /* vm: how many processors it has; 0: one */
	uint64_t pids_max;   /* 0: no limit */
	enum spec_network network;
	unsigned removed_bricks; /* enum spec_brick */
	bool detach, remove, interactive, tty;
	bool overlay; /* a writable root whose changes go with the sandbox */
	bool init;    /* a small init is process 1 and the command its child */
	bool vsock;   /* vm: programs of the host and of the guest reach each other by a socket */
	bool leased;  /* belongs to its front: gone with it (see worker.h) */
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
	const char *later;    /* kinds which a later version will have it for; NULL = none */
	/* NULL = "not in this version". Called with the spec and the argument (NULL for a flag);
	 * 0 or -errno + e. */
	int (*set)(struct sandbox_spec *spec, const char *argument, struct err *e);
	bool is_limit; /* `isolab update` may change it while the sandbox runs */
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

enum { SPEC_DISKS_MAX = 4 };
/* Splits "PATH[:ro|:cow]"; `disk` is one of spec->disks. The path is copied to a buffer of
 * SPEC_PATH_MAX. -EINVAL. */
int spec_split_disk(const char *disk, char *ret_path, bool *ret_read_only, struct err *e);

/* Splits "SRC:DST[:ro|rw]" at its colons; `volume` is one of spec->volumes. Results are copied to
 * buffers of SPEC_PATH_MAX. -EINVAL with a reason. */
enum { SPEC_PATH_MAX = 4096 };
int spec_split_volume(const char *volume, char *ret_source, char *ret_target, bool *ret_read_only,
		      struct err *e);
/* Splits "DST[:SIZE]"; *ret_bytes 0: no size was given. */
int spec_split_tmpfs(const char *tmpfs, char *ret_target, uint64_t *ret_bytes, struct err *e);
/* Splits "NAME=SOFT[:HARD]" of --ulimit; *ret_resource is a RLIMIT_… number, UINT64_MAX =
 * unlimited. */
int spec_split_ulimit(const char *ulimit, int *ret_resource, uint64_t *ret_soft, uint64_t *ret_hard,
		      struct err *e);
/* Checks the syntax of USER[:GROUP]; who that is only the image knows. */
int spec_check_user(const char *user, struct err *e);
/* "1.5" -> 1500. -EINVAL, -ERANGE. */
int spec_parse_cpus(const char *text, uint64_t *ret_millis);
/* Number of the capability "CAP_SYS_TIME" or "sys_time"; -EINVAL: no such. spec_capabilities[]
 * holds the names without CAP_, by number, and ends with NULL. */
int spec_find_capability(const char *name);
extern const char *const spec_capabilities[];

/* Checks what spans options: limits against the host's memory, names, network per kind. */
int spec_validate(const struct sandbox_spec *spec, struct err *e);

/* How many of the words the option at words[0] takes, its value with it: 1 or 2; 0: it is none. */
int spec_option_words(int count, char *const words[]);

/* Changes limits: every word must be an option that is one (spec_option.is_limit), "max" takes one
 * away. The spec is untouched if it fails. -EINVAL. */
int spec_update_limits(struct sandbox_spec *spec, int count, char *const words[], struct err *e);
/* Gives `spec` the limits of `from`, which gets the old texts and lists to free. */
void spec_take_limits(struct sandbox_spec *spec, struct sandbox_spec *from);

/* A vm whose kernel is the teaching kernel: no files, no sockets. */
bool spec_is_tiny(const struct sandbox_spec *spec);

/* Puts a short name ("container-1f3a") if there is none. It is made from the clock, so it may be
 * taken: after rundir_create()'s -EEXIST empty it and choose again. */
void spec_choose_name(struct sandbox_spec *spec);

/* The canonical words, NUL-terminated each, into `words` (to save), and back. */
void spec_encode(const struct sandbox_spec *spec, struct strbuf *words);
int spec_decode(struct sandbox_spec *spec, const char *words, size_t length, struct err *e);

#endif
