/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Taking the messages of agent.h apart; both ends share it. All of it is foreign to the other side:
 * each number is checked before it is used.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "agent.h"

static ssize_t restart(struct agent_parser *parser, struct err *e, const char *what)
{
	parser->header_have = 0;
	parser->body_have = 0;
	return err_set(e, EPROTO, "a message with %s", what);
}

/* Bytes of the header; what does not begin with the magic number is passed over. */
static size_t take_header(struct agent_parser *parser, const uint8_t *bytes, size_t length)
{
	static const uint8_t magic[] = {AGENT_MAGIC & 0xff, AGENT_MAGIC >> 8};
	uint8_t *header = (uint8_t *)&parser->header;
	size_t at = 0;

	while (at < length && parser->header_have < sizeof(parser->header)) {
		uint8_t byte = bytes[at++];
		if (parser->header_have < sizeof(magic) && byte != magic[parser->header_have]) {
			parser->header_have = byte == magic[0];
			continue;
		}
		header[parser->header_have++] = byte;
	}
	header[0] = magic[0]; /* also where it was found again on the way */
	return at;
}

ssize_t agent_parse(struct agent_parser *parser, const uint8_t *bytes, size_t length,
		    bool *ret_whole, struct err *e)
{
	const struct agent_header *header = &parser->header;
	bool was_whole = parser->header_have == sizeof(*header) &&
			 parser->body_have == header->length;
	size_t taken;

	*ret_whole = false;
	if (was_whole)
		parser->header_have = parser->body_have = 0;
	taken = take_header(parser, bytes, length);
	if (parser->header_have < sizeof(*header))
		return (ssize_t)taken;
	if (header->length > AGENT_BODY_MAX)
		return restart(parser, e, "a body that is too long");
	if (header->program >= AGENT_PROGRAMS_MAX)
		return restart(parser, e, "a program that cannot be");
	size_t rest = header->length - parser->body_have;
	if (rest > length - taken)
		rest = length - taken;
	memcpy(parser->body + parser->body_have, bytes + taken, rest);
	parser->body_have += rest;
	*ret_whole = parser->body_have == header->length;
	parser->body[parser->body_have] = '\0';
	return (ssize_t)(taken + rest);
}

/* The next word, or NULL when the body has no more. */
static char *take_word(uint8_t *body, size_t length, size_t *at)
{
	char *word = (char *)body + *at;
	const char *end = *at < length ? memchr(word, '\0', length - *at) : NULL;

	if (!end)
		return NULL;
	*at += (size_t)(end - word) + 1;
	return word;
}

static bool take_words(uint8_t *body, size_t length, size_t *at, char **list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!(list[i] = take_word(body, length, at)))
			return false;
	list[count] = NULL;
	return true;
}

int agent_decode_start(uint8_t *body, size_t length, struct agent_words *ret, struct err *e)
{
	const struct agent_start *start = &ret->start;
	size_t at = sizeof(*start);

	if (length < sizeof(*start))
		return err_set(e, EPROTO, "a start without its numbers");
	memcpy(&ret->start, body, sizeof(*start));
	if (start->argc < 1 || start->argc > AGENT_WORDS_MAX || start->envc > AGENT_WORDS_MAX ||
	    start->ulimitc > AGENT_OPTIONS_MAX || start->tmpfsc > AGENT_OPTIONS_MAX)
		return err_set(e, EPROTO, "a start of %u and %u words", start->argc, start->envc);
	ret->workdir = take_word(body, length, &at);
	ret->hostname = take_word(body, length, &at);
	ret->user = take_word(body, length, &at);
	bool is_whole = ret->workdir && ret->hostname && ret->user &&
			take_words(body, length, &at, ret->argv, start->argc) &&
			take_words(body, length, &at, ret->env, start->envc) &&
			take_words(body, length, &at, ret->ulimits, start->ulimitc) &&
			take_words(body, length, &at, ret->tmpfs, start->tmpfsc);
	return is_whole && at == length ? 0
					: err_set(e, EPROTO, "a start whose words do not fit it");
}
