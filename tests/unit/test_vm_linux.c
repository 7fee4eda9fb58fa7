/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parts of the machine that boots Linux, each on plain memory: bus, serial port, kernel loader,
 * ACPI tables, the agent's messages. A whole boot needs a KVM that can run a kernel: the rig.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <asm/bootparam.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "acpi.h"
#include "agent.h"
#include "bus.h"
#include "fd.h"
#include "linux_boot.h"
#include "serial.h"

enum { RAM = 64 << 20 };

/* ---- bus ---- */

static uint64_t tell_offset(void *device, uint64_t offset, unsigned width)
{
	return *(uint64_t *)device + offset * 16 + width;
}

static void test_bus_answers_inside_a_region_and_is_empty_elsewhere(void **state)
{
	uint64_t base = 0x1000;
	struct bus bus = {0};
	struct bus_region region = {
	    .kind = BUS_PORT, .start = 0x3f8, .length = 8, .device = &base, .read = tell_offset};

	(void)state;
	assert_int_equal(bus_add(&bus, &region, NULL), 0);
	assert_int_equal(bus_read(&bus, BUS_PORT, 0x3fa, 1), 0x1000 + 2 * 16 + 1);
	assert_true(bus_read(&bus, BUS_PORT, 0x400, 1) == UINT64_MAX);
	assert_true(bus_read(&bus, BUS_PORT, 0x3ff, 2) == UINT64_MAX); /* over its end */
	assert_true(bus_read(&bus, BUS_MEMORY, 0x3fa, 1) == UINT64_MAX);
	bus_write(&bus, BUS_PORT, 0x3fa, 1, 5); /* a device that takes no writes */
	region.start = 0x3ff;
	assert_int_equal(bus_add(&bus, &region, NULL), -EEXIST);
	region.length = 1;
	for (region.start = 0x500; bus.count < BUS_REGIONS_MAX; region.start++)
		assert_int_equal(bus_add(&bus, &region, NULL), 0);
	assert_int_equal(bus_add(&bus, &region, NULL), -ENOSPC);
}

/* ---- serial ---- */

struct line {
	char sent[64];
	size_t count;
	bool level;
	unsigned changes;
};

static void note_byte(void *arg, uint8_t byte)
{
	struct line *line = arg;

	line->sent[line->count++ % sizeof(line->sent)] = (char)byte;
}

static void note_level(void *arg, bool level)
{
	struct line *line = arg;

	line->level = level;
	line->changes++;
}

static void test_serial_sends_and_interrupts_when_asked_to(void **state)
{
	struct serial serial;
	struct line line = {0};

	(void)state;
	serial_init(&serial, note_byte, note_level, &line);
	serial_write(&serial, 0, 1, 'a');
	assert_int_equal(line.sent[0], 'a');
	assert_false(line.level);
	serial_write(&serial, 1, 1, 2); /* tell when a byte is sent: it has been */
	assert_true(line.level);
	assert_int_equal(serial_read(&serial, 2, 1), 2);
	assert_false(line.level); /* by reading why */
	assert_int_equal(serial_read(&serial, 2, 1), 1);
	serial_write(&serial, 0, 1, 'b');
	assert_true(line.level);
}

static void test_serial_keeps_what_arrives_until_it_is_read(void **state)
{
	static uint8_t many[SERIAL_QUEUE_BYTES + 10];
	struct serial serial;
	struct line line = {0};

	(void)state;
	serial_init(&serial, note_byte, note_level, &line);
	serial_write(&serial, 1, 1, 1);
	assert_int_equal(serial_receive(&serial, "xy", 2), 2);
	assert_true(line.level);
	assert_int_equal(serial_read(&serial, 5, 1) & 1, 1);
	assert_int_equal(serial_read(&serial, 0, 1), 'x');
	assert_true(line.level);
	assert_int_equal(serial_read(&serial, 0, 1), 'y');
	assert_false(line.level);
	assert_int_equal(serial_read(&serial, 0, 1), 0);
	assert_int_equal(serial_receive(&serial, many, sizeof(many)), SERIAL_QUEUE_BYTES);
}

