/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From words to a spec and back. Every mistake of a learner has its own sentence and a hint; what
 * was saved can be typed.
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

#include "spec.h"

enum { WORDS_MAX = 32 };

/* Parses a line whose words are separated by single blanks. */
static int parse(struct sandbox_spec *spec, const char *kind, const char *line, struct err *e)
{
	char *copy = strdup(line), *rest = copy, *words[WORDS_MAX];
	int count = 0, r;

	while (*line && count < WORDS_MAX && rest)
		words[count++] = strsep(&rest, " ");
	*spec = (struct sandbox_spec){0};
	str_copy(spec->kind, sizeof(spec->kind), kind);
	r = spec_parse_options(spec, count, words, e);
	free(copy);
	return r;
}

static void expect_refusal(const char *kind, const char *line, int code, const char *what,
			   const char *hint)
{
	auto_spec spec = {0};
	struct err e = {0};

	assert_int_equal(parse(&spec, kind, line, &e), -code);
	if (!strstr(e.what, what) || !strstr(e.hint, hint))
		fail_msg("'%s': unexpected error '%s', hint '%s'", line, e.what, e.hint);
}

static void test_all_options_of_this_version_are_taken(void **state)
{
	auto_spec spec = {0};

	(void)state;
	assert_int_equal(
	    parse(&spec, "container",
		  "--name demo --memory 64M --pids=100 --env A=1 -e B=2 --hostname box "
		  "--workdir /tmp -d --rm -it --network host --no-ns pid --no-ns net "
		  "--no-seccomp -- sh -c x",
		  NULL),
	    0);
	assert_string_equal(spec.name, "demo");
	assert_int_equal(spec.memory_bytes, 64 << 20);
	assert_int_equal(spec.pids_max, 100);
	assert_string_equal(spec.env[0], "A=1");
	assert_string_equal(spec.env[1], "B=2");
	assert_null(spec.env[2]);
	assert_string_equal(spec.hostname, "box");
	assert_string_equal(spec.workdir, "/tmp");
	assert_true(spec.detach && spec.remove && spec.interactive && spec.tty);
	assert_int_equal(spec.network, SPEC_NETWORK_HOST);
	assert_int_equal(spec.removed_bricks, SPEC_NS_PID | SPEC_NS_NETWORK | SPEC_SECCOMP);
	assert_string_equal(spec.argv[0], "sh");
	assert_string_equal(spec.argv[2], "x");
	assert_null(spec.argv[3]);
}

static void test_the_first_word_that_is_no_option_begins_the_command(void **state)
{
	auto_spec spec = {0};

	(void)state;
	assert_int_equal(parse(&spec, "vm", "--name a ls -l --memory 0", NULL), 0);
	assert_string_equal(spec.argv[0], "ls");
	assert_string_equal(spec.argv[3], "0");
	assert_int_equal(spec.memory_bytes, 0);
}

static void test_without_a_command_the_lists_are_empty(void **state)
{
	auto_spec spec = {0};

	(void)state;
	assert_int_equal(parse(&spec, "vm", "", NULL), 0);
	assert_non_null(spec.argv);
	assert_null(spec.argv[0]);
	assert_non_null(spec.env);
	assert_null(spec.env[0]);
}

static void test_mistakes_are_told_with_a_hint(void **state)
{
	(void)state;
	expect_refusal("vm", "--memroy 64M", EINVAL, "unknown option '--memroy'", "--memory");
	expect_refusal("vm", "--zzz", EINVAL, "unknown option", "isolab help run");
	expect_refusal("vm", "-Z", EINVAL, "unknown option '-Z'", "isolab help run");
	expect_refusal("vm", "--memory 0", EINVAL, "--memory 0", "1M");
	expect_refusal("vm", "--memory 4096", EINVAL, "--memory 4096", "1M");
	expect_refusal("vm", "--memory lots", EINVAL, "'lots'", "64M");
	expect_refusal("vm", "--memory", EINVAL, "needs a value", "SIZE");
	expect_refusal("vm", "--rm=yes", EINVAL, "takes no value", "");
	expect_refusal("vm", "--pids 0", EINVAL, "--pids '0'", "--pids 100");
	expect_refusal("vm", "--pids many", EINVAL, "--pids 'many'", "--pids 100");
	expect_refusal("vm", "--env =x", EINVAL, "without a name", "LANG=C");
	expect_refusal("vm", "--hostname -x", EINVAL, "'-x'", "letters");
	expect_refusal("vm", "--workdir tmp", EINVAL, "'tmp'", "'/'");
	expect_refusal("vm", "--network moon", EINVAL, "'moon'", "none, host, lab");
	expect_refusal("container", "--no-ns pids", EINVAL, "'pids'", "pid");
	expect_refusal("vm", "--name ../x", EINVAL, "'../x'", "63");
}

