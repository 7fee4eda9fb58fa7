// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Which capabilities the options --cap-add and --cap-drop leave, word by word as docker's users
 * know them. What the kernel makes of it is tried in tests/system/container_refusals.py.
 * See capabilities(7).
 */
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "capabilities.h"

#define BIT(capability) (1ULL << (capability))

enum { ALL_COUNT = 41 };

static const uint64_t usual = BIT(CAP_CHOWN) | BIT(CAP_KILL) | BIT(CAP_NET_BIND_SERVICE);

static struct capabilities choose(char **add, char **drop)
{
	const struct sandbox_spec spec = {.cap_add = add, .cap_drop = drop};

	return capabilities_choose(&spec);
}

static void test_three_are_kept_when_nothing_is_asked(void **state)
{
	(void)state;
	assert_true(choose(NULL, NULL).kept == usual);
	assert_true(choose(NULL, NULL).added == 0);
}

static void test_add_and_drop_change_the_three(void **state)
{
	char *add[] = {"CAP_NET_RAW", NULL}, *drop[] = {"CAP_CHOWN", NULL};
	struct capabilities chosen = choose(add, drop);

	(void)state;
	assert_true(chosen.kept == ((usual & ~BIT(CAP_CHOWN)) | BIT(CAP_NET_RAW)));
	assert_true(chosen.added == BIT(CAP_NET_RAW));
}

static void test_drop_all_leaves_what_is_added(void **state)
{
	char *add[] = {"CAP_SYS_TIME", NULL}, *drop[] = {"ALL", NULL};

	(void)state;
	assert_true(choose(add, drop).kept == BIT(CAP_SYS_TIME));
	assert_true(choose(NULL, drop).kept == 0);
}

static void test_add_all_leaves_out_what_is_dropped(void **state)
{
	char *add[] = {"ALL", NULL}, *drop[] = {"CAP_SYS_ADMIN", NULL};
	uint64_t all = BIT(ALL_COUNT) - 1;

	(void)state;
	assert_true(choose(add, NULL).kept == all);
	assert_true(choose(add, drop).kept == (all & ~BIT(CAP_SYS_ADMIN)));
	assert_true(choose(add, drop).added == choose(add, drop).kept);
}

static void test_a_list_is_cut_not_overrun(void **state)
{
	char text[16];

	(void)state;
	assert_string_equal(capabilities_list(usual, text, sizeof(text)), "CHOWN KILL NET_");
	assert_string_equal(capabilities_list(0, text, sizeof(text)), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_three_are_kept_when_nothing_is_asked),
	    cmocka_unit_test(test_add_and_drop_change_the_three),
	    cmocka_unit_test(test_drop_all_leaves_what_is_added),
	    cmocka_unit_test(test_add_all_leaves_out_what_is_dropped),
	    cmocka_unit_test(test_a_list_is_cut_not_overrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
