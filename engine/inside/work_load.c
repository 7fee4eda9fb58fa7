/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The loads of isolab-work: turns of a loop (what the processor alone does), pages touched (what
 * the kernel and its page tables do), system calls (crossing into the kernel). Each says what it
 * did and what it took by the clock inside. Then the ways to misbehave that tests and lessons need:
 * spin, flood, fault.
 */
#include "work.h"

enum { PAGE = 4096 };
#define CHUNK_TURNS 1000000ULL

/* The loop whose turns we count. The empty asm keeps the compiler from seeing through it: one
 * subtract and one jump a turn. */
static void turn_loop(uint64_t turns)
{
	while (turns--)
		__asm__ volatile("" : "+r"(turns));
}

/* "NAME COUNT UNITs TOTAL_NS ns RATIO ns/UNIT": the same words on every wall, for people and for
 * programs. */
static void say_result(struct session *session, const char *name, uint64_t count, const char *unit,
		       uint64_t ns)
{
	struct writer *out = &session->out;

	writer_text(out, name);
	writer_text(out, "  ");
	writer_number(out, count);
	writer_text(out, " ");
	writer_text(out, unit);
	writer_text(out, "s  ");
	writer_number(out, ns);
	writer_text(out, " ns  ");
	writer_ratio(out, ns, count);
	writer_text(out, " ns/");
	writer_text(out, unit);
	writer_text(out, "\n");
}

int work_burn(struct session *session, int argc, char **argv)
{
	uint64_t amount = 100, turns = 0, start, ns;
	const char *unit = "ms";

	if (argc > 1 && !text_number(argv[1], &amount, &unit))
		return 2;
	if (argc > 2 && !*unit)
		unit = argv[2];
	start = clock_read_ns(CLOCK_OF_BOOT);
	if (text_equal(unit, "M")) {
		amount *= 1000000;
		unit = "";
	}
	if (!*unit) {
		turn_loop(turns = amount);
		ns = clock_read_ns(CLOCK_OF_BOOT) - start;
	} else if (text_equal(unit, "ms") || text_equal(unit, "s")) {
		amount *= text_equal(unit, "s") ? 1000000000 : 1000000;
		do {
			turn_loop(CHUNK_TURNS);
			turns += CHUNK_TURNS;
			ns = clock_read_ns(CLOCK_OF_BOOT) - start;
		} while (ns < amount);
	} else {
		return 2;
	}
	say_result(session, "loop", turns, "turn", ns);
	return 0;
}

/* Maps `size` bytes and writes one byte into each page. Returns the ns per all pages in *ret_ns, or
 * NULL. */
static char *map_and_touch(size_t size, uint64_t *ret_ns)
{
	long at = syscall6(__NR_mmap, 0, (long)size, 3 /* READ|WRITE */,
			   0x22 /* PRIVATE|ANONYMOUS */, -1, 0);
	uint64_t start = clock_read_ns(CLOCK_OF_BOOT);

	if (at < 0 && at > -PAGE)
		return NULL;
	for (size_t offset = 0; offset < size; offset += PAGE)
		((volatile char *)at)[offset] = 1;
	*ret_ns = clock_read_ns(CLOCK_OF_BOOT) - start;
	return (char *)at;
}

int work_free(struct session *session, int argc, char **argv)
{
	(void)argc, (void)argv;
	if (session->memory)
		call2(__NR_munmap, session->memory, session->memory_size);
	session->memory = NULL;
	session->memory_size = 0;
	return 0;
}

int work_touch(struct session *session, int argc, char **argv)
{
	uint64_t size, ns, seconds = 0;
	const char *rest;

	if (argc < 2 || !text_size(argv[1], &size) || !size)
		return 2;
	if (argc > 2 && !text_number(argv[2], &seconds, &rest))
		return 2;
	work_free(session, 0, NULL);
	session->memory = map_and_touch(size, &ns);
	if (!session->memory) {
		writer_text(&session->out, "touch: not enough memory\n");
		return 1;
	}
	session->memory_size = size;
	say_result(session, "touch", (size + PAGE - 1) / PAGE, "page", ns);
	if (seconds) {
		writer_flush(&session->out);
		sleep_ns(seconds * 1000000000);
	}
	return 0;
}

