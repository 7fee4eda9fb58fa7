/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_NET_TABLE_H
#define ISOLAB_CONTAINER_NET_TABLE_H
/*
 * table: who is in the lab, by number (the last byte of the address) and by name. The first to come
 * gets the lowest number; who comes back under the same name gets the same one again, unless
 * somebody had to be given it meanwhile.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net_wire.h"

enum { TABLE_SIZE = NET_NUMBER_LAST - NET_NUMBER_FIRST + 1 };

struct table_member {
	char name[NET_WIRE_NAME_MAX], hostname[NET_WIRE_NAME_MAX]; /* kept when it is gone */
	bool is_here;
	uint64_t left; /* when it went, counted in departures; 0 = never used */
};

struct table {
	struct table_member members[TABLE_SIZE]; /* of number NET_NUMBER_FIRST + index */
	unsigned count;                          /* that are here */
	uint64_t departures;
};

/* Gives `name` a number. -ENOSPC: the lab is full, -EINVAL: no name. Zero-initialise a table. */
int table_join(struct table *table, const char *name, const char *hostname);
/* Its number is free from now on. */
void table_leave(struct table *table, unsigned number);
/* The number of whoever is here under that name or host name (letters' case does not count), 0:
 * nobody. */
unsigned table_find(const struct table *table, const char *name);
/* Who has that number, or NULL. */
const struct table_member *table_get(const struct table *table, unsigned number);

#endif
