/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * isolab-kernel: makes what a Linux guest starts from. The worker of a VM runs it before it walls
 * itself in, and keeps what it writes in a cache; it links a large library, which that worker
 * never shall.
 *
 *	isolab-kernel unpack <VMLINUZ >VMLINUX		the kernel in a bzImage
 *	isolab-kernel image <DIRECTORY >CPIO		an image's part of the initramfs
 *	isolab-kernel base [MODULES] <AGENT >CPIO	/init, and the modules of a directory
 *	isolab-kernel programs NAME=FILE… >CPIO		isolab itself
 *
 * It ends 0, 2 for a wrong use, 3 if a kernel can only unpack itself, else 125; errors and notes
 * are lines on stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "fd.h"
#include "pack.h"
#include "unpack.h"

enum { STATUS_FAILED = 125, STATUS_USAGE = 2, STATUS_UNKNOWN = 3 };

static int make_image(struct err *e)
{
	struct pack_losses losses = {0};
	int r = pack_image(STDIN_FILENO, STDOUT_FILENO, &losses, e);

	if (r == 0 && losses.closed)
		fprintf(stderr,
			"note: %llu files or directories of the image you may not read: they are "
			"empty in the guest\n",
			(unsigned long long)losses.closed);
	return r;
}

static int make_base(const char *modules, struct err *e)
{
	auto_close int directory = modules ? open(modules, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (modules && directory < 0)
		return err_sys(e, errno, "open '%.200s'", modules);
	return pack_base(STDIN_FILENO, directory, STDOUT_FILENO, e);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	struct err error = {0};
	char text[ERR_WHAT_MAX + ERR_HINT_MAX + 16];
	int r;

	if (strcmp(what, "unpack") == 0 && argc == 2) {
		r = unpack_kernel(STDIN_FILENO, STDOUT_FILENO, &error);
	} else if (strcmp(what, "image") == 0 && argc == 2) {
		r = make_image(&error);
	} else if (strcmp(what, "base") == 0 && argc <= 3) {
		r = make_base(argv[2], &error);
	} else if (strcmp(what, "programs") == 0) {
		r = pack_programs(argv + 2, STDOUT_FILENO, &error);
	} else {
		fputs("usage: isolab-kernel unpack|image|base|programs … <INPUT >OUTPUT\n", stderr);
		return STATUS_USAGE;
	}
	if (r == 0)
		return 0;
	err_format(&error, text, sizeof(text));
	fputs(text, stderr);
	return r == -ENOTSUP ? STATUS_UNKNOWN : STATUS_FAILED;
}
