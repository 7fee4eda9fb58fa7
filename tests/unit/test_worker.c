/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a worker's life goes and ends: journal, exit status, lease, stop and kill, a run in the
 * foreground and in the background.
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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fd.h"
#include "worker_front.h"

/* ---- how it ends ---- */

static void test_the_journal_tells_a_whole_life(void **state)
{
	struct front *front = *state;
	struct event worker, clone, ready, event;

	front_start(front, "-- exit 7");
	assert_int_equal(front_wait_end(front), 7);
	assert_true(front_find_event(front, EVENT_STATE, "starting", &event));
	assert_true(front_find_event(front, EVENT_STEP, "worker", &worker));
	assert_true(front_find_event(front, EVENT_STEP, "clone", &clone));
	assert_true(front_find_event(front, EVENT_READY, "", &ready));
	assert_true(worker.t_ns <= clone.t_ns && clone.t_ns <= ready.t_ns);
	assert_true(front_find_event(front, EVENT_STATE, "running", &event));
	front_assert_exit(front, "status", "7", "stopped");
	assert_false(rundir_is_locked(&front->dir));
}

static void expect_failure(struct front *front, const char *line, int status, const char *text)
{
	struct event event;
	char number[16];

	front_start(front, line);
	assert_int_equal(front_wait_end(front), status);
	assert_true(front_find_event(front, EVENT_FAIL, "", &event));
	assert_non_null(strstr(event.value, text));
	assert_true(event.detail[0]); /* a hint */
	snprintf(number, sizeof(number), "%d", status);
	front_assert_exit(front, "status", number, "failed");
}

static void test_a_start_that_fails_is_125_with_cause_and_hint(void **state)
{
	expect_failure(*state, "-- fail", 125, "does not stand");
}

static void test_a_missing_command_is_127(void **state)
{
	expect_failure(*state, "-- missing", 127, "'missing'");
}

static void test_a_command_that_is_no_program_is_126(void **state)
{
	expect_failure(*state, "-- odd", 126, "'odd'");
}

static void test_the_end_of_the_lease_kills_and_removes(void **state)
{
	struct front *front = *state;
	struct stat status;

	front_start_kind(front, "fake", "-- idle", true);
	fd_close(&front->lease);
	assert_int_equal(front_wait_end(front), 137);
	assert_int_equal(fstat(front->dir.fd, &status), 0);
	assert_int_equal(fstatat(front->dir.base_fd, "demo", &status, 0), -1);
	front_assert_exit(front, "signal", "9", "stopped");
}

static void test_without_a_lease_the_front_may_go(void **state)
{
	struct front *front = *state;
	auto_close int fd = -1;

	front_start(front, "-- idle");
	fd_close(&front->lease);
	fd = front_dial(front);
	assert_int_equal(front_request(front, fd, WIRE_PING, 0, 0), WIRE_OK);
	assert_int_equal(front->message.header.a, 1);
}

static void test_what_was_leased_and_ended_itself_stays_to_be_read(void **state)
{
	struct front *front = *state;
	struct stat status;

	front_start_kind(front, "fake", "-- exit 3", true);
	assert_int_equal(front_wait_end(front), 3);
	assert_int_equal(fstatat(front->dir.base_fd, "demo", &status, 0), 0);
}

static void test_rm_removes_at_the_end(void **state)
{
	struct front *front = *state;
	struct stat status;

	front_start(front, "--rm -- exit 0");
	assert_int_equal(front_wait_end(front), 0);
	assert_int_equal(fstatat(front->dir.base_fd, "demo", &status, 0), -1);
}

/* ---- stop ---- */

static void test_stop_sends_the_signal(void **state)
{
	struct front *front = *state;
	auto_close int fd = -1;

	front_start(front, "-- idle");
	fd = front_dial(front);
	assert_int_equal(front_request(front, fd, WIRE_STOP, SIGTERM, 10000), WIRE_OK);
	assert_int_equal(front_wait_end(front), 128 + SIGTERM);
	front_assert_exit(front, "signal", "15", "stopped");
}

static void test_stop_kills_at_its_deadline_and_says_so(void **state)
{
	struct front *front = *state;
	auto_close int fd = -1;
	struct event event;

	front_start(front, "-- deaf");
	fd = front_dial(front);
	assert_int_equal(front_request(front, fd, WIRE_STOP, SIGTERM, 50), WIRE_OK);
	/* Twice is no mistake, and does not move the deadline. */
	assert_int_equal(front_request(front, fd, WIRE_STOP, SIGTERM, 60000), WIRE_OK);
	assert_int_equal(front_wait_end(front), 137);
	assert_true(front_find_event(front, EVENT_NOTE, "stop", &event));
	assert_non_null(strstr(event.value, "SIGTERM"));
}