static void test_options_of_another_kind_are_refused(void **state)
{
	(void)state;
	expect_refusal("vm", "--no-seccomp", EINVAL, "means nothing for a vm", "container");
	expect_refusal("process", "--no-ns pid", EINVAL, "means nothing for a process",
		       "container");
	expect_refusal("process", "--hostname x", EINVAL, "means nothing for a process", "vm");
}

static void test_options_of_a_later_version_say_so(void **state)
{
	static const char *const of_a_vm[] = {
	    "--cpus 1",
	    "--cpus=1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(of_a_vm) / sizeof(of_a_vm[0]); i++)
		expect_refusal("vm", of_a_vm[i], ENOTSUP, "not in this version for a vm",
			       "container");
}

static void test_what_only_a_linux_vm_has_is_refused_for_a_tiny_one(void **state)
{
	static const char *const lines[] = {"--image /x", "--user me", "--ulimit cpu=1", "--init",
					    "--tmpfs /a", "--overlay", "--disk /a",      "--vsock"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		auto_spec tiny = {0}, of_linux = {0};
		struct err error = {0};
		char both[64];

		assert_int_equal(parse(&tiny, "vm", lines[i], NULL), 0);
		assert_int_equal(spec_validate(&tiny, &error), -ENOTSUP);
		assert_non_null(strstr(error.what, "not in this version for a tiny vm"));
		assert_non_null(strstr(error.hint, "--kernel linux"));
		snprintf(both, sizeof(both), "%s --kernel linux", lines[i]);
		assert_int_equal(parse(&of_linux, "vm", both, NULL), 0);
		assert_int_equal(spec_validate(&of_linux, NULL), 0);
	}
}

static void test_what_lies_on_no_disk_is_refused_for_a_distribution(void **state)
{
	auto_spec with_image = {0}, plain = {0};
	struct err error = {0};

	(void)state;
	assert_int_equal(parse(&plain, "vm", "--kernel distro --user me --vcpus 2", NULL), 0);
	assert_int_equal(spec_validate(&plain, NULL), 0);
	assert_int_equal(parse(&with_image, "vm", "--kernel distro --image /x", NULL), 0);
	assert_int_equal(spec_validate(&with_image, &error), -ENOTSUP);
	assert_non_null(strstr(error.what, "'--image' is not in this version for a distro vm"));
}

static void test_nonsense_in_an_option_is_refused_with_an_example(void **state)
{
	static const char *const lines[] = {
	    "--cpus 0",
	    "--cpus 1.2.3",
	    "--cpus 1e3",
	    "--cpus .",
	    "--cpus 99999",
	    "--cpuset-cpus a",
	    "--cpuset-cpus -1",
	    "--memory-swap x",
	    "--volume a",
	    "--volume a:/b",
	    "--volume /a:b",
	    "--volume /a:/",
	    "--volume /a:/b:rx",
	    "--volume /a:/b:ro:x",
	    "--tmpfs a",
	    "--tmpfs /",
	    "--tmpfs /a:x",
	    "--tmpfs /a:0",
	    "--ulimit nofile",
	    "--ulimit x=1",
	    "--ulimit cpu=2:1",
	    "--ulimit cpu=",
	    "--user -1",
	    "--user a:b:c",
	    "--user :",
	    "--user 4294967295",
	    "--user a/b",
	    "--image x",
	    "--cap-add FLY",
	    "--device-read-bps 1M",
	    "--device-read-bps /dev/vda:x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		expect_refusal("container", lines[i], EINVAL, "", "");
	expect_refusal("vm", "--kernel moon", EINVAL, "no such kernel", "tiny, linux");
	expect_refusal("vm", "--disk a", EINVAL, "not an absolute path", "--disk /");
	expect_refusal("vm", "--disk /a:rw", EINVAL, "never written to", "--disk /");
	expect_refusal("vm", "--disk /a --disk /b --disk /c --disk /d --disk /e", E2BIG,
		       "more than 4 disks", "");
	expect_refusal("vm", "--vcpus 9", EINVAL, "from 1 to 8", "--kernel linux");
}

static void test_every_option_survives_the_file(void **state)
{
	static const char line[] =
	    "--memory 64M --memory-swap -1 --cpus 1.5 --cpuset-cpus 0-1 --volume /a:/b:ro "
	    "--volume /c:/d --tmpfs /t:1M --ulimit nofile=3:4 --user 5:6 --image /x --init "
	    "--overlay --cap-add net_raw --cap-drop ALL --device-write-iops /dev/vda:10 "
	    "--network lab --no-pivot --no-proc --no-masks --no-cgroup --no-caps --no-nnp "
	    "--no-landlock --no-seccomp";
	auto_spec spec = {0}, again = {0}, copy = {0};
	auto_strbuf words = {0}, words_again = {0};

	(void)state;
	assert_int_equal(parse(&spec, "container", line, NULL), 0);
	spec_encode(&spec, &words);
	assert_int_equal(spec_decode(&again, words.data, words.length, NULL), 0);
	assert_int_equal(spec_copy(&copy, &again, NULL), 0);
	spec_encode(&copy, &words_again);
	assert_int_equal(words.length, words_again.length);
	assert_memory_equal(words.data, words_again.data, words.length);
	assert_int_equal(copy.cpu_millis, 1500);
	assert_string_equal(copy.cap_add[0], "CAP_NET_RAW");
	assert_string_equal(copy.io_limits[0], "wiops /dev/vda:10");
}

static void test_disk_is_a_path_and_a_word(void **state)
{
	static const struct {
		const char *disk, *path;
		bool is_read_only;
	} cases[] = {{"/a", "/a", false},
		     {"/a:ro", "/a", true},
		     {"/a:cow", "/a", false},
		     {"/a:b", "/a:b", false},
		     {"/a:b:ro", "/a:b", true}};
	char path[SPEC_PATH_MAX];
	bool is_read_only;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(spec_split_disk(cases[i].disk, path, &is_read_only, NULL), 0);
		assert_string_equal(path, cases[i].path);
		assert_int_equal(is_read_only, cases[i].is_read_only);
	}
}

static int validate(const char *kind, const char *line, struct err *e)
{
	auto_spec spec = {0};

	assert_int_equal(parse(&spec, kind, line, NULL), 0);
	return spec_validate(&spec, e);
}

static void test_more_memory_than_the_host_has_is_refused_on_every_kind(void **state)
{
	static const char *const kinds[] = {"process", "container", "vm", "fake"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct err e = {0};

		assert_int_equal(validate(kinds[i], "--memory 1000T", &e), -EINVAL);
		assert_non_null(strstr(e.what, "this machine has only"));
		assert_true(e.hint[0]);
		assert_int_equal(validate(kinds[i], "--memory 16M", NULL), 0);
	}
}

static void test_networks_that_a_kind_cannot_have_are_refused(void **state)
{
	(void)state;
	assert_int_equal(validate("process", "--network none", NULL), -EINVAL);
	assert_int_equal(validate("process", "--network host", NULL), 0);
	assert_int_equal(validate("vm", "--network host", NULL), -ENOTSUP);
	assert_int_equal(validate("vm", "--network lab", NULL), -ENOTSUP);
	assert_int_equal(validate("vm", "--network lab --kernel tiny", NULL), -ENOTSUP);
	assert_int_equal(validate("vm", "--network lab --kernel linux", NULL), 0);
	assert_int_equal(validate("vm", "--network host --kernel linux", NULL), -ENOTSUP);
	assert_int_equal(validate("vm", "--volume /a:/b:ro", NULL), -ENOTSUP);
	assert_int_equal(validate("vm", "--volume /a:/b:ro --kernel linux", NULL), 0);
	assert_int_equal(validate("process", "--network lab", NULL), -EINVAL);
	assert_int_equal(validate("container", "--network lab", NULL), 0);
	assert_int_equal(validate("container", "--network lab --no-ns network", NULL), -EINVAL);
	assert_int_equal(validate("container", "--network lab --no-ns user", NULL), -EINVAL);
	assert_int_equal(validate("vm", "--network none", NULL), 0);
	assert_int_equal(validate("container", "--network none", NULL), 0);
	assert_int_equal(validate("container", "--network host", NULL), 0);
}

static void assert_same(const struct sandbox_spec *a, const struct sandbox_spec *b)
{
	auto_strbuf one = {0}, two = {0};

	spec_encode(a, &one);
	spec_encode(b, &two);
	assert_int_equal(one.length, two.length);
	assert_memory_equal(one.data, two.data, one.length);
}

static void test_what_was_saved_is_the_same(void **state)
{
	auto_spec spec = {0}, again = {0};
	auto_strbuf words = {0};

	(void)state;
	assert_int_equal(
	    parse(&spec, "container",
		  "--name demo --memory 64M --pids 9 -e A= --hostname h --workdir / -d --rm "
		  "-it --network none --no-ns user --no-ns time --no-seccomp -- -x --",
		  NULL),
	    0);
	spec.leased = true;
	spec_encode(&spec, &words);
	assert_int_equal(spec_decode(&again, words.data, words.length, NULL), 0);
	assert_same(&spec, &again);
	assert_true(again.leased);
	assert_string_equal(again.argv[0], "-x");
	assert_string_equal(again.argv[1], "--");
	assert_string_equal(again.env[0], "A=");
}

static void test_foreign_bytes_are_no_spec(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} bad[] = {
	    {"", 0},
	    {"container", 9},
	    {"\0", 1},
	    {"../x\0", 5},
	    {"akindthatistoolong\0", 19},
	    {"vm\0--nope\0", 10},
	    {"vm\0--name\0", 10},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		auto_spec spec = {0};
		struct err e = {0};

		assert_true(spec_decode(&spec, bad[i].bytes, bad[i].length, &e) < 0);
		assert_true(e.what[0]);
	}
}

