/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TABLE_H
#define ISOLAB_TABLE_H
/*
 * table: rows and columns of text that fit the terminal. Widths follow the contents by wcwidth;
 * when they do not fit, the widest columns shrink and their cells go on in further lines, so that
 * nothing is lost.
 */
#include "out.h"

enum { TABLE_COLUMNS_MAX = 12 };

struct table_cell {
	char *text; /* owned */
	enum out_role role;
};

struct table {
	unsigned columns;
	unsigned right; /* bit n: column n is set flush right */
	size_t count, capacity;
	struct table_cell *cells; /* row by row; the first row is the heading */
	bool failed;              /* out of memory: nothing is printed but a word */
};

/* Begins a table whose heading is the `columns` words of `heading`, parted by '|'; a leading '>'
 * sets a column flush right: "NAME|KIND|>MEMORY". */
void table_init(struct table *table, const char *heading);
void table_finish(struct table *table);
#define auto_table __attribute__((cleanup(table_finish))) struct table

/* Adds the next cell, row by row. */
void table_add(struct table *table, enum out_role role, const char *text);
void table_addf(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_print(const struct table *table, struct out *out);

#endif
