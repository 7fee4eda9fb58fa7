/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The journal under bad conditions: half lines, garbage, an endless line, a full file, a full
 * disk, several writers at once. Nothing of it may become an error of the sandbox.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fd.h"
#include "journal.h"

/* The same file twice: one to append, one to read from the beginning. */
struct pair {
	char path[64];
	struct journal_writer writer;
	struct journal_reader *reader;
};

static void open_pair(struct pair *pair)
{
	*pair = (struct pair){.path = "/tmp/isolab-test-journal-XXXXXX"};
	pair->writer.fd = mkostemp(pair->path, O_APPEND | O_CLOEXEC);
	assert_true(pair->writer.fd >= 0);
	assert_int_equal(journal_reader_create(open(pair->path, O_RDONLY | O_CLOEXEC),
					       &pair->reader, NULL),
			 0);
	unlink(pair->path);
}

static void close_pair(struct pair *pair)
{
	fd_close(&pair->writer.fd);
	journal_reader_destroy(pair->reader);
}

static void write_text(struct pair *pair, const char *text)
{
	assert_int_equal(fd_write_all(pair->writer.fd, text, strlen(text)), 0);
}

static struct event make_event(enum event_kind kind, uint64_t t_ns)
{
	return (struct event){.kind = kind, .t_ns = t_ns, .sandbox = "demo", .name = "n"};
}

static void test_what_is_appended_is_read_in_order(void **state)
{
	struct pair pair;
	struct event event;

	(void)state;
	open_pair(&pair);
	for (uint64_t i = 1; i <= 1000; i++) {
		event = make_event(EVENT_STEP, i);
		assert_int_equal(journal_append(&pair.writer, &event), 0);
	}
	for (uint64_t i = 1; i <= 1000; i++) {
		assert_int_equal(journal_reader_next(pair.reader, &event, NULL), 1);
		assert_int_equal(event.t_ns, i);
	}
	assert_int_equal(journal_reader_next(pair.reader, &event, NULL), 0);
	close_pair(&pair);
}

static void test_half_a_line_waits_for_its_end(void **state)
{
	struct pair pair;
	struct event event;

	(void)state;
	open_pair(&pair);
	write_text(&pair, "{\"t_ns\":1,\"sandbox\":");
	assert_int_equal(journal_reader_next(pair.reader, &event, NULL), 0);
	write_text(&pair, "\"x\",\"kind\":\"ready\"}\n");
	assert_int_equal(journal_reader_next(pair.reader, &event, NULL), 1);
	assert_string_equal(event.sandbox, "x");
	assert_int_equal(journal_reader_skipped(pair.reader), 0);
	close_pair(&pair);
}

static void test_lines_that_cannot_be_read_are_skipped_and_counted(void **state)
{
	struct pair pair;
	struct event event;

	(void)state;
	open_pair(&pair);
	write_text(&pair,
		   "garbage\n\n{\"t_ns\":1}\n{\"t_ns\":2,\"sandbox\":\"x\",\"kind\":\"ready\"}\n");
	assert_int_equal(journal_reader_next(pair.reader, &event, NULL), 1);
	assert_int_equal(event.t_ns, 2);
	assert_int_equal(journal_reader_skipped(pair.reader), 2);
	close_pair(&pair);
}

static void test_an_endless_line_is_one_skipped_line(void **state)
{
	struct pair pair;
	struct event event;
	char piece[4097];

	(void)state;
	open_pair(&pair);
	memset(piece, 'x', 4096);
	piece[4096] = '\0';
	for (int i = 0; i < 64; i++)
		write_text(&pair, piece);
	assert_int_equal(journal_reader_next(pair.reader, &event, NULL), 0);
	write_text(&pair, "\n{\"t_ns\":3,\"sandbox\":\"x\",\"kind\":\"ready\"}\n");
	assert_int_equal(journal_reader_next(pair.reader, &event, NULL), 1);
	assert_int_equal(event.t_ns, 3);
	assert_int_equal(journal_reader_skipped(pair.reader), 1);
	close_pair(&pair);
}

static off_t size_of(int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	return status.st_size;
}

static void fill(struct pair *pair, enum event_kind kind)
{
	struct event event = make_event(kind, 1);

	memset(event.value, 'v', sizeof(event.value) - 1);
	do
		assert_int_equal(journal_append(&pair->writer, &event), 0);
	while (pair->writer.dropped == 0);
}

