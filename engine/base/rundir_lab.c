/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The directory of the user's lab network: ".lab", beside those of the sandboxes.
 *
 * It holds a lock and a socket, and comes and goes as theirs do: made under a hidden name with the
 * lock held and the socket listening, then renamed in one step, so that of two who start the
 * network at once one wins, and the other finds a socket that already answers. Whoever gets the
 * lock of one that is there knows that its holder is gone, and may remove it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "rundir.h"
#include "rundir_private.h"
#include "wire.h"

int rundir_open_lab(int base_fd, struct rundir *ret_dir)
{
	return rundir_open_entry(base_fd, RUNDIR_LAB, ret_dir, NULL);
}

int rundir_create_lab(int base_fd, struct rundir *ret_dir, int *ret_listen_fd, struct err *e)
{
	auto_rundir dir = RUNDIR_NONE;
	auto_close int listen_fd = -1;
	char hidden[64];
	int r;

	dir.base_fd = fcntl(base_fd, F_DUPFD_CLOEXEC, 3);
	if (dir.base_fd < 0)
		return err_sys(e, errno, "open the runtime directory");
	str_copy(dir.name, sizeof(dir.name), RUNDIR_LAB);
	r = rundir_make_hidden(&dir, hidden, sizeof(hidden), e);
	if (r == 0)
		r = listen_fd = wire_listen(dir.fd, false, e);
	if (r >= 0 && renameat(dir.base_fd, hidden, dir.base_fd, RUNDIR_LAB) < 0)
		r = err_sys(e, errno == ENOTEMPTY ? EEXIST : errno, "rename the new directory");
	if (r < 0) {
		if (dir.fd >= 0)
			rundir_remove_entry(&dir, hidden, NULL);
		return r == -EEXIST ? r : rundir_hint_full(e, r);
	}
	*ret_dir = dir;
	dir = RUNDIR_NONE;
	*ret_listen_fd = fd_move(&listen_fd);
	return 0;
}

int rundir_sweep_lab(int base_fd)
{
	auto_rundir dir = RUNDIR_NONE;

	if (rundir_open_lab(base_fd, &dir) < 0 || rundir_try_lock(&dir) < 0)
		return 0;
	return rundir_remove_entry(&dir, RUNDIR_LAB, NULL) == 0;
}

int rundir_remove_lab(struct rundir *dir, struct err *e)
{
	return rundir_remove_entry(dir, RUNDIR_LAB, e);
}
