/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lab network without a network: which addresses it takes, who has which number, what is
 * answered to whom, how users are found in a namespace within, and messages that are none.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "dns.h"
#include "lab.h"
#include "net_wire.h"
#include "rundir.h"
#include "subnet.h"
#include "table.h"
#include "wire.h"

/* ---- addresses ---- */

static void test_subnet_is_one_the_host_has_no_way_to(void **state)
{
	static const char head[] =
	    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n";
	char routes[512];

	(void)state;
	assert_int_equal(subnet_choose(""), 0x0a584d00);
	/* a default route leads everywhere and is nobody's */
	snprintf(routes, sizeof(routes), "%seth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\n",
		 head);
	assert_int_equal(subnet_choose(routes), 0x0a584d00);
	/* 10.88.77.0/24, as the kernel of a little-endian machine writes it */
	snprintf(routes, sizeof(routes), "%seth0\t004D580A\t00000000\t0001\t0\t0\t0\t00FFFFFF\n",
		 head);
	assert_int_equal(subnet_choose(routes), 0x0a584e00);
	/* 10.0.0.0/8 */
	snprintf(routes, sizeof(routes), "%seth0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\n",
		 head);
	assert_int_equal(subnet_choose(routes), 0xac1f4d00);
	assert_int_equal(subnet_choose("garbage\n\n1 2 3\n"), 0x0a584d00);
}

/* ---- numbers ---- */

static void test_lowest_unused_number_comes_first_and_names_keep_theirs(void **state)
{
	struct table table = {0};

	(void)state;
	assert_int_equal(table_join(&table, "one", ""), 5);
	assert_int_equal(table_join(&table, "two", "second"), 6);
	table_leave(&table, 5);
	assert_int_equal(table_join(&table, "three", ""), 7);
	assert_int_equal(table_join(&table, "one", ""), 5);
	assert_int_equal(table.count, 3);
	assert_int_equal(table_find(&table, "TWO"), 6);
	assert_int_equal(table_find(&table, "second"), 6);
	table_leave(&table, 6);
	assert_int_equal(table_find(&table, "two"), 0);
	assert_int_equal(table_find(&table, "second"), 0);
	table_leave(&table, 6);
	assert_int_equal(table.count, 2);
}

static void test_full_table_gives_no_number_and_then_the_one_left_longest(void **state)
{
	struct table table = {0};
	char name[16];

	(void)state;
	for (int i = 0; i < TABLE_SIZE; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(table_join(&table, name, ""), NET_NUMBER_FIRST + i);
	}
	assert_int_equal(table_join(&table, "late", ""), -ENOSPC);
	table_leave(&table, 100);
	table_leave(&table, 50);
	assert_int_equal(table_join(&table, "late", ""), 100);
	assert_int_equal(table_join(&table, "../evil", ""), -EINVAL);
	assert_int_equal(table_join(&table, "", ""), -EINVAL);
	assert_null(table_get(&table, 1));
	assert_null(table_get(&table, 255));
}

/* ---- names ---- */

struct asked {
	uint8_t packet[DNS_QUESTION_MAX + 8], answer[DNS_ANSWER_MAX];
	size_t length, answer_length;
	enum dns_fate fate;
};

static struct table members;

static const struct dns_zone *zone(bool can_forward)
{
	static struct dns_zone made;

	made = (struct dns_zone){.network = 0x0a584d00,
				 .network6 = {0xfd, 'i', 'o', 'b'},
				 .table = &members,
				 .can_forward = can_forward};
	if (!members.count) {
		table_join(&members, "web", "shop");
		table_join(&members, "a.b", "");
	}
	return &made;
}

static void ask(struct asked *asked, const char *name, unsigned type, bool can_forward)
{
	static const uint8_t header[] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};

	memcpy(asked->packet, header, sizeof(header));
	asked->length = sizeof(header);
	while (*name) {
		size_t label = strcspn(name, ".");
		asked->packet[asked->length++] = (uint8_t)label;
		memcpy(asked->packet + asked->length, name, label);
		asked->length += label;
		name += label + (name[label] == '.');
	}
	const uint8_t tail[] = {0, 0, (uint8_t)type, 0, 1};
	memcpy(asked->packet + asked->length, tail, sizeof(tail));
	asked->length += sizeof(tail);
	asked->fate = dns_handle(zone(can_forward), asked->packet, asked->length, asked->answer,
				 &asked->answer_length);
}

