/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * main: from the nucleus's jump into the kernel to the first instruction of the first program.
 *
 * There is little to do. The page tables are the monitor's, the processor's tables are data
 * (tables.S), all memory is zero already.
 */
#include "kernel.h"

#include "discover.h"

struct kernel kernel;

static void read_devicetree(uint64_t gpa)
{
	const char *why;
	if (discover_machine(&kernel.machine, ram(gpa), VM_DEVICETREE_BYTES, &why) < 0)
		panic(VM_PANIC_DEVICETREE, NULL, 0, why);
}

_Noreturn void kernel_main(uint64_t devicetree)
{
	kernel.is_inside = true;
	clock_start();               /* time begins */
	read_devicetree(devicetree); /* what machine is this? */
	frames_init(&kernel.frames,  /* the memory that nobody uses is ours */
		    ram(0), kernel.machine.free_start, kernel.machine.free_end);
	identity_init();      /* boot id */
	fpu_init();           /* which registers do tasks have? */
	nucleus_mark_ready(); /* for the timeline of the boot */
	mailbox_serve();      /* the main program lies in channel 0 */
	schedule();           /* run it */
}
