/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The line to the agent, as a guest sees it that has taken it over: what it says may neither grow
 * what the worker keeps, nor go on when its program has ended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link.h"
#include "worker_private.h"

enum { PROGRAM = 1, FLOOD = 4 << 20 };

struct fixture {
	struct link link;
	struct worker worker;
	bool is_broken;
};

/* A guest that reads nothing. */
static size_t take_nothing(void *arg, const uint8_t *bytes, size_t length)
{
	(void)arg, (void)bytes, (void)length;
	return 0;
}

static void ignore(void *arg)
{
	(void)arg;
}

static void on_broken(void *arg, const struct err *error)
{
	struct fixture *f = arg;

	assert_true(error->hint[0]);
	assert_false(f->is_broken); /* said once */
	f->is_broken = true;
}

static const struct link_host host = {.send = take_nothing,
				      .on_hello = ignore,
				      .on_running = ignore,
				      .on_broken = on_broken};

static void say(struct fixture *f, enum agent_message type, uint32_t value, const void *body,
		size_t length)
{
	struct agent_header header = {.magic = AGENT_MAGIC,
				      .type = (uint8_t)type,
				      .program = PROGRAM,
				      .value = value,
				      .length = (uint32_t)length};

	link_receive(&f->link, (const uint8_t *)&header, sizeof(header));
	if (length)
		link_receive(&f->link, body, length);
}

/* An exec whose output nobody reads: it goes nowhere. */
static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	link_init(&f->link, &host, f, &f->worker);
	f->link.clients[PROGRAM] =
	    (struct link_client){.link = &f->link, .is_used = true, .fds = {-1, -1, -1}};
	say(f, AGENT_HELLO, AGENT_VERSION, NULL, 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	for (int i = 1; i < 3; i++)
		str_finish(&f->link.clients[PROGRAM].waiting[i]);
	f->link.clients[PROGRAM].is_used = false;
	link_finish(&f->link);
	free(f);
	return 0;
}

static void test_program_that_has_ended_says_nothing_more(void **state)
{
	static const enum agent_message types[] = {AGENT_STARTED, AGENT_FAILED, AGENT_OUTPUT,
						   AGENT_EXITED};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		f->link.clients[PROGRAM].has_ended = true;
		f->link.is_over = f->is_broken = false;
		say(f, types[i], 1, "x", 1);
		assert_true(f->is_broken);
		assert_int_equal(f->link.clients[PROGRAM].waiting[2].length, 0);
	}
}

static void test_output_beyond_its_window_is_refused(void **state)
{
	struct fixture *f = *state;
	static uint8_t bytes[1000];

	/* as if its reader took nothing: more waits than a window holds */
	for (size_t i = 0; i <= AGENT_WINDOW / sizeof(bytes); i++)
		str_add_bytes(&f->link.clients[PROGRAM].waiting[1], bytes, sizeof(bytes));
	say(f, AGENT_OUTPUT, 1, bytes, 1);
	assert_true(f->is_broken);
}

static void test_guest_that_asks_and_does_not_listen_is_left(void **state)
{
	struct fixture *f = *state;
	size_t most = 0;

	for (int i = 0; i < FLOOD && !f->is_broken; i++) {
		say(f, AGENT_OUTPUT, 1, "x", 1);
		most = f->link.to_agent.length;
	}
	assert_true(f->is_broken);
	assert_true(most <= 9 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_program_that_has_ended_says_nothing_more, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(test_output_beyond_its_window_is_refused, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(test_guest_that_asks_and_does_not_listen_is_left,
					    set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
