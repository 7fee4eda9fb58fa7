// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A packet is a header of six 16-bit numbers, then questions; whatever follows the first question
 * (EDNS options) is not read. A name is labels, each a length and its bytes, up to a length of 0.
 * Compression is refused in a question: it needs none, and it is where parsers loop.
 */
#include "dns.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	FLAG_RESPONSE = 0x8000,
	FLAG_OPCODE = 0x7800,
	FLAG_AUTHORITATIVE = 0x0400,
	FLAG_RECURSION_DESIRED = 0x0100,
	FLAG_RECURSION_AVAILABLE = 0x0080,
};

enum { CODE_OK = 0, CODE_FORMAT = 1, CODE_NO_NAME = 3, CODE_NOT_IMPLEMENTED = 4, CODE_REFUSED = 5 };
enum { TYPE_A = 1, TYPE_PTR = 12, TYPE_AAAA = 28, TYPE_ANY = 255, CLASS_IN = 1 };
enum { NAME_MAX_BYTES = 256, LABEL_MAX = 63, TTL_SECONDS = 2 };

/* Somebody's question. */
struct question {
	char name[NAME_MAX_BYTES]; /* with dots between the labels, in lower case */
	uint16_t type, class;
	size_t end; /* where it ends in the packet */
};

/* The answer as it grows. */
struct writer {
	uint8_t *bytes;
	size_t length;
	unsigned records;
};

