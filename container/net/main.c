// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * isolab-net: the lab network of one user. Started by a worker with the first `--network lab`
 * sandbox, gone with the last; doctor asks it what can be had here. Nobody calls it by hand.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "keeper.h"
#include "try.h"

int main(int argc, char **argv)
{
	struct err error = {0};
	char text[ERR_WHAT_MAX + ERR_HINT_MAX + 16];

	if (argc == 2 && strcmp(argv[1], "--try") == 0)
		return try_run();
	if (argc == 2 && strcmp(argv[1], "--hold") == 0) {
		if (keeper_run(&error) == 0)
			return 0;
	} else {
		err_hint(&error, err_set(&error, EINVAL, "isolab-net is started by isolab"),
			 "isolab run container --network lab");
	}
	err_format(&error, text, sizeof(text));
	fputs(text, stderr);
	return 125;
}