static void test_a_stop_during_the_boot_kills_at_once(void **state)
{
	struct front *front = *state;
	auto_close int fd = -1;

	front_start(front, "-- boot");
	fd = front_dial(front);
	assert_int_equal(front_request(front, fd, WIRE_PING, 0, 0), WIRE_OK);
	assert_int_equal(front->message.header.a, 0);
	assert_int_equal(front_request(front, fd, WIRE_STOP, SIGTERM, 60000), WIRE_OK);
	assert_int_equal(front_wait_end(front), 137);
}

static void test_a_signal_to_the_worker_is_a_stop(void **state)
{
	struct front *front = *state;

	front_start(front, "-- idle");
	kill(front->worker, SIGHUP);
	assert_int_equal(front_wait_end(front), 128 + SIGHUP);
}

static void test_what_is_paused_can_be_stopped(void **state)
{
	struct front *front = *state;
	auto_close int fd = -1;
	struct event event;

	front_start(front, "-- idle");
	fd = front_dial(front);
	assert_int_equal(front_request(front, fd, WIRE_PAUSE, 0, 0), WIRE_OK);
	assert_true(front_find_event(front, EVENT_STATE, "paused", &event));
	assert_int_equal(front_request(front, fd, WIRE_PAUSE, 0, 0), WIRE_OK);
	assert_int_equal(front_request(front, fd, WIRE_STOP, SIGTERM, 60000), WIRE_OK);
	assert_int_equal(front_wait_end(front), 128 + SIGTERM);
}

/* ---- run ---- */

/* Runs `isolab-fake run LINE` with its stdout in a pipe. */
static int run(struct front *front, char *line)
{
	char *argv[16] = {"isolab-fake", "run"};
	int argc = 2, output[2];

	assert_int_equal(pipe2(output, O_CLOEXEC), 0);
	while (line && argc < 15)
		argv[argc++] = strsep(&line, " ");
	front->worker = fork();
	if (front->worker == 0) {
		dup2(output[1], STDOUT_FILENO);
		close(STDERR_FILENO);
		_exit(worker_main(argc, argv, front_walls));
	}
	close(output[1]);
	front->output = output[0];
	return output[0];
}

static void test_run_passes_output_and_status_and_leaves_nothing(void **state)
{
	struct front *front = *state;
	char line[] = "fake --name demo -- say", text[16], path[128];
	int fd = run(front, line);

	assert_int_equal(fd_read_full(fd, text, 5), 5);
	assert_memory_equal(text, "said\n", 5);
	kill(front->worker, SIGTERM);
	assert_int_equal(front_wait_end(front), 128 + SIGTERM);
	snprintf(path, sizeof(path), "%s/isolab/demo", front->path);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_run_with_detach_prints_the_name_and_goes_on(void **state)
{
	struct front *front = *state;
	char line[] = "-d fake --name demo -- say", text[16] = "";
	int fd = run(front, line), connection;

	assert_int_equal(front_wait_end(front), 0);
	/* The name alone, and then nobody has our stdout any more. */
	assert_int_equal(fd_read_full(fd, text, sizeof(text)), 5);
	assert_memory_equal(text, "demo\n", 5);
	assert_int_equal(rundir_open("demo", &front->dir, NULL), 0);
	connection = front_dial(front);
	assert_int_equal(front_request(front, connection, WIRE_KILL, 0, 0), WIRE_OK);
	assert_int_equal(wire_receive(connection, &front->message, NULL), 0);
	close(connection);
}

static void test_run_refuses_mistakes_with_2(void **state)
{
	struct front *front = *state;
	char unknown[] = "fake --nmae x", kind[] = "moon -- true", none[] = "--name x";

	run(front, unknown);
	assert_int_equal(front_wait_end(front), 2);
	fd_close(&front->output);
	run(front, kind);
	assert_int_equal(front_wait_end(front), 2);
	fd_close(&front->output);
	run(front, none);
	assert_int_equal(front_wait_end(front), 2);
}

#define front_test(function) cmocka_unit_test_setup_teardown(function, front_make, front_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    front_test(test_the_journal_tells_a_whole_life),
	    front_test(test_a_start_that_fails_is_125_with_cause_and_hint),
	    front_test(test_a_missing_command_is_127),
	    front_test(test_a_command_that_is_no_program_is_126),
	    front_test(test_the_end_of_the_lease_kills_and_removes),
	    front_test(test_without_a_lease_the_front_may_go),
	    front_test(test_what_was_leased_and_ended_itself_stays_to_be_read),
	    front_test(test_rm_removes_at_the_end),
	    front_test(test_stop_sends_the_signal),
	    front_test(test_stop_kills_at_its_deadline_and_says_so),
	    front_test(test_a_stop_during_the_boot_kills_at_once),
	    front_test(test_a_signal_to_the_worker_is_a_stop),
	    front_test(test_what_is_paused_can_be_stopped),
	    front_test(test_run_passes_output_and_status_and_leaves_nothing),
	    front_test(test_run_with_detach_prints_the_name_and_goes_on),
	    front_test(test_run_refuses_mistakes_with_2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
