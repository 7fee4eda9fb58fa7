/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * isolab-probe: reads, from inside, everything that the columns of `compare` show, and prints one
 * line per fact:
 *
 *	name value TAB identity		identity says *which* object it is; equal text alone
 *					proves nothing
 *	name !reason			there is no such thing here, or it is not for us
 *
 * An identity begins with the boot id of the kernel that answers, for a number (inode, uid) means
 * something only inside one kernel. What surprises: every step may fail and none ends the program;
 * all output is collected and leaves in one write, since in the VM each write is an exit. Nothing
 * is changed, nothing waits, nothing is read without a bound.
 */
#include "read_facts.h"

#include <asm/errno.h>
#include <asm/stat.h>
#include <linux/sysinfo.h>
#include <linux/utsname.h>

enum { ENTRIES_MAX = 100000, FILE_MAX = 1 << 20 };

void fact_begin(struct fact_reader *reader, const char *name)
{
	writer_text(&reader->out, name);
	writer_text(&reader->out, " ");
}

void fact_identity(struct fact_reader *reader)
{
	writer_text(&reader->out, "\t");
	writer_text(&reader->out, reader->boot[0] ? reader->boot : "no-boot-id");
}

void fact_identity_namespace(struct fact_reader *reader, const char *namespace)
{
	char path[32] = "/proc/self/ns/", link[48];
	long length;

	memcpy(path + 14, namespace, text_length(namespace) + 1);
	length = call4(__NR_readlinkat, FD_HERE, path, link, sizeof(link));
	fact_identity(reader);
	if (length > 0) {
		writer_text(&reader->out, " ");
		writer_bytes(&reader->out, link, (size_t)length);
	}
}

void fact_end(struct fact_reader *reader)
{
	writer_text(&reader->out, "\n");
}

void fact_absent(struct fact_reader *reader, const char *name, long error)
{
	if (error == -ENOENT && !reader->is_linux)
		error = -ENOSYS;
	fact_begin(reader, name);
	writer_text(&reader->out, "!");
	writer_text(&reader->out, error_text(error));
	fact_end(reader);
}

/* Lines of a file, read piece by piece; -errno. With `path` in a kernel that lists nothing of the
 * kind: -ENOENT. */
static long count_lines(struct fact_reader *reader, const char *path)
{
	long fd = call4(__NR_openat, FD_HERE, path, 02000000, 0), lines = 0, total = 0, r;

	if (fd < 0)
		return fd;
	while (total < FILE_MAX &&
	       (r = call3(__NR_read, fd, reader->text, sizeof(reader->text))) > 0) {
		total += r;
		for (long at = 0; at < r; at++)
			lines += reader->text[at] == '\n';
	}
	call1(__NR_close, fd);
	return lines;
}

/* Entries of a directory, "." and ".." not counted; only those whose names are numbers if asked. */
static long count_entries(struct fact_reader *reader, const char *path, bool only_numbers)
{
	long fd = call4(__NR_openat, FD_HERE, path, 02200000 /* O_DIRECTORY | O_CLOEXEC */, 0),
	     r = 0;
	long count = 0;

	if (fd < 0)
		return fd;
	while (count < ENTRIES_MAX &&
	       (r = call3(__NR_getdents64, fd, reader->text, sizeof(reader->text))) > 0)
		for (long at = 0; at < r;) {
			/* struct linux_dirent64: ino 8, off 8, reclen 2, type 1, name */
			const char *entry = reader->text + at, *name = entry + 19;
			at += (unsigned char)entry[16] | (unsigned char)entry[17] << 8;
			count += only_numbers ? *name >= '1' && *name <= '9' : *name != '.';
		}
	call1(__NR_close, fd);
	return r < 0 ? r : count;
}

static void fact_names(struct fact_reader *reader)
{
	struct new_utsname names;
	long r = call1(__NR_uname, &names);

	if (r < 0) {
		fact_absent(reader, "kernel_release", r);
		fact_absent(reader, "hostname", r);
		return;
	}
	reader->is_linux = text_equal(names.sysname, "Linux");
	fact_begin(reader, "kernel_release");
	writer_text(&reader->out, names.sysname);
	writer_text(&reader->out, " ");
	writer_text(&reader->out, names.release);
	fact_identity(reader);
	fact_end(reader);
	fact_begin(reader, "hostname");
	writer_text(&reader->out, names.nodename);
	fact_identity_namespace(reader, "uts");
	fact_end(reader);
}

static void fact_kernel_identity(struct fact_reader *reader)
{
	long r = file_read("/proc/sys/kernel/random/boot_id", reader->boot, sizeof(reader->boot));

	reader->boot[r > 0 ? r : 0] = 0;
	for (char *at = reader->boot; *at; at++)
		if (*at <= ' ')
			*at = 0;
	if (!reader->boot[0]) {
		fact_absent(reader, "kernel_identity", r < 0 ? r : -ENOENT);
		return;
	}
	fact_begin(reader, "kernel_identity");
	writer_text(&reader->out, reader->boot);
	fact_identity(reader);
	fact_end(reader);
}

