// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Makes a system call that is refused, over and over, for as many milliseconds as its word says or
 * until there is a file /tmp/enough; prints how many it got refused, and with which error first
 * and last. Static, for any image.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	long end_ms = now_ms() + (argc > 1 ? strtol(argv[1], NULL, 10) : 0), count = 0;
	int first = 0, last = 0;

	do {
		for (int i = 0; i < 100; i++, count++)
			last = chroot("/tmp") == 0 ? 0 : errno;
		first = first ? first : last;
	} while (now_ms() < end_ms && access("/tmp/enough", F_OK) != 0);
	printf("refused %ld first %d last %d\n", count, first, last);
	return 0;
}
