// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Where on cgroup v2 a limited group can be. A controller works in a group only if every group
 * above hands it down (cgroup.subtree_control), and a group that holds processes may not: "no
 * internal processes", the kernel says EBUSY. We stand in one. So we climb to the nearest
 * ancestor that we may write to, and have the controllers handed down from the top to there.
 *
 *	user@1000.service	ours: systemd delegates	  hands down: memory pids (cpu)
 *	  app.slice		ours, holds no process	  ← isolab.1000.… is made here
 *	    terminal.scope	holds the shell, and us
 *
 * See cgroups(7), "Delegation" and "no internal processes".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "cgroup_private.h"
#include "fd.h"

enum { LEVELS_MAX = 64, WORDS_MAX = 512 };

/* From our own group (0) up to the top of what is mounted. */
struct ladder {
	int fd[LEVELS_MAX];
	int count;
	struct calls *calls;
};

/* The controllers named in a file of words, as bits. */
static unsigned read_words(int directory, const char *file)
{
	char text[WORDS_MAX], *position = NULL;
	unsigned bits = 0;

	if (fd_read_file(directory, file, text, sizeof(text)) < 0)
		return 0;
	for (char *word = strtok_r(text, " \n", &position); word;
	     word = strtok_r(NULL, " \n", &position))
		for (enum cgroup_tree tree = 0; tree < CGROUP_CONTROLLERS; tree++)
			if (strcmp(word, cgroup_v2_name(tree)) == 0)
				bits |= 1U << tree;
	return bits;
}

/* Has a group hand down what it can of `wanted`. Returns what it hands down then. */
static unsigned hand_down(struct calls *calls, int directory, unsigned wanted,
			  struct cgroup_refusals *refusals)
{
	unsigned has = read_words(directory, "cgroup.subtree_control") & wanted;
	unsigned may = has == wanted ? wanted : read_words(directory, "cgroup.controllers");

	for (enum cgroup_tree tree = 0; tree < CGROUP_CONTROLLERS; tree++) {
		char word[16];
		if (!(wanted & ~has & 1U << tree))
			continue;
		if (!(may & 1U << tree)) {
			/* Whoever is above and refused it has told the reason. */
			if (refusals->error[tree] == 0)
				refusals->error[tree] = -ENOENT;
			continue;
		}
		/* One by one: one that is refused does not keep the others back. */
		snprintf(word, sizeof(word), "+%s", cgroup_v2_name(tree));
		call_because(calls, "each group above must hand the controller down");
		int r = call_write_file(calls, directory, "cgroup.subtree_control", word);
		has |= r == 0 ? 1U << tree : 0;
		if (r < 0)
			refusals->error[tree] = r;
	}
	return has;
}

static void climb(int own, struct ladder *ladder)
{
	char text[WORDS_MAX];
	int directory = fcntl(own, F_DUPFD_CLOEXEC, 3);

	ladder->count = 0;
	/* The directory above a tree's top is no cgroup any more. */
	while (directory >= 0 && ladder->count < LEVELS_MAX &&
	       fd_read_file(directory, "cgroup.controllers", text, sizeof(text)) >= 0) {
		ladder->fd[ladder->count++] = directory;
		directory = openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	fd_close(&directory);
}

/* 0 if a group can be made below this level and a process be born in it, else why not. */
static int can_hold(const struct ladder *ladder, int level)
{
	int directory = ladder->fd[level];

	/* We stand in it: only the top of the whole tree may hand down all the same. */
	if (level == 0 && faccessat(directory, "cgroup.type", F_OK, 0) == 0)
		return -EBUSY;
	if (faccessat(directory, ".", W_OK | X_OK, AT_EACCESS) < 0 ||
	    faccessat(directory, "cgroup.procs", W_OK, AT_EACCESS) < 0)
		return -errno;
	return 0;
}

/* Hands down from the top to `level`; what arrives. */
static unsigned hand_down_to(const struct ladder *ladder, int level, unsigned wanted,
			     struct cgroup_refusals *refusals)
{
	unsigned got = wanted;

	for (int above = ladder->count - 1; above >= level; above--)
		got = hand_down(ladder->calls, ladder->fd[above], wanted, refusals);
	return got;
}

static int make_at(struct cgroup *cgroup, const struct ladder *ladder, int level, unsigned got)
{
	int r = cgroup_make_below(cgroup, CGROUP_UNIFIED, ladder->fd[level]);

	if (r == 0)
		cgroup->unified_controllers = got;
	return r;
}

/* One that stands already may get more from where it is. */
static void widen(struct cgroup *cgroup, unsigned wanted, struct cgroup_refusals *refusals)
{
	struct ladder ladder = {.calls = cgroup->calls};

	climb(cgroup->parent_fd[CGROUP_UNIFIED], &ladder);
	cgroup->unified_controllers |= hand_down_to(&ladder, 0, wanted, refusals);
	while (ladder.count)
		fd_close(&ladder.fd[--ladder.count]);
}

/* The nearest level that gives all, else the one that gives most. */
static void choose(struct cgroup *cgroup, const struct ladder *ladder, unsigned wanted,
		   struct cgroup_refusals *refusals)
{
	unsigned best_got = 0;
	int best = -1, r = -ENOENT;

	for (int level = 0; level < ladder->count && best_got != wanted; level++) {
		int held = can_hold(ladder, level);
		if (held < 0) {
			r = held; /* the highest one's: to be in our own way is the lesser reason */
			continue;
		}
		unsigned got = hand_down_to(ladder, level, wanted, refusals);
		if (__builtin_popcount(got) > __builtin_popcount(best_got)) {
			best_got = got;
			best = level;
		}
	}
	if (best >= 0)
		r = make_at(cgroup, ladder, best, best_got);
	for (enum cgroup_tree tree = 0; tree < CGROUP_CONTROLLERS; tree++)
		if (wanted & 1U << tree && r < 0 &&
		    (refusals->error[tree] == 0 || refusals->error[tree] == -ENOENT))
			refusals->error[tree] = r;
}

void cgroup_make_unified(struct cgroup *cgroup, int own, unsigned wanted,
			 struct cgroup_refusals *refusals)
{
	struct ladder ladder = {.calls = cgroup->calls};

	for (enum cgroup_tree tree = 0; tree < CGROUP_CONTROLLERS; tree++)
		if (wanted & 1U << tree)
			refusals->error[tree] = 0;
	if (cgroup->fd[CGROUP_UNIFIED] >= 0) {
		widen(cgroup, wanted, refusals);
	} else {
		climb(own, &ladder);
		choose(cgroup, &ladder, wanted, refusals);
		while (ladder.count)
			fd_close(&ladder.fd[--ladder.count]);
	}
	for (enum cgroup_tree tree = 0; tree < CGROUP_CONTROLLERS; tree++)
		if (cgroup->unified_controllers & wanted & 1U << tree)
			refusals->error[tree] = 0;
}
