/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_RUNDIR_H
#define ISOLAB_RUNDIR_H
/*
 * rundir: the directory of each sandbox, and who owns it.
 *
 *	$XDG_RUNTIME_DIR/isolab/NAME/	(fallback: /tmp/isolab-UID; 0700, owner checked, no symlink)
 *		spec  lock  events  console  sock  [init] [front] [stats] [calls]
 *
 * A directory comes into being under a hidden name (.new-PID-…) with its lock already held, and is
 * renamed to NAME when whole: nobody ever sees half a sandbox. The lock is a flock on an open file
 * description that the front hands to the worker by inheritance: at every moment exactly one of
 * them holds it. A free lock = no worker. Process numbers are never trusted.
 *
 * `front` (made with a leased sandbox) names the process that leased it, `init` the first process
 * inside, each as "PID START-TIME BOOT-ID".
 *
 * Left over = `.new-…` whose maker is gone; a leased sandbox with a free lock whose front is gone;
 * a --rm sandbox with a free lock that has ever been started; a cgroup of this base directory
 * without a locked sandbox; the process named in `init` of a directory with a free lock. A leased
 * sandbox that has ended while its front lives is not left over: the front still shows it
 * (stopped), and removes it. The lab network's directory `.lab` with a free lock.
 */
#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "spec.h"

struct rundir {
	int base_fd; /* …/isolab, owned */
	int fd;      /* …/isolab/NAME, owned */
	int lock_fd; /* holds the lock, owned; -1 when only looked at */
	int maker;   /* process that made it, if that is us; 0 = another */
	char name[SPEC_NAME_MAX];
};
void rundir_finish(struct rundir *dir); /* closes; removes nothing */
#define auto_rundir __attribute__((cleanup(rundir_finish))) struct rundir
#define RUNDIR_NONE ((struct rundir){.base_fd = -1, .fd = -1, .lock_fd = -1})

/* Opens (makes) the base directory. Returns the descriptor or -errno. -EPERM with the exact cause
 * when owner or mode are wrong. */
int rundir_open_base(struct err *e);
/* Its path, for messages only. */
const char *rundir_base_path(char *buffer, size_t size);

/* Makes NAME with spec, an empty events and console, lock held. -EEXIST (hint: another name, or rm)
 * if there is one. */
int rundir_create(const struct sandbox_spec *spec, struct rundir *ret_dir, struct err *e);
struct rundir_files {
	int events_fd;  /* O_WRONLY, O_APPEND */
	int console_fd; /* O_RDWR, empty */
};
#define RUNDIR_NO_FILES ((struct rundir_files){.events_fd = -1, .console_fd = -1})
/* The same, and leaves two of its files open for the worker that is to be: nobody has to open
 * again what was just made. */
int rundir_create_open(const struct sandbox_spec *spec, struct rundir *ret_dir,
		       struct rundir_files *ret_files, struct err *e);
void rundir_close_files(struct rundir_files *files);
/* Opens an existing one without its lock. -ENOENT "no sandbox 'x'" with the nearest name as
 * hint. */
int rundir_open(const char *name, struct rundir *ret_dir, struct err *e);
/* Takes the lock of an opened one: -EBUSY when a worker (or another front) has it. */
int rundir_lock(struct rundir *dir, struct err *e);
/* True if somebody holds the lock. */
bool rundir_is_locked(const struct rundir *dir);
/* Opens a file of it (events: O_APPEND for writing). Returns the descriptor or -errno. */
int rundir_open_file(const struct rundir *dir, const char *file, int flags, struct err *e);
/* The saved spec; its name is the directory's. */
int rundir_load_spec(const struct rundir *dir, struct sandbox_spec *ret_spec, struct err *e);
/* Saves a spec in place of the one that is there, at once or not at all. */
int rundir_save_spec(const struct rundir *dir, const struct sandbox_spec *spec, struct err *e);

/* Writes `file` ("init"): the identity of process `pid`, so that a later sweep can kill it if it
 * is still the same. */
int rundir_record_process(const struct rundir *dir, const char *file, int pid, struct err *e);
/* The name of this sandbox's cgroups: isolab.UID.BASE.NAME, BASE = inode of the base directory. The
 * worker makes them directly below its own cgroup in each hierarchy it needs; the sweep removes
 * exactly those without a locked sandbox. */
int rundir_cgroup_name(const struct rundir *dir, char *buffer, size_t size, struct err *e);

/* The variable "ISOLAB_SANDBOX=…" that a sandbox without a pid namespace gives its processes, so
 * that a later sweep finds those which outlived a killed worker. */
enum { RUNDIR_MARK_MAX = 160 };
int rundir_mark(const struct rundir *dir, char *buffer, size_t size, struct err *e);

/* Removes the directory and what is in it. Works by descriptor only (a walled-in worker uses
 * it). The lock must be held. */
int rundir_remove(struct rundir *dir, struct err *e);

/* The user's lab network has a directory, too (container/net.h): ".lab", no sandbox's name, with a
 * lock, which its holder has as long as it lives, and a socket. Opens it: -ENOENT: none there. */
#define RUNDIR_LAB ".lab"
int rundir_open_lab(int base_fd, struct rundir *ret_dir);
/* Makes it, with the lock held and the socket listening (SOCK_SEQPACKET). -EEXIST: somebody was
 * faster. */
int rundir_create_lab(int base_fd, struct rundir *ret_dir, int *ret_listen_fd, struct err *e);
/* Removes it; the lock must be held. */
int rundir_remove_lab(struct rundir *dir, struct err *e);
/* Removes it if its holder is gone. Returns how many were removed. */
int rundir_sweep_lab(int base_fd);

/* Calls `each` for every sandbox's name, sorted. Stops when it returns non-zero and hands that
 * on. */
int rundir_list(int base_fd, int (*each)(void *arg, const char *name), void *arg, struct err *e);

/* Removes what is left over (see above), never what another is making. Returns how many things,
 * or -errno. */
int rundir_sweep(int base_fd, struct err *e);

#endif
