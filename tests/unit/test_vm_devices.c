/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The devices over hostile guest memory, on a machine without KVM (vm_machine.h): each test plays
 * the guest that writes a packet, an answer, a report, or the user who types, and looks at what
 * the worker was told. Nothing may be read or written outside of memory, nothing waits, and lies
 * end the machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "vm_machine.h"

enum { PACKET_AT = 0x8e000, TEXT_AT = 0x90000 };

static struct vm vm;
static struct told told;

static int set_up(void **state)
{
	(void)state;
	machine_init(&vm, &told);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	machine_finish(&vm);
	return 0;
}

static int32_t send_packet(const struct vm_packet *packet)
{
	int32_t result;
	memory_write(&vm.memory, PACKET_AT, packet, sizeof(*packet));
	console_write_port(&vm, PACKET_AT);
	memory_read(&vm.memory, PACKET_AT + offsetof(struct vm_packet, result), &result,
		    sizeof(result));
	return result;
}

static void test_console_takes_all_pieces_of_a_packet(void **state)
{
	struct vm_packet packet = {.stream = VM_STDOUT,
				   .count = 2,
				   .pieces = {{TEXT_AT, 6}, {TEXT_AT + 100, 5}}};
	(void)state;
	memory_write(&vm.memory, TEXT_AT, "hello ", 6);
	memory_write(&vm.memory, TEXT_AT + 100, "world", 5);
	assert_int_equal(send_packet(&packet), 11);
	assert_string_equal(told.output, "hello world");
}

/* A packet of 17 times all of the RAM would keep the monitor from its socket for seconds. */
static void test_console_takes_at_most_64_kib_at_a_time(void **state)
{
	struct vm_packet packet = {.stream = VM_STDOUT, .count = VM_PACKET_PIECES};
	(void)state;
	for (int i = 0; i < VM_PACKET_PIECES; i++)
		packet.pieces[i] = (struct vm_piece){0, MACHINE_BYTES};
	assert_int_equal(send_packet(&packet), 0x10000);
	packet.pieces[0] = (struct vm_piece){0, 0xffff};
	assert_int_equal(send_packet(&packet), 0x10000);
}

static void test_console_refuses_what_lies_outside_memory(void **state)
{
	struct vm_packet packet = {.stream = VM_STDOUT,
				   .count = 1,
				   .pieces = {{MACHINE_BYTES - 1, 2}}};
	(void)state;
	assert_int_equal(send_packet(&packet), -EFAULT);
	packet.pieces[0] = (struct vm_piece){UINT64_MAX - 1, 8};
	assert_int_equal(send_packet(&packet), -EFAULT);
	packet.pieces[0] = (struct vm_piece){0, UINT64_MAX};
	assert_int_equal(send_packet(&packet), -EFAULT);
	assert_int_equal(told.output_length, 0);
	assert_false(told.has_failed);
}

static void test_console_refuses_counts_streams_and_channels_it_does_not_have(void **state)
{
	struct vm_packet packet = {.stream = VM_STDOUT, .count = VM_PACKET_PIECES + 1};
	(void)state;
	assert_int_equal(send_packet(&packet), -EINVAL);
	packet = (struct vm_packet){.stream = 3};
	assert_int_equal(send_packet(&packet), -EINVAL);
	packet = (struct vm_packet){.stream = VM_STDOUT, .channel = 1};
	assert_int_equal(send_packet(&packet), -EINVAL);
	packet.channel = UINT32_MAX;
	assert_int_equal(send_packet(&packet), -EINVAL);
}

static void test_console_packet_outside_memory_ends_the_machine(void **state)
{
	(void)state;
	assert_int_equal(console_write_port(&vm, MACHINE_BYTES - 4), PORT_ENDED);
	assert_true(told.has_failed);
}

static void test_console_yields_while_the_user_cannot_read(void **state)
{
	struct vm_packet packet = {.stream = VM_STDERR, .count = 1, .pieces = {{TEXT_AT, 1}}};
	(void)state;
	told.output_is_full = true;
	memory_write(&vm.memory, PACKET_AT, &packet, sizeof(packet));
	assert_int_equal(console_write_port(&vm, PACKET_AT), PORT_YIELD);
}

static void test_console_never_waits_for_the_reader_of_an_exec(void **state)
{
	struct vm_packet packet = {.channel = 1,
				   .stream = VM_STDOUT,
				   .count = 1,
				   .pieces = {{TEXT_AT, 0x80000}}};
	int ends[2];
	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	vm.channels[1] = (struct channel){.is_used = true, .fds = {-1, ends[1], -1}};
	int32_t taken = send_packet(&packet);
	assert_in_range(taken, 4096, 0x7ffff); /* as much as the pipe holds */
	assert_int_equal(send_packet(&packet), -EAGAIN);
	assert_int_equal(told.watched, 1);
	close(ends[0]);
	assert_int_equal(send_packet(&packet), -EPIPE);
	channel_finish(&vm, 1);
}

