/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * main: what happens between the monitor's jump to `entry` and the first instruction of the first program.
 *
 * There is little to do. The page tables are the monitor's, the processor's tables are data (tables.S), all memory is zero already.
 * What remains is reading the device tree; that takes thousands of instructions, so it is the steward's first request.
 *
 *	entry.S		load the tables, tell the processor where `syscall` goes
 *	kernel_main	start our clock, let the steward read the device tree
 *	(steward)	steward_boot(): struct machine; the list of free frames
 *	kernel_booted	look into the mailbox: the main program lies in channel 0
 *	(steward)	steward_start(): its address space
 *	mailbox_started	tell the monitor, run it
 */
#include "kernel.h"
#include "x86.h"

struct kernel kernel;

_Noreturn void kernel_main(uint64_t devicetree);

_Noreturn void kernel_main(uint64_t devicetree)
{
	clock_start();
	x86_write_port(VM_PORT_MARK, VM_MARK_KERNEL_ENTRY);
	kernel.devicetree = devicetree;
	steward_run(STEWARD_BOOT, NULL);
}

/* The test of a panic: the boot argument `panic` asks for one. */
static void die_if_asked(const char *arguments)
{
	static const char word[] = "isolab.panic";
	for (unsigned i = 0; i < sizeof(word) - 1; i++) {
		if (arguments[i] != word[i])
			return;
	}
	panic(VM_PANIC_BUG, NULL, "asked for by the boot argument 'isolab.panic'");
}

_Noreturn void kernel_booted(int64_t result)
{
	if (result < 0)
		panic(VM_PANIC_DEVICETREE, NULL, kernel.report);
	die_if_asked(kernel.machine.arguments);
	x86_write_port(VM_PORT_MARK, VM_MARK_KERNEL_READY);
	x86_write_port(VM_PORT_MARK, VM_MARK_INIT);
	kernel.is_event_pending = true;
	schedule();
}