static unsigned code_of(const struct asked *asked)
{
	return asked->answer[3] & 15;
}

static void expect_address(const char *name, uint8_t last)
{
	const uint8_t wanted[] = {10, 88, 77, last};
	struct asked asked;

	ask(&asked, name, 1, true);
	assert_int_equal(asked.fate, DNS_ANSWER);
	assert_int_equal(code_of(&asked), 0);
	assert_int_equal(asked.answer[7], 1);
	assert_memory_equal(asked.answer + asked.answer_length - 4, wanted, 4);
}

static void test_names_of_the_lab_have_addresses(void **state)
{
	struct asked asked;

	(void)state;
	expect_address("web", 5);
	expect_address("WeB.LAB", 5);
	expect_address("shop", 5);
	expect_address("a.b", 6);
	expect_address("a.b.lab", 6);
	expect_address("gateway", 1);
	ask(&asked, "web", 28, false);
	assert_int_equal(asked.answer[7], 1);
	assert_int_equal(asked.answer[asked.answer_length - 1], 5);
	/* a name that is there without what was asked for is no error */
	ask(&asked, "web", 16, false);
	assert_int_equal(code_of(&asked), 0);
	assert_int_equal(asked.answer[7], 0);
}

static void test_addresses_of_the_lab_have_names(void **state)
{
	static const uint8_t name[] = "\3web\3lab";
	struct asked asked;

	(void)state;
	ask(&asked, "5.77.88.10.in-addr.arpa", 12, true);
	assert_int_equal(code_of(&asked), 0);
	assert_memory_equal(asked.answer + asked.answer_length - sizeof(name), name, sizeof(name));
	ask(&asked, "5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.6.f.6.9.6.d.f.ip6.arpa", 12,
	    true);
	assert_int_equal(code_of(&asked), 0);
	assert_memory_equal(asked.answer + asked.answer_length - sizeof(name), name, sizeof(name));
	ask(&asked, "9.77.88.10.in-addr.arpa", 12, true);
	assert_int_equal(code_of(&asked), 3);
	ask(&asked, "5.78.88.10.in-addr.arpa", 12, true);
	assert_int_equal(asked.fate, DNS_FORWARD);
}

static void test_only_foreign_names_leave_the_lab(void **state)
{
	struct asked asked;

	(void)state;
	ask(&asked, "example.org", 1, true);
	assert_int_equal(asked.fate, DNS_FORWARD);
	ask(&asked, "example.org", 1, false);
	assert_int_equal(asked.fate, DNS_ANSWER);
	assert_int_equal(code_of(&asked), 3);
	ask(&asked, "nobody", 1, true);
	assert_int_equal(code_of(&asked), 3);
	ask(&asked, "nobody.lab", 1, true);
	assert_int_equal(code_of(&asked), 3);
	ask(&asked, "", 1, true);
	assert_int_equal(asked.fate, DNS_FORWARD);
}

static enum dns_fate fate_of(const char *packet, size_t length, unsigned *code)
{
	uint8_t answer[DNS_ANSWER_MAX] = {0};
	size_t answer_length = 0;
	enum dns_fate fate = dns_handle(zone(true), (const uint8_t *)packet, length, answer,
					&answer_length);

	*code = answer[3] & 15;
	return fate;
}

#define FATE(text, code) fate_of(text, sizeof(text) - 1, code)

