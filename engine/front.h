/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_FRONT_H
#define ISOLAB_FRONT_H
/* front: the command line as a library, so that a test can be the same front with one wall more. */
#include "backend.h"
#include "command.h"

/* The whole life of isolab-cli: finds argv[1] in `table`, runs it with a lab if it wants one,
 * returns the exit status. `backends` NULL: backends[]. */
int front_main(int argc, char **argv, const struct command_table *table,
	       const struct backend *backends);

#endif
