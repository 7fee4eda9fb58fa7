/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * KVM's binary statistics, from blocks as a kernel writes them and as none would; and the worker's
 * file of counters, from a worker that its guest has taken over.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "kvmstats.h"

enum { NAME_SIZE = 48, DESC_OFFSET = 72, STRIDE = sizeof(struct kvm_stats_desc) + NAME_SIZE };

static uint8_t block[4096];
static size_t length;
static struct vm_counters counters;

static void put_header(uint32_t count)
{
	struct kvm_stats_header header = {.name_size = NAME_SIZE,
					  .num_desc = count,
					  .id_offset = sizeof(header),
					  .desc_offset = DESC_OFFSET,
					  .data_offset = DESC_OFFSET + count * STRIDE};

	memset(block, 0, sizeof(block));
	memset(&counters, 0, sizeof(counters));
	memcpy(block, &header, sizeof(header));
	length = header.data_offset + 8 * (size_t)count;
}

static void put_counter(uint32_t index, const char *name, uint64_t value, uint32_t flags)
{
	struct kvm_stats_header header;
	struct kvm_stats_desc about = {.flags = flags, .size = 1, .offset = 8 * index};
	uint8_t *at = block + DESC_OFFSET + (size_t)index * STRIDE;

	memcpy(&header, block, sizeof(header));
	memcpy(at, &about, sizeof(about));
	memcpy(at + sizeof(about), name, strnlen(name, NAME_SIZE));
	memcpy(block + header.data_offset + 8 * index, &value, sizeof(value));
}

static void test_plain_counters_are_read_by_name(void **state)
{
	(void)state;
	put_header(3);
	put_counter(0, "exits", 812, 0);
	put_counter(1, "halt_wait_ns", 5, KVM_STATS_UNIT_SECONDS);
	put_counter(2, "io_exits", 3, 0);
	assert_int_equal(kvmstats_parse(block, length, &counters), 0);
	assert_int_equal(counters.count, 2);
	assert_string_equal(counters.counter[0].name, "exits");
	assert_int_equal(counters.counter[0].value, 812);
	assert_string_equal(counters.counter[1].name, "io_exits");
	assert_int_equal(counters.counter[1].value, 3);
}

static void test_processors_are_added_up(void **state)
{
	(void)state;
	put_header(1);
	put_counter(0, "exits", 40, 0);
	assert_int_equal(kvmstats_parse(block, length, &counters), 0);
	assert_int_equal(kvmstats_parse(block, length, &counters), 0);
	assert_int_equal(counters.count, 1);
	assert_int_equal(counters.counter[0].value, 80);
}

static void test_levels_histograms_and_odd_names_are_left_out(void **state)
{
	struct kvm_stats_desc many = {.size = 32, .offset = 0};
	(void)state;
	put_header(4);
	put_counter(0, "pages_4k", 7, KVM_STATS_TYPE_INSTANT);
	put_counter(1, "\033[31mred", 7, 0);
	put_counter(2, "a_name_of_more_than_thirty_one_letters", 7, 0);
	put_counter(3, "hist", 7, 0);
	memcpy(block + DESC_OFFSET + 3 * (size_t)STRIDE, &many, sizeof(many));
	assert_int_equal(kvmstats_parse(block, length, &counters), 0);
	assert_int_equal(counters.count, 0);
}

static void test_name_without_an_end_is_left_out(void **state)
{
	char endless[NAME_SIZE + 1];
	(void)state;
	memset(endless, 'x', sizeof(endless));
	put_header(1);
	put_counter(0, endless, 7, 0);
	assert_int_equal(kvmstats_parse(block, length, &counters), 0);
	assert_int_equal(counters.count, 0);
}

static void test_number_outside_of_the_block_is_left_out(void **state)
{
	(void)state;
	put_header(2);
	put_counter(0, "exits", 1, 0);
	put_counter(1, "io_exits", 1, 0);
	assert_int_equal(kvmstats_parse(block, length - 1, &counters), 0);
	assert_int_equal(counters.count, 1);
}

