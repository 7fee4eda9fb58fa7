// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A plain array: there are 250 places. Which one a newcomer gets is decided by its number of
 * departures: its own old one, else the lowest that was never used, else the one left longest ago.
 */
#include "table.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "str.h"

static bool is_better(const struct table_member *member, const struct table_member *than)
{
	return !than || member->left < than->left;
}

static struct table_member *choose(struct table *table, const char *name)
{
	struct table_member *best = NULL;

	for (size_t i = 0; i < TABLE_SIZE; i++) {
		struct table_member *member = &table->members[i];
		if (member->is_here)
			continue;
		if (strcmp(member->name, name) == 0)
			return member;
		if (is_better(member, best))
			best = member;
	}
	return best;
}

int table_join(struct table *table, const char *name, const char *hostname)
{
	if (!str_is_name(name) || (*hostname && !str_is_name(hostname)))
		return -EINVAL;
	struct table_member *member = choose(table, name);
	if (!member)
		return -ENOSPC;
	member->is_here = true;
	str_copy(member->name, sizeof(member->name), name);
	str_copy(member->hostname, sizeof(member->hostname), hostname);
	table->count++;
	return NET_NUMBER_FIRST + (int)(member - table->members);
}

void table_leave(struct table *table, unsigned number)
{
	struct table_member *member = &table->members[number - NET_NUMBER_FIRST];

	if (!member->is_here)
		return;
	member->is_here = false;
	member->left = ++table->departures;
	table->count--;
}

unsigned table_find(const struct table *table, const char *name)
{
	unsigned by_hostname = 0;

	for (unsigned i = 0; *name && i < TABLE_SIZE; i++) {
		const struct table_member *member = &table->members[i];
		if (!member->is_here)
			continue;
		if (strcasecmp(member->name, name) == 0)
			return NET_NUMBER_FIRST + i;
		if (!by_hostname && strcasecmp(member->hostname, name) == 0)
			by_hostname = NET_NUMBER_FIRST + i;
	}
	return by_hostname;
}

const struct table_member *table_get(const struct table *table, unsigned number)
{
	if (number < NET_NUMBER_FIRST || number > NET_NUMBER_LAST)
		return NULL;
	const struct table_member *member = &table->members[number - NET_NUMBER_FIRST];
	return member->is_here ? member : NULL;
}