/* `create` hands a copy on, whose lists are there and empty. */
static void test_a_copy_of_a_plain_vm_is_a_tiny_vm(void **state)
{
	auto_spec spec = {0}, copy = {0};
	(void)state;

	str_copy(spec.kind, sizeof(spec.kind), "vm");
	assert_int_equal(spec_copy(&copy, &spec, NULL), 0);
	assert_int_equal(spec_validate(&copy, NULL), 0);
}

static void test_a_copy_shares_nothing(void **state)
{
	auto_spec spec = {0}, copy = {0}, empty = {0};

	(void)state;
	assert_int_equal(parse(&spec, "container", "--hostname h --workdir /x -e A=1 -- a b", NULL),
			 0);
	assert_int_equal(spec_copy(&copy, &spec, NULL), 0);
	assert_same(&spec, &copy);
	assert_ptr_not_equal(spec.hostname, copy.hostname);
	assert_ptr_not_equal(spec.argv[0], copy.argv[0]);
	assert_int_equal(spec_copy(&copy, &empty, NULL), 0);
	assert_null(copy.argv[0]);
}

static void test_a_chosen_name_is_a_name(void **state)
{
	struct sandbox_spec spec = {.kind = "container"}, named = {.name = "mine"};

	(void)state;
	spec_choose_name(&spec);
	assert_true(str_is_name(spec.name));
	assert_memory_equal(spec.name, "container-", 10);
	spec_choose_name(&named);
	assert_string_equal(named.name, "mine");
}

