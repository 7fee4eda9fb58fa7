/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Walls in walls: what the agent tells of sandboxes in the guest reaches the journal of the one
 * around them, on the host's clock, made harmless, and bounded; what is no such thing does not.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "fd.h"
#include "journal.h"
#include "link.h"
#include "worker_private.h"

/* Of the guest's clock: it has been up for a minute. */
#define GUEST_NOW 60000000000ULL

struct fixture {
	struct worker *worker;
	struct link *link;
	struct journal_reader *reader;
	bool is_broken;
	uint64_t begin_ns;
};

static size_t swallow(void *arg, const uint8_t *bytes, size_t length)
{
	(void)arg, (void)bytes;
	return length;
}

static void ignore(void *arg)
{
	(void)arg;
}

static void on_broken(void *arg, const struct err *error)
{
	struct fixture *f = arg;

	(void)error;
	f->is_broken = true;
}

static const struct link_host host = {.send = swallow,
				      .on_hello = ignore,
				      .on_running = ignore,
				      .on_broken = on_broken};

static void say(struct fixture *f, enum agent_message type, uint32_t value, const void *body,
		size_t length)
{
	struct agent_header header = {.magic = AGENT_MAGIC,
				      .type = (uint8_t)type,
				      .value = value,
				      .length = (uint32_t)length};

	link_receive(f->link, (const uint8_t *)&header, sizeof(header));
	if (length)
		link_receive(f->link, body, length);
}

static void say_inner(struct fixture *f, uint64_t sent_ns, const char *line)
{
	struct {
		struct agent_inner inner;
		char line[EVENT_LINE_MAX];
	} body = {.inner.sent_ns = sent_ns};

	str_copy(body.line, sizeof(body.line), line);
	say(f, AGENT_INNER, 0, &body, sizeof(body.inner) + strlen(body.line));
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char *argv[] = {(char *)"sh", NULL}, path[32];
	struct link_command command = {.argv = argv};
	int fd = memfd_create("events", MFD_CLOEXEC), copy;

	f->worker = calloc(1, sizeof(*f->worker));
	f->link = calloc(1, sizeof(*f->link));
	str_copy(f->worker->spec.name, sizeof(f->worker->spec.name), "outer");
	f->worker->lease_fd = -1;
	f->worker->journal.fd = f->worker->events_fd = fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy = open(path, O_RDONLY | O_CLOEXEC); /* with a place of its own */
	assert_int_equal(journal_reader_create(copy, &f->reader, NULL), 0);
	link_init(f->link, &host, f, f->worker);
	say(f, AGENT_HELLO, AGENT_VERSION, NULL, 0);
	assert_int_equal(link_start(f->link, 0, &command, NULL), 0);
	f->begin_ns = clock_now_ns();
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	assert_false(f->is_broken);
	link_finish(f->link);
	journal_reader_destroy(f->reader);
	fd_close(&f->worker->journal.fd);
	free(f->link);
	free(f->worker);
	free(f);
	return 0;
}

static bool next(struct fixture *f, struct event *event)
{
	return journal_reader_next(f->reader, event, NULL) == 1;
}

static const char request[] = "{\"t_ns\":59000000000,\"sandbox\":\"inner\",\"kind\":\"step\","
			      "\"name\":\"request\",\"duration_ns\":5000}\n";

static void test_an_inner_step_stands_on_the_hosts_clock(void **state)
{
	struct fixture *f = *state;
	struct event event;

	say(f, AGENT_STARTED, 0, NULL, 0);
	f->link->program_ns -= 5000000000; /* it has run for a while */
	say_inner(f, GUEST_NOW, request);
	assert_true(next(f, &event));
	assert_string_equal(event.sandbox, "outer/inner");
	assert_int_equal(event.kind, EVENT_STEP);
	assert_string_equal(event.name, "request");
	assert_int_equal(event.duration_ns, 5000);
	/* A second before it was sent. */
	assert_in_range(event.t_ns, f->begin_ns - 1000000000, clock_now_ns() - 1000000000);
}

static void test_a_late_message_does_not_move_the_clock(void **state)
{
	struct fixture *f = *state;
	struct event first, late, after;

	say(f, AGENT_STARTED, 0, NULL, 0);
	f->link->program_ns -= 5000000000;
	say_inner(f, GUEST_NOW, request);
	say_inner(f, GUEST_NOW - 500000000, request); /* half a second on its way */
	assert_true(next(f, &first) && next(f, &late));
	assert_int_equal(first.t_ns, late.t_ns);
	/* The machine stood still: so did its clock. */
	say_inner(f, GUEST_NOW - 2000000000, request);
	assert_true(next(f, &after));
	assert_true(after.t_ns >= first.t_ns + 1000000000);
}

