/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What surprises: a term's length counts its own bytes and stands before it, in one to four bytes
 * (section 20.2.4). We do not know it yet when the term begins, so three are always left for it,
 * enough for a megabyte. Numbers are little-endian, but an EISA id is packed with its first letter
 * in the highest bits of the first byte (section 19.3.4).
 */
#include "aml.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum {
	OP_NAME = 0x08,
	OP_BYTE = 0x0a,
	OP_DWORD = 0x0c,
	OP_TEXT = 0x0d,
	OP_SCOPE = 0x10,
	OP_BUFFER = 0x11,
	OP_EXTENDED = 0x5b,
	OP_DEVICE = 0x82,
	LENGTH_BYTES = 3,
	LENGTH_THREE = 2 << 6, /* two more bytes follow */
	NAME_BYTES = 4,
	RESOURCE_PORTS = 0x47,
	RESOURCE_MEMORY = 0x86,
	RESOURCE_INTERRUPT = 0x89,
	RESOURCE_END = 0x79,
	INTERRUPT_EDGE_CONSUMED = 3,
};

void aml_add(struct aml *aml, const void *bytes, size_t length)
{
	aml->failed |= length > aml->limit - aml->length;
	if (aml->failed)
		return;
	memcpy(aml->code + aml->length, bytes, length);
	aml->length += length;
}

static void add_byte(struct aml *aml, uint8_t value)
{
	aml_add(aml, &value, 1);
}

/* Leaves room for the length; returns where it begins. */
static size_t begin(struct aml *aml)
{
	static const uint8_t room[LENGTH_BYTES];
	size_t mark = aml->length;

	aml_add(aml, room, sizeof(room));
	return mark;
}

size_t aml_begin_scope(struct aml *aml, const char *path)
{
	add_byte(aml, OP_SCOPE);
	size_t mark = begin(aml);
	aml_add(aml, path, strlen(path));
	return mark;
}

size_t aml_begin_device(struct aml *aml, const char name[4])
{
	add_byte(aml, OP_EXTENDED);
	add_byte(aml, OP_DEVICE);
	size_t mark = begin(aml);
	aml_add(aml, name, NAME_BYTES);
	return mark;
}

void aml_end(struct aml *aml, size_t mark)
{
	size_t length = aml->length - mark;

	if (aml->failed)
		return;
	aml->code[mark] = (uint8_t)(LENGTH_THREE | (length & 0xf));
	aml->code[mark + 1] = (uint8_t)(length >> 4);
	aml->code[mark + 2] = (uint8_t)(length >> 12);
}

static void begin_name(struct aml *aml, const char name[4])
{
	add_byte(aml, OP_NAME);
	aml_add(aml, name, NAME_BYTES);
}

void aml_name_byte(struct aml *aml, const char name[4], uint8_t value)
{
	begin_name(aml, name);
	add_byte(aml, OP_BYTE);
	add_byte(aml, value);
}

void aml_name_text(struct aml *aml, const char name[4], const char *value)
{
	begin_name(aml, name);
	add_byte(aml, OP_TEXT);
	aml_add(aml, value, strlen(value) + 1);
}

void aml_name_eisa(struct aml *aml, const char name[4], const char *id)
{
	uint32_t letters = 0, digits = (uint32_t)strtoul(id + 3, NULL, 16);

	for (int i = 0; i < 3; i++)
		letters = letters << 5 | (uint32_t)(id[i] - '@');
	const uint32_t packed = htobe32(letters << 16 | digits);
	begin_name(aml, name);
	add_byte(aml, OP_DWORD);
	aml_add(aml, &packed, sizeof(packed));
}

/* ---- resources ---- */

static void add_resource(struct aml_resources *resources, const void *bytes, size_t length)
{
	if (length > sizeof(resources->bytes) - resources->length)
		abort(); /* a device of ours that names more than there is room for */
	memcpy(resources->bytes + resources->length, bytes, length);
	resources->length += length;
}

void aml_ports(struct aml_resources *resources, uint16_t first, uint8_t count)
{
	const struct {
		uint8_t tag, decodes_16_bits;
		uint16_t minimum, maximum;
		uint8_t alignment, count;
	} __attribute__((packed))
	ports = {RESOURCE_PORTS, 1, htole16(first), htole16(first), 1, count};

	add_resource(resources, &ports, sizeof(ports));
}

void aml_memory(struct aml_resources *resources, uint32_t start, uint32_t length)
{
	const struct {
		uint8_t tag;
		uint16_t bytes;
		uint8_t is_writable;
		uint32_t start, length;
	} __attribute__((packed))
	memory = {RESOURCE_MEMORY, htole16(9), 1, htole32(start), htole32(length)};

	add_resource(resources, &memory, sizeof(memory));
}

void aml_interrupt(struct aml_resources *resources, uint32_t number)
{
	const struct {
		uint8_t tag;
		uint16_t bytes;
		uint8_t flags, count;
		uint32_t number;
	} __attribute__((packed))
	interrupt = {RESOURCE_INTERRUPT, htole16(6), INTERRUPT_EDGE_CONSUMED, 1, htole32(number)};

	add_resource(resources, &interrupt, sizeof(interrupt));
}

void aml_name_resources(struct aml *aml, const struct aml_resources *resources)
{
	static const uint8_t end[] = {RESOURCE_END, 0};

	begin_name(aml, "_CRS");
	add_byte(aml, OP_BUFFER);
	size_t mark = begin(aml);
	add_byte(aml, OP_BYTE);
	add_byte(aml, (uint8_t)(resources->length + sizeof(end)));
	aml_add(aml, resources->bytes, resources->length);
	aml_add(aml, end, sizeof(end));
	aml_end(aml, mark);
}
