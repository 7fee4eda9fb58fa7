// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * runner RUNS PAUSE_MS NAME COMMAND… [+ NAME COMMAND…]…: how long whole programs take, from before
 * their start to after their end, by turns (race.h).
 */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "race.h"

/* One launch, fork(2) and execvp(3) as a shell does it. Its output goes nowhere; its errors are
 * shown, they tell why it is out. */
static uint64_t run_once(struct contestant *contestant, void *arg)
{
	const int *nowhere = arg;
	uint64_t start_ns = race_now_ns();
	pid_t child = fork();
	int status;

	if (child == 0) {
		dup2(*nowhere, STDIN_FILENO);
		dup2(*nowhere, STDOUT_FILENO);
		execvp(contestant->words[0], contestant->words);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		race_die("run '%s'", contestant->name);
	contestant->failure = status;
	return race_now_ns() - start_ns;
}

int main(int argc, char **argv)
{
	struct race race;
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (nowhere < 0)
		race_die("open /dev/null");
	race_parse(&race, argc, argv,
		   "runner RUNS PAUSE_MS NAME COMMAND... [+ NAME COMMAND...]...");
	race_run(&race, run_once, &nowhere);
	race_report(&race);
	close(nowhere);
	return 0;
}