static void test_input_ring_takes_what_fits_and_wraps(void **state)
{
	char bytes[VM_INPUT_BYTES + 100];
	struct vm_input *ring = channel_input(&vm, 0);
	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	assert_int_equal(channel_put_input(&vm, 0, bytes, sizeof(bytes)), VM_INPUT_BYTES);
	assert_int_equal(channel_put_input(&vm, 0, "b", 1), 0);
	ring->tail += 10;
	assert_int_equal(channel_put_input(&vm, 0, "bbbbbbbbbbbb", 12), 10);
	assert_int_equal(ring->data[0], 'b');
	assert_int_equal(ring->data[10], 'a');
	assert_true(vm.vcpu.pending & 1ull << VM_VECTOR_EVENT);
}

static void test_input_ring_with_an_impossible_tail_counts_as_full(void **state)
{
	(void)state;
	channel_input(&vm, 0)->tail = 77;
	assert_int_equal(channel_input_room(&vm, 0), 0);
	assert_int_equal(channel_put_input(&vm, 0, "x", 1), 0);
}

static void test_mailbox_started_is_the_end_of_the_boot_once(void **state)
{
	(void)state;
	assert_int_equal(mailbox_write(&vm, VM_ANSWER(VM_ANSWER_STARTED, 0, 0)), PORT_DONE);
	assert_true(told.is_ready);
	assert_int_equal(told.steps, 1);
	mailbox_write(&vm, VM_ANSWER(VM_ANSWER_STARTED, 0, 0));
	assert_int_equal(told.steps, 1);
}

static void test_mailbox_end_frees_the_channel(void **state)
{
	(void)state;
	vm.channels[3] = (struct channel){.is_used = true, .exec_id = 42, .fds = {-1, -1, -1}};
	assert_int_equal(mailbox_write(&vm, VM_ANSWER(VM_ANSWER_ENDED, 3, 7 << 8)), PORT_YIELD);
	assert_int_equal(told.exec_id, 42);
	assert_int_equal(told.exec_status, 7 << 8);
	assert_false(vm.channels[3].is_used);
}

static void test_mailbox_lies_end_the_machine(void **state)
{
	static const uint32_t lies[] = {
	    VM_ANSWER(VM_ANSWER_ENDED, 1, 0),
	    VM_ANSWER(VM_ANSWER_STARTED, 7, 0),
	    VM_ANSWER(VM_ANSWER_ENDED, 0, 0),
	    VM_ANSWER(VM_ANSWER_ENDED, 255, 0),
	    VM_ANSWER(9, 0, 0),
	    UINT32_MAX,
	};
	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		told = (struct told){0};
		assert_int_equal(mailbox_write(&vm, lies[i]), PORT_ENDED);
		assert_true(told.has_failed);
	}
}

static void test_power_ends_with_the_programs_status(void **state)
{
	(void)state;
	assert_int_equal(power_write(&vm, 3 << 8), PORT_ENDED);
	assert_true(told.has_exited);
	assert_int_equal(told.status, 3 << 8);
}

static void test_panic_report_is_bounded_and_printable(void **state)
{
	struct vm_panic panic = {.kind = VM_PANIC_FAULT, .length = UINT32_MAX, .rip = 0xabc};
	(void)state;
	memset(panic.text, '\x1b', sizeof(panic.text));
	memcpy(panic.text, "page fault", 10);
	memory_write(&vm.memory, PACKET_AT, &panic, sizeof(panic));
	assert_int_equal(panic_write(&vm, PACKET_AT), PORT_ENDED);
	assert_non_null(strstr(told.failure.what, "page fault"));
	assert_non_null(strstr(told.failure.what, "rip 0xabc"));
	assert_null(strchr(told.failure.what, '\x1b'));
}

static void test_panic_outside_memory_still_ends_the_machine(void **state)
{
	(void)state;
	assert_int_equal(panic_write(&vm, UINT32_MAX), PORT_ENDED);
	assert_true(told.has_failed);
}

static void test_port_nobody_has_is_the_guests_error(void **state)
{
	struct err e = {0};
	(void)state;
	assert_null(port_find(tiny_ports, 0x3f8, 1, 1, 1, &e));
	assert_non_null(strstr(e.what, "0x3f8"));
	assert_null(port_find(tiny_ports, VM_PORT_POWER, 4, 1, 0, &e));
	assert_null(port_find(tiny_ports, VM_PORT_POWER, 1, 1, 1, &e));
	assert_null(port_find(tiny_ports, VM_PORT_POWER, 4, 2, 1, &e));
	assert_non_null(port_find(tiny_ports, VM_PORT_POWER, 4, 1, 1, &e));
}

/* ---- the line discipline ---- */

