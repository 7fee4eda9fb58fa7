/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a Linux guest starts from: identities, the cache, taking a bzImage apart, the archives of an
 * image and of programs. The kernels in here are small files that only look like one; their
 * payloads are packed by the system's own programs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <asm/bootparam.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot_cache.h"
#include "bzimage.h"
#include "fd.h"
#include "identity.h"
#include "pack.h"
#include "tree.h"
#include "unpack.h"

enum { SETUP = 1024, UNPACKED = 300000 };

static int file_of(const void *bytes, size_t length)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, bytes, length), 0);
	return fd;
}

static void test_identity_is_sha_256(void **state)
{
	struct identity identity;
	char text[IDENTITY_TEXT];

	(void)state;
	identity_init(&identity);
	identity_add(&identity, "abc", 3);
	identity_finish(&identity, text);
	assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223");
	identity_init(&identity);
	for (int i = 0; i < 1000; i++)
		identity_add(&identity, "aaaaaaaaaa", 10);
	identity_finish(&identity, text);
	assert_string_equal(text, "27dd1f61b867b6a0f6e9d8a41c43231d");
}

/* ---- a bzImage ---- */

/* What a program of the system makes of `plain`; false: there is no such program here. */
static bool pack_by(const char *command, const uint8_t *plain, size_t length, uint8_t *ret,
		    size_t *ret_length, size_t size)
{
	auto_close int in = file_of(plain, length);
	auto_close int out = memfd_create("packed", MFD_CLOEXEC);
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		lseek(in, 0, SEEK_SET);
		dup2(in, 0);
		dup2(out, 1);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	ssize_t n = pread(out, ret, size, 0);
	*ret_length = n > 0 ? (size_t)n : 0;
	return status == 0 && n > 0;
}

/* Lays a bzImage with that payload; returns its length. */
static size_t make_bzimage(uint8_t *file, const uint8_t *payload, size_t length, uint32_t unpacked)
{
	struct setup_header *setup = (void *)(file + offsetof(struct boot_params, hdr));

	memset(file, 0, SETUP);
	setup->setup_sects = 1;
	setup->boot_flag = 0xaa55;
	setup->header = 0x53726448;
	setup->version = 0x20f;
	setup->kernel_version = 0x100;
	setup->payload_offset = 16;
	setup->payload_length = (uint32_t)length + 4;
	memcpy(file + 0x300, "6.1.0-test (somebody@somewhere) #1", 35);
	memset(file + SETUP, 0x90, 16);
	memcpy(file + SETUP + 16, payload, length);
	memcpy(file + SETUP + 16 + length, &unpacked, sizeof(unpacked));
	size_t end = SETUP + 16 + length + 4;
	setup->syssize = (uint32_t)((end - SETUP) / 16);
	return end;
}

static uint8_t *make_elf(void)
{
	uint8_t *elf = calloc(1, UNPACKED);
	Elf64_Ehdr *header = (void *)elf;

	assert_non_null(elf);
	for (size_t i = 0; i < UNPACKED; i++)
		elf[i] = (uint8_t)(i * i >> 7);
	memcpy(header->e_ident, ELFMAG, SELFMAG);
	header->e_ident[EI_CLASS] = ELFCLASS64;
	header->e_machine = EM_X86_64;
	return elf;
}

static const char *const packers[] = {"gzip -n", "xz --check=crc32", "xz --format=lzma",
				      "bzip2",   "lz4 -l -9",        "zstd -q -19"};

static void test_payload_of_every_compression_comes_out_whole(void **state)
{
	auto_free uint8_t *elf = make_elf(), *packed = malloc(UNPACKED), *back = malloc(UNPACKED);
	auto_free uint8_t *file = malloc(SETUP + UNPACKED);
	size_t length;
	int tried = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++) {
		struct err error = {0};
		if (!pack_by(packers[i], elf, UNPACKED, packed, &length, UNPACKED)) {
			print_message("no program for '%s' here\n", packers[i]);
			continue;
		}
		tried++;
		size_t end = make_bzimage(file, packed, length, UNPACKED);
		if (strncmp(packers[i], "gzip", 4) == 0) { /* its own end is that size */
			end = make_bzimage(file, packed, length - 4, UNPACKED);
		}
		auto_close int fd = file_of(file, end), out = memfd_create("elf", MFD_CLOEXEC);
		if (unpack_kernel(fd, out, &error) < 0)
			fail_msg("%s: %s", packers[i], error.what);
		assert_int_equal(pread(out, back, UNPACKED, 0), UNPACKED);
		assert_memory_equal(back, elf, UNPACKED);
		/* cut in its middle, damaged in its middle */
		auto_close int cut = file_of(file, end / 2), to = memfd_create("x", MFD_CLOEXEC);
		assert_int_equal(unpack_kernel(cut, to, NULL), -EBADMSG);
		memset(file + SETUP + 16 + length / 2, 0, length / 4);
		auto_close int bad = file_of(file, end);
		assert_int_equal(unpack_kernel(bad, to, NULL), -EBADMSG);
	}
	assert_true(tried > 0);
}

