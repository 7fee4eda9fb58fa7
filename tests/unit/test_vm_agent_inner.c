/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The agent's look at the sandboxes in its guest, on a /tmp of the test's own (a mount namespace):
 * what isolab makes there is told, what anybody makes up stops nothing.
 */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fd.h"
#include "guest.h"

static struct guest guest;
static char lab[64];
static size_t sent;
static char last_line[EVENT_LINE_MAX + 1];

/* The line to the worker. */
void guest_send(struct guest *from, enum agent_message type, unsigned program, uint32_t value,
		const void *body, size_t length)
{
	size_t line_bytes = length - sizeof(struct agent_inner);

	(void)from, (void)program, (void)value;
	assert_int_equal(type, AGENT_INNER);
	memcpy(last_line, (const char *)body + sizeof(struct agent_inner), line_bytes);
	last_line[line_bytes] = 0;
	sent++;
}

static void write_text(const char *directory, const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

/* As isolab does it: whole at once. Returns its path. */
static const char *make_sandbox(const char *name, const char *events)
{
	static char path[128];
	char hidden[128];

	snprintf(hidden, sizeof(hidden), "%s/.new", lab);
	snprintf(path, sizeof(path), "%s/%s", lab, name);
	assert_int_equal(mkdir(hidden, 0700), 0);
	write_text(hidden, "spec", "container");
	write_text(hidden, "events", events);
	assert_int_equal(rename(hidden, path), 0);
	return path;
}

static const char ready[] = "{\"t_ns\":1,\"sandbox\":\"box\",\"kind\":\"ready\"}\n";

static int set_up(void **state)
{
	(void)state;
	if (mount("test", "/tmp", "tmpfs", 0, "mode=1777") < 0)
		return -1;
	snprintf(lab, sizeof(lab), "/tmp/isolab-%u", geteuid());
	if (mkdir(lab, 0700) < 0)
		return -1;
	sent = 0;
	guest = (struct guest){.program_fd = -1, .inner.inotify_fd = -1};
	inner_watch(&guest);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < GUEST_LABS_MAX; i++)
		if (guest.inner.labs[i].fd)
			close(guest.inner.labs[i].fd);
	for (size_t i = 0; i < GUEST_INNER_MAX; i++)
		if (guest.inner.journals[i].fd)
			close(guest.inner.journals[i].fd);
	fd_close(&guest.inner.inotify_fd);
	return umount2("/tmp", MNT_DETACH);
}

static size_t count_journals(void)
{
	size_t count = 0;

	for (size_t i = 0; i < GUEST_INNER_MAX; i++)
		count += guest.inner.journals[i].fd != 0;
	return count;
}

static void test_a_sandbox_is_told_and_let_go_of(void **state)
{
	const char *path = make_sandbox("box", ready);

	(void)state;
	inner_serve(&guest);
	assert_int_equal(sent, 2); /* that there is one, and its line */
	assert_string_equal(last_line, ready);
	write_text(path, "events", ready);
	inner_serve(&guest);
	assert_int_equal(sent, 3);
	assert_int_equal(count_journals(), 1);
	char events[160];
	snprintf(events, sizeof(events), "%s/events", path);
	assert_int_equal(unlink(events), 0);
	inner_serve(&guest);
	assert_int_equal(count_journals(), 0);
	inner_serve(&guest); /* for one that may have waited for its place */
	assert_false(guest.inner.has_more);
	assert_int_equal(sent, 3);
}

static void test_a_file_without_lines_is_read_once(void **state)
{
	const char *path = make_sandbox("box", "");
	char events[160];

	(void)state;
	snprintf(events, sizeof(events), "%s/events", path);
	assert_int_equal(truncate(events, INT64_MAX & ~4095LL), 0);
	inner_serve(&guest);
	assert_false(guest.inner.has_more);
	write_text(lab, "x", "");
	inner_serve(&guest);
	assert_int_equal(sent, 1);
}

/* Others have their turn between any two bits of what is no journal. */
static void test_many_empty_lines_are_read_bit_by_bit(void **state)
{
	char lines[1000];
	int turns = 0;

	(void)state;
	memset(lines, '\n', sizeof(lines) - 1);
	lines[sizeof(lines) - 1] = 0;
	const char *path = make_sandbox("box", lines);
	write_text(path, "events", ready);
	do {
		inner_serve(&guest);
		turns++;
	} while (guest.inner.has_more);
	assert_in_range(turns, 10, 20);
	assert_int_equal(sent, 2);
}