static void test_serial_passes_a_driver_s_probing(void **state)
{
	struct serial serial;
	struct line line = {0};

	(void)state;
	serial_init(&serial, note_byte, note_level, &line);
	serial_write(&serial, 7, 1, 0x5a); /* scratch */
	assert_int_equal(serial_read(&serial, 7, 1), 0x5a);
	serial_write(&serial, 4, 1, 0x1a); /* looped back */
	assert_int_equal(serial_read(&serial, 6, 1) & 0xf0, 0x90);
	serial_write(&serial, 0, 1, 'l');
	assert_int_equal(line.count, 0);
	assert_int_equal(serial_read(&serial, 0, 1), 'l');
	serial_write(&serial, 2, 1, 1);
	assert_int_equal(serial_read(&serial, 2, 1) & 0xc0, 0xc0); /* a 16550A */
	serial_write(&serial, 3, 1, 0x80);                         /* the divisor */
	serial_write(&serial, 0, 1, 1);
	assert_int_equal(serial_read(&serial, 0, 1), 1);
	assert_true(serial_read(&serial, 0, 4) == UINT64_MAX);
	assert_true(serial_read(&serial, 8, 1) == UINT64_MAX);
}

/* ---- the kernel loader ---- */

static int file_of(const void *bytes, size_t length)
{
	int fd = memfd_create("kernel", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, bytes, length), 0);
	return fd;
}

/* The smallest file that says what a 64-bit bzImage says. */
static void make_bzimage(uint8_t *file, size_t bytes)
{
	struct setup_header *setup = (void *)(file + offsetof(struct boot_params, hdr));

	memset(file, 0, bytes);
	setup->setup_sects = 1;
	setup->boot_flag = 0xaa55;
	setup->header = 0x53726448;
	setup->version = 0x20f;
	setup->loadflags = LOADED_HIGH;
	setup->xloadflags = XLF_KERNEL_64;
	setup->pref_address = 16 << 20;
	setup->init_size = 8 << 20;
	setup->syssize = (uint32_t)((bytes - 1024) / 16);
	setup->initrd_addr_max = 0x7fffffff;
	memset(file + 1024, 0x90, bytes - 1024);
}

static int load(const void *bytes, size_t length, struct memory *memory, struct linux_image *image,
		struct err *e)
{
	auto_close int fd = file_of(bytes, length);

	return linux_load_kernel(memory, fd, image, e);
}

static void test_bzimage_lies_where_the_protocol_wants_it(void **state)
{
	static uint8_t file[8192];
	struct memory memory;
	struct linux_image image;

	(void)state;
	make_bzimage(file, sizeof(file));
	assert_int_equal(memory_init(&memory, RAM, NULL), 0);
	assert_int_equal(load(file, sizeof(file), &memory, &image, NULL), 0);
	assert_int_equal(image.entry, 0x100200);
	assert_int_equal(memory.host[0x100000], 0x90);
	assert_int_equal(linux_place_initramfs(&memory, &image, 5000, NULL), 0);
	assert_int_equal(image.initramfs_start, RAM - 8192);
	assert_int_equal(linux_set_command_line(&memory, "quiet", 0xe0000, NULL), 0);
	const struct boot_params *params = memory_at(&memory, LINUX_BOOT_PARAMS, sizeof(*params));
	assert_int_equal(params->hdr.ramdisk_size, 5000);
	assert_int_equal(params->e820_entries, 2);
	assert_int_equal(params->e820_table[1].addr + params->e820_table[1].size, RAM);
	assert_string_equal((char *)memory.host + params->hdr.cmd_line_ptr, "quiet");
	memory_finish(&memory);
}

static void expect_refusal(const void *bytes, size_t length, uint64_t ram, int code,
			   const char *what)
{
	struct memory memory;
	struct linux_image image;
	struct err error = {0};

	assert_int_equal(memory_init(&memory, ram, NULL), 0);
	assert_int_equal(load(bytes, length, &memory, &image, &error), -code);
	if (!strstr(error.what, what))
		fail_msg("'%s' is not in '%s'", what, error.what);
	assert_true(error.hint[0]);
	memory_finish(&memory);
}