static uint16_t get16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void put16(uint8_t *bytes, unsigned value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

/* The bytes that a host's name may have: what is shown to people must not surprise them. */
static bool is_name_byte(uint8_t byte)
{
	return isalnum(byte) || byte == '-' || byte == '_';
}

/* Reads labels from `at` on. False: cut, compressed, too long, or of odd bytes. */
static bool read_name(const uint8_t *packet, size_t length, size_t *at, char *name)
{
	size_t used = 0;

	while (*at < length && packet[*at]) {
		size_t label = packet[(*at)++];
		if (label > LABEL_MAX || label > length - *at ||
		    used + label + 2 > NAME_MAX_BYTES - 1)
			return false;
		if (used)
			name[used++] = '.';
		for (size_t i = 0; i < label; i++) {
			if (!is_name_byte(packet[*at + i]))
				return false;
			name[used++] = (char)tolower(packet[*at + i]);
		}
		*at += label;
	}
	name[used] = '\0';
	return (*at)++ < length;
}

static bool read_question(const uint8_t *packet, size_t length, struct question *question)
{
	size_t at = DNS_HEADER_BYTES;

	if (get16(packet + 4) != 1 || !read_name(packet, length, &at, question->name) ||
	    length - at < 4)
		return false;
	question->type = get16(packet + at);
	question->class = get16(packet + at + 2);
	question->end = at + 4;
	return true;
}

/* Begins the answer: header and question as asked. */
static void begin(struct writer *writer, const uint8_t *packet, size_t question_end)
{
	unsigned flags = FLAG_RESPONSE | FLAG_AUTHORITATIVE | FLAG_RECURSION_AVAILABLE |
			 (get16(packet + 2) & (FLAG_OPCODE | FLAG_RECURSION_DESIRED));

	memset(writer->bytes, 0, DNS_HEADER_BYTES);
	memcpy(writer->bytes, packet, question_end);
	put16(writer->bytes + 2, flags);
	put16(writer->bytes + 4, question_end > DNS_HEADER_BYTES);
	memset(writer->bytes + 6, 0, 6);
	writer->length = question_end;
}

static void finish(struct writer *writer, unsigned code, size_t *ret_length)
{
	put16(writer->bytes + 2, get16(writer->bytes + 2) | code);
	put16(writer->bytes + 6, writer->records);
	*ret_length = writer->length;
}

/* A record about the name that was asked for (0xc00c points to it). */
static void add_record(struct writer *writer, unsigned type, const uint8_t *data, size_t length)
{
	uint8_t *bytes = writer->bytes + writer->length;

	put16(bytes, 0xc000 | DNS_HEADER_BYTES);
	put16(bytes + 2, type);
	put16(bytes + 4, CLASS_IN);
	put16(bytes + 6, 0);
	put16(bytes + 8, TTL_SECONDS);
	put16(bytes + 10, (unsigned)length);
	memcpy(bytes + 12, data, length);
	writer->length += 12 + length;
	writer->records++;
}

/* What has address NUMBER of the lab; type ANY gets both. */
static void add_addresses(const struct dns_zone *zone, struct writer *writer, unsigned type,
			  unsigned number)
{
	static const uint8_t none[16];
	uint32_t address = zone->network + number;
	uint8_t four[4] = {(uint8_t)(address >> 24), (uint8_t)(address >> 16),
			   (uint8_t)(address >> 8), (uint8_t)address};
	uint8_t six[16];

	memcpy(six, zone->network6, sizeof(six));
	six[15] = (uint8_t)number;
	if (type == TYPE_A || type == TYPE_ANY)
		add_record(writer, TYPE_A, four, sizeof(four));
	if ((type == TYPE_AAAA || type == TYPE_ANY) && memcmp(zone->network6, none, 16) != 0)
		add_record(writer, TYPE_AAAA, six, sizeof(six));
}

/* NAME.lab as labels. Names come from str_is_name(): short, but maybe with dots. */
static size_t write_name(uint8_t *bytes, const char *name)
{
	char full[NET_WIRE_NAME_MAX + 8];
	size_t used = 0;

	snprintf(full, sizeof(full), "%s.lab", name);
	for (const char *label = full; *label;) {
		size_t length = strcspn(label, ".");
		if (length) { /* ".." has an empty one, which would end the name */
			bytes[used++] = (uint8_t)length;
			memcpy(bytes + used, label, length);
			used += length;
		}
		label += length + (label[length] == '.');
	}
	bytes[used++] = 0;
	return used;
}

/* Adds who has that number. False: nobody. */
static bool add_owner(const struct dns_zone *zone, struct writer *writer, unsigned type,
		      unsigned number)
{
	const struct table_member *member = table_get(zone->table, number);
	uint8_t name[NET_WIRE_NAME_MAX + 16];

	if (!member && number != 1)
		return false;
	size_t length = write_name(name, member ? member->name : "gateway");
	if (type == TYPE_PTR || type == TYPE_ANY)
		add_record(writer, TYPE_PTR, name, length);
	return true;
}

/* "5.77.88.10.in-addr.arpa": the last byte, if the rest is our network; -1: not ours. */
static int number_of_reverse4(const struct dns_zone *zone, const char *name)
{
	char tail[48], *end;
	uint32_t network = zone->network;
	unsigned long number = strtoul(name, &end, 10);

	snprintf(tail, sizeof(tail), ".%u.%u.%u.in-addr.arpa", network >> 8 & 255,
		 network >> 16 & 255, network >> 24);
	return isdigit((unsigned char)*name) && number < 256 && strcmp(end, tail) == 0 ? (int)number
										       : -1;
}

/* The same for 32 nibbles, the last one first, and ".ip6.arpa". */
static int number_of_reverse6(const struct dns_zone *zone, const char *name)
{
	static const char digits[] = "0123456789abcdef";
	char wanted[80];
	size_t used = 0;

	if (strlen(name) != 32 * 2 + strlen("ip6.arpa") || !isxdigit((unsigned char)name[0]) ||
	    !isxdigit((unsigned char)name[2]))
		return -1;
	for (int i = 15; i >= 0; i--)
		used += (size_t)snprintf(wanted + used, sizeof(wanted) - used, "%c.%c.",
					 digits[zone->network6[i] & 15],
					 digits[zone->network6[i] >> 4]);
	snprintf(wanted + used, sizeof(wanted) - used, "ip6.arpa");
	if (strcmp(name + 4, wanted + 4) != 0)
		return -1;
	return (int)(strchr(digits, name[2]) - digits) * 16 +
	       (int)(strchr(digits, name[0]) - digits);
}

/* The name without ".lab"; NULL: not one of the lab's. */
static char *own_name(char *name)
{
	size_t length = strlen(name);

	if (length > 4 && strcmp(name + length - 4, ".lab") == 0)
		name[length - 4] = '\0';
	else if (strchr(name, '.') || !*name)
		return NULL;
	return name;
}

/* Answers what is ours to answer. False: another one's name. */
static bool answer_own(const struct dns_zone *zone, struct question *question,
		       struct writer *writer, unsigned *ret_code)
{
	int reverse = number_of_reverse4(zone, question->name);
	/* A sandbox's name may have dots itself, so it is looked for before anything is foreign. */
	unsigned number = table_find(zone->table, question->name);
	const char *name;

	if (reverse < 0)
		reverse = number_of_reverse6(zone, question->name);
	if (reverse >= 0) {
		if (!add_owner(zone, writer, question->type, (unsigned)reverse))
			*ret_code = CODE_NO_NAME;
		return true;
	}
	if (!number) {
		name = own_name(question->name);
		if (!name)
			return false;
		number = table_find(zone->table, name);
		if (!number && strcmp(name, "gateway") == 0)
			number = 1;
	}
	if (number)
		add_addresses(zone, writer, question->type, number);
	else
		*ret_code = CODE_NO_NAME;
	return true;
}

enum dns_fate dns_handle(const struct dns_zone *zone, const uint8_t *packet, size_t length,
			 uint8_t *answer, size_t *ret_length)
{
	struct writer writer = {.bytes = answer};
	struct question question;
	unsigned code = CODE_OK;

	if (length < DNS_HEADER_BYTES || length > DNS_QUESTION_MAX ||
	    get16(packet + 2) & FLAG_RESPONSE)
		return DNS_DROP;
	if (get16(packet + 2) & FLAG_OPCODE || !read_question(packet, length, &question)) {
		begin(&writer, packet, DNS_HEADER_BYTES);
		finish(&writer,
		       get16(packet + 2) & FLAG_OPCODE ? CODE_NOT_IMPLEMENTED : CODE_FORMAT,
		       ret_length);
		return DNS_ANSWER;
	}
	begin(&writer, packet, question.end);
	if (question.class != CLASS_IN) {
		code = CODE_REFUSED;
	} else if (!answer_own(zone, &question, &writer, &code)) {
		if (zone->can_forward)
			return DNS_FORWARD;
		code = CODE_NO_NAME;
	}
	finish(&writer, code, ret_length);
	return DNS_ANSWER;
}
