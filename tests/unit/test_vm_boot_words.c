/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * At which step a distribution's boot is, by its words: however they are cut, whatever comes
 * between them, and only the first time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot.h"

static void say(struct boot *boot, enum boot_line line, const char *text, uint64_t now_ns)
{
	boot_hear(boot, line, text, strlen(text), now_ns);
}

/* A whole boot, as it was recorded. */
static void say_all(struct boot *boot)
{
	say(boot, BOOT_LINE_FIRMWARE, "Booting from Hard Disk...\nBooting from 0000:7c00\n", 10);
	say(boot, BOOT_LINE_CONSOLE, "\033[H\033[J\033[1;1HGRUB: started by the firmware\r\n", 11);
	say(boot, BOOT_LINE_CONSOLE, "GRUB: loading Linux 6.1.0\r\nGRUB: starting it\r\n", 20);
	say(boot, BOOT_LINE_CONSOLE, "[    0.000000] Linux version 6.1.0 (gcc)\r\n", 30);
	say(boot, BOOT_LINE_CONSOLE, "Loading, please wait...\r\n", 35);
	say(boot, BOOT_LINE_CONSOLE, "\r\nWelcome to \033[1mDebian GNU/Linux 12\033[0m!\r\n", 40);
}

static void check_all(const struct boot *boot)
{
	for (unsigned step = 0; step < BOOT_STEPS; step++)
		assert_int_equal(boot->ended_ns[step], 10 * (step + 1));
}

static void test_each_step_ends_with_the_first_words_of_the_next(void **state)
{
	struct boot boot = {0};

	(void)state;
	say_all(&boot);
	check_all(&boot);
}

static void test_words_may_come_in_pieces(void **state)
{
	static const char words[] = "GRUB: sGRUB: starting it\nLinux versLinux version 6\n";
	struct boot boot = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(words) - 1; i++)
		boot_hear(&boot, BOOT_LINE_CONSOLE, words + i, 1, 100 + i);
	assert_int_equal(boot.ended_ns[BOOT_BOOTLOADER],
			 100 + strlen("GRUB: sGRUB: starting it") - 1);
	assert_true(boot.ended_ns[BOOT_KERNEL_ENTRY] > boot.ended_ns[BOOT_BOOTLOADER]);
}

static void test_only_the_first_time_counts(void **state)
{
	struct boot boot = {0};

	(void)state;
	say_all(&boot);
	say(&boot, BOOT_LINE_FIRMWARE, "Booting from 0000:7c00\n", 90);
	say(&boot, BOOT_LINE_CONSOLE, "GRUB: starting it Linux version Welcome to ", 91);
	check_all(&boot);
}

static void test_what_was_not_seen_is_not_made_up(void **state)
{
	struct boot boot = {0};

	(void)state;
	say(&boot, BOOT_LINE_CONSOLE, "Welcome to ", 40);
	say(&boot, BOOT_LINE_CONSOLE, "Linux version 6", 50); /* of a program in there */
	assert_int_equal(boot.ended_ns[BOOT_INIT], 40);
	assert_int_equal(boot.ended_ns[BOOT_KERNEL_ENTRY], 0);
	assert_int_equal(boot.ended_ns[BOOT_FIRMWARE], 0);
}

static void test_a_line_is_heard_for_its_own_words_only(void **state)
{
	struct boot boot = {0};

	(void)state;
	say(&boot, BOOT_LINE_CONSOLE, "Booting from 0000:7c00\n", 1);
	say(&boot, BOOT_LINE_FIRMWARE, "Linux version 6", 2);
	for (unsigned step = 0; step < BOOT_STEPS; step++)
		assert_int_equal(boot.ended_ns[step], 0);
}

static void test_any_bytes_are_harmless(void **state)
{
	uint8_t bytes[256];
	struct boot boot = {0};

	(void)state;
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	boot_hear(&boot, BOOT_LINE_CONSOLE, bytes, sizeof(bytes), 1);
	say_all(&boot);
	check_all(&boot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_step_ends_with_the_first_words_of_the_next),
	    cmocka_unit_test(test_words_may_come_in_pieces),
	    cmocka_unit_test(test_only_the_first_time_counts),
	    cmocka_unit_test(test_what_was_not_seen_is_not_made_up),
	    cmocka_unit_test(test_a_line_is_heard_for_its_own_words_only),
	    cmocka_unit_test(test_any_bytes_are_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
