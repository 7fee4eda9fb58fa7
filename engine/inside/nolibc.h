/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_INSIDE_NOLIBC_H
#define ISOLAB_INSIDE_NOLIBC_H
/*
 * nolibc: all that the two programs inside a sandbox share, without a C library, so that the very
 * same file runs as a plain process, in the container, and on the teaching kernel of the VM.
 *
 * What a kernel must have for them. Everything else may answer ENOSYS (they say so and go on) or
 * any other error:
 *
 *	both		write, exit_group
 *	isolab-work	read (fd 0), clock_gettime (MONOTONIC), mmap (anonymous, private), munmap,
 *			nanosleep, uname, getpid, getppid, ioctl TCGETS, rt_sigaction,
 *			openat + read + close
 *	isolab-probe	may all fail, the fact is then absent: uname, openat + read + close,
 *			clock_gettime (MONOTONIC, REALTIME), sysinfo, sched_getaffinity, readlinkat,
 *			newfstatat, getdents64, syslog, finit_module, prctl, chroot,
 *			chdir, fchdir, and those of read_calls.c,
 *			tried with arguments that no kernel can act on
 *	its files	/proc/sys/kernel/random/boot_id, /proc/1/comm, /proc/cpuinfo, /proc/net/dev,
 *			/proc/self/{uid_map,mountinfo,status}, /proc/self/ns/… (links),
 *			/proc/sysvipc/{msg,sem,shm}, /proc/self/cgroup
 *	stack		16 KiB
 *	start		argc, argv, NULL, env, NULL on the stack as in the System V ABI; the
 *			auxiliary vector is not read
 *	console		ioctl(0, TCGETS) = 0 says that fd 0 is a terminal (something below us echoes
 *			and edits the line); isolab-work then shows a banner and a prompt. Anything
 *			else: a pipe, nobody looks.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "syscall.h"

#define call0(n)             syscall6(n, 0, 0, 0, 0, 0, 0)
#define call1(n, a)          syscall6(n, (long)(a), 0, 0, 0, 0, 0)
#define call2(n, a, b)       syscall6(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define call3(n, a, b, c)    syscall6(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define call4(n, a, b, c, d) syscall6(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

enum { FD_STDIN, FD_STDOUT, FD_STDERR, FD_HERE = -100 /* AT_FDCWD */ };
enum { CLOCK_OF_WALL = 0 /* CLOCK_REALTIME */, CLOCK_OF_BOOT = 1 /* CLOCK_MONOTONIC */ };

/* What the program is; its result is the exit status. */
int inside_main(int argc, char **argv, char **env);

/* ---- memory and text ---- */
void *memset(void *destination, int byte, size_t length);
void *memcpy(void *restrict destination, const void *restrict source, size_t length);
size_t text_length(const char *text);
bool text_equal(const char *a, const char *b);
bool text_starts(const char *text, const char *prefix);
/* The part behind the last '/'. */
const char *text_base_name(const char *path);
/* A decimal number at the start of `text`; *ret_rest = what follows it. False when there is no
 * digit or it is too big. */
bool text_number(const char *text, uint64_t *ret_number, const char **ret_rest);
/* Reads "16M", "512K", "1G", "4096" (powers of 1024). */
bool text_size(const char *text, uint64_t *ret_bytes);

/* ---- output, collected: one system call per buffer, not per piece ---- */
enum { WRITER_SIZE = 4096 };
struct writer {
	int fd;
	bool is_broken; /* nobody reads: nothing is written any more */
	size_t length;
	char data[WRITER_SIZE];
};
/* Begins with nothing collected for `fd`. */
void writer_init(struct writer *writer, int fd);
/* Adds bytes; a full buffer is written out. */
void writer_bytes(struct writer *writer, const char *bytes, size_t length);
/* Adds a text. */
void writer_text(struct writer *writer, const char *text);
/* Adds a decimal number. */
void writer_number(struct writer *writer, uint64_t number);
/* Adds the lowest `digits` hexadecimal digits. */
void writer_hex(struct writer *writer, uint64_t number, unsigned digits);
/* Nanoseconds as the unit that reads best: "0.512 ns" is written by writer_ratio, this one: "312
 * ns", "1.402 ms", "2.000 s". */
void writer_time(struct writer *writer, uint64_t ns);
/* total / count with three decimals. */
void writer_ratio(struct writer *writer, uint64_t total, uint64_t count);
/* Writes what is collected. */
void writer_flush(struct writer *writer);

/* ---- the kernel, a little rounder ---- */
struct time_pair {
	int64_t seconds, nanoseconds;
};
/* Nanoseconds of a clock, or 0 where the kernel has none. */
uint64_t clock_read_ns(int clock);
/* Sleeps, signals or not. */
void sleep_ns(uint64_t ns);
/* Reads at most size-1 bytes of a file and terminates them. Returns the length or -errno. */
long file_read(const char *path, char *buffer, size_t size);
/* An errno (either sign) in words: "permission denied". */
const char *error_text(long error);

#endif
