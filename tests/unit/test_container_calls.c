// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Making calls and writing them down: results as the C library's, bounded, texts that outlive the
 * stack they came from, and how all of it looks as text.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include <cmocka.h>

#include "calls_text.h"
#include "container.h"

static struct calls calls; /* too large for some stacks */

static int set_up(void **state)
{
	(void)state;
	memset(&calls, 0, sizeof(calls));
	return 0;
}

static const char *words_of(const struct call *call)
{
	static char buffer[4096];
	auto_strbuf text = {0};

	call_add_words(&calls, call, &text);
	snprintf(buffer, sizeof(buffer), "%s", text.data ? text.data : "");
	return buffer;
}

static void note_mount(const char *source, const char *target)
{
	call_note(&calls, CALL_MOUNT, 1, 0,
		  CALL_WORDS_OF((long)source, (long)target, 0, MS_RDONLY | MS_BIND | 1 << 30, 0));
}

static void test_call_returns_what_the_kernel_said(void **state)
{
	(void)state;
	errno = 0;
	assert_int_equal(call_chdir(&calls, "/no such directory"), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(calls.count, 1);
	assert_int_equal(calls.call[0].result, -ENOENT);
	assert_string_equal(words_of(&calls.call[0]), "\"/no such directory\"");
	assert_int_equal(call_chdir(&calls, "/"), 0);
	assert_int_equal(calls.call[1].result, 0);
	assert_true(calls.call[1].start_ns > 0);
}

static void test_call_without_a_log_is_made_all_the_same(void **state)
{
	(void)state;
	call_because(NULL, "nobody asks");
	assert_int_equal(call_chdir(NULL, "/"), 0);
	assert_int_equal(call_chdir(NULL, "/no such directory"), -1);
	assert_int_equal(call_write_file(NULL, AT_FDCWD, "/no such/file", "x"), -ENOENT);
}

static void test_why_is_of_one_call_only(void **state)
{
	(void)state;
	call_because(&calls, "this one");
	call_chdir(&calls, "/");
	call_chdir(&calls, "/");
	assert_string_equal(calls.call[0].why, "this one");
	assert_null(calls.call[1].why);
}

static void test_text_outlives_its_stack(void **state)
{
	char path[16] = "/tmp/x";

	(void)state;
	note_mount(path, path);
	memset(path, 'z', sizeof(path) - 1);
	assert_string_equal(words_of(&calls.call[0]),
			    "\"/tmp/x\", \"/tmp/x\", NULL, MS_RDONLY|MS_BIND|0x40000000, NULL");
}

static void test_bytes_of_a_path_cannot_leave_their_quotes(void **state)
{
	(void)state;
	note_mount("a\"b\\c\n\x1b[2J", "");
	assert_string_equal(
	    words_of(&calls.call[0]),
	    "\"a\\\"b\\\\c\\n\\x1b[2J\", \"\", NULL, MS_RDONLY|MS_BIND|0x40000000, NULL");
}

static void test_full_log_counts_what_it_loses(void **state)
{
	(void)state;
	for (int i = 0; i < CALLS_MAX + 5; i++)
		assert_int_equal(call_chdir(&calls, "/"), 0);
	assert_int_equal(calls.count, CALLS_MAX);
	assert_int_equal(calls.lost, 5);
}

static void test_text_without_room_is_told_as_lost(void **state)
{
	char text[1024];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 100; i++)
		note_mount(text, text);
	assert_true(calls.text_length <= CALLS_TEXT_MAX);
	assert_string_equal(words_of(&calls.call[99]),
			    "\"…\", \"…\", NULL, MS_RDONLY|MS_BIND|0x40000000, NULL");
}

static void test_capabilities_and_options_have_names(void **state)
{
	(void)state;
	call_note(&calls, CALL_PRCTL, 1, 0, CALL_WORDS_OF(PR_CAPBSET_DROP, 25));
	call_note(&calls, CALL_PRCTL, 1, 0, CALL_WORDS_OF(PR_SET_NO_NEW_PRIVS, 1));
	call_note(&calls, CALL_CAPSET, 1, 0, CALL_WORDS_OF(1 | 1 << 5));
	assert_string_equal(words_of(&calls.call[0]), "PR_CAPBSET_DROP, CAP_SYS_TIME");
	assert_string_equal(words_of(&calls.call[1]), "PR_SET_NO_NEW_PRIVS, 1");
	assert_string_equal(words_of(&calls.call[2]), "CAP_CHOWN|CAP_KILL");
}

static void test_each_form_is_complete(void **state)
{
	(void)state;
	for (int form = 0; form < CALL_FORMS; form++) {
		const struct call_form_entry *entry = &call_forms[form];

		assert_non_null(entry->name);
		assert_non_null(entry->about);
		for (int i = 0; i < CALL_WORDS; i++) {
			if (entry->kinds[i] == WORD_FLAGS || entry->kinds[i] == WORD_OPTION)
				assert_non_null(entry->names);
			if (entry->kinds[i] == WORD_FLAGS_MORE)
				assert_non_null(entry->more_names);
		}
	}
}

static void test_each_step_is_complete(void **state)
{
	(void)state;
	for (enum step step = 0; step < STEPS; step++) {
		assert_non_null(steps[step].name);
		assert_non_null(steps[step].why);
		assert_non_null(steps[step].run);
		/* What can be left out must have an option, and say what that exposes. */
		if (steps[step].bricks)
			assert_non_null(spec_brick_exposes(steps[step].bricks));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_call_returns_what_the_kernel_said, set_up),
	    cmocka_unit_test_setup(test_call_without_a_log_is_made_all_the_same, set_up),
	    cmocka_unit_test_setup(test_why_is_of_one_call_only, set_up),
	    cmocka_unit_test_setup(test_text_outlives_its_stack, set_up),
	    cmocka_unit_test_setup(test_bytes_of_a_path_cannot_leave_their_quotes, set_up),
	    cmocka_unit_test_setup(test_full_log_counts_what_it_loses, set_up),
	    cmocka_unit_test_setup(test_text_without_room_is_told_as_lost, set_up),
	    cmocka_unit_test_setup(test_capabilities_and_options_have_names, set_up),
	    cmocka_unit_test(test_each_form_is_complete),
	    cmocka_unit_test(test_each_step_is_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
