/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bytes of a terminal → keys → actions: sequences are taken whole, Alt-digits are function keys,
 * full-width forms act like ASCII, and each focus lets through what it must.
 * No terminal is needed: decoding and key map are pure.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "input.h"
#include "keymap.h"

static struct input_key decode(const char *bytes)
{
	struct input_key key;

	size_t taken = input_decode(NULL, bytes, strlen(bytes), true, &key);

	assert_int_equal(taken, key.length);
	return key;
}

static enum action action_of(enum focus focus, const char *bytes)
{
	struct input_key key = decode(bytes);

	return keymap_find(focus, &key, 0x1d);
}

static void test_function_keys_of_several_terminals(void **state)
{
	(void)state;
	assert_int_equal(decode("\033OP").code, INPUT_F1);
	assert_int_equal(decode("\033[11~").code, INPUT_F1);
	assert_int_equal(decode("\033[[A").code, INPUT_F1);
	assert_int_equal(decode("\033[21~").code, INPUT_F1 + 9);
	assert_int_equal(decode("\033[1~").code, INPUT_HOME);
}

static void test_own_sequences_win(void **state)
{
	const struct input_sequence own[] = {{"\033[[A", INPUT_UP}, {"", INPUT_UNKNOWN}};
	struct input_key key;

	(void)state;
	input_decode(own, "\033[[A", 4, true, &key);
	assert_int_equal(key.code, INPUT_UP);
}

static void test_half_a_sequence_waits_for_the_rest(void **state)
{
	struct input_key key;

	(void)state;
	assert_int_equal(input_decode(NULL, "\033", 1, false, &key), 0);
	assert_int_equal(input_decode(NULL, "\033[2", 3, false, &key), 0);
	assert_int_equal(input_decode(NULL, "\xe8\xb5", 2, false, &key), 0);
	assert_int_equal(input_decode(NULL, "\033", 1, true, &key), 1);
	assert_int_equal(key.code, INPUT_ESCAPE);
}

static void test_unknown_sequence_is_swallowed_whole(void **state)
{
	(void)state;
	assert_int_equal(decode("\033[1;5Qq").length, 6);
	assert_int_equal(decode("\033[1;5Qq").code, INPUT_UNKNOWN);
	assert_int_equal(action_of(FOCUS_VIEW, "\033[1;5Qq"), ACTION_NONE);
}

static void test_every_prefix_of_noise_makes_progress(void **state)
{
	static const char noise[] =
	    "\033[99999999999999999999999999999999999999999;\xff\xfe\033\033O";
	struct input_key key;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(noise); i++)
		for (size_t n = 1; i + n < sizeof(noise); n++) {
			size_t taken = input_decode(NULL, noise + i, n, true, &key);

			assert_in_range(taken, 1, n);
		}
}

static void test_alt_digits_are_function_keys_everywhere(void **state)
{
	(void)state;
	for (int focus = 0; focus < FOCUS_COUNT; focus++) {
		assert_int_equal(action_of((enum focus)focus, "\0331"), ACTION_HELP);
		assert_int_equal(action_of((enum focus)focus, "\0330"), ACTION_QUIT);
		assert_int_equal(action_of((enum focus)focus, "\033OP"), ACTION_HELP);
		assert_int_equal(action_of((enum focus)focus, "\035"), ACTION_ESCAPE);
	}
}

static void test_letters_act_only_in_views(void **state)
{
	static const char *const letters[] = {"q", "?", "j", "k", "/", "n", "5", " ", "\t", "\r"};

	(void)state;
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
		assert_int_not_equal(action_of(FOCUS_VIEW, letters[i]), ACTION_NONE);
		assert_int_equal(action_of(FOCUS_PROMPT, letters[i]), ACTION_NONE);
		assert_int_equal(action_of(FOCUS_SANDBOX, letters[i]), ACTION_NONE);
	}
}

static void test_control_keys_reach_the_sandbox(void **state)
{
	static const char *const keys[] = {"\003", "\014", "\032", "\033[5~", "\033[A", "\033"};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_int_equal(action_of(FOCUS_SANDBOX, keys[i]), ACTION_NONE);
	assert_int_equal(action_of(FOCUS_PROMPT, "\032"), ACTION_SUSPEND);
	assert_int_equal(action_of(FOCUS_PROMPT, "\003"), ACTION_INTERRUPT);
}

static void test_full_width_keys_act_like_ascii(void **state)
{
	(void)state;
	assert_int_equal(action_of(FOCUS_VIEW, "？"), ACTION_HELP);
	assert_int_equal(action_of(FOCUS_VIEW, "ｑ"), ACTION_QUIT);
	assert_int_equal(action_of(FOCUS_VIEW, "／"), ACTION_SEARCH);
	assert_int_equal(action_of(FOCUS_VIEW, "５"), ACTION_DIGIT);
}

static void test_fold_line_spares_quotes(void **state)
{
	char line[] = "ｓｔｏｐ　ｄｅｍｏ \"Ａ　Ｂ\" 起動";

	(void)state;
	input_fold_line(line);
	assert_string_equal(line, "stop demo \"Ａ　Ｂ\" 起動");
}

static void test_escape_key_names(void **state)
{
	char name[16];

	(void)state;
	assert_int_equal(input_parse_control("^]"), 0x1d);
	assert_int_equal(input_parse_control("C-t"), 0x14);
	assert_int_equal(input_parse_control("ctrl-T"), 0x14);
	assert_int_equal(input_parse_control("x"), -EINVAL);
	assert_int_equal(input_parse_control("^"), -EINVAL);
	assert_string_equal(input_control_name(0x1d, name), "Ctrl-]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_function_keys_of_several_terminals),
	    cmocka_unit_test(test_own_sequences_win),
	    cmocka_unit_test(test_half_a_sequence_waits_for_the_rest),
	    cmocka_unit_test(test_unknown_sequence_is_swallowed_whole),
	    cmocka_unit_test(test_every_prefix_of_noise_makes_progress),
	    cmocka_unit_test(test_alt_digits_are_function_keys_everywhere),
	    cmocka_unit_test(test_letters_act_only_in_views),
	    cmocka_unit_test(test_control_keys_reach_the_sandbox),
	    cmocka_unit_test(test_full_width_keys_act_like_ascii),
	    cmocka_unit_test(test_fold_line_spares_quotes),
	    cmocka_unit_test(test_escape_key_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
