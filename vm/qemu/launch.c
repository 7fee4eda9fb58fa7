/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * QEMU's command line: no configuration of the host's, no device but those named, no program
 * started by it (`-sandbox`), its processors stopped until we say so. What it is to use it gets as
 * a descriptor, whose number stands in the words. See qemu-system-x86_64(1).
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fd.h"
#include "qemu.h"

static const char *const always[] = {
    "qemu-system-x86_64",
    "-name",
    "isolab",
    "-S",
    "-nodefaults",
    "-no-user-config",
    "-no-reboot",
    "-display",
    "none",
    "-sandbox",
    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
    "-chardev",
    "socket,id=monitor,fd=3",
    "-mon",
    "chardev=monitor,mode=control",
    "-chardev",
    "socket,id=console,fd=4",
    "-chardev",
    "socket,id=agent,fd=5",
    "-chardev",
    "socket,id=serial,fd=6",
    NULL,
};

_Static_assert(QEMU_FIRST_FD + QEMU_MONITOR == 3 && QEMU_FIRST_FD + QEMU_CONSOLE == 4 &&
		   QEMU_FIRST_FD + QEMU_AGENT == 5 && QEMU_FIRST_FD + QEMU_SERIAL == 6,
	       "as the words have it");

static void add_word(struct qemu_launch *launch, const char *word)
{
	size_t bytes = strlen(word) + 1;

	if (launch->word_count == QEMU_WORDS_MAX ||
	    bytes > sizeof(launch->text) - launch->text_bytes) {
		launch->is_overfull = true;
		return;
	}
	launch->words[launch->word_count++] = memcpy(launch->text + launch->text_bytes, word,
						     bytes);
	launch->text_bytes += bytes;
}

void qemu_launch_words(struct qemu_launch *launch, const char *const words[])
{
	for (size_t i = 0; words[i]; i++)
		add_word(launch, words[i]);
}

void qemu_launch_option(struct qemu_launch *launch, const char *option, const char *format, ...)
{
	char word[1024];
	va_list values;

	va_start(values, format);
	int length = vsnprintf(word, sizeof(word), format, values);
	va_end(values);
	if (length < 0 || (size_t)length >= sizeof(word))
		launch->is_overfull = true;
	add_word(launch, option);
	add_word(launch, word);
}

void qemu_launch_init(struct qemu_launch *launch, bool has_kvm)
{
	launch->word_count = launch->file_count = launch->passed_count = 0;
	launch->text_bytes = 0;
	launch->file_bytes_max = 0;
	launch->disk_count = 0;
	launch->has_kvm = has_kvm;
	launch->is_overfull = false;
	qemu_launch_words(launch, always);
	qemu_launch_option(launch, "-accel", "%s", has_kvm ? "kvm" : "tcg,tb-size=64");
	qemu_launch_option(launch, "-cpu", "%s", has_kvm ? "host" : "max");
}

void qemu_launch_size(struct qemu_launch *launch, const struct sandbox_spec *spec,
		      uint64_t memory_bytes)
{
	unsigned long long memory_kib = memory_bytes >> 10;

	qemu_launch_option(launch, "-smp", "%u", spec->vcpus ? (unsigned)spec->vcpus : 1);
	qemu_launch_option(launch, "-m", "size=%lluK", memory_kib);
	if (!vm_volumes_share_memory(spec))
		return;
	qemu_launch_option(launch, "-object", "memory-backend-memfd,id=ram,share=on,size=%lluK",
			   memory_kib);
	qemu_launch_option(launch, "-machine", "memory-backend=ram");
	if (launch->file_bytes_max < memory_bytes)
		launch->file_bytes_max = memory_bytes;
}

void qemu_launch_file(struct qemu_launch *launch, const char *option, const char *prefix,
		      const char *name, int fd)
{
	if (launch->file_count == QEMU_FILES_MAX) {
		launch->is_overfull = true;
		fd_close(&fd);
		return;
	}
	launch->files[launch->file_count++] =
	    (struct qemu_file){.option = option, .prefix = prefix, .name = name, .fd = fd};
}

unsigned qemu_launch_pass(struct qemu_launch *launch, int fd)
{
	if (launch->passed_count == QEMU_PASSED_MAX) {
		launch->is_overfull = true;
		fd_close(&fd);
		return 0;
	}
	launch->passed[launch->passed_count] = fd;
	return QEMU_FIRST_FD + QEMU_WORDS + launch->passed_count++;
}

void qemu_launch_finish(struct qemu_launch *launch)
{
	for (unsigned i = 0; i < launch->file_count; i++)
		fd_close(&launch->files[i].fd);
	for (unsigned i = 0; i < launch->passed_count; i++)
		fd_close(&launch->passed[i]);
	launch->file_count = launch->passed_count = 0;
}