static void test_options_before_the_kind_are_counted(void **state)
{
	char *words[] = {"-i", "--name", "x", "-it", "-e", "A=1", "--memory=1M", "vm", "--rm"};
	char *none[] = {"vm", "-i"}, *dashes[] = {"-t", "--", "vm"}, *cut[] = {"--name"};

	(void)state;
	assert_int_equal(spec_count_options(9, words), 7);
	assert_int_equal(spec_count_options(2, none), 0);
	assert_int_equal(spec_count_options(3, dashes), 1);
	assert_int_equal(spec_count_options(1, cut), 1);
	assert_int_equal(spec_count_options(0, NULL), 0);
}

static void test_every_option_says_what_it_does(void **state)
{
	(void)state;
	for (const struct spec_option *o = spec_options; o->name; o++) {
		assert_memory_equal(o->name, "--", 2);
		assert_true(o->about[0]);
		for (const struct spec_option *other = o + 1; other->name; other++) {
			assert_string_not_equal(o->name, other->name);
			assert_true(!o->letter || o->letter != other->letter);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_options_of_this_version_are_taken),
	    cmocka_unit_test(test_the_first_word_that_is_no_option_begins_the_command),
	    cmocka_unit_test(test_without_a_command_the_lists_are_empty),
	    cmocka_unit_test(test_mistakes_are_told_with_a_hint),
	    cmocka_unit_test(test_options_of_another_kind_are_refused),
	    cmocka_unit_test(test_options_of_a_later_version_say_so),
	    cmocka_unit_test(test_what_only_a_linux_vm_has_is_refused_for_a_tiny_one),
	    cmocka_unit_test(test_what_lies_on_no_disk_is_refused_for_a_distribution),
	    cmocka_unit_test(test_nonsense_in_an_option_is_refused_with_an_example),
	    cmocka_unit_test(test_disk_is_a_path_and_a_word),
	    cmocka_unit_test(test_every_option_survives_the_file),
	    cmocka_unit_test(test_more_memory_than_the_host_has_is_refused_on_every_kind),
	    cmocka_unit_test(test_networks_that_a_kind_cannot_have_are_refused),
	    cmocka_unit_test(test_what_was_saved_is_the_same),
	    cmocka_unit_test(test_foreign_bytes_are_no_spec),
	    cmocka_unit_test(test_a_copy_of_a_plain_vm_is_a_tiny_vm),
	    cmocka_unit_test(test_a_copy_shares_nothing),
	    cmocka_unit_test(test_a_chosen_name_is_a_name),
	    cmocka_unit_test(test_options_before_the_kind_are_counted),
	    cmocka_unit_test(test_every_option_says_what_it_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
