/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A device tree as source (devicetree.org specification, chapter 6), for `inspect --devicetree`:
 * nodes, and each property as what its bytes look like: a string, a list of cells, or bytes. It
 * reads the monitor's own copy, never the guest's memory, which the guest may have changed.
 */
#include <ctype.h>
#include <errno.h>
#include <libfdt.h>
#include <string.h>

#include "str.h"
#include "vm.h"

enum { DEPTH_MAX = 16 };

static void indent(struct strbuf *text, int depth)
{
	for (int i = 0; i < depth; i++)
		str_add(text, "\t");
}

/* One or more printable words, each ended by NUL. */
static bool is_text(const char *value, int length)
{
	if (length < 1 || value[length - 1] != '\0' || (length > 1 && !value[0]))
		return false;
	for (int i = 0; i < length; i++)
		if (value[i] ? !isprint((unsigned char)value[i]) : i && !value[i - 1])
			return false;
	return true;
}

static void add_words(struct strbuf *text, const char *value, int length)
{
	for (int at = 0; at < length; at += (int)strlen(value + at) + 1) {
		str_add(text, at ? ", \"" : "\"");
		for (const char *c = value + at; *c; c++) {
			if (*c == '"' || *c == '\\')
				str_add(text, "\\");
			str_add_bytes(text, c, 1);
		}
		str_add(text, "\"");
	}
}

static void add_cells(struct strbuf *text, const char *value, int length)
{
	for (int at = 0; at < length; at += (int)sizeof(fdt32_t))
		str_addf(text, at ? " 0x%x" : "<0x%x", fdt32_ld((const fdt32_t *)(value + at)));
	str_add(text, ">");
}

static void add_bytes(struct strbuf *text, const char *value, int length)
{
	for (int at = 0; at < length; at++)
		str_addf(text, at ? " %02x" : "[%02x", (unsigned char)value[at]);
	str_add(text, "]");
}

static void add_property(struct strbuf *text, const char *name, const char *value, int length)
{
	str_addf(text, "%s", name);
	if (length > 0)
		str_add(text, " = ");
	if (strcmp(name, "rng-seed") == 0) /* the guest's secret: whoever knows it can guess */
		str_addf(text, "<>; /* %d random bytes, not told */\n", length);
	else if (is_text(value, length))
		add_words(text, value, length);
	else if (length % (int)sizeof(fdt32_t) == 0 && length > 0)
		add_cells(text, value, length);
	else if (length > 0)
		add_bytes(text, value, length);
	if (strcmp(name, "rng-seed") != 0)
		str_add(text, ";\n");
}

static void add_properties(struct strbuf *text, const void *tree, int node, int depth)
{
	int property;

	fdt_for_each_property_offset(property, tree, node)
	{
		const char *name;
		int length;
		const char *value = fdt_getprop_by_offset(tree, property, &name, &length);

		if (!value)
			continue;
		indent(text, depth);
		add_property(text, name, value, length);
	}
}

static void close_nodes(struct strbuf *text, int from, int to)
{
	for (int depth = from; depth >= to; depth--) {
		indent(text, depth);
		str_add(text, "};\n");
	}
}

int devicetree_print(const void *tree, struct strbuf *text, struct err *e)
{
	int depth = 0, last = -1;

	if (!tree || fdt_check_header(tree) < 0)
		return err_set(e, ENODATA, "there is no device tree yet");
	str_add(text, "/dts-v1/;\n\n");
	for (int node = 0; node >= 0 && depth >= 0; node = fdt_next_node(tree, node, &depth)) {
		const char *name = fdt_get_name(tree, node, NULL);

		if (depth > DEPTH_MAX)
			return err_set(e, E2BIG, "device tree deeper than %d nodes", DEPTH_MAX);
		close_nodes(text, last, depth);
		if (depth && text->length > 2 && text->data[text->length - 2] != '{')
			str_add(text, "\n");
		indent(text, depth);
		str_addf(text, "%s {\n", name && *name ? name : "/");
		add_properties(text, tree, node, depth + 1);
		last = depth;
	}
	close_nodes(text, last, 0);
	return 0;
}
