// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Turns, clocks and medians for the measuring instruments; see race.h. Samples are kept whole, so
 * that the median is one that was measured.
 */
#include "race.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

uint64_t race_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void race_die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

void race_parse(struct race *race, int argc, char **argv, const char *usage)
{
	char **words = argv + 3;

	*race = (struct race){.runs = argc > 4 ? strtoul(argv[1], NULL, 10) : 0};
	if (race->runs == 0)
		race_die("usage: %s", usage);
	race->pause_ms = (int)strtoul(argv[2], NULL, 10);
	while (*words && race->count < CONTESTANTS_MAX) {
		struct contestant *contestant = &race->contestants[race->count++];

		contestant->name = *words++;
		contestant->words = words;
		contestant->samples_ns = calloc(race->runs, sizeof(uint64_t));
		for (; *words && strcmp(*words, "+") != 0; words++)
			contestant->word_count++;
		if (*words)
			*words++ = NULL;
		if (!contestant->words[0] || !contestant->samples_ns)
			race_die("'%s' has no command", contestant->name);
	}
}

static void shuffle(size_t *order, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		uint32_t random;

		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			race_die("no random numbers");
		size_t j = random % i, kept = order[i - 1];
		order[i - 1] = order[j];
		order[j] = kept;
	}
}

void race_run(struct race *race, uint64_t (*once)(struct contestant *contestant, void *arg),
	      void *arg)
{
	size_t order[CONTESTANTS_MAX];

	for (size_t i = 0; i < race->count; i++)
		order[i] = i;
	for (size_t round = 0; round <= race->runs; round++) {
		shuffle(order, race->count);
		for (size_t i = 0; i < race->count; i++) {
			struct contestant *contestant = &race->contestants[order[i]];

			if (contestant->failure)
				continue;
			poll(NULL, 0, race->pause_ms);
			uint64_t took_ns = once(contestant, arg);
			if (round == 0)
				contestant->cold_ns = took_ns;
			else
				contestant->samples_ns[round - 1] = took_ns;
		}
	}
}

static int compare_ns(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static void report(const struct contestant *contestant, size_t runs)
{
	uint64_t *sorted = contestant->samples_ns;

	if (contestant->failure) {
		printf("%s failed %d\n", contestant->name, contestant->failure);
		return;
	}
	qsort(sorted, runs, sizeof(*sorted), compare_ns);
	printf("%s %llu %llu %llu %llu %llu\n", contestant->name,
	       (unsigned long long)contestant->cold_ns, (unsigned long long)sorted[runs / 2],
	       (unsigned long long)sorted[runs / 10], (unsigned long long)sorted[runs * 9 / 10],
	       (unsigned long long)sorted[0]);
}

void race_report(struct race *race)
{
	for (size_t i = 0; i < race->count; i++) {
		report(&race->contestants[i], race->runs);
		free(race->contestants[i].samples_ns);
	}
}
