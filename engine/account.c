/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cgroup of a sandbox is found from the outside as anybody could find it: /proc/PID/cgroup of
 * its first process, which must name the sandbox's own group (rundir_cgroup_name()); then files are
 * read, by one table (at the end) that says where v1 and v2 have each figure. Their texts are the
 * kernel's, bounded, and may lack anything. See cgroups(7), Documentation/accounting/psi.rst.
 */
#include "account.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_path.h"
#include "fd.h"
#include "lab_private.h"
#include "rundir.h"

enum { FILE_MAX = 16 * 1024, CPU_US_PER_MILLI = 100 };

/* ---- texts ---- */

static bool parse_number(const char *text, uint64_t *ret)
{
	char *end;

	if (*text < '0' || *text > '9') /* "max", "-1" */
		return false;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	return errno == 0 && *ret < 1ULL << 62; /* more is v1's word for no limit */
}

/* The sum of the numbers behind `key`, wherever it stands as a word or before a '='. */
static bool sum_words(const char *text, const char *key, uint64_t *ret)
{
	size_t length = strlen(key);
	bool is_found = false;

	*ret = 0;
	for (const char *at = text; (at = strstr(at, key)); at += length) {
		uint64_t number;
		bool is_word = (at == text || at[-1] == ' ' || at[-1] == '\n') &&
			       (at[length] == ' ' || at[length] == '=');

		if (!is_word || !parse_number(at + length + 1, &number))
			continue;
		*ret += number;
		is_found = true;
	}
	return is_found;
}

/* key ""     the file is one number: "67108864\n"
 *     "Read" the sum of all that stand behind it: "254:0 Read 4\n8:0 Read 5\n", "rbytes=9" */
bool account_parse(const char *text, const char *key, uint64_t *ret)
{
	return *key ? sum_words(text, key, ret) : parse_number(text, ret);
}

static double find_average(const char *line)
{
	const char *found = strstr(line, "avg10=");
	double percent = found ? strtod(found + 6, NULL) : 0;

	return percent >= 0 && percent <= 100 ? percent : 0;
}

/* "some avg10=1.31 avg60=0.50 avg300=0.00 total=2332969767", then "full …". */
bool account_parse_pressure(const char *text, struct pressure *ret)
{
	const char *full = strstr(text, "\nfull ");
	char some[256];
	uint64_t total_us;

	*ret = (struct pressure){0};
	if (strncmp(text, "some ", 5) != 0)
		return false;
	snprintf(some, sizeof(some), "%.*s", (int)strcspn(text, "\n"), text);
	ret->is_known = true;
	ret->some_percent = find_average(some);
	if (sum_words(some, "total", &total_us))
		ret->some_ns = total_us * 1000;
	if (!full)
		return true;
	ret->full_percent = find_average(full);
	if (sum_words(full + 1, "total", &total_us))
		ret->full_ns = total_us * 1000;
	return true;
}

/* ---- the cgroup ---- */

/* Where we are while one account is read. */
struct reading {
	const char *membership, *mountinfo;
	char own_name[CGROUP_PATH_MAX];
};