static void test_files_that_are_no_kernels_are_refused_by_name(void **state)
{
	static uint8_t file[8192];
	struct setup_header *setup = (void *)(file + offsetof(struct boot_params, hdr));
	Elf64_Ehdr *elf = (void *)file;

	(void)state;
	expect_refusal("#!/bin/sh\n", 10, RAM, ENOEXEC, "no Linux kernel");
	expect_refusal("", 0, RAM, ENOEXEC, "no Linux kernel");
	make_bzimage(file, sizeof(file));
	setup->syssize *= 2;
	expect_refusal(file, sizeof(file), RAM, ENOEXEC, "cut off");
	make_bzimage(file, sizeof(file));
	setup->xloadflags = 0;
	expect_refusal(file, sizeof(file), RAM, ENOEXEC, "32-bit");
	make_bzimage(file, sizeof(file));
	setup->version = 0x204;
	expect_refusal(file, sizeof(file), RAM, ENOEXEC, "2.12");
	make_bzimage(file, sizeof(file));
	expect_refusal(file, sizeof(file), 20 << 20, ENOMEM, "needs 24 MiB");
	setup->pref_address = UINT64_MAX;
	setup->init_size = UINT32_MAX;
	expect_refusal(file, sizeof(file), 1 << 19, ENOMEM, "needs");
	memset(file, 0, sizeof(file));
	memcpy(elf->e_ident, ELFMAG, SELFMAG);
	elf->e_ident[EI_CLASS] = ELFCLASS64;
	elf->e_machine = EM_AARCH64;
	expect_refusal(file, sizeof(file), RAM, ENOEXEC, "another processor");
	elf->e_machine = EM_X86_64;
	elf->e_phentsize = sizeof(Elf64_Phdr);
	elf->e_phnum = 1;
	elf->e_phoff = UINT64_MAX - 8;
	expect_refusal(file, sizeof(file), RAM, ENOEXEC, "");
	elf->e_phoff = sizeof(*elf);
	Elf64_Phdr *segment = (void *)(file + sizeof(*elf));
	*segment = (Elf64_Phdr){.p_type = PT_LOAD,
				.p_paddr = UINT64_MAX - 10,
				.p_memsz = 100,
				.p_filesz = 10};
	expect_refusal(file, sizeof(file), RAM, ENOEXEC, "a program, not a kernel");
	segment->p_paddr = 1 << 20;
	expect_refusal(file, sizeof(file), RAM, ENOEXEC, "a program, not a kernel");
	segment->p_vaddr = UINT64_MAX << 31;
	expect_refusal(file, sizeof(file), RAM, ENOEXEC, "starts outside itself");
}

static void test_initramfs_larger_than_memory_is_refused(void **state)
{
	static uint8_t file[8192];
	struct memory memory;
	struct linux_image image;
	struct err error = {0};

	(void)state;
	make_bzimage(file, sizeof(file));
	assert_int_equal(memory_init(&memory, RAM, NULL), 0);
	assert_int_equal(load(file, sizeof(file), &memory, &image, NULL), 0);
	assert_int_equal(linux_place_initramfs(&memory, &image, RAM, &error), -ENOMEM);
	assert_non_null(strstr(error.what, "does not fit beside the kernel"));
	assert_int_equal(linux_place_initramfs(&memory, &image, UINT64_MAX, NULL), -ENOMEM);
	memory_finish(&memory);
}

/* ---- ACPI ---- */

static unsigned sum(const uint8_t *bytes, size_t length)
{
	unsigned all = 0;

	while (length)
		all += bytes[--length];
	return all & 0xff;
}

static void test_acpi_tables_add_up(void **state)
{
	struct memory memory;
	struct acpi_machine machine = {.cpus = 3, .virtio = {17, 0xd0000000, 0x1000, 5}};
	uint64_t tables[2];
	uint32_t length;

	(void)state;
	assert_int_equal(memory_init(&memory, RAM, NULL), 0);
	assert_int_equal(acpi_write(&memory, &machine, NULL), 0);
	const uint8_t *root = memory.host + ACPI_TABLES;
	assert_memory_equal(root, "RSD PTR ", 8);
	assert_int_equal(sum(root, 20), 0);
	assert_int_equal(sum(root, 36), 0);
	memcpy(&tables[0], root + 24, sizeof(tables[0]));
	const uint8_t *list = memory.host + tables[0];
	assert_memory_equal(list, "XSDT", 4);
	memcpy(tables, list + 36, sizeof(tables));
	for (int i = 0; i < 2; i++) {
		const uint8_t *table = memory.host + tables[i];
		assert_memory_equal(table, i ? "APIC" : "FACP", 4);
		memcpy(&length, table + 4, sizeof(length));
		assert_int_equal(sum(table, length), 0);
		if (i)
			assert_int_equal(length, 44 + 12 + 3 * 8);
	}
	machine.virtio.count = 99;
	assert_int_equal(acpi_write(&memory, &machine, NULL), -E2BIG);
	memory_finish(&memory);
}

/* ---- the agent's messages ---- */

static size_t put(uint8_t *to, uint8_t type, uint8_t program, uint32_t value, const char *body)
{
	struct agent_header header = {.magic = AGENT_MAGIC,
				      .type = type,
				      .program = program,
				      .value = value,
				      .length = (uint32_t)strlen(body)};

	memcpy(to, &header, sizeof(header));
	memcpy(to + sizeof(header), body, header.length);
	return sizeof(header) + header.length;
}

