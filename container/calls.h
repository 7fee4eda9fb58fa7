/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_CALLS_H
#define ISOLAB_CONTAINER_CALLS_H
/*
 * calls: the system calls that build the wall, made and written down in one go, for `isolab
 * explain`. Use these in place of the C library's: each returns what that would, -1 and errno.
 *
 * Writing down costs two looks at the clock and a few stores, no system call: raw numbers, and
 * copies of texts (which may lie on the caller's stack), into a bounded log. It becomes text when
 * somebody asks (calls_encode()). Worker and child have a log each, side by side in the page they
 * share, so nobody writes where another does. A log that is NULL: nobody wants to know.
 */
#include <fcntl.h>
#include <linux/mount.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#include "kernel.h"

enum call_form {
	CALL_CAPSET,
	CALL_CHDIR,
	CALL_CHROOT,
	CALL_CLONE,
	CALL_CLONE3,
	CALL_CLOSE_RANGE,
	CALL_DUP3,
	CALL_EXECVE,
	CALL_FCHDIR,
	CALL_FCHOWN,
	CALL_FSCONFIG,
	CALL_FSMOUNT,
	CALL_FSOPEN,
	CALL_IOCTL,
	CALL_KEYCTL,
	CALL_LANDLOCK_ADD_RULE,
	CALL_LANDLOCK_CREATE,
	CALL_LANDLOCK_RESTRICT,
	CALL_MKDIRAT,
	CALL_MKNODAT,
	CALL_MOUNT,
	CALL_MOUNT_SETATTR,
	CALL_MOVE_MOUNT,
	CALL_OPENAT,
	CALL_OPENAT2,
	CALL_OPEN_TREE,
	CALL_PIPE2,
	CALL_PIVOT_ROOT,
	CALL_PRCTL,
	CALL_PRLIMIT,
	CALL_SECCOMP,
	CALL_SETGROUPS,
	CALL_SETHOSTNAME,
	CALL_SETNS,
	CALL_SETRESGID,
	CALL_SETRESUID,
	CALL_SETSID,
	CALL_SOCKET,
	CALL_SOCKETPAIR,
	CALL_SYMLINKAT,
	CALL_UMASK,
	CALL_UMOUNT2,
	CALL_UNSHARE,
	CALL_WRITE,
	CALL_WRITE_FILE,
	CALL_FORMS
};

enum { CALL_WORDS = 6, CALLS_MAX = 256, CALLS_TEXT_MAX = 12 * 1024 };

struct call {
	uint64_t start_ns;
	const char *why;        /* constant; NULL: what is always true of this call */
	long words[CALL_WORDS]; /* as given; of a text: where its copy begins in calls->text */
	uint32_t duration_ns;
	int32_t result; /* -errno */
	uint8_t form, step;
};

/* One process's log. Zeroed memory is an empty one. */
struct calls {
	uint32_t count, lost; /* lost: there was no room for */
	uint32_t text_length;
	uint32_t step;     /* what is being done now, see steps.h */
	const char *why;   /* of the next call */
	uint64_t shift_ns; /* what must be added to this process's clock to get the host's */
	struct call call[CALLS_MAX];
	char text[CALLS_TEXT_MAX];
};

/* Why the next call is made, one line, a constant. NULL `calls` is fine everywhere. */
void call_because(struct calls *calls, const char *why);

/* Makes the call; its words are what is written down. */
long call_make(struct calls *calls, enum call_form form, const long words[CALL_WORDS]);

/* Writes down a call that was made otherwise: at `start_ns` of this process's clock, until now.
 * `result`: -errno if it failed. errno stays. */
void call_note(struct calls *calls, enum call_form form, uint64_t start_ns, long result,
	       const long words[CALL_WORDS]);

#define CALL_WORDS_OF(...) ((const long[CALL_WORDS]){__VA_ARGS__})

/* execve(2) only comes back if it failed: so it is noted before, and the worker completes it, who
 * sees at `end_ns` of the host's clock that the program runs. */
void call_note_exec(struct calls *calls, uint64_t end_ns);

/* ---- files and mounts ---- */

static inline int call_mount(struct calls *calls, const char *source, const char *target,
			     const char *type, unsigned long flags, const char *data)
{
	return (int)call_make(calls, CALL_MOUNT,
			      CALL_WORDS_OF((long)source, (long)target, (long)type, (long)flags,
					    (long)data));
}

static inline int call_umount2(struct calls *calls, const char *target, int flags)
{
	return (int)call_make(calls, CALL_UMOUNT2, CALL_WORDS_OF((long)target, flags));
}

static inline int call_pivot_root(struct calls *calls, const char *new_root, const char *put_old)
{
	return (int)call_make(calls, CALL_PIVOT_ROOT, CALL_WORDS_OF((long)new_root, (long)put_old));
}

/* mount_setattr(2), with the two masks it is about. */
int call_mount_setattr(struct calls *calls, int dirfd, const char *path, unsigned flags,
		       uint64_t set, uint64_t clear);

/* The same with all that may be changed. */
int call_mount_setattr_all(struct calls *calls, int dirfd, const char *path, unsigned flags,
			   const struct mount_attr *attributes);