int work_print(struct session *session, int argc, char **argv)
{
	uint64_t lines = 10;
	const char *rest;

	if (argc > 1 && !text_number(argv[1], &lines, &rest))
		return 2;
	for (uint64_t line = 1; line <= lines && !session->out.is_broken; line++) {
		writer_text(&session->out, "line ");
		writer_number(&session->out, line);
		writer_text(&session->out, " the quick brown fox jumps over the lazy dog\n");
	}
	return 0;
}

int work_compare(struct session *session, int argc, char **argv)
{
	enum { TURNS = 10000000, PAGES = 512, CALLS = 200 };
	uint64_t start = clock_read_ns(CLOCK_OF_BOOT), ns;
	char *memory;

	(void)argc, (void)argv;
	turn_loop(TURNS);
	say_result(session, "loop", TURNS, "turn", clock_read_ns(CLOCK_OF_BOOT) - start);
	memory = map_and_touch((size_t)PAGES * PAGE, &ns);
	if (memory) {
		say_result(session, "touch", PAGES, "page", ns);
		call2(__NR_munmap, memory, (size_t)PAGES * PAGE);
	}
	start = clock_read_ns(CLOCK_OF_BOOT);
	for (int call = 0; call < CALLS; call++)
		call0(__NR_getppid);
	say_result(session, "syscall", CALLS, "call", clock_read_ns(CLOCK_OF_BOOT) - start);
	return memory ? 0 : 1;
}

int work_tick(struct session *session, int argc, char **argv)
{
	uint64_t ticks = UINT64_MAX, start = clock_read_ns(CLOCK_OF_BOOT);
	const char *rest;

	if (argc > 1 && !text_number(argv[1], &ticks, &rest))
		return 2;
	for (uint64_t tick = 1; tick <= ticks && !session->out.is_broken; tick++) {
		writer_text(&session->out, "tick ");
		writer_number(&session->out, tick);
		writer_text(&session->out, "  ");
		writer_time(&session->out, clock_read_ns(CLOCK_OF_BOOT) - start);
		writer_text(&session->out, "\n");
		writer_flush(&session->out);
		if (tick < ticks)
			sleep_ns(1000000000);
	}
	return 0;
}

int work_sleep(struct session *session, int argc, char **argv)
{
	uint64_t amount, unit_ns = 1000000000;
	const char *unit;

	(void)session;
	if (argc < 2 || !text_number(argv[1], &amount, &unit))
		return 2;
	if (text_equal(unit, "ms"))
		unit_ns = 1000000;
	else if (*unit && !text_equal(unit, "s"))
		return 2;
	sleep_ns(amount * unit_ns);
	return 0;
}

int work_idle(struct session *session, int argc, char **argv)
{
	(void)session, (void)argc, (void)argv;
	for (;;)
		sleep_ns(3600 * 1000000000ULL);
}

int work_spin(struct session *session, int argc, char **argv)
{
	(void)session, (void)argc, (void)argv;
	for (;;)
		turn_loop(CHUNK_TURNS);
}

int work_flood(struct session *session, int argc, char **argv)
{
	(void)argc, (void)argv;
	while (!session->out.is_broken)
		writer_text(
		    &session->out,
		    "flood: no reader is quick enough for all of this, and nobody has to be\n");
	return 1;
}

int work_fault(struct session *session, int argc, char **argv)
{
	uintptr_t nowhere = 16; /* page 0 is never mapped: a page fault nobody can mend */

	(void)argc, (void)argv;
	writer_flush(&session->out);
	__asm__("" : "+r"(nowhere)); /* else the compiler sees what we are up to */
	*(volatile int *)nowhere = 1;
	return 1;
}
