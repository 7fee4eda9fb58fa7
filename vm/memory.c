/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The guest's RAM is one private mapping of the monitor, handed to KVM as one memory slot. It is
 * reserved without backing: a page comes into being when the guest (or the monitor) first touches
 * it, already zero. The kernel and the initrd are files mapped over it. The checks below are
 * written so that no sum can wrap: first the address, then the length against what is left.
 */
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fd.h"

int memory_init(struct memory *memory, uint64_t size, struct err *e)
{
	void *host = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (host == MAP_FAILED)
		return err_sys(e, errno, "reserve %llu bytes of guest memory",
			       (unsigned long long)size);
	*memory = (struct memory){.host = host, .size = size, .fd = -1};
	return 0;
}

/* KVM maps a huge page only where guest and host address agree in their last 21 bits, so the RAM
 * begins at such a boundary; before Linux 6.7 mmap(2) does not see to that. */
int memory_init_huge(struct memory *memory, uint64_t size, struct err *e)
{
	int r = memory_init(memory, size + MEMORY_HUGE_PAGE, e);

	if (r < 0)
		return r;
	uint8_t *all = memory->host;
	size_t before = -(uintptr_t)all & (MEMORY_HUGE_PAGE - 1);
	memory->host = all + before;
	memory->size = size;
	if (before)
		munmap(all, before);
	munmap(memory->host + size, MEMORY_HUGE_PAGE - before);
	madvise(memory->host, size, MADV_HUGEPAGE); /* a host without them does as it can */
	return 0;
}

int memory_init_shared(struct memory *memory, uint64_t size, struct err *e)
{
	auto_close int fd = memfd_create("guest-memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *host = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, (off_t)size) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		host = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (host == MAP_FAILED)
		return err_sys(e, errno, "make %llu bytes of shared guest memory",
			       (unsigned long long)size);
	*memory = (struct memory){.host = host, .size = size, .fd = fd_move(&fd)};
	return 0;
}

void memory_finish(struct memory *memory)
{
	if (memory->host) {
		munmap(memory->host, memory->size);
		fd_close(&memory->fd);
	}
	*memory = (struct memory){0};
}

void *memory_at(const struct memory *memory, uint64_t gpa, uint64_t length)
{
	if (gpa > memory->size || length > memory->size - gpa)
		return NULL;
	return memory->host + gpa;
}

int memory_read(const struct memory *memory, uint64_t gpa, void *to, size_t length)
{
	const void *from = memory_at(memory, gpa, length);
	if (!from)
		return -EFAULT;
	memcpy(to, from, length);
	return 0;
}

int memory_write(const struct memory *memory, uint64_t gpa, const void *from, size_t length)
{
	void *to = memory_at(memory, gpa, length);
	if (!to)
		return -EFAULT;
	memcpy(to, from, length);
	return 0;
}

static int copy_file(void *to, int fd, uint64_t offset, uint64_t length, struct err *e)
{
	for (uint64_t at = 0; at < length;) {
		ssize_t n = pread(fd, (char *)to + at, length - at, (off_t)(offset + at));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_sys(e, n < 0 ? errno : ENODATA, "read %llu bytes",
				       (unsigned long long)length);
		at += (uint64_t)n;
	}
	return 0;
}

int memory_map_file(struct memory *memory, uint64_t gpa, int fd, uint64_t offset, uint64_t length,
		    struct err *e)
{
	uint64_t pages = memory_page_up(length);
	void *at = memory_at(memory, gpa, pages);
	if (pages < length || !at)
		return err_set(e, ENOMEM, "%llu bytes at 0x%llx do not fit the guest's memory",
			       (unsigned long long)length, (unsigned long long)gpa);
	if (gpa % MEMORY_PAGE || offset % MEMORY_PAGE)
		return err_set(e, EINVAL, "a mapping at 0x%llx is not on a page boundary",
			       (unsigned long long)gpa);
	if (length == 0)
		return 0;
	if (memory->fd >= 0)
		return copy_file(at, fd, offset, length, e);
	if (mmap(at, pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, (off_t)offset) ==
	    MAP_FAILED)
		return err_sys(e, errno, "map %llu bytes at 0x%llx", (unsigned long long)length,
			       (unsigned long long)gpa);
	return 0;
}
