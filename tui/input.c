/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * input: see input.h. A terminal sends keys as ESC sequences: ESC [ parameters letter ("CSI"), ESC
 * O letter ("SS3"), or ESC and a character for Alt. A sequence is taken whole even when it means
 * nothing here, so that its letters never act as commands. ECMA-48 §5.4; xterm's ctlseqs.
 */
#include "input.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct input_sequence common[] = {
    {"\033[A", INPUT_UP},
    {"\033OA", INPUT_UP},
    {"\033[B", INPUT_DOWN},
    {"\033OB", INPUT_DOWN},
    {"\033[C", INPUT_RIGHT},
    {"\033OC", INPUT_RIGHT},
    {"\033[D", INPUT_LEFT},
    {"\033OD", INPUT_LEFT},
    {"\033[H", INPUT_HOME},
    {"\033OH", INPUT_HOME},
    {"\033[1~", INPUT_HOME},
    {"\033[7~", INPUT_HOME},
    {"\033[F", INPUT_END},
    {"\033OF", INPUT_END},
    {"\033[4~", INPUT_END},
    {"\033[8~", INPUT_END},
    {"\033[5~", INPUT_PAGE_UP},
    {"\033[6~", INPUT_PAGE_DOWN},
    {"\033[2~", INPUT_INSERT},
    {"\033[3~", INPUT_DELETE},
    {"\033[Z", INPUT_BACK_TAB},
    {"\033OP", INPUT_F1},
    {"\033OQ", INPUT_F1 + 1},
    {"\033OR", INPUT_F1 + 2},
    {"\033OS", INPUT_F1 + 3},
    {"\033[[A", INPUT_F1},
    {"\033[[B", INPUT_F1 + 1},
    {"\033[[C", INPUT_F1 + 2},
    {"\033[[D", INPUT_F1 + 3},
    {"\033[[E", INPUT_F1 + 4},
    {"\033[11~", INPUT_F1},
    {"\033[12~", INPUT_F1 + 1},
    {"\033[13~", INPUT_F1 + 2},
    {"\033[14~", INPUT_F1 + 3},
    {"\033[15~", INPUT_F1 + 4},
    {"\033[17~", INPUT_F1 + 5},
    {"\033[18~", INPUT_F1 + 6},
    {"\033[19~", INPUT_F1 + 7},
    {"\033[20~", INPUT_F1 + 8},
    {"\033[21~", INPUT_F1 + 9},
    {"\033[23~", INPUT_F1 + 10},
    {"\033[24~", INPUT_F12},
    {"\033[200~", INPUT_PASTE_BEGIN},
    {"\033[201~", INPUT_PASTE_END},
    {"", INPUT_UNKNOWN},
};

static bool find_sequence(const struct input_sequence *table, const char *bytes, size_t length,
			  struct input_key *key)
{
	for (; table && table->bytes[0]; table++) {
		size_t n = strlen(table->bytes);

		if (n > length || memcmp(bytes, table->bytes, n) != 0)
			continue;
		key->code = table->code;
		key->length = n;
		return true;
	}
	return false;
}

/* The length of the sequence that begins with ESC, 0 when its end is not there yet. */
static size_t sequence_length(const char *bytes, size_t length)
{
	size_t at = 2;

	if (length < 2)
		return 0;
	if (bytes[1] == 'O')
		return length < 3 ? 0 : 3;
	if (bytes[1] != '[')
		return 2;
	if (length > 2 && bytes[2] == '[') /* the Linux console's F1 … F5 */
		return length < 4 ? 0 : 4;
	while (at < length && bytes[at] >= 0x20 && bytes[at] < 0x40)
		at++;
	if (at >= INPUT_SEQUENCE_MAX)
		return at;
	return at < length ? at + 1 : 0;
}

