/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * runner RUNS PAUSE_MS NAME COMMAND… [+ NAME COMMAND…]…: how long whole programs take, from before
 * their start to after their end.
 *
 * The contestants run one at a time, all of them in each round, in an order that is drawn anew for
 * every round: what drifts (clock speed, caches, the kernel's clean-up after the one before) hits
 * all alike. The first round is not counted but shown as the cold start. PAUSE_MS of idling between
 * two launches shows what a person feels. One line for each on stdout:
 *
 *	NAME cold_ns median_ns p10_ns p90_ns min_ns      or      NAME failed STATUS
 *
 * A contestant whose exit status is not 0 is out, since a failure is quick.
 */
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CONTESTANTS_MAX = 16 };

struct contestant {
	const char *name;
	char **command;
	uint64_t cold_ns;
	uint64_t *samples_ns;
	int failure; /* wait status, 0 = none */
};

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* One launch, fork(2) and execvp(3) as a shell does it. Its output goes nowhere; its errors are
 * shown, they tell why it is out. */
static uint64_t run_once(struct contestant *contestant, int nowhere)
{
	int status;
	uint64_t start_ns = now_ns();
	pid_t child = fork();
	if (child == 0) {
		dup2(nowhere, STDIN_FILENO);
		dup2(nowhere, STDOUT_FILENO);
		execvp(contestant->command[0], contestant->command);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		err(1, "run '%s'", contestant->name);
	contestant->failure = status;
	return now_ns() - start_ns;
}

static void shuffle(size_t *order, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		uint32_t random;
		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			err(1, "getrandom");
		size_t j = random % i, kept = order[i - 1];
		order[i - 1] = order[j];
		order[j] = kept;
	}
}

static int compare_ns(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
	return (a > b) - (a < b);
}

static void report(struct contestant *contestant, size_t runs)
{
	if (contestant->failure) {
		printf("%s failed %d\n", contestant->name, contestant->failure);
		return;
	}
	uint64_t *sorted = contestant->samples_ns;
	qsort(sorted, runs, sizeof(*sorted), compare_ns);
	printf("%s %llu %llu %llu %llu %llu\n", contestant->name,
	       (unsigned long long)contestant->cold_ns, (unsigned long long)sorted[runs / 2],
	       (unsigned long long)sorted[runs / 10], (unsigned long long)sorted[runs * 9 / 10],
	       (unsigned long long)sorted[0]);
}

/* Splits the words at "+" into contestants. Returns how many. */
static size_t parse(struct contestant *contestants, char **words, size_t runs)
{
	size_t count = 0;
	while (*words && count < CONTESTANTS_MAX) {
		struct contestant *contestant = &contestants[count++];
		contestant->name = *words++;
		contestant->command = words;
		contestant->samples_ns = calloc(runs, sizeof(uint64_t));
		while (*words && strcmp(*words, "+"))
			words++;
		if (*words)
			*words++ = NULL;
		if (!contestant->command[0] || !contestant->samples_ns)
			errx(2, "'%s' has no command", contestant->name);
	}
	return count;
}

int main(int argc, char **argv)
{
	struct contestant contestants[CONTESTANTS_MAX] = {0};
	size_t order[CONTESTANTS_MAX];
	size_t runs = argc > 4 ? strtoul(argv[1], NULL, 10) : 0;
	if (runs == 0)
		errx(2, "usage: runner RUNS PAUSE_MS NAME COMMAND... [+ NAME COMMAND...]...");
	int pause_ms = (int)strtoul(argv[2], NULL, 10);
	size_t count = parse(contestants, argv + 3, runs);
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (nowhere < 0)
		err(1, "open /dev/null");
	for (size_t round = 0; round <= runs; round++) {
		shuffle(order, count);
		for (size_t i = 0; i < count; i++) {
			struct contestant *contestant = &contestants[order[i]];
			if (contestant->failure)
				continue;
			poll(NULL, 0, pause_ms);
			uint64_t took_ns = run_once(contestant, nowhere);
			if (round == 0)
				contestant->cold_ns = took_ns;
			else
				contestant->samples_ns[round - 1] = took_ns;
		}
	}
	for (size_t i = 0; i < count; i++) {
		report(&contestants[i], runs);
		free(contestants[i].samples_ns);
	}
	close(nowhere);
	return 0;
}
