/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_DEVICETREE_H
#define ISOLAB_TINY_DEVICETREE_H
/*
 * devicetree: reading a flattened device tree (Devicetree Specification, chapter 5). Nothing in it
 * is believed: whatever the bytes are, only the `size` bytes at `data` are read, and each call
 * moves on, so that a walk ends.
 *
 *	devicetree_open(&tree, data, size);
 *	while (devicetree_next(&tree, &item) > 0)
 *		…
 */
#include <stdbool.h>
#include <stdint.h>

struct devicetree {
	const uint8_t *structure, *strings;
	uint32_t structure_size, strings_size;
	uint32_t position; /* in the structure */
	uint32_t depth;    /* of open nodes */
};

enum devicetree_kind { DEVICETREE_BEGIN = 1, DEVICETREE_END = 2, DEVICETREE_PROPERTY = 3 };

struct devicetree_item {
	enum devicetree_kind kind;
	uint32_t depth;   /* the root node's own properties: 1 */
	const char *name; /* of the node or property; of DEVICETREE_END: "" */
	const uint8_t *value;
	uint32_t length;
};

/* -EINVAL: this is no device tree. */
int devicetree_open(struct devicetree *tree, const void *data, uint32_t size);
/* 1: the next item; 0: the end; -EINVAL: the tree is damaged. */
int devicetree_next(struct devicetree *tree, struct devicetree_item *ret_item);
/* A number of one or two cells at byte `offset` of a property's value; false if it is not that
 * long. */
bool devicetree_number(const struct devicetree_item *item, uint32_t offset, uint32_t cells,
		       uint64_t *ret_number);
/* The property as text; false if it has no end. */
bool devicetree_text(const struct devicetree_item *item, const char **ret_text);

#endif