static void test_what_is_no_question_is_dropped_or_refused(void **state)
{
	unsigned code;

	(void)state;
	assert_int_equal(FATE("", &code), DNS_DROP);
	assert_int_equal(FATE("\0\1\1\0\0\1\0\0\0\0\0", &code), DNS_DROP);
	/* an answer is never answered */
	assert_int_equal(FATE("\0\1\x81\x80\0\1\0\0\0\0\0\0\3web\0\0\1\0\1", &code), DNS_DROP);
	/* no question, two questions, cut, compressed, another opcode */
	assert_int_equal(FATE("\0\1\1\0\0\0\0\0\0\0\0\0", &code), DNS_ANSWER);
	assert_int_equal(code, 1);
	FATE("\0\1\1\0\0\2\0\0\0\0\0\0\3web\0\0\1\0\1", &code);
	assert_int_equal(code, 1);
	FATE("\0\1\1\0\0\1\0\0\0\0\0\0\3web\0\0\1\0", &code);
	assert_int_equal(code, 1);
	FATE("\0\1\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", &code);
	assert_int_equal(code, 1);
	FATE("\0\1\1\0\0\1\0\0\0\0\0\0\4w.eb\0\0\1\0\1", &code);
	assert_int_equal(code, 1);
	FATE("\0\1\x28\0\0\1\0\0\0\0\0\0\3web\0\0\1\0\1", &code);
	assert_int_equal(code, 4);
	/* class CHAOS */
	FATE("\0\1\1\0\0\1\0\0\0\0\0\0\3web\0\0\1\0\3", &code);
	assert_int_equal(code, 5);
}

static void test_longest_name_fits_and_a_longer_one_is_refused(void **state)
{
	char name[300];
	struct asked asked;

	(void)state;
	memset(name, 'a', sizeof(name));
	for (size_t i = 63; i < sizeof(name); i += 64)
		name[i] = '.';
	name[253] = '\0';
	ask(&asked, name, 1, true);
	assert_int_equal(asked.fate, DNS_FORWARD);
	name[253] = 'a';
	name[280] = '\0';
	ask(&asked, name, 1, true);
	assert_int_equal(asked.fate, DNS_ANSWER);
	assert_int_equal(code_of(&asked), 1);
}

/* ---- users ---- */

static void test_maps_are_translated_to_a_namespace_within(void **state)
{
	struct idmap own = {.first_uid = 1000, .first_gid = 1000, .count = 1}, found;

	(void)state;
	assert_int_equal(lab_translate(&own, "0 1000 1\n", "0 1000 1\n", &found), 0);
	assert_int_equal(found.first_uid, 0);
	own.range_uid = own.range_gid = 100000;
	own.range_count = 65535;
	assert_int_equal(lab_translate(&own, "0 1000 1\n", "0 1000 1\n", &found), -ERANGE);
	assert_int_equal(lab_translate(&own, "0 1000 1\n1 100000 65536\n",
				       "0 1000 1\n1 100000 65536\n", &found),
			 0);
	assert_int_equal(found.range_uid, 1);
	struct idmap whole = {.first_uid = 0x70000000, .first_gid = 0x70000000, .count = 65536};
	assert_int_equal(lab_translate(&whole, "0 1879048191 1\n1 1879048192 65536",
				       "0 1879048191 1\n1 1879048192 65536", &found),
			 0);
	assert_int_equal(found.first_uid, 1);
	assert_int_equal(found.count, 65536);
	assert_int_equal(lab_translate(&whole, "", "", &found), -ERANGE);
}

/* ---- messages ---- */

static void test_messages_of_another_form_are_refused(void **state)
{
	struct net_wire message = {.magic = NET_WIRE_MAGIC, .type = NET_JOIN, .name = "web"}, got;

	(void)state;
	assert_int_equal(net_wire_check(&message, sizeof(message), &got), 0);
	assert_int_equal(net_wire_check(&message, sizeof(message) - 1, &got), -EPROTO);
	message.type = 99;
	assert_int_equal(net_wire_check(&message, sizeof(message), &got), -EPROTO);
	message.type = NET_JOIN;
	memset(message.name, 'a', sizeof(message.name));
	assert_int_equal(net_wire_check(&message, sizeof(message), &got), -EPROTO);
	message.name[0] = '\0';
	message.magic = 1;
	assert_int_equal(net_wire_check(&message, sizeof(message), &got), -EPROTO);
}

