// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Between clone and exec the container's first process *is* this program: /proc/1/exe is our file,
 * and an image whose program begins with "#!/proc/self/exe" would run it inside, from where a root
 * that is the host's could write to it (CVE-2019-5736). So what builds containers runs from a copy
 * of the mount our file lies on that is read-only, reached by no path; where that cannot be had
 * and the file could be written by us, from a sealed copy in memory. See open_tree(2),
 * memfd_create(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "commands.h"
#include "fd.h"
#include "kernel.h"
#include "tree_calls.h"

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

static const char own_file[] = "/proc/self/exe";

/* Nobody can write to the file we run from, through this descriptor's mount. */
static bool is_protected(void)
{
	auto_close int self = open(own_file, O_RDONLY | O_CLOEXEC);
	struct statvfs system;

	if (self < 0)
		return false;
	if (fcntl(self, F_GET_SEALS) == SEALS)
		return true;
	if (fstatvfs(self, &system) == 0 && system.f_flag & ST_RDONLY)
		return true;
	return geteuid() != 0 && faccessat(AT_FDCWD, own_file, W_OK, AT_EACCESS) < 0;
}

static int open_read_only(void)
{
	const struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
	auto_close int tree = tree_copy(AT_FDCWD, own_file, 0);

	if (tree < 0 || tree_change(tree, 0, &read_only) < 0)
		return -errno;
	return fd_move(&tree);
}

static int open_sealed(void)
{
	auto_close int self = open(own_file, O_RDONLY | O_CLOEXEC);
	auto_close int copy = memfd_create("isolab-oci", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct stat found;
	off_t done = 0;

	if (self < 0 || copy < 0 || fstat(self, &found) < 0)
		return -errno;
	while (done < found.st_size)
		if (sendfile(copy, self, &done, (size_t)(found.st_size - done)) <= 0)
			return -EIO;
	if (fcntl(copy, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	return fd_move(&copy);
}

int oci_protect_self(char *const argv[], struct err *e)
{
	if (is_protected())
		return 0;
	auto_close int copy = open_read_only();
	if (copy < 0)
		copy = open_sealed();
	if (copy < 0)
		return err_sys(e, copy, "make a copy of our own program that cannot be written to");
	kernel_execveat(copy, "", argv, environ, AT_EMPTY_PATH);
	return err_sys(e, errno, "run the copy of our own program");
}
