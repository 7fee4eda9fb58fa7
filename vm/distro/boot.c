/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Words are looked for a byte at a time, so that it does not matter where a read ends. No word has
 * its first letter a second time in it, so after a mismatch the search goes on with that byte: no
 * table is needed. (A unit test holds the words to that.)
 */
#include "boot.h"

#include <stdbool.h>

static const struct {
	const char *name, *why, *words;
	enum boot_line line;
} steps[] = {
    /* SeaBIOS, src/boot.c */
    [BOOT_FIRMWARE] = {.name = "firmware",
		       .why = "the firmware (SeaBIOS) finds the machine's parts and a disk to boot",
		       .words = "Booting from 0",
		       .line = BOOT_LINE_FIRMWARE},
    /* grub.cfg of image-distro.sh */
    [BOOT_BOOTLOADER] = {.name = "bootloader",
			 .why = "the bootloader (GRUB) reads kernel and initramfs from the disk",
			 .words = "GRUB: starting it",
			 .line = BOOT_LINE_CONSOLE},
    /* init/version.c */
    [BOOT_KERNEL_ENTRY] = {.name = "kernel_entry",
			   .why = "the kernel unpacks itself, up to its first line",
			   .words = "Linux version ",
			   .line = BOOT_LINE_CONSOLE},
    /* systemd, src/core/main.c */
    [BOOT_INIT] = {.name = "init",
		   .why = "the kernel finds its devices and its root; systemd becomes process 1",
		   .words = "Welcome to ",
		   .line = BOOT_LINE_CONSOLE},
};

static bool has_a_later_one(const struct boot *boot, enum boot_step step)
{
	for (unsigned later = step + 1; later < BOOT_STEPS; later++)
		if (boot->ended_ns[later])
			return true;
	return false;
}

static void hear_byte(struct boot *boot, enum boot_step step, char byte, uint64_t now_ns)
{
	const char *words = steps[step].words;
	size_t *matched = &boot->matched[step];

	if (byte == words[*matched])
		++*matched;
	else
		*matched = byte == words[0];
	if (words[*matched])
		return;
	*matched = 0;
	if (!boot->ended_ns[step] && !has_a_later_one(boot, step))
		boot->ended_ns[step] = now_ns;
}

void boot_hear(struct boot *boot, enum boot_line line, const void *bytes, size_t length,
	       uint64_t now_ns)
{
	const char *text = bytes;

	for (unsigned step = 0; step < BOOT_STEPS; step++)
		for (size_t i = 0; steps[step].line == line && i < length; i++)
			hear_byte(boot, step, text[i], now_ns);
}

const char *boot_step_name(enum boot_step step)
{
	return steps[step].name;
}

const char *boot_step_why(enum boot_step step)
{
	return steps[step].why;
}
