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

enum { GO_LENGTH = 3, WORD_MAX = GO_LENGTH + FILES_TREES_MAX };

int files_say_go(struct container *c, struct err *e)
{
	char word[WORD_MAX] = {'g', 'o', c->idmap.range_count ? 'r' : '-'};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * FILES_TREES_MAX)];
	} control;
	int fds[FILES_TREES_MAX];
	size_t count = 0;

	for (unsigned i = 0; i < c->files.tree_count; i++) {
		word[GO_LENGTH + i] = c->files.trees[i] >= 0 ? '+' : '-';
		if (c->files.trees[i] >= 0)
			fds[count++] = c->files.trees[i];
	}
	struct iovec data = {.iov_base = word, .iov_len = GO_LENGTH + c->files.tree_count};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
	if (count) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * count);
	}
	if (sendmsg(c->socket, &message, MSG_NOSIGNAL) < 0)
		return err_sys(e, errno, "tell the child to go on");
	files_finish(&c->files);
	return 0;
}

/* The descriptors of a message, at most FILES_TREES_MAX. Returns how many. */
static size_t take_descriptors(struct msghdr *message, int *fds)
{
	const struct cmsghdr *part = CMSG_FIRSTHDR(message);

	if (!part || part->cmsg_type != SCM_RIGHTS)
		return 0;
	size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(part), count * sizeof(int));
	return count;
}

int files_await_go(struct container *c, struct err *e)
{
	char word[WORD_MAX] = {0};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * FILES_TREES_MAX)];
	} control;
	struct iovec data = {.iov_base = word, .iov_len = sizeof(word)};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	int fds[FILES_TREES_MAX];
	ssize_t n;

	do
		n = recvmsg(CHILD_SOCKET, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, errno, "hear 'go' from the worker");
	if (n == 0)
		return err_set(e, ECANCELED, "the worker is gone");
	if (n < GO_LENGTH || memcmp(word, "go", 2) != 0)
		return err_set(e, EPROTO, "the worker did not say 'go'");
	if (word[2] != 'r' && c->idmap.range_count) { /* newuidmap(1) has refused */
		c->idmap.range_count = 0;
		c->idmap.must_deny_setgroups = true;
	}
	size_t count = take_descriptors(&message, fds), next = 0;
	c->files.tree_count = (unsigned)n - GO_LENGTH;
	for (unsigned i = 0; i < c->files.tree_count; i++)
		c->files.trees[i] = word[GO_LENGTH + i] == '+' && next < count ? fds[next++] : -1;
	return 0;
}
