/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Text of lessons: columns, kinsoku, wrapping, the bold that CommonMark does not close, folding.
 * The writer is an `out` that keeps everything, with bold in brackets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "text.h"

struct page {
	struct out out;
	struct strbuf text;
};

static void keep(struct out *out, bool is_error, enum out_role role, const char *text,
		 size_t length)
{
	struct page *page = (struct page *)out;

	(void)is_error;
	str_add(&page->text, role == OUT_TITLE ? "[" : "");
	str_add_bytes(&page->text, text, length);
	str_add(&page->text, role == OUT_TITLE ? "]" : "");
}

static struct page wrap(const char *paragraph, unsigned columns)
{
	struct page page = {.out = {.write = keep}};

	text_wrap(&page.out, paragraph, columns, "", "");
	return page;
}

static void assert_wraps(const char *paragraph, unsigned columns, const char *expected)
{
	struct page page = wrap(paragraph, columns);

	assert_string_equal(page.text.data, expected);
	str_finish(&page.text);
}

static void test_latin_breaks_at_blanks(void **state)
{
	(void)state;
	assert_wraps("one two three four five six", 20, "one two three four\nfive six\n");
}

static void test_japanese_breaks_anywhere_but_before_a_closing_mark(void **state)
{
	(void)state;
	/* Ten wide characters fit in 20 columns; the full stop must not begin a line. */
	assert_wraps("あいうえおかきくけこ。さ", 20, "あいうえおかきくけ\nこ。さ\n");
	assert_wraps("あいうえおかきくけ（さしす）", 20, "あいうえおかきくけ\n（さしす）\n");
	assert_wraps("あいうえおかきくけきょう", 20, "あいうえおかきくけ\nきょう\n");
}

static void test_soft_breaks_join_wide_characters_without_a_blank(void **state)
{
	(void)state;
	assert_wraps("あい\5うえ", 40, "あいうえ\n");
	assert_wraps("one\5two", 40, "one two\n");
	assert_wraps("VMは\5KVM", 40, "VMはKVM\n");
}

static void test_number_and_unit_stay_together(void **state)
{
	(void)state;
	assert_wraps("it took as long as 14 ms", 22, "it took as long as\n14 ms\n");
}

static void test_code_is_not_broken(void **state)
{
	(void)state;
	assert_wraps("now please type \3create both demo\4 here", 24,
		     "now please type\n`create both demo` here\n");
}

static void test_bold_has_a_role_of_its_own(void **state)
{
	(void)state;
	assert_wraps("a \1bold\2 word", 40, "a [bold] word\n");
}

static void test_a_word_wider_than_the_line_is_broken(void **state)
{
	(void)state;
	assert_wraps("aaaaaaaaaaaaaaaaaaaaaaaaa", 20, "aaaaaaaaaaaaaaaaaaaa\naaaaa\n");
}

static void test_bold_that_commonmark_leaves_is_mended(void **state)
{
	char text[] = "**コンテナ（軽量）**は";
	char code[] = "\3**\4 and **this**";
	char odd[] = "2 ** 3";

	(void)state;
	assert_int_equal(text_mend_bold(text), 1);
	assert_string_equal(text, "\1コンテナ（軽量）\2は");
	assert_int_equal(text_mend_bold(code), 1);
	assert_string_equal(code, "\3**\4 and \1this\2");
	assert_int_equal(text_mend_bold(odd), 0);
	assert_string_equal(odd, "2 ** 3");
}

static void test_columns_do_not_depend_on_the_locale(void **state)
{
	(void)state;
	assert_int_equal(text_columns('a'), 1);
	assert_int_equal(text_columns(0x3042), 2);
	assert_int_equal(text_columns(0x1b), 0);
	assert_int_equal(text_width("VMの複製", strlen("VMの複製")), 8);
}

static void test_broken_utf8_is_replaced_byte_by_byte(void **state)
{
	size_t length;

	(void)state;
	assert_int_equal(text_decode("\xe3\x81", 2, &length), 0xfffd);
	assert_int_equal(length, 1);
	assert_int_equal(text_decode("\xc0\x80", 2, &length), 0xfffd);
	assert_int_equal(text_decode("\xed\xa0\x80", 3, &length), 0xfffd);
	assert_int_equal(text_decode("", 0, &length), 0);
	assert_int_equal(length, 0);
}

static void test_full_width_input_is_folded(void **state)
{
	char buffer[32];

	(void)state;
	assert_true(text_fold("１２０　ｍｓ", buffer, sizeof(buffer)));
	assert_string_equal(buffer, "120 ms");
	assert_false(text_fold("abcdef", buffer, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_latin_breaks_at_blanks),
	    cmocka_unit_test(test_japanese_breaks_anywhere_but_before_a_closing_mark),
	    cmocka_unit_test(test_soft_breaks_join_wide_characters_without_a_blank),
	    cmocka_unit_test(test_number_and_unit_stay_together),
	    cmocka_unit_test(test_code_is_not_broken),
	    cmocka_unit_test(test_bold_has_a_role_of_its_own),
	    cmocka_unit_test(test_a_word_wider_than_the_line_is_broken),
	    cmocka_unit_test(test_bold_that_commonmark_leaves_is_mended),
	    cmocka_unit_test(test_columns_do_not_depend_on_the_locale),
	    cmocka_unit_test(test_broken_utf8_is_replaced_byte_by_byte),
	    cmocka_unit_test(test_full_width_input_is_folded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