static int read_bytes(const void *file, size_t length, struct bzimage *ret)
{
	auto_close int fd = file_of(file, length);

	return bzimage_read(fd, ret, NULL);
}

static void test_header_of_a_bzimage_is_never_believed(void **state)
{
	uint8_t file[SETUP + 64];
	struct setup_header *setup = (void *)(file + offsetof(struct boot_params, hdr));
	struct bzimage image;
	const uint8_t unknown[] = "unknown bytes";
	size_t end = make_bzimage(file, unknown, sizeof(unknown), 1 << 30);
	auto_close int fd = file_of(file, end);

	(void)state;
	assert_int_equal(bzimage_read(fd, &image, NULL), 0);
	assert_string_equal(image.release, "6.1.0-test");
	assert_int_equal(image.payload_start, SETUP + 16);
	assert_int_equal(unpack_kernel(fd, -1, NULL), -ENOTSUP);
	setup->payload_length = UINT32_MAX;
	assert_int_equal(read_bytes(file, end, &image), -EBADMSG);
	setup->payload_length = 10;
	setup->payload_offset = UINT32_MAX;
	assert_int_equal(read_bytes(file, end, &image), -EBADMSG);
	setup->payload_offset = 0;
	memcpy(file + 0x300, "../../etc", 10);
	assert_int_equal(read_bytes(file, end, &image), 0);
	assert_string_equal(image.release, "");
	setup->syssize = UINT32_MAX;
	assert_int_equal(read_bytes(file, end, &image), -EBADMSG);
	assert_int_equal(read_bytes("#!/bin/sh\n", 10, &image), -ENOEXEC);
}

static int count_bytes(void *arg, const void *bytes, size_t length, struct err *e)
{
	(void)bytes, (void)e;
	*(size_t *)arg += length;
	return 0;
}

static void test_what_comes_out_is_bounded(void **state)
{
	auto_free uint8_t *zeros = calloc(1, 4 << 20), *packed = malloc(65536);
	size_t length, count = 0;

	(void)state;
	if (!pack_by("gzip -n", zeros, 4 << 20, packed, &length, 65536))
		skip();
	auto_close int fd = file_of(packed, length);
	struct unpack_source source = {.fd = fd,
				       .bytes = length,
				       .compression = "gzip",
				       .limit = 1 << 20};
	assert_int_equal(unpack(&source, count_bytes, &count, NULL), -EFBIG);
	assert_true(count <= 1 << 20);
	source.limit = 4 << 20;
	count = 0;
	assert_int_equal(unpack(&source, count_bytes, &count, NULL), 0);
	assert_int_equal(count, 4 << 20);
	source.compression = "lzop";
	assert_int_equal(unpack(&source, count_bytes, &count, NULL), -ENOTSUP);
}

/* ---- trees and archives ---- */

struct place {
	char path[64];
	int fd;
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->path, sizeof(place->path), "/tmp/test_vm_kernel-XXXXXX");
	assert_non_null(mkdtemp(place->path));
	place->fd = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = place;
	return place->fd < 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;
	char command[192];
	int status;
	pid_t pid = fork();

	snprintf(command, sizeof(command), "chmod -R u+rwx '%s'; rm -rf '%s'", place->path,
		 place->path);
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	close(place->fd);
	free(place);
	return status;
}

