// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * isolab-container: the worker of the kinds `container` and `process`. All that it does is in
 * wall.c; the life of a worker around that is told in engine/base/worker.h.
 */
#include "wall.h"

int main(int argc, char **argv)
{
	static const struct wall *const walls[] = {&container_wall, &process_wall, NULL};

	return worker_main(argc, argv, walls);
}
