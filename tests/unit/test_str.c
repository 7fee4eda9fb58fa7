/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bounded text: what does not fit is said, what is not UTF-8 is replaced, what is no number is
 * refused.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "str.h"

static void test_strbuf_grows_and_ends_with_nul(void **state)
{
	auto_strbuf b = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		str_addf(&b, "%d,", i);
	str_add_number(&b, 0);
	str_add_number(&b, UINT64_MAX);
	assert_false(b.failed);
	assert_int_equal(strlen(b.data), b.length);
	assert_string_equal(b.data + b.length - 21, "018446744073709551615");
	str_add_signed(&b, INT64_MIN);
	str_add_signed(&b, -0);
	assert_string_equal(b.data + b.length - 21, "-92233720368547758080");
}

static void test_strbuf_formats_what_just_fits_and_what_does_not(void **state)
{
	char room[8];
	auto_strbuf b = {0}, bounded = {.limit = 6};

	(void)state;
	str_borrow(&b, room, sizeof(room));
	str_addf(&b, "%s", "1234567");
	assert_ptr_equal(b.data, room);
	str_addf(&b, "%d", 8);
	assert_ptr_not_equal(b.data, room);
	assert_string_equal(b.data, "12345678");
	str_reserve(&b, 4096);
	assert_true(b.capacity > 4096);
	str_addf(&bounded, "%d", 1234);
	str_addf(&bounded, "%d", 567);
	assert_true(bounded.failed);
	assert_string_equal(bounded.data, "1234");
}

static void test_strbuf_stays_failed_beyond_its_limit(void **state)
{
	auto_strbuf b = {.limit = 4};

	(void)state;
	str_add(&b, "1234");
	assert_false(b.failed);
	str_add(&b, "5");
	assert_true(b.failed);
	str_add(&b, "");
	assert_string_equal(b.data, "1234");
}

static void test_json_escapes_what_json_forbids(void **state)
{
	auto_strbuf b = {0};

	(void)state;
	str_add_json(&b, "a\"b\\c\n\t\x01\x7f");
	assert_string_equal(b.data, "\"a\\\"b\\\\c\\n\\t\\u0001\\u007f\"");
}

static void test_json_replaces_what_is_not_utf8(void **state)
{
	/* A lone continuation, an overlong '/', a surrogate, a cut sequence, beyond U+10FFFF. */
	static const char *const bad[] = {"\x80", "\xc0\xaf", "\xed\xa0\x80", "\xe3\x81",
					  "\xf4\x90\x80\x80"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		auto_strbuf b = {0};

		str_add_json(&b, bad[i]);
		assert_memory_equal(b.data, "\"\xef\xbf\xbd", 4);
	}
	auto_strbuf good = {0};
	str_add_json(&good, "é日本😀");
	assert_string_equal(good.data, "\"é日本😀\"");
}

static void test_copy_says_when_it_cut(void **state)
{
	char buffer[4];

	(void)state;
	assert_true(str_copy(buffer, sizeof(buffer), "abc"));
	assert_false(str_copy(buffer, sizeof(buffer), "abcd"));
	assert_string_equal(buffer, "abc");
}

static void test_names_are_what_the_contract_says(void **state)
{
	static const char *const good[] = {"a", "_x", "0", "a.b-c_D", "demo-vm"};
	static const char *const bad[] = {"", ".", "..", "-x", ".hidden", "a/b", "a b", "é", "a\n"};
	char longest[65];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(str_is_name(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(str_is_name(bad[i]));
	memset(longest, 'a', 64);
	longest[64] = '\0';
	assert_false(str_is_name(longest));
	longest[63] = '\0';
	assert_true(str_is_name(longest));
}

static void expect_size(const char *text, uint64_t bytes)
{
	uint64_t parsed = 0;

	assert_int_equal(str_parse_size(text, &parsed), 0);
	assert_int_equal(parsed, bytes);
}

static void test_sizes_are_powers_of_1024(void **state)
{
	(void)state;
	expect_size("0", 0);
	expect_size("4096", 4096);
	expect_size("4096B", 4096);
	expect_size("64M", 64u << 20);
	expect_size("64m", 64u << 20);
	expect_size("512KiB", 512u << 10);
	expect_size("512kb", 512u << 10);
	expect_size("1.5G", 3ull << 29);
	expect_size("0.5", 0);
	expect_size("1.5E", 3ull << 59);
	expect_size("18446744073709551615", UINT64_MAX);
}

static void test_sizes_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {"",   "M",  "lots", "1x",    "1.",  ".5",
					  "-1", "+1", "1 M",  "1MiBs", "0x4", "1.5.5"};
	static const char *const large[] = {"16E", "18446744073709551616", "99999999999999999999G"};
	uint64_t bytes = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(str_parse_size(bad[i], &bytes), -EINVAL);
	for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++)
		assert_int_equal(str_parse_size(large[i], &bytes), -ERANGE);
	assert_int_equal(bytes, 7);
}