static void write_at(int directory, const char *path, const char *text)
{
	auto_close int fd = openat(directory, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

/* The number in a field of an archive's header. */
static unsigned long field(const char *header, int number)
{
	char digits[9] = "";

	memcpy(digits, header + 6 + 8 * number, 8);
	return strtoul(digits, NULL, 16);
}

/* Finds an entry; its header, and its content. */
static const char *find_entry(const char *archive, size_t length, const char *name,
			      const char **content)
{
	size_t at = 0;

	while (at + 110 < length && memcmp(archive + at, "070701", 6) == 0) {
		const char *header = archive + at;
		size_t name_end = (at + 110 + field(header, 11) + 3) & ~(size_t)3;
		*content = archive + name_end;
		if (strcmp(header + 110, name) == 0)
			return header;
		at = (name_end + field(header, 6) + 3) & ~(size_t)3;
	}
	return NULL;
}

static void test_image_is_packed_without_leaving_it(void **state)
{
	const struct place *place = *state;
	auto_close int out = memfd_create("archive", MFD_CLOEXEC);
	struct pack_losses losses = {0};
	const char *content, *header, *other;
	struct stat status;

	assert_int_equal(mkdirat(place->fd, "etc", 0755), 0);
	write_at(place->fd, "etc/passwd", "root");
	assert_int_equal(symlinkat("/etc", place->fd, "outside"), 0);
	assert_int_equal(symlinkat("../../../../etc/hostname", place->fd, "etc/up"), 0);
	assert_int_equal(linkat(place->fd, "etc/passwd", place->fd, "second", 0), 0);
	assert_int_equal(mkfifoat(place->fd, "fifo", 0600), 0);
	assert_int_equal(mknodat(place->fd, "socket", S_IFSOCK | 0600, 0), 0);
	assert_int_equal(pack_image(place->fd, out, &losses, NULL), 0);
	assert_int_equal(losses.special, 1);
	fstat(out, &status);
	assert_int_equal(status.st_size % 4096, 0);
	const char *archive = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, out, 0);
	size_t length = (size_t)status.st_size;
	header = find_entry(archive, length, "image/etc/passwd", &content);
	assert_non_null(header);
	assert_memory_equal(content, "root", 4);
	assert_int_equal(field(header, 2), 0); /* uid: ours is root's in there, or root's */
	other = find_entry(archive, length, "image/second", &content);
	assert_non_null(other);
	assert_int_equal(field(other, 0), field(header, 0)); /* one file */
	assert_int_equal(field(other, 6), 0);
	header = find_entry(archive, length, "image/outside", &content);
	assert_true(S_ISLNK(field(header, 1)));
	assert_memory_equal(content, "/etc", 4);
	assert_non_null(find_entry(archive, length, "image/fifo", &content));
	assert_null(find_entry(archive, length, "image/socket", &content));
	assert_null(find_entry(archive, length, "image/outside/passwd", &content));
	munmap((void *)archive, length);
}

static void test_programs_lie_beside_the_image(void **state)
{
	const struct place *place = *state;
	auto_close int out = memfd_create("archive", MFD_CLOEXEC);
	char word[128], bad[] = "no file", *words[] = {word, NULL};
	char archive[16384];
	const char *content;

	write_at(place->fd, "program", "#!text");
	snprintf(word, sizeof(word), "isolab=%s/program", place->path);
	assert_int_equal(pack_programs(words, out, NULL), 0);
	ssize_t length = pread(out, archive, sizeof(archive), 0);
	assert_true(length > 0);
	assert_non_null(find_entry(archive, (size_t)length, "isolab/isolab", &content));
	assert_memory_equal(content, "#!text", 6);
	assert_non_null(find_entry(archive, (size_t)length, "isolab/images/base", &content));
	assert_memory_equal(content, "/", 1);
	words[0] = bad;
	assert_int_equal(pack_programs(words, out, NULL), -EINVAL);
}

static void test_identity_of_a_tree_follows_every_change(void **state)
{
	const struct place *place = *state;
	char first[IDENTITY_TEXT], second[IDENTITY_TEXT];

	assert_int_equal(mkdirat(place->fd, "a", 0755), 0);
	write_at(place->fd, "a/b", "1");
	assert_int_equal(tree_identity(place->fd, first, NULL), 0);
	assert_int_equal(tree_identity(place->fd, second, NULL), 0);
	assert_string_equal(first, second);
	assert_int_equal(fchmodat(place->fd, "a/b", 0600, 0), 0);
	assert_int_equal(tree_identity(place->fd, second, NULL), 0);
	assert_string_not_equal(first, second);
	auto_close int file = openat(place->fd, "a/b", O_RDONLY | O_CLOEXEC);
	assert_int_equal(tree_identity(file, second, NULL), -ENOTDIR);
}

static void test_tree_that_is_too_deep_is_refused(void **state)
{
	const struct place *place = *state;
	int here = dup(place->fd);
	char text[IDENTITY_TEXT];

	for (int i = 0; i < TREE_DEPTH_MAX + 5; i++) {
		assert_int_equal(mkdirat(here, "d", 0755), 0);
		int next = openat(here, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(here);
		here = next;
	}
	close(here);
	assert_int_equal(tree_identity(place->fd, text, NULL), -ELOOP);
}

/* ---- the cache ---- */

static void test_cache_has_a_file_whole_or_not_at_all(void **state)
{
	const struct place *place = *state;
	struct boot_cache_entry entry;
	char byte, path[128];

	setenv("XDG_CACHE_HOME", place->path, 1);
	assert_true(boot_cache_open("kind", "0123") < 0);
	assert_int_equal(boot_cache_create(&entry, "kind", "0123", NULL), 0);
	assert_int_equal(fd_write_all(entry.fd, "x", 1), 0);
	assert_true(boot_cache_open("kind", "0123") < 0);
	boot_cache_drop(&entry);
	assert_true(boot_cache_open("kind", "0123") < 0);
	assert_int_equal(boot_cache_create(&entry, "kind", "0123", NULL), 0);
	assert_int_equal(fd_write_all(entry.fd, "y", 1), 0);
	auto_close int kept = boot_cache_keep(&entry, false, NULL);
	assert_true(kept >= 0);
	assert_true(write(kept, "z", 1) < 0);
	auto_close int found = boot_cache_open("kind", "0123");
	assert_true(found >= 0);
	assert_int_equal(pread(found, &byte, 1, 0), 1);
	assert_int_equal(byte, 'y');
	/* what others may write to is not believed, neither a file nor a directory */
	snprintf(path, sizeof(path), "%s/isolab/boot/kind-0123", place->path);
	assert_int_equal(chmod(path, 0666), 0);
	assert_true(boot_cache_open("kind", "0123") < 0);
	assert_int_equal(chmod(path, 0400), 0);
	*strrchr(path, '/') = '\0';
	assert_int_equal(chmod(path, 0777), 0);
	assert_true(boot_cache_open("kind", "0123") < 0);
	/* then one in memory serves */
	assert_int_equal(boot_cache_create(&entry, "kind", "4567", NULL), 0);
	assert_int_equal(entry.directory, -1);
	boot_cache_drop(&entry);
	unsetenv("XDG_CACHE_HOME");
}

static void test_cache_forgets_what_was_not_used_for_longest(void **state)
{
	const struct place *place = *state;
	char identity[IDENTITY_TEXT];

	setenv("XDG_CACHE_HOME", place->path, 1);
	for (int i = 0; i < BOOT_CACHE_FILES_MAX + 3; i++) {
		struct boot_cache_entry entry;
		snprintf(identity, sizeof(identity), "%d", i);
		assert_int_equal(boot_cache_create(&entry, "kind", identity, NULL), 0);
		const struct timespec used[2] = {{.tv_sec = i + 1}, {.tv_sec = i + 1}};
		int fd = boot_cache_keep(&entry, true, NULL);
		assert_true(fd >= 0);
		futimens(fd, used);
		close(fd);
	}
	assert_true(boot_cache_open("kind", "0") < 0);
	auto_close int newest = boot_cache_open("kind", identity);
	assert_true(newest >= 0);
	unsetenv("XDG_CACHE_HOME");
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_identity_is_sha_256),
	    cmocka_unit_test(test_payload_of_every_compression_comes_out_whole),
	    cmocka_unit_test(test_header_of_a_bzimage_is_never_believed),
	    cmocka_unit_test(test_what_comes_out_is_bounded),
	    IN_A_PLACE(test_image_is_packed_without_leaving_it),
	    IN_A_PLACE(test_programs_lie_beside_the_image),
	    IN_A_PLACE(test_identity_of_a_tree_follows_every_change),
	    IN_A_PLACE(test_tree_that_is_too_deep_is_refused),
	    IN_A_PLACE(test_cache_has_a_file_whole_or_not_at_all),
	    IN_A_PLACE(test_cache_forgets_what_was_not_used_for_longest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