static size_t decode_escape(const char *bytes, size_t length, bool is_last, struct input_key *key)
{
	size_t taken = sequence_length(bytes, length);

	if (length > 1 && bytes[1] == '\033')
		taken = 1; /* Esc Esc: the first is a key of its own */
	if (!taken && !is_last)
		return 0;
	if (!taken)
		taken = length < INPUT_SEQUENCE_MAX ? length : INPUT_SEQUENCE_MAX;
	key->code = taken == 1 ? INPUT_ESCAPE : INPUT_UNKNOWN;
	key->character = '\033';
	if (taken == 2 && (unsigned char)bytes[1] < 0x80) {
		key->code = INPUT_CHARACTER;
		key->character = (unsigned char)bytes[1];
		key->has_alt = true;
	}
	key->length = taken;
	return taken;
}

static size_t decode_character(const char *bytes, size_t length, bool is_last,
			       struct input_key *key)
{
	unsigned char first = (unsigned char)bytes[0];
	size_t need = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 1;
	uint32_t c = need == 1 ? first : first & (0xffU >> (need + 1));

	key->code = INPUT_CHARACTER;
	for (size_t i = 1; i < need; i++) {
		if (i >= length && !is_last)
			return 0;
		if (i >= length || ((unsigned char)bytes[i] & 0xc0) != 0x80) {
			need = 1;
			c = 0xfffd;
			break;
		}
		c = c << 6 | ((unsigned char)bytes[i] & 0x3f);
	}
	key->character = need == 1 && first >= 0x80 ? 0xfffd : c;
	key->length = need;
	return need;
}

size_t input_decode(const struct input_sequence *own, const char *bytes, size_t length,
		    bool is_last, struct input_key *ret_key)
{
	*ret_key = (struct input_key){.bytes = bytes};
	if (!length)
		return 0;
	if (find_sequence(own, bytes, length, ret_key) ||
	    find_sequence(common, bytes, length, ret_key))
		return ret_key->length;
	if (bytes[0] == '\033')
		return decode_escape(bytes, length, is_last, ret_key);
	return decode_character(bytes, length, is_last, ret_key);
}

uint32_t input_fold(uint32_t character)
{
	if (character >= 0xff01 && character <= 0xff5e)
		return character - 0xff01 + '!';
	if (character == 0x3000)
		return ' ';
	return character == 0xffe5 ? '\\' : character;
}

void input_fold_line(char *line)
{
	char *to = line, quote = 0;
	struct input_key key;

	for (size_t left = strlen(line); left; left -= key.length, line += key.length) {
		uint32_t folded;

		decode_character(line, left, true, &key);
		folded = key.length > 1 && !quote ? input_fold(key.character) : key.character;
		if (key.length > 1 && folded == key.character) {
			memmove(to, line, key.length);
			to += key.length;
			continue;
		}
		if (key.length == 1)
			folded = (unsigned char)*line;
		if (quote ? (char)folded == quote : folded == '\'' || folded == '"')
			quote = quote ? 0 : (char)folded;
		*to++ = (char)folded;
	}
	*to = '\0';
}

int input_parse_control(const char *text)
{
	const char *key = text;

	if (strncasecmp(text, "ctrl-", 5) == 0)
		key += 5;
	else if (strncasecmp(text, "c-", 2) == 0)
		key += 2;
	else if (text[0] == '^' && text[1])
		key += 1;
	else if (text[0] > 0 && text[0] < 0x20 && !text[1])
		return text[0];
	else
		return -EINVAL;
	if (!key[0] || key[1] || toupper((unsigned char)key[0]) < '@' ||
	    toupper((unsigned char)key[0]) > '_')
		return -EINVAL;
	return (toupper((unsigned char)key[0]) & 0x1f) ? toupper((unsigned char)key[0]) & 0x1f
						       : -EINVAL;
}

const char *input_control_name(int byte, char buffer[16])
{
	snprintf(buffer, 16, "Ctrl-%c", byte + '@');
	return buffer;
}
