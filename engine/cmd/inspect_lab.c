/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inspect's part about the lab network: the sandbox's place in it, and who else is there. Its
 * worker is asked, who asks the network's holder, so it is as it is now. The answer is lines of
 * words: "root UID", "address A", "gateway A", "address6 A", "uplink PROGRAM", "peer NAME A".
 */
#include <stdio.h>
#include <string.h>

#include "cmd.h"

enum { WORD_MAX = 80 };

/* One line of the answer. */
struct line {
	char key[WORD_MAX], first[WORD_MAX], second[WORD_MAX];
};

/* Reads the line at *text and goes on to the next. False: there is none. */
static bool read_line(const char **text, struct line *line)
{
	char copy[3 * WORD_MAX];
	size_t length = strcspn(*text, "\n");

	if (!**text)
		return false;
	snprintf(copy, sizeof(copy), "%.*s", (int)length, *text);
	*text += length + ((*text)[length] == '\n');
	*line = (struct line){0};
	sscanf(copy, "%79s %79s %79s", line->key, line->first, line->second);
	/* The first line is a fact, told among the facts. */
	return strcmp(line->key, "root") != 0 || read_line(text, line);
}

/* True if it is in the lab, and could be asked. */
static bool ask(struct sandbox *s, struct strbuf *text)
{
	return sandbox_spec(s)->network == SPEC_NETWORK_LAB &&
	       sandbox_describe(s, "lab", text, NULL) == 0 && text->data;
}

struct doc *inspect_lab_document(struct sandbox *s)
{
	auto_strbuf text = {0};
	struct doc *object, *peers;
	struct line line;

	if (!ask(s, &text))
		return NULL;
	object = doc_object();
	peers = doc_array();
	for (const char *at = text.data; read_line(&at, &line);) {
		if (strcmp(line.key, "peer") != 0) {
			doc_put_text(object, line.key, line.first);
			continue;
		}
		struct doc *peer = doc_object();
		doc_put_text(peer, "name", line.first);
		doc_put_text(peer, "address", line.second);
		doc_push(peers, peer);
	}
	doc_put(object, "peers", peers);
	return object;
}

void inspect_lab_print(struct out *out, struct sandbox *s)
{
	auto_strbuf text = {0};
	struct line line;

	if (!ask(s, &text))
		return;
	for (const char *at = text.data; read_line(&at, &line);) {
		bool is_itself = strcmp(line.first, sandbox_name(s)) == 0;
		if (strcmp(line.key, "peer") == 0 && is_itself)
			continue;
		out_cell(out, OUT_TITLE, 12,
			 strcmp(line.key, "uplink") == 0 ? "outside by"
			 : strcmp(line.key, "peer") == 0 ? "neighbour"
							 : line.key);
		out_printf(out, "%s%s%s\n", line.first, *line.second ? " " : "", line.second);
	}
}
