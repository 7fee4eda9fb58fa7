/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * isolab-cli-fake: the command line of isolab-cli with another wall in its table, the fake one.
 * That this is all it takes is the point: the engine knows walls as data.
 */
#include "backend.h"
#include "front.h"

static const struct backend backends_with_fake[] = {
    {
	.kind = "fake",
	.about = "the smallest wall: a plain child (tests/contract/fake.c)",
	.worker = "isolab-fake",
	.flavour = "-",
	.can_pause = true,
    },
    {.kind = NULL},
};

int main(int argc, char **argv)
{
	static const struct command *const *const lists[] = {engine_commands, NULL};
	static const struct command_table table = {.lists = lists};

	return front_main(argc, argv, &table, backends_with_fake);
}
