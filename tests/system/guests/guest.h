/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TEST_GUEST_H
#define ISOLAB_TEST_GUEST_H
/* What the bad guests share. They run in ring 0 at their first instruction and have no stack. */
#include "abi.h"

/* Writes a constant to a port. */
/* clang-format off */
#define PORT(number, value) mov $number, %edx; mov $(value), %eax; out %eax, %dx
/* clang-format on */

/* Tells the monitor that the program runs, so that the sandbox counts as up. */
#define STARTED PORT(VM_PORT_MAILBOX, VM_ANSWER(VM_ANSWER_STARTED, 0, 0))

#endif