static void test_numbers_have_bounds(void **state)
{
	uint64_t n = 7;

	(void)state;
	assert_int_equal(str_parse_number("0", 0, 10, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(str_parse_number("18446744073709551615", 0, UINT64_MAX, &n), 0);
	assert_true(n == UINT64_MAX);
	assert_int_equal(str_parse_number("18446744073709551616", 0, UINT64_MAX, &n), -ERANGE);
	assert_int_equal(str_parse_number("11", 0, 10, &n), -ERANGE);
	assert_int_equal(str_parse_number("0", 1, 10, &n), -ERANGE);
	assert_int_equal(str_parse_number("", 0, 10, &n), -EINVAL);
	assert_int_equal(str_parse_number("-1", 0, 10, &n), -EINVAL);
	assert_int_equal(str_parse_number("1 ", 0, 10, &n), -EINVAL);
}

static void test_figures_have_a_unit_and_about_three_digits(void **state)
{
	char text[32];

	(void)state;
	assert_string_equal(str_format_ns(text, sizeof(text), 312), "312 ns");
	assert_string_equal(str_format_ns(text, sizeof(text), 312400), "312 µs");
	assert_string_equal(str_format_ns(text, sizeof(text), 1400000), "1.4 ms");
	assert_string_equal(str_format_ns(text, sizeof(text), 999999), "1.0 ms");
	assert_string_equal(str_format_ns(text, sizeof(text), 12340000000), "12.3 s");
	assert_string_equal(str_format_bytes(text, sizeof(text), 64u << 20), "64 MiB");
	assert_string_equal(str_format_bytes(text, sizeof(text), 1536), "1.5 KiB");
	assert_string_equal(str_format_bytes(text, sizeof(text), 0), "0 B");
}

static void test_nearest_finds_a_slip_of_the_finger_only(void **state)
{
	static const char *const words[] = {"create", "start", "stop", "ps", "rm"};

	(void)state;
	assert_string_equal(str_nearest("crate", words, 5), "create");
	assert_string_equal(str_nearest("craete", words, 5), "create");
	assert_string_equal(str_nearest("sotp", words, 5), "stop");
	assert_string_equal(str_nearest("sp", words, 5), "ps");
	assert_null(str_nearest("banana", words, 5));
	assert_null(str_nearest("nosuch", (const char *const[]){"touch"}, 1));
	assert_null(str_nearest("", words, 5));
	assert_null(str_nearest("x", words, 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_strbuf_grows_and_ends_with_nul),
	    cmocka_unit_test(test_strbuf_formats_what_just_fits_and_what_does_not),
	    cmocka_unit_test(test_strbuf_stays_failed_beyond_its_limit),
	    cmocka_unit_test(test_json_escapes_what_json_forbids),
	    cmocka_unit_test(test_json_replaces_what_is_not_utf8),
	    cmocka_unit_test(test_copy_says_when_it_cut),
	    cmocka_unit_test(test_names_are_what_the_contract_says),
	    cmocka_unit_test(test_sizes_are_powers_of_1024),
	    cmocka_unit_test(test_sizes_that_are_none_are_refused),
	    cmocka_unit_test(test_numbers_have_bounds),
	    cmocka_unit_test(test_figures_have_a_unit_and_about_three_digits),
	    cmocka_unit_test(test_nearest_finds_a_slip_of_the_finger_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
