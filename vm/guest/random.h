/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_RANDOM_H
#define ISOLAB_TINY_RANDOM_H
/* random: ChaCha20 (RFC 8439) as a generator: a secret key and a counter give a block of 64
 * random bytes. */
#include <stdint.h>

enum { RANDOM_KEY_BYTES = 32, RANDOM_BLOCK_BYTES = 64 };

void random_block(const uint8_t key[RANDOM_KEY_BYTES], uint64_t counter,
		  uint8_t ret_block[RANDOM_BLOCK_BYTES]);

#endif
