// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Warnings: something that was asked for is left out, and that is no secret. Written in one piece,
 * since parent and child may both have something to say.
 */
#include "notices.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "fd.h"

void oci_warn(const char *format, ...)
{
	char line[ERR_WHAT_MAX] = "isolab-oci: warning: ";
	size_t length = strlen(line);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line + length, sizeof(line) - length - 1, format, arguments);
	va_end(arguments);
	length = strlen(line);
	line[length] = '\n';
	fd_write_all(STDERR_FILENO, line, length + 1);
}
