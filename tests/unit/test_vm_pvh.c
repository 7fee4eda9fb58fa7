/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The entry that a note in an ELF kernel offers: notes with manners and without, a kernel that has
 * no other entry, and the description that it finds.
 */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "fd.h"
#include "linux_boot.h"
#include "pvh.h"

enum { RAM = 64 << 20, KERNEL_AT = 1 << 20, NOTE_AT = 1024, CODE_AT = 2048, FILE_BYTES = 4096 };

struct note {
	uint32_t name_bytes, bytes, type;
	char name[4];
	uint64_t entry;
};

static const struct note entry_note = {4, 8, 18, "Xen", KERNEL_AT + 0x40};

static void test_note_is_found_behind_others(void **state)
{
	struct {
		uint32_t name_bytes, bytes, type;
		char name[8]; /* "Linux", padded */
		uint8_t data[4];
		struct note entry;
	} __attribute__((packed)) notes = {6, 1, 257, "Linux", {7}, entry_note};
	uint32_t entry = 0;

	(void)state;
	assert_true(pvh_find_entry((uint8_t *)&notes, sizeof(notes), &entry));
	assert_int_equal(entry, KERNEL_AT + 0x40);
	notes.entry.type = 17;
	assert_false(pvh_find_entry((uint8_t *)&notes, sizeof(notes), &entry));
	notes.entry = entry_note;
	notes.entry.name[0] = 'x';
	assert_false(pvh_find_entry((uint8_t *)&notes, sizeof(notes), &entry));
}

static void test_notes_that_are_cut_off_or_lie_are_none(void **state)
{
	static const uint32_t lengths[] = {8, 0xffffffff, 0xfffffffc, 0x80000000, 16, 3};
	struct note note = entry_note;
	uint32_t entry;

	(void)state;
	for (size_t length = 0; length < sizeof(note); length++)
		assert_false(pvh_find_entry((uint8_t *)&note, length, &entry));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		note = entry_note;
		note.name_bytes = lengths[i];
		assert_false(pvh_find_entry((uint8_t *)&note, sizeof(note), &entry));
		note = entry_note;
		note.bytes = lengths[i];
		assert_int_equal(pvh_find_entry((uint8_t *)&note, sizeof(note), &entry),
				 lengths[i] == 8);
	}
}

/* A kernel of a few bytes, entered at `entry` or by its note. */
static int make_kernel(uint64_t entry, const struct note *note)
{
	uint8_t file[FILE_BYTES] = {0};
	const Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64},
				   .e_machine = EM_X86_64,
				   .e_entry = entry,
				   .e_phoff = sizeof(header),
				   .e_phentsize = sizeof(Elf64_Phdr),
				   .e_phnum = 2};
	const Elf64_Phdr segments[] = {{.p_type = PT_LOAD,
					.p_offset = CODE_AT,
					.p_vaddr = 0xffffffff80000000 + KERNEL_AT,
					.p_paddr = KERNEL_AT,
					.p_filesz = FILE_BYTES - CODE_AT,
					.p_memsz = 8192},
				       {.p_type = PT_NOTE,
					.p_offset = NOTE_AT,
					.p_filesz = sizeof(*note)}};
	int fd = memfd_create("kernel", MFD_CLOEXEC);

	memcpy(file, &header, sizeof(header));
	memcpy(file + sizeof(header), segments, sizeof(segments));
	memcpy(file + NOTE_AT, note, sizeof(*note));
	memset(file + CODE_AT, 0x90, FILE_BYTES - CODE_AT);
	assert_int_equal(write(fd, file, sizeof(file)), sizeof(file));
	return fd;
}

static void test_linux_is_entered_as_its_header_says(void **state)
{
	auto_close int fd = make_kernel(KERNEL_AT + 0x80, &entry_note);
	struct linux_image image;

	(void)state;
	assert_int_equal(linux_measure_kernel(fd, &image, NULL), 0);
	assert_int_equal(image.entry, KERNEL_AT + 0x80);
	assert_false(image.is_pvh);
}

static void test_kernel_without_such_an_entry_is_entered_by_its_note(void **state)
{
	auto_close int fd = make_kernel(0xffffffff80000000 + KERNEL_AT, &entry_note);
	struct linux_image image;

	(void)state;
	assert_int_equal(linux_measure_kernel(fd, &image, NULL), 0);
	assert_int_equal(image.entry, KERNEL_AT + 0x40);
	assert_true(image.is_pvh);
}

static void test_note_that_leads_elsewhere_is_refused(void **state)
{
	struct note note = entry_note;
	struct linux_image image;
	struct err error = {0};

	(void)state;
	note.entry = 0x1000;
	auto_close int fd = make_kernel(0, &note);
	assert_int_equal(linux_measure_kernel(fd, &image, &error), -ENOEXEC);
	assert_non_null(strstr(error.what, "no note says where"));
}

/* As public/arch-x86/hvm/start_info.h has it. */
static void test_description_tells_memory_initramfs_words_and_tables(void **state)
{
	struct {
		uint32_t magic, version, flags, module_count;
		uint64_t modules, command_line, acpi, ranges;
		uint32_t range_count, reserved;
	} info;
	struct {
		uint64_t start, bytes;
		uint32_t type, reserved;
	} ranges[2];
	struct memory memory;
	struct linux_image image;
	uint64_t module[4];
	auto_close int fd = make_kernel(0, &entry_note);

	(void)state;
	assert_int_equal(memory_init(&memory, RAM, NULL), 0);
	assert_int_equal(linux_load_kernel(&memory, fd, &image, NULL), 0);
	assert_int_equal(memory.host[KERNEL_AT + 0x40], 0x90);
	assert_int_equal(linux_place_initramfs(&memory, &image, 5000, NULL), 0);
	assert_int_equal(linux_set_command_line(&memory, "quiet", 0xe0000, NULL), 0);
	memory_read(&memory, PVH_START_INFO, &info, sizeof(info));
	assert_int_equal(info.magic, 0x336ec578);
	assert_int_equal(info.version, 1);
	assert_int_equal(info.acpi, 0xe0000);
	assert_string_equal((char *)memory.host + info.command_line, "quiet");
	assert_int_equal(info.module_count, 1);
	memory_read(&memory, info.modules, module, sizeof(module));
	assert_int_equal(module[0], RAM - 8192);
	assert_int_equal(module[1], 5000);
	assert_int_equal(info.range_count, 2);
	memory_read(&memory, info.ranges, ranges, sizeof(ranges));
	assert_int_equal(ranges[1].start + ranges[1].bytes, RAM);
	assert_int_equal(ranges[1].type, 1);
	memory_finish(&memory);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_note_is_found_behind_others),
	    cmocka_unit_test(test_notes_that_are_cut_off_or_lie_are_none),
	    cmocka_unit_test(test_linux_is_entered_as_its_header_says),
	    cmocka_unit_test(test_kernel_without_such_an_entry_is_entered_by_its_note),
	    cmocka_unit_test(test_note_that_leads_elsewhere_is_refused),
	    cmocka_unit_test(test_description_tells_memory_initramfs_words_and_tables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
