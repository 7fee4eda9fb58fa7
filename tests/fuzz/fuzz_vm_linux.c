/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a Linux machine takes from strangers. The first byte says which: a kernel's file; the bytes
 * by which the agent in the guest speaks to the worker, and the worker to it; accesses to the
 * serial port; what QEMU says.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent.h"
#include "linux_boot.h"
#include "qemu.h"
#include "serial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RAM = 24 << 20 };

static void try_kernel(const uint8_t *data, size_t size)
{
	struct memory memory;
	struct linux_image image;
	int fd = memfd_create("kernel", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
	    memory_init(&memory, RAM, NULL) < 0) {
		close(fd);
		return;
	}
	if (linux_load_kernel(&memory, fd, &image, NULL) == 0) {
		if (image.end > memory.size || image.entry >= memory.size)
			abort();
		linux_place_initramfs(&memory, &image, size * 16, NULL);
	}
	memory_finish(&memory);
	close(fd);
}

static void try_messages(const uint8_t *data, size_t size)
{
	struct agent_parser *parser = calloc(1, sizeof(*parser));
	struct agent_words *words = calloc(1, sizeof(*words));
	struct agent_inner inner;
	struct event event;

	for (size_t at = 0; parser && words && at < size;) {
		bool is_whole = false;
		ssize_t taken = agent_parse(parser, data + at, size - at, &is_whole, NULL);
		if (taken == 0)
			abort();
		at += taken < 0 ? 1 : (size_t)taken;
		if (!is_whole)
			continue;
		if (parser->header.length > AGENT_BODY_MAX ||
		    parser->header.program >= AGENT_PROGRAMS_MAX)
			abort();
		agent_decode_start(parser->body, parser->header.length, words, NULL);
		if (agent_decode_inner(parser->body, parser->header.length, &inner, &event, NULL) ==
			0 &&
		    !str_is_name(event.sandbox))
			abort();
	}
	free(words);
	free(parser);
}

static void ignore_byte(void *arg, uint8_t byte)
{
	(void)arg, (void)byte;
}

static void ignore_level(void *arg, bool level)
{
	(void)arg, (void)level;
}

static void try_serial(const uint8_t *data, size_t size)
{
	struct serial serial;

	serial_init(&serial, ignore_byte, ignore_level, NULL);
	for (size_t i = 0; i + 1 < size; i += 2) {
		if (data[i] & 0x80)
			serial_receive(&serial, data, size);
		else if (data[i] & 0x40)
			serial_write(&serial, data[i] & 0xf, 1, data[i + 1]);
		else
			serial_read(&serial, data[i] & 0xf, 1);
	}
}

/* What QEMU says, or a guest that has taken it over. */
static void try_qmp(const uint8_t *data, size_t size)
{
	struct qmp_parser parser = {0};

	for (size_t i = 0; i < size; i++) {
		qmp_feed(&parser, (char)data[i]);
		if (parser.length > QMP_LINE_MAX)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(const uint8_t *data, size_t size) = {try_kernel, try_messages,
									  try_serial, try_qmp};

	if (size > 0)
		tries[data[0] % 4](data + 1, size - 1);
	return 0;
}