/* The directory of a v1 controller or of v2 (NULL) if it is the sandbox's own; else -1. */
static int open_own(const struct reading *reading, const char *controller)
{
	char path[CGROUP_PATH_MAX];

	if (!cgroup_find_path(reading->membership, reading->mountinfo, controller, path,
			      sizeof(path)))
		return -1;
	const char *name = strrchr(path, '/');
	if (!name || strcmp(name + 1, reading->own_name) != 0)
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool read_field(int directory, const struct account_field *field, bool is_unified,
		       uint64_t *ret)
{
	char text[FILE_MAX];

	if (!field->file[is_unified] ||
	    fd_read_file(directory, field->file[is_unified], text, sizeof(text)) < 0 ||
	    !account_parse(text, field->key[is_unified], ret))
		return false;
	*ret *= field->scale[is_unified] ? field->scale[is_unified] : 1;
	return true;
}

static void read_fields(const struct reading *reading, struct account *account)
{
	auto_close int unified = open_own(reading, NULL);

	for (int i = 0; i < ACCOUNT_FIELDS; i++) {
		const struct account_field *field = &account_fields[i];
		auto_close int v1 = field->controller[0] ? open_own(reading, field->controller[0])
							 : -1;
		bool is_unified = v1 < 0;
		int directory = is_unified ? unified : v1;
		uint64_t number;

		if (directory < 0)
			continue;
		account->is_there = true;
		account->is_unified |= is_unified;
		account->is_known[i] = read_field(directory, field, is_unified, &number);
		account->value[i] = account->is_known[i] ? number : 0;
		if (i == ACCOUNT_CPU_LIMIT)
			account->value[i] /= CPU_US_PER_MILLI;
	}
}

static void read_pressure(const struct reading *reading, struct account *account)
{
	auto_close int own = reading ? open_own(reading, NULL) : -1;
	char path[64], text[512];

	account->is_pressure_of_host = true;
	for (int i = 0; own >= 0 && i < PRESSURES; i++) {
		snprintf(path, sizeof(path), "%s.pressure", pressure_names[i]);
		if (fd_read_file(own, path, text, sizeof(text)) > 0 &&
		    account_parse_pressure(text, &account->pressure[i]))
			account->is_pressure_of_host = false;
	}
	for (int i = 0; account->is_pressure_of_host && i < PRESSURES; i++) {
		snprintf(path, sizeof(path), "/proc/pressure/%s", pressure_names[i]);
		if (fd_read_file(AT_FDCWD, path, text, sizeof(text)) > 0)
			account_parse_pressure(text, &account->pressure[i]);
	}
}

/* The first process inside: the worker's first child. 0: there is none. */
static int find_first(struct sandbox *s)
{
	char path[64], text[64];
	int worker = (int)sandbox_pid(s);
	auto_close int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", worker, worker);
	fd = worker > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	return (int)strtol(text, NULL, 10);
}

void account_read(struct sandbox *s, struct account *ret)
{
	struct reading reading = {0};
	int first = find_first(s);
	auto_free char *membership = first > 0 ? cgroup_read_texts(first, &reading.mountinfo)
					       : NULL;

	*ret = (struct account){0};
	reading.membership = membership;
	bool is_readable = membership && rundir_cgroup_name(&s->dir, reading.own_name,
							    sizeof(reading.own_name), NULL) == 0;
	if (is_readable)
		read_fields(&reading, ret);
	read_pressure(is_readable ? &reading : NULL, ret);
}

const char *const pressure_names[PRESSURES] = {
    [PRESSURE_CPU] = "cpu", [PRESSURE_MEMORY] = "memory", [PRESSURE_IO] = "io"};

/* clang-format off */
const struct account_field account_fields[ACCOUNT_FIELDS] = {
    [ACCOUNT_MEMORY_CURRENT] = {"memory_current_bytes", {"memory", "memory"},
	{"memory.usage_in_bytes", "memory.current"}, {"", ""}, {0, 0}},
    [ACCOUNT_MEMORY_PEAK] = {"memory_peak_bytes", {"memory", "memory"},
	{"memory.max_usage_in_bytes", "memory.peak"}, {"", ""}, {0, 0}},
    [ACCOUNT_MEMORY_LIMIT] = {"memory_limit_bytes", {"memory", "memory"},
	{"memory.limit_in_bytes", "memory.max"}, {"", ""}, {0, 0}},
    [ACCOUNT_SWAP_CURRENT] = {"swap_current_bytes", {"memory", "memory"},
	{NULL, "memory.swap.current"}, {"", ""}, {0, 0}},
    [ACCOUNT_MEMORY_KILLS] = {"memory_kills", {"memory", "memory"},
	{"memory.oom_control", "memory.events"}, {"oom_kill", "oom_kill"}, {0, 0}},
    [ACCOUNT_PIDS_CURRENT] = {"pids_current", {"pids", "pids"},
	{"pids.current", "pids.current"}, {"", ""}, {0, 0}},
    [ACCOUNT_PIDS_LIMIT] = {"pids_limit", {"pids", "pids"},
	{"pids.max", "pids.max"}, {"", ""}, {0, 0}},
    [ACCOUNT_FORKS_REFUSED] = {"forks_refused", {"pids", "pids"},
	{"pids.events", "pids.events"}, {"max", "max"}, {0, 0}},
    /* Read in µs of each 100 ms: 150000 is 1.5 processors. */
    [ACCOUNT_CPU_LIMIT] = {"cpu_limit_millis", {"cpu", "cpu"},
	{"cpu.cfs_quota_us", "cpu.max"}, {"", ""}, {0, 0}},
    [ACCOUNT_CPU_THROTTLED] = {"cpu_throttled_periods", {"cpu", "cpu"},
	{"cpu.stat", "cpu.stat"}, {"nr_throttled", "nr_throttled"}, {0, 0}},
    [ACCOUNT_CPU_THROTTLED_NS] = {"cpu_throttled_ns", {"cpu", "cpu"},
	{"cpu.stat", "cpu.stat"}, {"throttled_time", "throttled_usec"}, {1, 1000}},
    [ACCOUNT_IO_READ] = {"io_read_bytes", {"blkio", "io"},
	{"blkio.throttle.io_service_bytes", "io.stat"}, {"Read", "rbytes"}, {0, 0}},
    [ACCOUNT_IO_WRITTEN] = {"io_written_bytes", {"blkio", "io"},
	{"blkio.throttle.io_service_bytes", "io.stat"}, {"Write", "wbytes"}, {0, 0}},
};
/* clang-format on */