/* What lies there under other names is no lab's, nor what somebody else could write to. */
static void test_only_a_users_own_directory_is_a_lab(void **state)
{
	char path[64];

	(void)state;
	assert_int_equal(rmdir(lab), 0);
	for (char last = 'a'; last < 'a' + GUEST_LABS_MAX; last++) {
		snprintf(path, sizeof(path), "/tmp/isolab-%c", last);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	snprintf(path, sizeof(path), "/tmp/isolab-0%u", geteuid());
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(symlink(path, lab), 0);
	inner_serve(&guest);
	assert_int_equal(unlink(lab), 0);
	assert_int_equal(mkdir(lab, 0700), 0);
	assert_int_equal(chmod(lab, 0770), 0);
	make_sandbox("box", ready);
	inner_serve(&guest);
	assert_int_equal(sent, 0);
	assert_int_equal(chmod(lab, 0700), 0);
	snprintf(path, sizeof(path), "/tmp/away");
	assert_int_equal(rename(lab, path), 0);
	assert_int_equal(rename(path, lab), 0);
	inner_serve(&guest);
	assert_int_equal(sent, 2);
}

static void test_no_fifo_is_waited_for(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/box", lab);
	assert_int_equal(mkdir(path, 0700), 0);
	write_text(path, "events", ready);
	snprintf(path, sizeof(path), "%s/box/spec", lab);
	assert_int_equal(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/other", lab);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/other/events", lab);
	assert_int_equal(mkfifo(path, 0600), 0);
	guest.inner.must_list = true;
	inner_serve(&guest);
	assert_int_equal(sent, 1); /* the line, not the kind */
	assert_int_equal(count_journals(), 1);
}

static void test_a_link_keeps_no_place(void **state)
{
	char name[16], events[160], link_path[160];

	(void)state;
	for (int i = 0; i < 2 * GUEST_INNER_MAX; i++) {
		snprintf(name, sizeof(name), "box%d", i);
		const char *path = make_sandbox(name, ready);
		inner_serve(&guest);
		snprintf(events, sizeof(events), "%s/events", path);
		snprintf(link_path, sizeof(link_path), "%s/link%d", lab, i);
		assert_int_equal(link(events, link_path), 0);
		assert_int_equal(unlink(events), 0);
		inner_serve(&guest);
	}
	assert_int_equal(sent, 4 * GUEST_INNER_MAX);
	assert_int_equal(count_journals(), 0);
}

/* A sandbox for which there was no place is told when there is one. */
static void test_a_place_that_is_free_is_taken(void **state)
{
	char name[16], path[160];

	(void)state;
	for (int i = 0; i <= GUEST_INNER_MAX; i++) {
		snprintf(name, sizeof(name), "box%d", i);
		make_sandbox(name, ready);
	}
	inner_serve(&guest);
	assert_int_equal(sent, 2 * GUEST_INNER_MAX);
	snprintf(path, sizeof(path), "%s/box0/events", lab);
	assert_int_equal(unlink(path), 0);
	do
		inner_serve(&guest);
	while (guest.inner.has_more);
	assert_int_equal(sent, 2 * GUEST_INNER_MAX + 2);
}

/* A /tmp of our own: as root, or as root of a namespace in which our own number stays. */
static bool has_own_tmp(void)
{
	unsigned uid = geteuid(), gid = getegid();
	char map[64];

	if (unshare(CLONE_NEWNS | (uid ? CLONE_NEWUSER : 0)) < 0)
		return false;
	snprintf(map, sizeof(map), "%u %u 1", uid, uid);
	if (uid && fd_write_file(AT_FDCWD, "/proc/self/uid_map", map) < 0)
		return false;
	snprintf(map, sizeof(map), "%u %u 1", gid, gid);
	if (uid && (fd_write_file(AT_FDCWD, "/proc/self/setgroups", "deny") < 0 ||
		    fd_write_file(AT_FDCWD, "/proc/self/gid_map", map) < 0))
		return false;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_a_sandbox_is_told_and_let_go_of, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(test_a_file_without_lines_is_read_once, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(test_many_empty_lines_are_read_bit_by_bit, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(test_only_a_users_own_directory_is_a_lab, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(test_no_fifo_is_waited_for, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_a_link_keeps_no_place, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_a_place_that_is_free_is_taken, set_up, tear_down),
	};

	if (!has_own_tmp()) {
		puts("1..0 # SKIP no mount namespace can be had");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
