/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libarchive sees a stream of bytes ("raw") under one filter, the one that the first bytes ask for:
 * it is not left to guess, and never starts a program of the system's. It reads by a callback that
 * hands it our part of the file and no more.
 */
#include "unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bzimage.h"
#include "fd.h"

enum {
	PIECE = 256 * 1024,
	KERNEL_MAX = 512 << 20, /* of an unpacked kernel: the largest ones have a tenth */
	SIZE_BYTES = 4,
};

struct stream {
	const struct unpack_source *source;
	uint64_t at;
	bool lacks_end; /* lz4's legacy frame ends with its file, or an impossible size */
	char piece[PIECE];
};

static const struct filter {
	const char *name;
	int (*support)(struct archive *archive);
} filters[] = {
    {"gzip", archive_read_support_filter_gzip}, {"xz", archive_read_support_filter_xz},
    {"lzma", archive_read_support_filter_lzma}, {"bzip2", archive_read_support_filter_bzip2},
    {"lz4", archive_read_support_filter_lz4},   {"zstd", archive_read_support_filter_zstd},
    {"none", archive_read_support_filter_none},
};

static la_ssize_t read_piece(struct archive *archive, void *arg, const void **ret)
{
	static const uint8_t impossible_size[] = {0xff, 0xff, 0xff, 0xff};
	struct stream *stream = arg;
	uint64_t rest = stream->source->bytes - stream->at;

	if (rest == 0 && stream->lacks_end) {
		stream->lacks_end = false;
		*ret = impossible_size;
		return sizeof(impossible_size);
	}
	ssize_t n = pread(stream->source->fd, stream->piece, rest < PIECE ? rest : PIECE,
			  (off_t)(stream->source->start + stream->at));

	if (n < 0) {
		archive_set_error(archive, errno, "read");
		return -1;
	}
	stream->at += (uint64_t)n;
	*ret = stream->piece;
	return n;
}

static int tell(struct archive *archive, const struct unpack_source *source, struct err *e)
{
	const char *why = archive_error_string(archive);

	return err_set(e, EBADMSG, "its %s data is damaged: %.200s", source->compression,
		       why ? why : "nothing comes out");
}

static int open_stream(struct archive *archive, struct stream *stream, struct err *e)
{
	const struct unpack_source *source = stream->source;
	const char *name = source->compression ? source->compression : "none";
	struct archive_entry *entry;
	int supported = ARCHIVE_FATAL;

	stream->lacks_end = strcmp(name, "lz4") == 0;
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		if (strcmp(filters[i].name, name) == 0)
			supported = filters[i].support(archive);
	/* A warning means that a program would be started for it. */
	if (supported != ARCHIVE_OK)
		return err_set(e, ENOTSUP, "this libarchive does not unpack %s", name);
	archive_read_support_format_raw(archive);
	if (archive_read_open(archive, stream, NULL, read_piece, NULL) != ARCHIVE_OK ||
	    archive_read_next_header(archive, &entry) != ARCHIVE_OK)
		return tell(archive, source, e);
	return 0;
}

static int pump(struct archive *archive, const struct unpack_source *source,
		int (*take)(void *arg, const void *bytes, size_t length, struct err *e), void *arg,
		struct err *e)
{
	auto_free char *buffer = malloc(PIECE);
	uint64_t done = 0;

	if (!buffer)
		return err_sys(e, ENOMEM, "unpack");
	for (;;) {
		la_ssize_t n = archive_read_data(archive, buffer, PIECE);
		if (n == 0)
			return 0;
		if (n < 0)
			return tell(archive, source, e);
		done += (uint64_t)n;
		if (done > source->limit)
			return err_set(e, EFBIG, "more comes out of it than %llu bytes",
				       (unsigned long long)source->limit);
		int r = take(arg, buffer, (size_t)n, e);
		if (r < 0)
			return r;
	}
}

int unpack(const struct unpack_source *source,
	   int (*take)(void *arg, const void *bytes, size_t length, struct err *e), void *arg,
	   struct err *e)
{
	struct archive *archive = archive_read_new();
	struct stream *stream = calloc(1, sizeof(*stream));
	int r = archive && stream ? 0 : err_sys(e, ENOMEM, "unpack");

	if (r == 0) {
		stream->source = source;
		r = open_stream(archive, stream, e);
	}
	if (r == 0)
		r = pump(archive, source, take, arg, e);
	archive_read_free(archive);
	free(stream);
	return r;
}

/* ---- a kernel ---- */

struct output {
	int fd;
	uint64_t bytes;
};

static int write_piece(void *arg, const void *bytes, size_t length, struct err *e)
{
	struct output *output = arg;

	if (output->bytes == 0) {
		Elf64_Ehdr head = {0};
		memcpy(&head, bytes, length < sizeof(head) ? length : sizeof(head));
		if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
		    head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_machine != EM_X86_64)
			return err_set(e, EBADMSG, "what comes out is no kernel for x86-64");
	}
	int r = fd_write_all(output->fd, bytes, length);
	if (r < 0)
		return err_hint(e, err_sys(e, r, "write the unpacked kernel"),
				"it takes some 60 MB in the cache; XDG_CACHE_HOME names another");
	output->bytes += length;
	return 0;
}

int unpack_kernel(int fd, int to, struct err *e)
{
	struct bzimage image;
	struct output output = {.fd = to};
	uint8_t head[8] = {0};
	int r = bzimage_read(fd, &image, e);

	if (r < 0)
		return r;
	ssize_t n = pread(fd, head, sizeof(head), (off_t)image.payload_start);
	const char *compression = n > 0 && image.payload_bytes
				      ? bzimage_compression(head, (uint64_t)n)
				      : NULL;
	if (!compression)
		return err_set(e, ENOTSUP,
			       "its compression is not known here (it begins with "
			       "%02x %02x %02x %02x)",
			       head[0], head[1], head[2], head[3]);
	/* gzip ends with that size itself. */
	bool has_own_end = strcmp(compression, "gzip") == 0;
	struct unpack_source source = {
	    .fd = fd,
	    .start = image.payload_start,
	    .bytes = image.payload_bytes - (has_own_end ? 0 : SIZE_BYTES),
	    .compression = compression,
	    .limit = image.unpacked_bytes < KERNEL_MAX ? image.unpacked_bytes : KERNEL_MAX};
	r = unpack(&source, write_piece, &output, e);
	if (r == 0 && output.bytes != image.unpacked_bytes)
		r = err_set(e, EBADMSG, "%llu bytes come out of it, not %llu: it is damaged",
			    (unsigned long long)output.bytes,
			    (unsigned long long)image.unpacked_bytes);
	return r;
}