static void test_no_stamp_lies_outside_of_the_machines_life(void **state)
{
	static const char *const lines[] = {
	    "{\"t_ns\":0,\"sandbox\":\"i\",\"kind\":\"step\",\"name\":\"a\","
	    "\"duration_ns\":9223372036854775807}\n",
	    "{\"t_ns\":9223372036854775807,\"sandbox\":\"i\",\"kind\":\"ready\"}\n",
	};
	static const uint64_t sent[] = {0, GUEST_NOW, INT64_MAX, UINT64_MAX};
	struct fixture *f = *state;
	struct event event;

	say(f, AGENT_STARTED, 0, NULL, 0);
	for (size_t i = 0; i < 8; i++) {
		say_inner(f, sent[i / 2], lines[i % 2]);
		assert_true(next(f, &event));
		assert_in_range(event.t_ns, f->begin_ns, clock_now_ns());
		assert_true(event.t_ns + event.duration_ns <= clock_now_ns());
	}
}

static void test_what_is_no_line_of_a_journal_is_passed_over(void **state)
{
	static const char *const lines[] = {
	    "", "nonsense\n", "{\"t_ns\":1,\"sandbox\":\"../x\",\"kind\":\"ready\"}\n",
	    "{\"t_ns\":1,\"sandbox\":\"a/b\",\"kind\":\"ready\"}\n",
	    "{\"t_ns\":1,\"sandbox\":\"\",\"kind\":\"ready\"}\n",
	    /* comes all the time, or tells of what is lost in there */
	    "{\"t_ns\":1,\"sandbox\":\"i\",\"kind\":\"sample\",\"name\":\"cpu_ns\"}\n",
	    "{\"t_ns\":1,\"sandbox\":\"i\",\"kind\":\"console\",\"length\":7}\n",
	    "{\"t_ns\":1,\"sandbox\":\"i\",\"kind\":\"dropped\",\"name\":\"events\"}\n"};
	struct fixture *f = *state;
	struct event event;

	say_inner(f, GUEST_NOW, request); /* before a program runs */
	say(f, AGENT_STARTED, 0, NULL, 0);
	say(f, AGENT_INNER, 0, "short", 5);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		say_inner(f, GUEST_NOW, lines[i]);
	assert_false(next(f, &event));
}

static void test_control_characters_are_taken_out(void **state)
{
	struct fixture *f = *state;
	struct event event;

	say(f, AGENT_STARTED, 0, NULL, 0);
	say_inner(f, GUEST_NOW,
		  "{\"t_ns\":1,\"sandbox\":\"i\",\"kind\":\"note\",\"name\":\"\\u001b\","
		  "\"value\":\"\\u001b[2Jé\\n\",\"detail\":\"\\u007f\"}\n");
	assert_true(next(f, &event));
	assert_string_equal(event.name, "?");
	assert_string_equal(event.value, "?[2Jé?");
	assert_string_equal(event.detail, "?");
}

/* A guest that writes journals for ever: a bound, one note, and no more. */
static void test_a_flood_ends_with_one_note(void **state)
{
	struct fixture *f = *state;
	size_t notes = 0, lines = 0;
	struct event event;

	say(f, AGENT_STARTED, 0, NULL, 0);
	for (int i = 0; i < 100000; i++)
		say_inner(f, GUEST_NOW, request);
	assert_true(lseek(f->worker->journal.fd, 0, SEEK_END) < WORKER_INNER_BYTES_MAX + 1024);
	while (next(f, &event)) {
		bool is_note = event.kind == EVENT_NOTE && strcmp(event.sandbox, "outer") == 0;
		notes += is_note;
		lines += !is_note;
	}
	assert_int_equal(notes, 1);
	assert_true(lines > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_an_inner_step_stands_on_the_hosts_clock, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(test_a_late_message_does_not_move_the_clock, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(test_no_stamp_lies_outside_of_the_machines_life, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(test_what_is_no_line_of_a_journal_is_passed_over,
					    set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_control_characters_are_taken_out, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(test_a_flood_ends_with_one_note, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
