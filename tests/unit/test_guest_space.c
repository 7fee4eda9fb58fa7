/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The teaching kernel's memory: frames have owners and are zero, an address space shows only what
 * was mapped, and copies stop where the task's rights do. On plain memory: a page table is just
 * memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "memlayout.h"
#include "space.h"

enum { RAM_BYTES = 1 << 20, START = 0x10000, MINE = 1, OTHER = 2, GATE_PAGE = 0x3000 };

struct lab {
	struct frames frames;
	struct space space;
	char *memory;
};

static int set_up(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	lab->memory = calloc(1, RAM_BYTES);
	frames_init(&lab->frames, lab->memory, START, RAM_BYTES);
	lab->space = (struct space){&lab->frames, 0, MINE};
	assert_int_equal(space_create(&lab->space, GATE_PAGE), 0);
	*state = lab;
	return 0;
}

static int tear_down(void **state)
{
	struct lab *lab = *state;
	free(lab->memory);
	free(lab);
	return 0;
}

static void test_frames_given_back_are_zero_and_free(void **state)
{
	struct lab *lab = *state;
	uint64_t before = lab->frames.free, frame = frames_take(&lab->frames, OTHER);
	memset(lab->memory + frame, 0xaa, PAGE_BYTES);
	frames_give(&lab->frames, MINE, frame); /* not its owner */
	assert_int_equal(lab->frames.free, before - 1);
	frames_give(&lab->frames, OTHER, frame);
	frames_give(&lab->frames, OTHER, frame); /* twice */
	assert_int_equal(lab->frames.free, before);
	assert_int_equal(frames_take(&lab->frames, OTHER), frame);
	assert_int_equal(lab->memory[frame + 17], 0);
}

static void test_frames_end_without_harm(void **state)
{
	struct lab *lab = *state;
	uint64_t mine = frames_count(&lab->frames, MINE);
	while (frames_take(&lab->frames, OTHER))
		;
	assert_int_equal(lab->frames.free, 0);
	assert_int_equal(space_map_new(&lab->space, MAP_BASE, SPACE_READ), -ENOMEM);
	frames_give_all(&lab->frames, OTHER);
	assert_int_equal(lab->frames.free + mine, lab->frames.count);
	assert_int_equal(frames_count(&lab->frames, MINE), mine);
}

static void test_frames_outside_are_nobodys(void **state)
{
	struct lab *lab = *state;
	static const uint64_t outside[] = {0, START - PAGE_BYTES, RAM_BYTES, UINT64_MAX - 4095};
	for (unsigned i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		assert_false(frames_is_owned(&lab->frames, FRAME_FREE, outside[i]));
		frames_give(&lab->frames, FRAME_FREE, outside[i]);
	}
}

static void test_new_space_holds_only_window_and_gate(void **state)
{
	struct lab *lab = *state;
	const uint64_t *pml4 = (const uint64_t *)(lab->memory + lab->space.pml4);
	assert_int_equal(pml4[511] & (PAGE_PRESENT | PAGE_USER), PAGE_PRESENT);
	assert_int_equal(space_look_up(&lab->space, GATE, false), GATE_PAGE);
	assert_int_equal(space_look_up(&lab->space, GATE, true), 0);
	assert_int_equal(space_look_up(&lab->space, 0, false), 0);
	assert_int_equal(space_look_up(&lab->space, VM_WINDOW, false), 0);
	assert_int_equal(space_map(&lab->space, VM_WINDOW, START, SPACE_READ), -ENOMEM);
	assert_int_equal(space_map(&lab->space, USER_END, START, SPACE_READ), -ENOMEM);
}

static void test_rights_are_in_the_entry(void **state)
{
	struct lab *lab = *state;
	assert_int_equal(space_map_new(&lab->space, MAP_BASE, SPACE_READ | SPACE_WRITE), 0);
	assert_int_equal(space_map_new(&lab->space, MAP_BASE, SPACE_READ), -EEXIST);
	assert_true(space_look_up(&lab->space, MAP_BASE + 5, true) != 0);
	assert_int_equal(space_protect(&lab->space, MAP_BASE, SPACE_READ), 0);
	assert_int_equal(space_look_up(&lab->space, MAP_BASE, true), 0);
	assert_int_equal(space_protect(&lab->space, MAP_BASE, 0), 0);
	assert_int_equal(space_look_up(&lab->space, MAP_BASE, false), 0);
	assert_int_equal(space_map_new(&lab->space, MAP_BASE, SPACE_READ), -EEXIST);
	assert_int_equal(space_protect(&lab->space, MAP_BASE + PAGE_BYTES, SPACE_READ), -ENOMEM);
	assert_int_equal(space_protect(&lab->space, GATE, SPACE_READ | SPACE_WRITE), -EACCES);
}

static void test_copies_cross_pages_and_stop_at_holes(void **state)
{
	struct lab *lab = *state;
	char text[] = "over the edge", back[sizeof(text)];
	uint64_t edge = MAP_BASE + PAGE_BYTES;
	space_map_new(&lab->space, MAP_BASE, SPACE_READ | SPACE_WRITE);
	assert_int_equal(space_write(&lab->space, edge - 4, text, sizeof(text)), -EFAULT);
	space_map_new(&lab->space, edge, SPACE_READ | SPACE_WRITE);
	assert_int_equal(space_write(&lab->space, edge - 4, text, sizeof(text)), 0);
	assert_int_equal(space_read(&lab->space, edge - 4, back, sizeof(back)), 0);
	assert_string_equal(back, text);
	assert_int_equal(space_read_text(&lab->space, edge - 4, back, sizeof(back)), 13);
	assert_int_equal(space_read_text(&lab->space, edge - 4, back, 5), -ENAMETOOLONG);
	assert_int_equal(space_read(&lab->space, UINT64_MAX - 3, back, 8), -EFAULT);
	assert_int_equal(space_read(&lab->space, USER_END - 4, back, 8), -EFAULT);
}

static void test_hole_is_the_first_that_fits(void **state)
{
	struct lab *lab = *state;
	uint64_t page = PAGE_BYTES;
	space_map_new(&lab->space, MAP_BASE, SPACE_READ);
	space_map_new(&lab->space, MAP_BASE + 3 * page, SPACE_READ);
	assert_int_equal(space_find_hole(&lab->space, MAP_BASE, USER_END, 2), MAP_BASE + page);
	assert_int_equal(space_find_hole(&lab->space, MAP_BASE, USER_END, 3), MAP_BASE + 4 * page);
	assert_int_equal(space_find_hole(&lab->space, MAP_BASE, USER_END, 1000),
			 MAP_BASE + 4 * page);
	assert_int_equal(space_find_hole(&lab->space, MAP_BASE, MAP_BASE + 3 * page, 3), 0);
	uint64_t before = lab->frames.free;
	space_unmap(&lab->space, 0x400000, USER_END);
	assert_int_equal(lab->frames.free, before + 2);
	assert_int_equal(space_find_hole(&lab->space, MAP_BASE, USER_END, 3), MAP_BASE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    CASE(test_frames_given_back_are_zero_and_free),
	    CASE(test_frames_end_without_harm),
	    CASE(test_frames_outside_are_nobodys),
	    CASE(test_new_space_holds_only_window_and_gate),
	    CASE(test_rights_are_in_the_entry),
	    CASE(test_copies_cross_pages_and_stop_at_holes),
	    CASE(test_hole_is_the_first_that_fits),
#undef CASE
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
