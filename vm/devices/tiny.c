/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tiny machine's devices: which port belongs to whom. abi.h draws the whole machine; the device
 * tree tells the guest the same numbers. The port used most comes first, since port_find() walks.
 */
#include <stddef.h>

#include "vm.h"

const struct port tiny_ports[] = {
    {VM_PORT_CONSOLE, "console", console_write_port},
    {VM_PORT_MAILBOX, "mailbox", mailbox_write},
    {VM_PORT_TIMER, "timer", timer_write},
    {VM_PORT_MARK, "mark", mark_write},
    {VM_PORT_POWER, "power", power_write},
    {VM_PORT_PANIC, "panic", panic_write},
    {0, NULL, NULL},
};