static inline int call_fsopen(struct calls *calls, const char *type, unsigned flags)
{
	return (int)call_make(calls, CALL_FSOPEN, CALL_WORDS_OF((long)type, flags));
}

static inline int call_fsconfig(struct calls *calls, int fs, unsigned command, const char *key,
				const char *value, int number)
{
	return (int)call_make(calls, CALL_FSCONFIG,
			      CALL_WORDS_OF(fs, command, (long)key, (long)value, number));
}

static inline int call_fsmount(struct calls *calls, int fs, unsigned flags, unsigned attributes)
{
	return (int)call_make(calls, CALL_FSMOUNT, CALL_WORDS_OF(fs, flags, attributes));
}

static inline int call_open_tree(struct calls *calls, int dirfd, const char *path, unsigned flags)
{
	return (int)call_make(calls, CALL_OPEN_TREE, CALL_WORDS_OF(dirfd, (long)path, flags));
}

static inline int call_move_mount(struct calls *calls, int from_fd, const char *from, int to_fd,
				  const char *to, unsigned flags)
{
	return (int)call_make(calls, CALL_MOVE_MOUNT,
			      CALL_WORDS_OF(from_fd, (long)from, to_fd, (long)to, flags));
}

static inline int call_chdir(struct calls *calls, const char *path)
{
	return (int)call_make(calls, CALL_CHDIR, CALL_WORDS_OF((long)path));
}

static inline int call_fchdir(struct calls *calls, int fd)
{
	return (int)call_make(calls, CALL_FCHDIR, CALL_WORDS_OF(fd));
}

static inline int call_chroot(struct calls *calls, const char *path)
{
	return (int)call_make(calls, CALL_CHROOT, CALL_WORDS_OF((long)path));
}

static inline int call_openat(struct calls *calls, int dirfd, const char *path, int flags,
			      mode_t mode)
{
	return (int)call_make(calls, CALL_OPENAT, CALL_WORDS_OF(dirfd, (long)path, flags, mode));
}

static inline int call_mkdirat(struct calls *calls, int dirfd, const char *path, mode_t mode)
{
	return (int)call_make(calls, CALL_MKDIRAT, CALL_WORDS_OF(dirfd, (long)path, mode));
}

/* A plain file, on which something is to be bound. */
static inline int call_mknodat(struct calls *calls, int dirfd, const char *path, mode_t mode)
{
	return (int)call_make(calls, CALL_MKNODAT, CALL_WORDS_OF(dirfd, (long)path, mode));
}

static inline int call_symlinkat(struct calls *calls, const char *target, int dirfd,
				 const char *path)
{
	return (int)call_make(calls, CALL_SYMLINKAT,
			      CALL_WORDS_OF((long)target, dirfd, (long)path));
}

/* openat2(2) with O_… `flags` and RESOLVE_… `resolve`. */
int call_openat2(struct calls *calls, int dirfd, const char *path, uint64_t flags,
		 uint64_t resolve);

/* A whole small file of the kernel's: open, one write, close; written down as one write. Returns 0
 * or -errno. */
int call_write_file(struct calls *calls, int dirfd, const char *path, const char *text);

/* ---- processes, namespaces, rights ---- */

/* Comes back twice, and is written down by the parent only. */
pid_t call_clone3(struct calls *calls, struct clone_args *arguments);

static inline int call_unshare(struct calls *calls, unsigned long flags)
{
	return (int)call_make(calls, CALL_UNSHARE, CALL_WORDS_OF((long)flags));
}

static inline int call_setns(struct calls *calls, int fd, unsigned long flags)
{
	return (int)call_make(calls, CALL_SETNS, CALL_WORDS_OF(fd, (long)flags));
}

static inline int call_setsid(struct calls *calls)
{
	return (int)call_make(calls, CALL_SETSID, CALL_WORDS_OF(0));
}

static inline int call_sethostname(struct calls *calls, const char *name, size_t length)
{
	return (int)call_make(calls, CALL_SETHOSTNAME, CALL_WORDS_OF((long)name, (long)length));
}

/* The C library's own would first stop all other threads; there are none. */
static inline int call_setgroups(struct calls *calls, size_t count, const gid_t *groups)
{
	return (int)call_make(calls, CALL_SETGROUPS, CALL_WORDS_OF((long)count, (long)groups));
}

static inline int call_setresgid(struct calls *calls, gid_t group)
{
	return (int)call_make(calls, CALL_SETRESGID, CALL_WORDS_OF(group, group, group));
}

static inline int call_setresuid(struct calls *calls, uid_t user)
{
	return (int)call_make(calls, CALL_SETRESUID, CALL_WORDS_OF(user, user, user));
}

static inline int call_prctl(struct calls *calls, long option, long argument)
{
	return (int)call_make(calls, CALL_PRCTL, CALL_WORDS_OF(option, argument));
}

static inline int call_close_range(struct calls *calls, unsigned first, unsigned last,
				   unsigned flags)
{
	return (int)call_make(calls, CALL_CLOSE_RANGE, CALL_WORDS_OF(first, last, flags));
}

static inline int call_dup3(struct calls *calls, int from, int to, int flags)
{
	return (int)call_make(calls, CALL_DUP3, CALL_WORDS_OF(from, to, flags));
}

#endif