static const char *typed(const char *keys)
{
	static char line[VM_INPUT_BYTES + 1];
	struct vm_input *ring = channel_input(&vm, 0);
	vm.channels[0].is_tty = true;
	terminal_input(&vm, (const uint8_t *)keys, strlen(keys));
	memcpy(line, ring->data, ring->head);
	line[ring->head] = '\0';
	return line;
}

static void test_terminal_echoes_and_hands_over_whole_lines(void **state)
{
	(void)state;
	assert_string_equal(typed("ls"), "");
	assert_string_equal(told.output, "ls");
	assert_string_equal(typed(" -l\r"), "ls -l\n");
	assert_string_equal(told.output, "ls -l\r\n");
}

static void test_terminal_edits_the_line(void **state)
{
	(void)state;
	assert_string_equal(typed("ab\x7f\x63\n"), "ac\n");
	assert_string_equal(typed("one two\x17three\n"), "ac\none three\n");
	assert_string_equal(typed("gone\x15here\n"), "ac\none three\nhere\n");
	assert_string_equal(typed("\xe3\x81\x82\x7fx\n"), "ac\none three\nhere\nx\n");
}

static void test_terminal_control_c_is_a_signal_and_forgets_the_line(void **state)
{
	(void)state;
	assert_string_equal(typed("half\x03"), "");
	assert_true(channel_control(&vm)->channel[0].signals & 1ull << (SIGINT - 1));
	assert_string_equal(typed("x\n"), "x\n");
}

static void test_terminal_control_c_goes_before_input_that_nobody_reads(void **state)
{
	(void)state;
	for (int i = 0; i < 600; i++)
		typed("12\n"); /* the ring holds 2048 bytes */
	typed("1234567890123456789012345678901234567890123456789012345678901234567890\n");
	for (int i = 0; i < 200; i++)
		typed("12\n");
	assert_int_equal(channel_control(&vm)->channel[0].signals, 0);
	assert_int_equal(terminal_input(&vm, (const uint8_t *)"\nlost\n", 6), 0);
	assert_int_equal(terminal_input(&vm, (const uint8_t *)"\nlost\n\x03\n", 8), 7);
	assert_true(channel_control(&vm)->channel[0].signals & 1ull << (SIGINT - 1));
}

static void test_terminal_control_d_is_end_of_file_on_an_empty_line_only(void **state)
{
	(void)state;
	assert_string_equal(typed("ab\x04"), "ab");
	assert_int_equal(channel_input(&vm, 0)->head, 2);
	typed("\x04");
	assert_int_equal(channel_input(&vm, 0)->head, 3);
	assert_int_equal(channel_input(&vm, 0)->data[2], 0);
}

static void test_terminal_bounds_a_line_without_end(void **state)
{
	char keys[3 * TERMINAL_LINE];
	(void)state;
	memset(keys, 'x', sizeof(keys));
	keys[sizeof(keys) - 1] = '\0';
	typed(keys);
	assert_string_equal(typed("") + 0, "");
	typed("\n");
	assert_int_equal(channel_input(&vm, 0)->head, TERMINAL_LINE + 1);
}

static void test_terminal_prints_newlines_as_a_terminal_wants(void **state)
{
	(void)state;
	terminal_output(&vm, "a\nb\n", 4);
	assert_string_equal(told.output, "a\r\nb\r\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_console_takes_all_pieces_of_a_packet),
	    TEST(test_console_takes_at_most_64_kib_at_a_time),
	    TEST(test_console_refuses_what_lies_outside_memory),
	    TEST(test_console_refuses_counts_streams_and_channels_it_does_not_have),
	    TEST(test_console_packet_outside_memory_ends_the_machine),
	    TEST(test_console_yields_while_the_user_cannot_read),
	    TEST(test_console_never_waits_for_the_reader_of_an_exec),
	    TEST(test_input_ring_takes_what_fits_and_wraps),
	    TEST(test_input_ring_with_an_impossible_tail_counts_as_full),
	    TEST(test_mailbox_started_is_the_end_of_the_boot_once),
	    TEST(test_mailbox_end_frees_the_channel),
	    TEST(test_mailbox_lies_end_the_machine),
	    TEST(test_power_ends_with_the_programs_status),
	    TEST(test_panic_report_is_bounded_and_printable),
	    TEST(test_panic_outside_memory_still_ends_the_machine),
	    TEST(test_port_nobody_has_is_the_guests_error),
	    TEST(test_terminal_echoes_and_hands_over_whole_lines),
	    TEST(test_terminal_edits_the_line),
	    TEST(test_terminal_control_c_is_a_signal_and_forgets_the_line),
	    TEST(test_terminal_control_c_goes_before_input_that_nobody_reads),
	    TEST(test_terminal_control_d_is_end_of_file_on_an_empty_line_only),
	    TEST(test_terminal_bounds_a_line_without_end),
	    TEST(test_terminal_prints_newlines_as_a_terminal_wants),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