static void test_a_message_travels_with_one_descriptor(void **state)
{
	struct net_wire message = {.type = NET_ATTACH, .name = "web"}, got;
	int ends[2], fd = -1;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	assert_int_equal(net_wire_send(ends[0], &message, ends[0]), 0);
	assert_int_equal(net_wire_receive(ends[1], 1000, &got, &fd), 1);
	assert_string_equal(got.name, "web");
	assert_true(fd > 2);
	close(fd);
	assert_int_equal(net_wire_receive(ends[1], 1, &got, &fd), -ETIMEDOUT);
	close(ends[0]);
	assert_int_equal(net_wire_receive(ends[1], 1000, &got, &fd), 0);
	close(ends[1]);
}

static void test_an_error_comes_back_with_its_hint(void **state)
{
	struct err told = {0}, heard = {0};
	struct net_wire message;

	(void)state;
	err_hint(&told, err_set(&told, ENOSPC, "the lab is full"), "remove some");
	net_wire_set_error(&message, &told);
	assert_int_equal(net_wire_take_error(&message, &heard), -ENOSPC);
	assert_string_equal(heard.what, "the lab is full");
	assert_string_equal(heard.hint, "remove some");
}

/* ---- the directory ---- */

static int count_name(void *arg, const char *name)
{
	(void)name;
	++*(int *)arg;
	return 0;
}

static void test_directory_is_made_by_one_and_swept_when_nobody_has_it(void **state)
{
	char path[] = "/tmp/isolab-test-lab-XXXXXX", base[64];
	struct rundir dir, other;
	int listen_fd = -1, unused_fd = -1, names = 0;

	(void)state;
	assert_non_null(mkdtemp(path));
	setenv("XDG_RUNTIME_DIR", path, 1);
	int base_fd = rundir_open_base(NULL);
	assert_true(base_fd >= 0);
	assert_int_equal(rundir_open_lab(base_fd, &other), -ENOENT);
	assert_int_equal(rundir_create_lab(base_fd, &dir, &listen_fd, NULL), 0);
	assert_int_equal(rundir_create_lab(base_fd, &other, &unused_fd, NULL), -EEXIST);
	/* it is no sandbox, and is left alone while it is locked */
	assert_int_equal(rundir_list(base_fd, count_name, &names, NULL), 0);
	assert_int_equal(names, 0);
	assert_int_equal(rundir_sweep(base_fd, NULL), 0);
	int connection = wire_connect(dir.fd, NULL);
	assert_true(connection >= 0);
	close(connection);
	rundir_finish(&dir);
	assert_int_equal(rundir_sweep(base_fd, NULL), 1);
	assert_int_equal(rundir_open_lab(base_fd, &other), -ENOENT);
	close(listen_fd);
	close(base_fd);
	snprintf(base, sizeof(base), "%s/isolab", path);
	assert_int_equal(rmdir(base), 0);
	assert_int_equal(rmdir(path), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_subnet_is_one_the_host_has_no_way_to),
	    cmocka_unit_test(test_lowest_unused_number_comes_first_and_names_keep_theirs),
	    cmocka_unit_test(test_full_table_gives_no_number_and_then_the_one_left_longest),
	    cmocka_unit_test(test_names_of_the_lab_have_addresses),
	    cmocka_unit_test(test_addresses_of_the_lab_have_names),
	    cmocka_unit_test(test_only_foreign_names_leave_the_lab),
	    cmocka_unit_test(test_what_is_no_question_is_dropped_or_refused),
	    cmocka_unit_test(test_longest_name_fits_and_a_longer_one_is_refused),
	    cmocka_unit_test(test_maps_are_translated_to_a_namespace_within),
	    cmocka_unit_test(test_messages_of_another_form_are_refused),
	    cmocka_unit_test(test_a_message_travels_with_one_descriptor),
	    cmocka_unit_test(test_an_error_comes_back_with_its_hint),
	    cmocka_unit_test(test_directory_is_made_by_one_and_swept_when_nobody_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
