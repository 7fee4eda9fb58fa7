// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The word on which the child goes on. It says what the child could not know when it was made:
 *
 *	"go"  'r' or '-'		is there a range of ids?  then, per tree,  '+' or '-'
 *
 * and with it come the descriptors of the trees that are there (SCM_RIGHTS, unix(7)).
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "console_ends.h"
#include "container.h"
#include "fd.h"
#include "files.h"
#include "packet.h"

enum { GO_LENGTH = 3, WORD_MAX = GO_LENGTH + FILES_TREES_MAX };

int files_say_go(struct container *c, struct err *e)
{
	char word[WORD_MAX] = {'g', 'o', c->idmap.range_count ? 'r' : '-'};
	int fds[FILES_TREES_MAX];
	size_t count = 0;

	for (unsigned i = 0; i < c->files.tree_count; i++) {
		word[GO_LENGTH + i] = c->files.trees[i] >= 0 ? '+' : '-';
		if (c->files.trees[i] >= 0)
			fds[count++] = c->files.trees[i];
	}
	const struct iovec data = {.iov_base = word, .iov_len = GO_LENGTH + c->files.tree_count};
	ssize_t n = packet_send(c->socket, &data, 1, fds, count, 0);

	if (n < 0)
		return err_sys(e, (int)n, "tell the child to go on");
	files_finish(&c->files);
	return 0;
}

int files_await_go(struct container *c, struct err *e)
{
	char word[WORD_MAX] = {0};
	const struct iovec data = {.iov_base = word, .iov_len = sizeof(word)};
	int fds[FILES_TREES_MAX];
	size_t count = FILES_TREES_MAX, next = 0;
	ssize_t n = packet_receive(CHILD_SOCKET, &data, 1, fds, &count, 0, NULL);

	if (n < 0)
		return err_sys(e, (int)n, "hear 'go' from the worker");
	if (n == 0)
		return err_set(e, ECANCELED, "the worker is gone");
	if (n < GO_LENGTH || memcmp(word, "go", 2) != 0)
		return err_set(e, EPROTO, "the worker did not say 'go'");
	if (word[2] != 'r' && c->idmap.range_count) { /* newuidmap(1) has refused */
		c->idmap.range_count = 0;
		c->idmap.must_deny_setgroups = true;
	}
	c->files.tree_count = (unsigned)n - GO_LENGTH;
	for (unsigned i = 0; i < c->files.tree_count; i++)
		c->files.trees[i] = word[GO_LENGTH + i] == '+' && next < count ? fds[next++] : -1;
	return 0;
}