static void fact_pid_count(struct fact_reader *reader)
{
	long count = count_entries(reader, "/proc", true);
	struct sysinfo info;

	if (count < 0 && !reader->is_linux && call1(__NR_sysinfo, &info) == 0)
		count = info.procs; /* a kernel without directories: all tasks it has */
	if (count < 0) {
		fact_absent(reader, "pid_count", count);
		return;
	}
	fact_begin(reader, "pid_count");
	writer_number(&reader->out, (uint64_t)count);
	fact_identity_namespace(reader, "pid");
	fact_end(reader);
}

static void fact_pid_one(struct fact_reader *reader)
{
	long r = file_read("/proc/1/comm", reader->text, 64);

	if (r <= 0) {
		fact_absent(reader, "pid_one", r ? r : -ENOENT);
		return;
	}
	if (reader->text[r - 1] == '\n')
		reader->text[r - 1] = 0;
	fact_begin(reader, "pid_one");
	writer_text(&reader->out, reader->text);
	fact_identity_namespace(reader, "pid");
	fact_end(reader);
}

/* /proc/self/uid_map: "inside outside count" a line. Who, outside, is the 0 inside? */
static void fact_uid_root_maps_to(struct fact_reader *reader)
{
	long r = file_read("/proc/self/uid_map", reader->text, sizeof(reader->text));
	uint64_t numbers[2] = {1, 0};
	const char *at = reader->text;

	for (int number = 0; r > 0 && number < 2; number++) {
		while (*at == ' ')
			at++;
		if (!text_number(at, &numbers[number], &at))
			r = -ENOENT;
	}
	if (r == -ENOENT && !reader->is_linux && call0(__NR_getuid) == 0)
		r = 1, numbers[0] = numbers[1] = 0; /* no user namespaces: root is this kernel's */
	if (r <= 0 || numbers[0] != 0) {
		fact_absent(reader, "uid_root_maps_to", r < 0 ? r : -ENOENT);
		return;
	}
	fact_begin(reader, "uid_root_maps_to");
	writer_text(&reader->out, "uid ");
	writer_number(&reader->out, numbers[1]);
	fact_identity(reader);
	writer_text(&reader->out, " uid:");
	writer_number(&reader->out, numbers[1]);
	fact_end(reader);
}

static void fact_mounts(struct fact_reader *reader)
{
	long count = count_lines(reader, "/proc/self/mountinfo");

	if (count < 0) {
		fact_absent(reader, "mounts", count);
		return;
	}
	fact_begin(reader, "mounts");
	writer_number(&reader->out, (uint64_t)count);
	fact_identity_namespace(reader, "mnt");
	fact_end(reader);
}

/* "DEVICE:INODE" of a path, as value and as identity. */
static void fact_of_path(struct fact_reader *reader, const char *name, const char *path, long count)
{
	struct stat status;
	long r = call4(__NR_newfstatat, FD_HERE, path, &status, 0);

	if (r < 0 || count < -1) {
		fact_absent(reader, name, r < 0 ? r : count);
		return;
	}
	fact_begin(reader, name);
	for (int round = 0; round < 2; round++) {
		if (round || count < 0) {
			if (round)
				writer_text(&reader->out, " ");
			writer_number(&reader->out, status.st_dev);
			writer_text(&reader->out, ":");
			writer_number(&reader->out, status.st_ino);
		} else {
			writer_number(&reader->out, (uint64_t)count);
		}
		if (!round)
			fact_identity(reader);
	}
	fact_end(reader);
}

/* Names of /proc/net/dev: two lines of heading, then "  eth0: numbers". */
static void fact_network_interfaces(struct fact_reader *reader)
{
	long r = file_read("/proc/net/dev", reader->text, sizeof(reader->text));
	unsigned line = 0, names = 0;

	if (r < 0) {
		fact_absent(reader, "network_interfaces", r);
		return;
	}
	fact_begin(reader, "network_interfaces");
	for (char *at = reader->text; *at; line++) {
		char *name, *end = at;
		while (*end && *end != '\n')
			end++;
		for (name = at; *name == ' ';)
			name++;
		for (at = name; at < end && *at != ':';)
			at++;
		if (line >= 2 && at < end) {
			writer_text(&reader->out, names++ ? " " : "");
			writer_bytes(&reader->out, name, (size_t)(at - name));
		}
		at = *end ? end + 1 : end;
	}
	writer_text(&reader->out, names ? "" : "none");
	fact_identity_namespace(reader, "net");
	fact_end(reader);
}

static void fact_ipc_objects(struct fact_reader *reader)
{
	static const char *const files[] = {"/proc/sysvipc/msg", "/proc/sysvipc/sem",
					    "/proc/sysvipc/shm"};
	long count = 0;

	for (unsigned file = 0; file < 3; file++) {
		long lines = count_lines(reader, files[file]);
		if (lines < 0) {
			fact_absent(reader, "ipc_objects", lines);
			return;
		}
		count += lines ? lines - 1 : 0; /* without the heading */
	}
	fact_begin(reader, "ipc_objects");
	writer_number(&reader->out, (uint64_t)count);
	fact_identity_namespace(reader, "ipc");
	fact_end(reader);
}

