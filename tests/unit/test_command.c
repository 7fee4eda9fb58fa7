/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The prompt's line becomes words, words find their command, a slip of the finger gets a hint, and
 * completion offers what the table knows.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "command.h"
#include "fd.h"

static void expect_words(const char *line, int count, ...)
{
	auto_free char *storage = NULL;
	auto_free char **words = NULL;
	va_list expected;
	int argc = command_split(line, &words, &storage, NULL);

	assert_int_equal(argc, count);
	va_start(expected, count);
	for (int i = 0; i < count; i++)
		assert_string_equal(words[i], va_arg(expected, const char *));
	va_end(expected);
	if (count >= 0)
		assert_null(words[count]);
}

static void test_words_are_split_as_a_shell_does(void **state)
{
	(void)state;
	expect_words("", 0);
	expect_words("  \t ", 0);
	expect_words("ps", 1, "ps");
	expect_words(" create  vm\tdemo ", 3, "create", "vm", "demo");
	expect_words("exec d -- sh -c 'echo \"a b\"'", 6, "exec", "d", "--", "sh", "-c",
		     "echo \"a b\"");
	expect_words("a\"b c\"d '' \"\\\"\\\\\"", 3, "ab cd", "", "\"\\");
	expect_words("a\\ b", 1, "a b");
	expect_words("ps # not this", 1, "ps");
	expect_words("a#b", 1, "a#b");
}

static void test_an_open_quote_is_an_error_with_a_hint(void **state)
{
	auto_free char *storage = NULL;
	auto_free char **words = NULL;
	struct err error = {0};

	(void)state;
	assert_int_equal(command_split("echo 'a", &words, &storage, &error), -EINVAL);
	assert_int_equal(command_split("echo \"a'", &words, &storage, &error), -EINVAL);
	assert_true(error.what[0] && error.hint[0]);
}

static const struct command_table *table(void)
{
	static const struct command *const *const lists[] = {engine_commands, NULL};
	static const struct command_table joined = {.lists = lists};

	return &joined;
}

static int run_line(const char *line, struct strbuf *text)
{
	struct out out;
	struct command_context context = {.backends = backends,
					  .table = table(),
					  .out = &out,
					  .may_wait = true};
	auto_free char *storage = NULL;
	auto_free char **words = NULL;
	int argc = command_split(line, &words, &storage, NULL);

	out_init_buffer(&out, text);
	return command_run(&context, argc, words);
}

static void expect_output(const char *line, int status, const char *part)
{
	auto_strbuf text = {0};

	assert_int_equal(run_line(line, &text), status);
	if (!text.data || !strstr(text.data, part))
		fail_msg("'%s' says '%s', not '%s'", line, text.data ? text.data : "", part);
}

static void test_an_unknown_command_gets_the_nearest_name(void **state)
{
	(void)state;
	expect_output("crate vm demo", 2, "hint: did you mean 'create'?");
	expect_output("qqqqqqqq", 2, "hint: 'help' lists the commands");
	expect_output("help creat", 2, "did you mean 'create'?");
}

static void test_verbs_of_later_versions_are_refused_by_name(void **state)
{
	(void)state;
	expect_output("snapshot demo", 2, "'snapshot' is not in this version");
}

static void test_every_command_has_help(void **state)
{
	(void)state;
	for (const struct command *const *c = engine_commands; *c; c++) {
		auto_strbuf text = {0};
		auto_strbuf line = {0};

		assert_ptr_equal(command_find(table(), (*c)->name), *c);
		str_addf(&line, "%s --help", (*c)->name);
		assert_int_equal(run_line(line.data, &text), 0);
		assert_non_null(strstr(text.data, "usage: isolab "));
		assert_non_null(strstr(text.data, (*c)->about));
	}
	expect_output("help", 0, "compare");
	expect_output("create --help", 0, "--memory SIZE");
}

static void test_wrong_words_are_told_with_the_usage(void **state)
{
	(void)state;
	expect_output("ps --jsn", 2, "did you mean '--json'?");
	expect_output("ps demo", 2, "hint: usage: isolab ps");
	expect_output("timeline", 2, "hint: usage: isolab timeline");
	expect_output("bench boot --runs", 2, "hint: usage: isolab bench");
	expect_output("bench boot --runs 0", 2, "not from 1 to");
	expect_output("bench startup", 2, "not in this version");
	expect_output("stop x --signal NOPE", 2, "no signal 'NOPE'");
	expect_output("create", 2, "hint: for example: isolab create both demo");
	expect_output("create conatiner x", 2, "the kinds are process, container, vm");
	expect_output("run conatiner", 2, "did you mean 'container'?");
}

static void collect(void *arg, const char *candidate)
{
	str_addf(arg, "%s ", candidate);
}

static void expect_candidates(const char *line, size_t start, const char *candidates)
{
	auto_strbuf text = {0};
	size_t at;

	str_add(&text, "");
	command_complete(table(), NULL, line, strlen(line), &at, collect, &text);
	assert_int_equal(at, start);
	assert_string_equal(text.data, candidates);
}

static void test_completion_knows_commands_kinds_and_options(void **state)
{
	(void)state;
	expect_candidates("cr", 0, "create ");
	expect_candidates("  cr", 2, "create ");
	expect_candidates("create ", 7, "process container vm both all ");
	expect_candidates("run c", 4, "container ");
	expect_candidates("create vm x --network ", 22, "none host lab ");
	expect_candidates("create vm x --mem", 12, "--memory --memory-swap ");
	expect_candidates("bench ", 6, "boot ");
	expect_candidates("ps --", 3, "--json --names --help ");
	expect_candidates("help tim", 5, "timeline ");
	expect_candidates("nonsense ", 9, "");
	expect_candidates("stop --time ", 12, "");
	expect_candidates(
	    "", 0,
	    "compare run create start exec attach ps logs inspect stats "
	    "timeline explain events wait stop kill pause unpause update rm kernel image bench "
	    "doctor help version ");
}

static void test_manual_and_completion_come_from_the_table(void **state)
{
	(void)state;
	expect_output("--print man", 0, ".SS isolab compare ");
	expect_output("--print man", 0, "\\-\\-memory");
	expect_output("--print completion", 0, "complete -o default -F _isolab isolab");
	expect_output("version", 0, "isolab ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words_are_split_as_a_shell_does),
	    cmocka_unit_test(test_an_open_quote_is_an_error_with_a_hint),
	    cmocka_unit_test(test_an_unknown_command_gets_the_nearest_name),
	    cmocka_unit_test(test_verbs_of_later_versions_are_refused_by_name),
	    cmocka_unit_test(test_every_command_has_help),
	    cmocka_unit_test(test_wrong_words_are_told_with_the_usage),
	    cmocka_unit_test(test_completion_knows_commands_kinds_and_options),
	    cmocka_unit_test(test_manual_and_completion_come_from_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