static void test_a_full_journal_keeps_what_matters(void **state)
{
	struct pair pair;
	struct event event = make_event(EVENT_EXIT, 7), last = {0};

	(void)state;
	open_pair(&pair);
	fill(&pair, EVENT_SAMPLE);
	assert_true(size_of(pair.writer.fd) <= JOURNAL_SAMPLES_MAX_BYTES);
	fill(&pair, EVENT_NOTE);
	assert_true(size_of(pair.writer.fd) <= JOURNAL_MAX_BYTES);
	assert_int_equal(journal_append(&pair.writer, &event), 0);
	assert_int_equal(pair.writer.dropped, 0); /* the DROPPED event has told of it */
	while (journal_reader_next(pair.reader, &event, NULL) == 1) {
		if (event.kind == EVENT_EXIT)
			assert_int_equal(last.kind, EVENT_DROPPED);
		last = event;
	}
	assert_int_equal(last.kind, EVENT_EXIT);
	close_pair(&pair);
}

static void test_samples_give_way_before_events(void **state)
{
	struct pair pair;
	struct event event = make_event(EVENT_STEP, 7);

	(void)state;
	open_pair(&pair);
	fill(&pair, EVENT_SAMPLE);
	assert_int_equal(journal_append(&pair.writer, &event), 0);
	assert_int_equal(pair.writer.dropped, 0);
	close_pair(&pair);
}

/* A limit on the size of files stands for a full disk: a line is cut in the middle. */
static void write_on_full_disk(struct pair *pair)
{
	const struct rlimit small = {.rlim_cur = 100, .rlim_max = RLIM_INFINITY};
	const struct rlimit large = {.rlim_cur = 100000, .rlim_max = RLIM_INFINITY};
	struct event event = make_event(EVENT_STEP, 1);

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	journal_append(&pair->writer, &event);
	journal_append(&pair->writer, &event);
	journal_append(&pair->writer, &event);
	setrlimit(RLIMIT_FSIZE, &large);
	event.t_ns = 2;
	journal_append(&pair->writer, &event);
}

static void test_a_full_disk_costs_lines_but_never_an_error(void **state)
{
	struct pair pair;
	struct event event;
	int status = 0;
	pid_t child;

	(void)state;
	open_pair(&pair);
	child = fork();
	if (child == 0) {
		write_on_full_disk(&pair);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(journal_reader_next(pair.reader, &event, NULL), 1);
	assert_int_equal(event.t_ns, 1);
	assert_int_equal(journal_reader_next(pair.reader, &event, NULL), 1);
	assert_int_equal(event.kind, EVENT_DROPPED);
	assert_string_equal(event.value, "2");
	assert_int_equal(journal_reader_next(pair.reader, &event, NULL), 1);
	assert_int_equal(event.t_ns, 2);
	assert_int_equal(journal_reader_skipped(pair.reader), 1); /* the stump */
	close_pair(&pair);
}

static void test_lines_of_several_writers_do_not_mix(void **state)
{
	enum { WRITERS = 4, LINES = 500 };
	struct pair pair;
	struct event event;
	int count = 0, status;

	(void)state;
	open_pair(&pair);
	for (int i = 0; i < WRITERS; i++) {
		if (fork() != 0)
			continue;
		event = make_event(EVENT_NOTE, (uint64_t)i);
		memset(event.value, 'a' + i, 200);
		for (int line = 0; line < LINES; line++)
			journal_append(&pair.writer, &event);
		_exit(0);
	}
	while (wait(&status) > 0)
		assert_int_equal(status, 0);
	while (journal_reader_next(pair.reader, &event, NULL) == 1)
		count++;
	assert_int_equal(count, WRITERS * LINES);
	assert_int_equal(journal_reader_skipped(pair.reader), 0);
	close_pair(&pair);
}

static void test_a_broken_descriptor_is_an_error(void **state)
{
	struct journal_writer writer = {.fd = -1};
	struct event event = make_event(EVENT_STEP, 1);

	(void)state;
	assert_int_equal(journal_append(&writer, &event), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_appended_is_read_in_order),
	    cmocka_unit_test(test_half_a_line_waits_for_its_end),
	    cmocka_unit_test(test_lines_that_cannot_be_read_are_skipped_and_counted),
	    cmocka_unit_test(test_an_endless_line_is_one_skipped_line),
	    cmocka_unit_test(test_a_full_journal_keeps_what_matters),
	    cmocka_unit_test(test_samples_give_way_before_events),
	    cmocka_unit_test(test_a_full_disk_costs_lines_but_never_an_error),
	    cmocka_unit_test(test_lines_of_several_writers_do_not_mix),
	    cmocka_unit_test(test_a_broken_descriptor_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
