/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SHA-256 as its standard tells it: sixteen words of a block grow to sixty-four, each of which is
 * stirred into eight words of state. Slow is fine here: a whole image is a megabyte of stat data.
 */
#include "identity.h"

#include <stdio.h>
#include <string.h>

enum { ROUNDS = 64, TEXT_BYTES = 16 };

static const uint32_t round_constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t turn(uint32_t word, unsigned bits)
{
	return word >> bits | word << (32 - bits);
}

static void expand(const uint8_t *block, uint32_t words[ROUNDS])
{
	for (int i = 0; i < 16; i++, block += 4)
		words[i] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 |
			   (uint32_t)block[2] << 8 | block[3];
	for (int i = 16; i < ROUNDS; i++) {
		uint32_t a = words[i - 15], b = words[i - 2];
		words[i] = words[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ a >> 3) + words[i - 7] +
			   (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
	}
}

static void stir(struct identity *identity)
{
	uint32_t words[ROUNDS], s[8];

	expand(identity->block, words);
	memcpy(s, identity->state, sizeof(s));
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
		uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
		uint32_t first = s[7] + (turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25)) + choice +
				 round_constants[i] + words[i];
		uint32_t second = (turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22)) + majority;
		memmove(s + 1, s, 7 * sizeof(*s));
		s[4] += first;
		s[0] = first + second;
	}
	for (int i = 0; i < 8; i++)
		identity->state[i] += s[i];
}

void identity_init(struct identity *identity)
{
	*identity = (struct identity){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
						0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void identity_add(struct identity *identity, const void *data, size_t length)
{
	const uint8_t *from = data;

	while (length) {
		size_t at = identity->bytes % IDENTITY_BLOCK;
		size_t piece = IDENTITY_BLOCK - at < length ? IDENTITY_BLOCK - at : length;
		memcpy(identity->block + at, from, piece);
		identity->bytes += piece;
		from += piece;
		length -= piece;
		if (at + piece == IDENTITY_BLOCK)
			stir(identity);
	}
}

void identity_add_text(struct identity *identity, const char *text)
{
	identity_add(identity, text, strlen(text) + 1);
}

void identity_add_file(struct identity *identity, const struct stat *status)
{
	const uint64_t facts[] = {
	    status->st_dev,
	    status->st_ino,
	    status->st_mode,
	    status->st_uid,
	    status->st_gid,
	    (uint64_t)status->st_size,
	    (uint64_t)status->st_mtim.tv_sec,
	    (uint64_t)status->st_mtim.tv_nsec,
	    (uint64_t)status->st_ctim.tv_sec,
	    (uint64_t)status->st_ctim.tv_nsec,
	};

	identity_add(identity, facts, sizeof(facts));
}

void identity_finish(struct identity *identity, char text[static IDENTITY_TEXT])
{
	static const uint8_t padding[IDENTITY_BLOCK] = {0x80};
	uint64_t bits = identity->bytes * 8;
	size_t fill =
	    (IDENTITY_BLOCK * 2 - 8 - identity->bytes % IDENTITY_BLOCK - 1) % IDENTITY_BLOCK + 1;
	uint8_t length[8];

	for (int i = 0; i < 8; i++)
		length[i] = (uint8_t)(bits >> (56 - 8 * i));
	identity_add(identity, padding, fill);
	identity_add(identity, length, sizeof(length));
	for (int i = 0; i < TEXT_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x",
			 (unsigned)(identity->state[i / 4] >> (24 - 8 * (i % 4)) & 0xff));
}