static void fact_clocks(struct fact_reader *reader)
{
	uint64_t now = clock_read_ns(CLOCK_OF_BOOT);

	if (now) {
		fact_begin(reader, "clock_monotonic");
		writer_ratio(&reader->out, now, 1000000000);
		writer_text(&reader->out, " s");
		fact_identity_namespace(reader, "time");
		fact_end(reader);
	} else {
		fact_absent(reader, "clock_monotonic", -ENOSYS);
	}
	now = clock_read_ns(CLOCK_OF_WALL);
	if (!now) {
		fact_absent(reader, "clock_realtime", -ENOSYS);
		return;
	}
	fact_begin(reader, "clock_realtime");
	writer_ratio(&reader->out, now, 1000000000);
	writer_text(&reader->out, " s");
	fact_identity(reader); /* no namespace shifts this one */
	fact_end(reader);
}

static void fact_cpu_count_seen(struct fact_reader *reader)
{
	uint64_t mask[16] = {0}, count = 0;
	long r = call3(__NR_sched_getaffinity, 0, sizeof(mask), mask);

	for (int word = 0; r > 0 && word < 16; word++)
		for (uint64_t bits = mask[word]; bits; bits &= bits - 1)
			count++;
	if (r < 0) {
		/* A kernel with one processor and no call for it may still say so in a file. */
		long length = file_read("/proc/cpuinfo", reader->text, sizeof(reader->text));
		for (const char *at = reader->text; length > 0 && *at; at++)
			count += (at == reader->text || at[-1] == '\n') &&
				 text_starts(at, "processor");
	}
	if (!count) {
		fact_absent(reader, "cpu_count_seen", r);
		return;
	}
	fact_begin(reader, "cpu_count_seen");
	writer_number(&reader->out, count);
	fact_identity(reader);
	fact_end(reader);
}

static void fact_memory_seen(struct fact_reader *reader)
{
	struct sysinfo info;
	long r = call1(__NR_sysinfo, &info);

	if (r < 0) {
		fact_absent(reader, "memory_seen", r);
		return;
	}
	fact_begin(reader, "memory_seen");
	writer_number(&reader->out,
		      (uint64_t)info.totalram * (info.mem_unit ? info.mem_unit : 1) >> 20);
	writer_text(&reader->out, " MiB");
	fact_identity(reader);
	fact_end(reader);
}

bool status_number(struct fact_reader *reader, const char *name, unsigned base,
		   uint64_t *ret_number)
{
	size_t length = text_length(name);
	uint64_t number = 0;

	if (file_read("/proc/self/status", reader->text, sizeof(reader->text)) <= 0)
		return false;
	for (const char *at = reader->text; *at; at++) {
		if ((at > reader->text && at[-1] != '\n') || !text_starts(at, name) ||
		    at[length] != ':')
			continue;
		for (at += length + 1; *at == ' ' || *at == '\t';)
			at++;
		for (; (*at >= '0' && *at <= '9') || (base == 16 && *at >= 'a' && *at <= 'f'); at++)
			number = number * base +
				 (uint64_t)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
		*ret_number = number;
		return true;
	}
	return false;
}

static void fact_capabilities(struct fact_reader *reader)
{
	uint64_t mask, count = 0;

	if (!status_number(reader, "CapEff", 16, &mask)) {
		fact_absent(reader, "capabilities", -ENOSYS);
		return;
	}
	for (uint64_t bits = mask; bits; bits &= bits - 1)
		count++;
	fact_begin(reader, "capabilities");
	writer_number(&reader->out, count);
	writer_text(&reader->out, " effective (");
	writer_hex(&reader->out, mask, 16);
	writer_text(&reader->out, ")");
	fact_identity_namespace(reader, "user");
	writer_text(&reader->out, " ");
	writer_hex(&reader->out, mask, 16);
	fact_end(reader);
}

int inside_main(int argc, char **argv, char **env)
{
	struct fact_reader reader;

	(void)argc, (void)argv, (void)env;
	writer_init(&reader.out, FD_STDOUT);
	reader.is_linux = false;
	fact_kernel_identity(&reader); /* first: the others' identities begin with it */
	fact_names(&reader);
	fact_pid_count(&reader);
	fact_pid_one(&reader);
	fact_uid_root_maps_to(&reader);
	fact_mounts(&reader);
	fact_of_path(&reader, "root_filesystem", "/", -1);
	fact_network_interfaces(&reader);
	fact_ipc_objects(&reader);
	fact_clocks(&reader);
	fact_cpu_count_seen(&reader);
	fact_memory_seen(&reader);
	fact_of_path(&reader, "devices", "/dev", count_entries(&reader, "/dev", false));
	fact_capabilities(&reader);
	fact_syscalls_allowed(&reader);
	fact_host_dmesg(&reader);
	fact_sysctl_write(&reader);
	fact_module_load(&reader);
	fact_hypervisor_seen(&reader);
	fact_lockdown(&reader);
	fact_proc_masks(&reader);
	fact_cgroup_root(&reader);
	fact_root_escape(&reader);
	writer_flush(&reader.out);
	return 0;
}
