/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * devicetree: a header, a block of tokens, a block of the properties' names; all numbers
 * big-endian, all tokens on four bytes.
 *
 *	BEGIN_NODE name\0 | END_NODE | PROP length name-offset value… | NOP | END
 *
 * libfdt would look things up by path, walking from the start each time: 31,000 instructions for
 * what we need. One pass is enough.
 */
#include "devicetree.h"

#include <asm/errno.h>
#include <stddef.h>

static const uint32_t magic = 0xd00dfeed;
enum { HEADER_BYTES = 40, OLDEST_READER = 17, DEPTH_MAX = 16 };
enum { TOKEN_BEGIN = 1, TOKEN_END = 2, TOKEN_PROPERTY = 3, TOKEN_NOP = 4, TOKEN_FINISH = 9 };

static uint32_t read_cell(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

int devicetree_open(struct devicetree *tree, const void *data, uint32_t size)
{
	const uint8_t *header = data;
	if (size < HEADER_BYTES || read_cell(header) != magic)
		return -EINVAL;
	uint32_t total = read_cell(header + 4), structure = read_cell(header + 8);
	uint32_t strings = read_cell(header + 12), last_compatible = read_cell(header + 24);
	uint32_t strings_size = read_cell(header + 32), structure_size = read_cell(header + 36);
	if (total > size || last_compatible > OLDEST_READER || structure > total || strings > total)
		return -EINVAL;
	if (structure_size > total - structure || strings_size > total - strings || structure % 4)
		return -EINVAL;
	*tree = (struct devicetree){.structure = header + structure,
				    .structure_size = structure_size,
				    .strings = header + strings,
				    .strings_size = strings_size};
	return 0;
}

/* The bytes of a text up to its zero, or -EINVAL when it does not end within `size`. */
static int64_t text_length(const uint8_t *text, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++) {
		if (!text[i])
			return i;
	}
	return -EINVAL;
}

static uint32_t left(const struct devicetree *tree)
{
	return tree->structure_size - tree->position;
}

/* Skips `length` bytes and what fills them up to a whole cell. */
static int skip(struct devicetree *tree, uint32_t length)
{
	uint64_t whole = ((uint64_t)length + 3) & ~3ULL;
	if (whole > left(tree))
		return -EINVAL;
	tree->position += (uint32_t)whole;
	return 0;
}

static int begin_node(struct devicetree *tree, struct devicetree_item *item)
{
	const uint8_t *name = tree->structure + tree->position;
	int64_t length = text_length(name, left(tree));
	if (length < 0 || tree->depth == DEPTH_MAX)
		return -EINVAL;
	item->name = (const char *)name;
	item->depth = ++tree->depth;
	return skip(tree, (uint32_t)length + 1);
}

static int read_property(struct devicetree *tree, struct devicetree_item *item)
{
	const uint8_t *at = tree->structure + tree->position;
	if (left(tree) < 8 || !tree->depth)
		return -EINVAL;
	uint32_t length = read_cell(at), name = read_cell(at + 4);
	tree->position += 8;
	if (name >= tree->strings_size ||
	    text_length(tree->strings + name, tree->strings_size - name) < 0)
		return -EINVAL;
	if (length > left(tree))
		return -EINVAL;
	item->name = (const char *)tree->strings + name;
	item->value = at + 8;
	item->length = length;
	item->depth = tree->depth;
	return skip(tree, length);
}

int devicetree_next(struct devicetree *tree, struct devicetree_item *ret_item)
{
	while (left(tree) >= 4) {
		uint32_t token = read_cell(tree->structure + tree->position);
		tree->position += 4;
		*ret_item = (struct devicetree_item){.kind = (enum devicetree_kind)token,
						     .name = ""};
		switch (token) {
		case TOKEN_BEGIN:
			return begin_node(tree, ret_item) < 0 ? -EINVAL : 1;
		case TOKEN_PROPERTY:
			return read_property(tree, ret_item) < 0 ? -EINVAL : 1;
		case TOKEN_END:
			if (!tree->depth)
				return -EINVAL;
			ret_item->depth = tree->depth--;
			return 1;
		case TOKEN_FINISH:
			return tree->depth ? -EINVAL : 0;
		case TOKEN_NOP:
			break;
		default:
			return -EINVAL;
		}
	}
	return -EINVAL;
}

bool devicetree_number(const struct devicetree_item *item, uint32_t offset, uint32_t cells,
		       uint64_t *ret_number)
{
	uint64_t number = 0;
	if (cells > 2 || offset > item->length || item->length - offset < cells * 4)
		return false;
	for (uint32_t i = 0; i < cells; i++)
		number = number << 32 | read_cell(item->value + offset + i * 4);
	*ret_number = number;
	return true;
}

bool devicetree_text(const struct devicetree_item *item, const char **ret_text)
{
	if (text_length(item->value, item->length) < 0)
		return false;
	*ret_text = (const char *)item->value;
	return true;
}
