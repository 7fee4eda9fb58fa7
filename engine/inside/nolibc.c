/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Text, numbers, collected output and the few rounded system calls of the programs that run inside.
 * No libc, no floating point (the teaching kernel keeps no FPU state), no writable globals. memset
 * and memcpy have their usual names because the compiler calls them of its own accord.
 */
#include "nolibc.h"

#include <asm/errno.h>

void *memset(void *destination, int byte, size_t length)
{
	unsigned char *at = destination;

	while (length--)
		*at++ = (unsigned char)byte;
	return destination;
}

void *memcpy(void *restrict destination, const void *restrict source, size_t length)
{
	unsigned char *to = destination;
	const unsigned char *from = source;

	while (length--)
		*to++ = *from++;
	return destination;
}

size_t text_length(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

bool text_equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

bool text_starts(const char *text, const char *prefix)
{
	while (*prefix && *text == *prefix)
		text++, prefix++;
	return !*prefix;
}

const char *text_base_name(const char *path)
{
	const char *base = path;

	for (; *path; path++)
		if (*path == '/')
			base = path + 1;
	return base;
}

bool text_number(const char *text, uint64_t *ret_number, const char **ret_rest)
{
	uint64_t number = 0;

	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (number > (UINT64_MAX - 9) / 10)
			return false;
		number = number * 10 + (uint64_t)(*text - '0');
	}
	*ret_number = number;
	*ret_rest = text;
	return true;
}

bool text_size(const char *text, uint64_t *ret_bytes)
{
	uint64_t number;
	unsigned shift = 0;

	if (!text_number(text, &number, &text))
		return false;
	if (*text) {
		shift = *text == 'K' || *text == 'k'   ? 10
			: *text == 'M' || *text == 'm' ? 20
			: *text == 'G' || *text == 'g' ? 30
						       : 0;
		if (!shift || (text[1] && !text_equal(text + 1, "iB")))
			return false;
	}
	if (number > UINT64_MAX >> shift)
		return false;
	*ret_bytes = number << shift;
	return true;
}

void writer_init(struct writer *writer, int fd)
{
	writer->fd = fd;
	writer->is_broken = false;
	writer->length = 0;
}

void writer_flush(struct writer *writer)
{
	size_t done = 0;

	while (done < writer->length && !writer->is_broken) {
		long r = call3(__NR_write, writer->fd, writer->data + done, writer->length - done);
		if (r > 0)
			done += (size_t)r;
		else if (r == -EAGAIN)
			sleep_ns(1000000);
		else if (r != -EINTR)
			writer->is_broken = true;
	}
	writer->length = 0;
}

void writer_bytes(struct writer *writer, const char *bytes, size_t length)
{
	while (length--) {
		if (writer->length == WRITER_SIZE)
			writer_flush(writer);
		writer->data[writer->length++] = *bytes++;
	}
}

void writer_text(struct writer *writer, const char *text)
{
	writer_bytes(writer, text, text_length(text));
}

void writer_number(struct writer *writer, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + number % 10);
	while (number /= 10);
	writer_bytes(writer, digits + at, sizeof(digits) - at);
}

void writer_hex(struct writer *writer, uint64_t number, unsigned digits)
{
	while (digits--)
		writer_bytes(writer, &"0123456789abcdef"[number >> (4 * digits) & 15], 1);
}

void writer_ratio(struct writer *writer, uint64_t total, uint64_t count)
{
	uint64_t rest;

	if (!count)
		count = 1;
	writer_number(writer, total / count);
	rest = total % count;
	writer_text(writer, ".");
	for (int place = 0; place < 3; place++) {
		rest *= 10;
		writer_number(writer, rest / count);
		rest %= count;
	}
}

void writer_time(struct writer *writer, uint64_t ns)
{
	if (ns < 1000) {
		writer_number(writer, ns);
		writer_text(writer, " ns");
	} else if (ns < 1000000) {
		writer_ratio(writer, ns, 1000);
		writer_text(writer, " us");
	} else if (ns < 1000000000) {
		writer_ratio(writer, ns, 1000000);
		writer_text(writer, " ms");
	} else {
		writer_ratio(writer, ns, 1000000000);
		writer_text(writer, " s");
	}
}

uint64_t clock_read_ns(int clock)
{
	struct time_pair now = {0, 0};

	if (call2(__NR_clock_gettime, clock, &now) < 0)
		return 0;
	return (uint64_t)now.seconds * 1000000000 + (uint64_t)now.nanoseconds;
}

void sleep_ns(uint64_t ns)
{
	struct time_pair left = {(int64_t)(ns / 1000000000), (int64_t)(ns % 1000000000)};

	while (call2(__NR_nanosleep, &left, &left) == -EINTR)
		;
}

long file_read(const char *path, char *buffer, size_t size)
{
	long fd = call4(__NR_openat, FD_HERE, path, 02000000 /* O_RDONLY | O_CLOEXEC */, 0);
	long length = 0;

	if (fd < 0)
		return fd;
	while ((size_t)length < size - 1) {
		long r = call3(__NR_read, fd, buffer + length, size - 1 - (size_t)length);
		if (r < 0 && !length)
			length = r;
		if (r <= 0)
			break;
		length += r;
	}
	call1(__NR_close, fd);
	if (length >= 0)
		buffer[length] = 0;
	return length;
}

const char *error_text(long error)
{
	switch (error < 0 ? -error : error) {
	case ENOSYS:
		return "not implemented by this kernel";
	case EPERM:
	case EACCES:
		return "permission denied";
	case ENOENT:
		return "no such file here";
	case EROFS:
		return "read-only here";
	case ENOMEM:
		return "not enough memory";
	case EISDIR:
		return "is a directory";
	case EBADF:
		return "not open";
	default:
		return "refused";
	}
}
