/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The /init of the Linux that QEMU boots to be measured with: the kernel is up, there is nothing
 * else to do. It reboots; QEMU runs with -no-reboot.
 */
#include <sys/reboot.h>

int main(void)
{
	return reboot(RB_AUTOBOOT);
}