static void test_block_that_contradicts_itself_is_refused(void **state)
{
	struct kvm_stats_header header;
	(void)state;
	put_header(1);
	assert_int_equal(kvmstats_parse(block, 10, &counters), -EBADMSG);
	assert_int_equal(kvmstats_parse(block, DESC_OFFSET + 1, &counters), -EBADMSG);
	memcpy(&header, block, sizeof(header));
	header.num_desc = UINT32_MAX;
	memcpy(block, &header, sizeof(header));
	assert_int_equal(kvmstats_parse(block, length, &counters), -EBADMSG);
	header.num_desc = 1;
	header.name_size = UINT32_MAX;
	memcpy(block, &header, sizeof(header));
	assert_int_equal(kvmstats_parse(block, length, &counters), -EBADMSG);
	header.name_size = NAME_SIZE;
	header.data_offset = UINT32_MAX;
	memcpy(block, &header, sizeof(header));
	assert_int_equal(kvmstats_parse(block, length, &counters), -EBADMSG);
}

static void test_more_counters_than_there_is_room_for(void **state)
{
	char name[8] = "c00";
	uint8_t large[16384];
	struct kvm_stats_header header = {.name_size = NAME_SIZE,
					  .num_desc = VM_COUNTERS_MAX + 5,
					  .desc_offset = DESC_OFFSET,
					  .data_offset = 0};
	(void)state;
	memset(&counters, 0, sizeof(counters));
	memset(large, 0, sizeof(large));
	memcpy(large, &header, sizeof(header));
	for (unsigned i = 0; i < header.num_desc; i++) {
		struct kvm_stats_desc about = {.size = 1};
		uint8_t *at = large + DESC_OFFSET + (size_t)i * STRIDE;

		name[1] = (char)('0' + i / 10);
		name[2] = (char)('0' + i % 10);
		memcpy(at, &about, sizeof(about));
		memcpy(at + sizeof(about), name, 4);
	}
	assert_int_equal(kvmstats_parse(large, sizeof(large), &counters), 0);
	assert_int_equal(counters.count, VM_COUNTERS_MAX);
}

static void test_file_with_a_hostile_name_or_count_is_none_of_ours(void **state)
{
	struct vm_stats stats = {.magic = VM_STATS_MAGIC, .kvm.count = 1}, ret;
	int fd = memfd_create("stats", MFD_CLOEXEC);
	(void)state;
	memcpy(stats.kvm.counter[0].name, "exits", 6);
	assert_int_equal(pwrite(fd, &stats, sizeof(stats), 0), sizeof(stats));
	assert_int_equal(vm_stats_read(fd, &ret), 0);
	memcpy(stats.kvm.counter[0].name, "a\nb", 4);
	assert_int_equal(pwrite(fd, &stats, sizeof(stats), 0), sizeof(stats));
	assert_int_equal(vm_stats_read(fd, &ret), -EBADMSG);
	memset(stats.kvm.counter[0].name, 'x', VM_COUNTER_NAME);
	assert_int_equal(pwrite(fd, &stats, sizeof(stats), 0), sizeof(stats));
	assert_int_equal(vm_stats_read(fd, &ret), -EBADMSG);
	stats.kvm.count = VM_COUNTERS_MAX + 1;
	assert_int_equal(pwrite(fd, &stats, sizeof(stats), 0), sizeof(stats));
	assert_int_equal(vm_stats_read(fd, &ret), -EBADMSG);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_plain_counters_are_read_by_name),
	    cmocka_unit_test(test_processors_are_added_up),
	    cmocka_unit_test(test_levels_histograms_and_odd_names_are_left_out),
	    cmocka_unit_test(test_name_without_an_end_is_left_out),
	    cmocka_unit_test(test_number_outside_of_the_block_is_left_out),
	    cmocka_unit_test(test_block_that_contradicts_itself_is_refused),
	    cmocka_unit_test(test_more_counters_than_there_is_room_for),
	    cmocka_unit_test(test_file_with_a_hostile_name_or_count_is_none_of_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
