/* SPDX-License-Identifier: GPL-3.0-or-later */
/* random: 16 words in a square; 20 rounds of additions, exclusive ors and rotations along its
 * columns and diagonals. */
#include "random.h"

#include "string.h"

static uint32_t rotate(uint32_t word, int bits)
{
	return word << bits | word >> (32 - bits);
}

static void quarter(uint32_t *w, int a, int b, int c, int d)
{
	w[a] += w[b], w[d] = rotate(w[d] ^ w[a], 16);
	w[c] += w[d], w[b] = rotate(w[b] ^ w[c], 12);
	w[a] += w[b], w[d] = rotate(w[d] ^ w[a], 8);
	w[c] += w[d], w[b] = rotate(w[b] ^ w[c], 7);
}

void random_block(const uint8_t key[RANDOM_KEY_BYTES], uint64_t counter,
		  uint8_t ret_block[RANDOM_BLOCK_BYTES])
{
	uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32,
			      0x6b206574}; /* "expand 32-byte k" */
	uint32_t words[16];
	memcpy(&start[4], key, RANDOM_KEY_BYTES);
	memcpy(&start[12], &counter, sizeof(counter));
	memcpy(words, start, sizeof(words));
	for (int round = 0; round < 20; round += 2) {
		for (int i = 0; i < 4; i++)
			quarter(words, i, 4 + i, 8 + i, 12 + i);
		for (int i = 0; i < 4; i++)
			quarter(words, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
	}
	for (int i = 0; i < 16; i++)
		words[i] += start[i];
	memcpy(ret_block, words, RANDOM_BLOCK_BYTES);
}
