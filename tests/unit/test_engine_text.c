/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What commands show of sandboxes that exist only as journals: the journal is the only truth, so a
 * directory with fixed lines must give a fixed text (golden/engine_*.txt; UPDATE_GOLDEN=1 writes
 * them anew, to be read before they are committed). The host's facts come from a script in place
 * of isolab-probe.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/compare.h"
#include "command.h"
#include "fd.h"
#include "rundir.h"

struct fixture {
	char directory[64];
};

static void write_text(const char *directory, const char *file, const char *text, mode_t mode)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	fd_close(&fd);
}

static void make_directory(const char *directory, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

/* A sandbox as its directory: spec and journal, no worker. */
static void write_sandbox(const struct fixture *f, const char *kind, const char *name,
			  const char *journal)
{
	auto_rundir dir = RUNDIR_NONE;
	auto_spec spec = {0};
	char path[256];

	str_copy(spec.kind, sizeof(spec.kind), kind);
	str_copy(spec.name, sizeof(spec.name), name);
	assert_int_equal(rundir_create(&spec, &dir, NULL), 0);
	snprintf(path, sizeof(path), "%s/isolab/%s", f->directory, name);
	write_text(path, "events", journal, 0600);
}

#define LINE(t, kind, name, rest)                                                                 \
	"{\"t_ns\":" #t ",\"sandbox\":\"x\",\"kind\":\"" kind "\",\"name\":\"" name "\"" rest "}" \
	"\n"
#define STEP(t, name, duration) LINE(t, "step", name, ",\"duration_ns\":" #duration)
#define FACT(name, value, identity) \
	LINE(1009000000, "fact", name, ",\"value\":\"" value "\",\"detail\":\"" identity "\"")
#define SAMPLE(name, value) LINE(1009500000, "sample", name, ",\"value\":\"" value "\"")

static const char container_journal[] = STEP(1000000000, "request", 0)
    LINE(1000400000, "state", "starting", "") STEP(1000400000, "worker", 100000)
	STEP(1000500000, "clone", 600000) STEP(1001100000, "mounts", 250000)
	    STEP(1001350000, "exec", 120000) LINE(1001500000, "ready", "", "")
		LINE(1001500000, "state", "running", "") STEP(1001600000, "first_output", 0)
		    FACT("kernel_identity", "aaaaaaaa-1111", "aaaaaaaa-1111")
			FACT("hostname", "demo-container", "aaaaaaaa-1111 uts:[2]")
			    FACT("pid_count", "2", "aaaaaaaa-1111 pid:[2]")
				FACT("memory_seen", "512 MiB", "aaaaaaaa-1111")
				    FACT("host_dmesg", "permission denied", "!")
					SAMPLE("memory_bytes", "16384")
					    SAMPLE("overhead_bytes", "524288")
						SAMPLE("cpu_ns", "2200000") SAMPLE("processes", "2")
						    LINE(1010000000, "exit", "status",
							 ",\"value\":\"3\"")
							LINE(1010000001, "state", "stopped", "");

static const char vm_journal[] = LINE(1000000000, "step", "request",
				      ",\"value\":\"kvm\",\"detail\":\"together\"")
    STEP(1000400000, "worker", 100000) STEP(1000600000, "kvm_vm",
					    200000) STEP(1000900000, "enter",
							 50000) STEP(1001000000, "exec", 60000)
	LINE(1001100000, "ready", "", "") FACT("kernel_identity", "bbbbbbbb-2222", "bbbbbbbb-2222")
	    FACT("hostname", "demo-vm",
		 "bbbbbbbb-2222 uts:[1]") FACT("pid_count", "no such file here",
					       "!") FACT("memory_seen", "32 MiB", "bbbbbbbb-2222")
		FACT("host_dmesg", "not implemented by this kernel",
		     "!") SAMPLE("memory_bytes", "2097152") SAMPLE("overhead_bytes", "1048576")
		    SAMPLE("cpu_ns", "900000000") SAMPLE("processes", "1") SAMPLE("exits", "1234")
			LINE(1020000000, "fail", "guest",
			     ",\"value\":\"the guest panicked\",\"detail\":\"read its last words\"")
			    LINE(1020000001, "exit", "signal", ",\"value\":\"9\"");

static const char process_journal[] = STEP(1000000000, "request", 0)
    STEP(1000200000, "worker", 100000)
	LINE(1000700000, "ready", "", "") "this line is damaged\n" LINE(1000700000, "state",
									"running", "");

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[256];

	str_copy(f->directory, sizeof(f->directory), "/tmp/isolab-test-XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	setenv("XDG_RUNTIME_DIR", f->directory, 1);
	setenv("ISOLAB_PROGRAMS", f->directory, 1);
	unsetenv("LC_ALL");
	make_directory(f->directory, "images");
	make_directory(f->directory, "images/base");
	make_directory(f->directory, "images/base/bin");
	write_text(
	    f->directory, "images/base/bin/isolab-probe",
	    "#!/bin/sh\nprintf 'kernel_identity aaaaaaaa-1111\\taaaaaaaa-1111\\n"
	    "hostname host\\taaaaaaaa-1111 uts:[1]\\npid_count 90\\taaaaaaaa-1111 pid:[1]\\n"
	    "memory_seen 512 MiB\\taaaaaaaa-1111\\n"
	    "host_dmesg readable\\taaaaaaaa-1111\\nkernel_release Linux 6\\taaaaaaaa-1111\\n'\n",
	    0700);
	write_sandbox(f, "container", "demo-container", container_journal);
	write_sandbox(f, "vm", "demo-vm", vm_journal);
	write_sandbox(f, "process", "demo-process", process_journal);
	write_sandbox(f, "container", "fresh", "");
	snprintf(path, sizeof(path), "%s/isolab/damaged", f->directory);
	assert_int_equal(mkdir(path, 0700), 0);
	write_text(path, "spec", "nonsense", 0600);
	*state = f;
	return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status, (void)type, (void)walk;
	return remove(path);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	int r = nftw(f->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);

	free(f);
	return r;
}

static int run_line(const char *line, struct strbuf *text)
{
	static const struct command *const *const lists[] = {engine_commands, NULL};
	static const struct command_table table = {.lists = lists};
	struct lab_options options = {0};
	struct err error = {0};
	struct lab *lab = NULL;
	struct out out;
	struct command_context context = {.backends = backends,
					  .table = &table,
					  .out = &out,
					  .may_wait = true};
	auto_free char *storage = NULL;
	auto_free char **words = NULL;
	int argc = command_split(line, &words, &storage, NULL), status;

	out_init_buffer(&out, text);
	if (lab_create(&options, &lab, &error) < 0)
		fail_msg("%s", error.what);
	context.lab = lab;
	status = command_run(&context, argc, words);
	lab_destroy(lab);
	return status;
}

static void expect_golden(const char *line, const char *file)
{
	auto_strbuf text = {0};
	char path[512], golden[16384] = "";

	str_add(&text, "");
	assert_int_equal(run_line(line, &text), 0);
	snprintf(path, sizeof(path), "%s/tests/unit/golden", getenv("ISOLAB_SOURCE"));
	if (getenv("UPDATE_GOLDEN"))
		write_text(path, file, text.data, 0644);
	snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s", file);
	fd_read_file(AT_FDCWD, path, golden, sizeof(golden));
	assert_string_equal(text.data, golden);
}

static void test_ps_lists_every_state_and_the_damaged(void **state)
{
	(void)state;
	expect_golden("ps", "engine_ps.txt");
}

static void test_timeline_puts_boots_on_one_axis(void **state)
{
	(void)state;
	expect_golden("timeline demo-container demo-vm", "engine_timeline.txt");
}

static void test_timeline_says_why(void **state)
{
	(void)state;
	expect_golden("timeline demo-process --why", "engine_why.txt");
}

/* What a machine around a container has told of it: steps, facts, and no end of its own. */
#define INNER(t, kind, name, rest)                                                                \
	"{\"t_ns\":" #t ",\"sandbox\":\"x/box\",\"kind\":\"" kind "\",\"name\":\"" name "\"" rest \
	"}\n"
static const char kata_journal[] = INNER(900000000, "ready", "", "") /* of the life before */
    LINE(1000000000, "step", "request", ",\"value\":\"kvm\"") STEP(1000400000, "worker", 100000)
	STEP(1001000000, "enter", 50000) STEP(1001100000, "kernel_ready", 60000000)
	    STEP(1061200000, "exec", 0) LINE(1061300000, "ready", "", "")
		FACT("kernel_identity", "bbbbbbbb-2222", "bbbbbbbb-2222")
		    FACT("hostname", "kata", "bbbbbbbb-2222 uts:[1]")
			INNER(1063050000, "state", "created", ",\"value\":\"container\"")
			    INNER(1063000000, "step", "request", "")
				INNER(1063400000, "step", "clone", ",\"duration_ns\":2000000")
				    INNER(1065500000, "step", "exec", ",\"duration_ns\":800000")
					INNER(1066400000, "ready", "", "")
					    INNER(1066400000, "state", "running", "")
						INNER(1067000000, "fact", "hostname",
						      ",\"value\":\"box\",\"detail\":"
						      "\"bbbbbbbb-2222 uts:[7]\"")
						    INNER(1067000000, "fact", "kernel_identity",
							  ",\"value\":\"bbbbbbbb-2222\","
							  "\"detail\":\"bbbbbbbb-2222\"")
							LINE(1100000000, "exit", "signal",
							     ",\"value\":\"9\"");

static void test_a_wall_in_a_wall_is_told_with_the_one_around_it(void **state)
{
	auto_strbuf text = {0};

	write_sandbox(*state, "vm", "kata", kata_journal);
	expect_golden("timeline kata", "engine_inner.txt");
	expect_golden("timeline kata --json", "engine_inner_json.txt");
	expect_golden("inspect kata/box", "engine_inner_inspect.txt");
	expect_golden("compare kata", "engine_inner_compare.txt");
	assert_int_equal(run_line("ps", &text), 0);
	assert_non_null(strstr(text.data, "(inside kata)"));
	text.length = 0;
	assert_int_equal(run_line("events kata/box", &text), 0);
	assert_non_null(strstr(text.data, "clone"));
	assert_null(strstr(text.data, "enter"));
	text.length = 0;
	assert_int_equal(run_line("stop kata/box", &text), 125);
	assert_non_null(strstr(text.data, "it stands inside: isolab exec kata"));
}

/* As kata, and then forty in it, of which each but the first has ended. */
static void write_crowd(const struct fixture *f)
{
	auto_strbuf journal = {0};

	str_add(&journal, kata_journal);
	for (int i = 0; i < 40; i++) {
		str_addf(&journal,
			 "{\"t_ns\":%d,\"sandbox\":\"x/box%d\",\"kind\":\"state\","
			 "\"name\":\"created\",\"value\":\"container\"}\n"
			 "{\"t_ns\":%d,\"sandbox\":\"x/box%d\",\"kind\":\"ready\"}\n"
			 "{\"t_ns\":%d,\"sandbox\":\"x/box%d\",\"kind\":\"fact\","
			 "\"name\":\"hostname\",\"value\":\"box\",\"detail\":\"uts:[7]\"}\n",
			 1070000000 + i, i, 1070000000 + i, i, 1070000000 + i, i);
		if (i > 0)
			str_addf(&journal,
				 "{\"t_ns\":%d,\"sandbox\":\"x/box%d\",\"kind\":\"exit\","
				 "\"name\":\"status\",\"value\":\"0\"}\n",
				 1070000000 + i, i);
	}
	write_sandbox(f, "vm", "crowd", journal.data);
}

static void test_an_ended_wall_in_a_wall_gives_way_to_a_new_one(void **state)
{
	auto_strbuf text = {0};
	size_t lines = 0;

	write_crowd(*state);
	assert_int_equal(run_line("ps", &text), 0);
	for (const char *at = text.data; (at = strstr(at, "crowd/")) != NULL; at++)
		lines++;
	assert_int_equal(lines, 32);
	assert_non_null(strstr(text.data, "crowd/box0 ")); /* it had not ended then */
	assert_null(strstr(text.data, "crowd/box1 "));
	assert_non_null(strstr(text.data, "crowd/box39 "));
}

static void test_walls_in_walls_take_no_place_of_the_named(void **state)
{
	auto_strbuf text = {0}, line = {0};
	char name[16];

	assert_int_equal(run_line("compare crowd kata", &text), 0);
	assert_non_null(strstr(text.data, "kata"));
	assert_non_null(strstr(text.data, "crowd/box0"));
	text.length = 0;
	str_add(&line, "compare");
	for (int i = 0; i < 17; i++) {
		snprintf(name, sizeof(name), "many%d", i);
		write_sandbox(*state, "process", name, process_journal);
		str_addf(&line, " %s", name);
	}
	assert_int_equal(run_line(line.data, &text), 2);
	assert_non_null(strstr(text.data, "17 sandboxes are too many, at most 16"));
}

static void test_compare_tells_verdicts_by_identity(void **state)
{
	(void)state;
	expect_golden("compare demo-process demo-container demo-vm", "engine_compare.txt");
}

static void test_compare_json_has_the_promised_shape(void **state)
{
	(void)state;
	expect_golden("compare demo-vm --json", "engine_compare_json.txt");
}

static void test_events_are_merged_by_time(void **state)
{
	(void)state;
	expect_golden("events demo-process demo-vm", "engine_events.txt");
}

static void test_events_as_json_name_the_directory(void **state)
{
	auto_strbuf text = {0};

	(void)state;
	assert_int_equal(run_line("events demo-process --json", &text), 0);
	assert_non_null(strstr(text.data, "\"sandbox\":\"demo-process\",\"kind\":\"ready\""));
	assert_null(strstr(text.data, "\"sandbox\":\"x\""));
}

static void test_stats_of_the_ended_are_their_last(void **state)
{
	(void)state;
	expect_golden("stats demo", "engine_stats.txt");
}

static void expect_error(const char *line, int status, const char *part)
{
	auto_strbuf text = {0};

	str_add(&text, "");
	assert_int_equal(run_line(line, &text), status);
	if (!strstr(text.data, part))
		fail_msg("'%s' says '%s', not '%s'", line, text.data, part);
}

static void test_mistakes_get_a_line_and_a_hint(void **state)
{
	(void)state;
	expect_error("stop dmeo", 125, "hint: did you mean");
	expect_error("logs demo-cotainer", 125, "hint: did you mean 'demo-container'?");
	expect_error("exec demo-vm -- true", 125, "hint: 'isolab start demo-vm' starts it");
	expect_error("wait fresh", 125, "was never started");
	expect_error("wait demo-process", 125, "its worker ended without a word");
	expect_error("wait demo-vm", 137, "");
	expect_error("wait demo-container", 3, "");
	expect_error("create container fresh", 125, "isolab rm fresh");
	expect_error("create vm x --memory 0", 2, "hint: at least 1M");
	expect_error("start damaged", 2, "not known to this version");
	expect_error("rm", 2, "hint: isolab rm NAME");
}

static void test_a_worker_that_is_not_there_fails_the_start(void **state)
{
	(void)state;
	expect_error("start fresh", 125, "no such file");
	expect_error("ps", 0, "failed");
}

static void test_rm_removes_also_the_damaged(void **state)
{
	auto_strbuf text = {0};

	(void)state;
	expect_error("rm damaged fresh", 0, "");
	str_add(&text, "");
	assert_int_equal(run_line("ps --names", &text), 0);
	assert_string_equal(text.data, "demo-process\ndemo-container\ndemo-vm\n");
	expect_error("rm --all", 0, "");
	expect_error("stop demo", 125, "there is none yet");
}

static void test_work_is_read_line_by_line(void **state)
{
	static const char text[] = "work> compare\r\nloop  10 turns  50 ns  5.000 ns/turn\r\n"
				   "touch  2 pages  9 ns\nsyscall 0 calls 1 ns\nloop ten turns\n"
				   "cut  1 things  1 ns";
	struct compared item = {0};

	(void)state;
	assert_int_equal(compare_parse_work(&item, text, strlen(text)), 2);
	assert_string_equal(item.work[0].name, "loop");
	assert_string_equal(item.work[0].unit, "turn");
	assert_int_equal(item.work[0].count, 10);
	assert_int_equal(item.work[1].total_ns, 9);
}

static void test_a_figure_of_work_keeps_its_digits(void **state)
{
	static const struct {
		uint64_t count, total_ns;
		const char *text;
	} cases[] = {{1000, 264, "0.264 ns"}, {10, 20, "2.00 ns"}, {2, 30, "15.0 ns"}};
	char text[24];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct work_result work = {.count = cases[i].count, .total_ns = cases[i].total_ns};

		assert_string_equal(compare_format_each(text, sizeof(text), &work), cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ps_lists_every_state_and_the_damaged),
	    cmocka_unit_test(test_timeline_puts_boots_on_one_axis),
	    cmocka_unit_test(test_timeline_says_why),
	    cmocka_unit_test(test_compare_tells_verdicts_by_identity),
	    cmocka_unit_test(test_a_figure_of_work_keeps_its_digits),
	    cmocka_unit_test(test_compare_json_has_the_promised_shape),
	    cmocka_unit_test(test_events_are_merged_by_time),
	    cmocka_unit_test(test_events_as_json_name_the_directory),
	    cmocka_unit_test(test_stats_of_the_ended_are_their_last),
	    cmocka_unit_test(test_mistakes_get_a_line_and_a_hint),
	    cmocka_unit_test(test_a_worker_that_is_not_there_fails_the_start),
	    cmocka_unit_test(test_rm_removes_also_the_damaged),
	    cmocka_unit_test(test_work_is_read_line_by_line),
	    cmocka_unit_test(test_a_wall_in_a_wall_is_told_with_the_one_around_it),
	    cmocka_unit_test(test_an_ended_wall_in_a_wall_gives_way_to_a_new_one),
	    cmocka_unit_test(test_walls_in_walls_take_no_place_of_the_named),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
