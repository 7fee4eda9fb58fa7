/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * isolab-vm: the worker whose wall the processor draws. All that workers have in common (options,
 * directory, console, control socket) is engine/base/worker.h; what makes a VM is vm/wall.c.
 */
#include <stddef.h>

#include "wall.h"
#include "worker.h"

int main(int argc, char **argv)
{
	static const struct wall *const walls[] = {&vm_wall, NULL};
	return worker_main(argc, argv, walls);
}