static void test_messages_come_whole_however_they_are_cut(void **state)
{
	uint8_t stream[256] = "noise";
	size_t length = 5;
	auto_free struct agent_parser *parser = NULL;

	(void)state;
	length += put(stream + length, AGENT_OUTPUT, 0, 1, "hello");
	length += put(stream + length, AGENT_EXITED, 3, 7, "");
	for (size_t cut = 1; cut < length; cut++) {
		unsigned seen = 0;
		parser = calloc(1, sizeof(*parser));
		for (size_t at = 0; at < length;) {
			size_t piece = length - at < cut ? length - at : cut;
			bool is_whole;
			ssize_t taken = agent_parse(parser, stream + at, piece, &is_whole, NULL);
			assert_true(taken > 0);
			at += (size_t)taken;
			if (is_whole && seen++ == 0)
				assert_string_equal((char *)parser->body, "hello");
		}
		assert_int_equal(seen, 2);
		assert_int_equal(parser->header.type, AGENT_EXITED);
		assert_int_equal(parser->header.program, 3);
		free(parser);
		parser = NULL;
	}
}

static void test_messages_that_cannot_be_are_refused(void **state)
{
	auto_free struct agent_parser *parser = calloc(1, sizeof(*parser));
	struct agent_header header = {.magic = AGENT_MAGIC, .length = AGENT_BODY_MAX + 1};
	bool is_whole;

	(void)state;
	assert_int_equal(agent_parse(parser, (void *)&header, sizeof(header), &is_whole, NULL),
			 -EPROTO);
	header.length = 0;
	header.program = AGENT_PROGRAMS_MAX;
	assert_int_equal(agent_parse(parser, (void *)&header, sizeof(header), &is_whole, NULL),
			 -EPROTO);
	header.program = 0;
	assert_int_equal(agent_parse(parser, (void *)&header, sizeof(header), &is_whole, NULL),
			 sizeof(header));
	assert_true(is_whole);
}

static void test_words_of_a_start_must_fill_it(void **state)
{
	struct {
		struct agent_start start;
		char words[32];
	} body = {.start = {.argc = 1, .envc = 1, .ulimitc = 1, .tmpfsc = 1},
		  .words = "/\0name\0me\0sh\0A=1\0cpu=1\0/t"};
	const size_t length = sizeof(body.start) + 26;
	auto_free struct agent_words *words = calloc(1, sizeof(*words));

	(void)state;
	assert_int_equal(agent_decode_start((uint8_t *)&body, length, words, NULL), 0);
	assert_string_equal(words->workdir, "/");
	assert_string_equal(words->argv[0], "sh");
	assert_string_equal(words->env[0], "A=1");
	assert_null(words->env[1]);
	assert_string_equal(words->user, "me");
	assert_string_equal(words->ulimits[0], "cpu=1");
	assert_string_equal(words->tmpfs[0], "/t");
	assert_null(words->tmpfs[1]);
	assert_int_equal(agent_decode_start((uint8_t *)&body, length - 1, words, NULL), -EPROTO);
	assert_int_equal(agent_decode_start((uint8_t *)&body, length + 1, words, NULL), -EPROTO);
	assert_int_equal(agent_decode_start((uint8_t *)&body, 3, words, NULL), -EPROTO);
	body.start.envc = UINT32_MAX;
	assert_int_equal(agent_decode_start((uint8_t *)&body, length, words, NULL), -EPROTO);
	body.start.envc = 1;
	body.start.tmpfsc = AGENT_OPTIONS_MAX + 1;
	assert_int_equal(agent_decode_start((uint8_t *)&body, length, words, NULL), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bus_answers_inside_a_region_and_is_empty_elsewhere),
	    cmocka_unit_test(test_serial_sends_and_interrupts_when_asked_to),
	    cmocka_unit_test(test_serial_keeps_what_arrives_until_it_is_read),
	    cmocka_unit_test(test_serial_passes_a_driver_s_probing),
	    cmocka_unit_test(test_bzimage_lies_where_the_protocol_wants_it),
	    cmocka_unit_test(test_files_that_are_no_kernels_are_refused_by_name),
	    cmocka_unit_test(test_initramfs_larger_than_memory_is_refused),
	    cmocka_unit_test(test_acpi_tables_add_up),
	    cmocka_unit_test(test_messages_come_whole_however_they_are_cut),
	    cmocka_unit_test(test_messages_that_cannot_be_are_refused),
	    cmocka_unit_test(test_words_of_a_start_must_fill_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
