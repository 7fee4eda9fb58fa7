/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_IDENTITY_H
#define ISOLAB_VM_IDENTITY_H
/*
 * identity: what something was made from, as one short word: SHA-256 (FIPS 180-4) over the stat
 * data of files. Two things that differ anywhere have two words, also if somebody tries hard to
 * make them one.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

enum { IDENTITY_BLOCK = 64, IDENTITY_TEXT = 33 /* 128 bits in hex, and the NUL */ };

struct identity {
	uint32_t state[8];
	uint64_t bytes;
	uint8_t block[IDENTITY_BLOCK];
};

void identity_init(struct identity *identity);
void identity_add(struct identity *identity, const void *data, size_t length);
/* A text, with its end: "a" "bc" is not "ab" "c". */
void identity_add_text(struct identity *identity, const char *text);
/* A file as the kernel knows it: device, inode, type and mode, owner, size, times of change. Not
 * its bytes: whoever changes those changes its ctime, which nobody can set. */
void identity_add_file(struct identity *identity, const struct stat *status);
/* Writes the word and ends the computation. */
void identity_finish(struct identity *identity, char text[static IDENTITY_TEXT]);

#endif
