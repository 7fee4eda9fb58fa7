// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A process may move its soft limit up to the hard one, and lower that, for good. To raise it takes
 * CAP_SYS_RESOURCE of the initial user namespace, which root inside a container never has. See
 * setrlimit(2).
 */
#include "rlimits.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>

#include "calls.h"
#include "clock.h"
#include "container.h"
#include "spec.h"

/* Digits of a limit for a note; RLIM_INFINITY has none. */
static const char *limit_text(rlim_t limit, char *buffer, size_t size)
{
	if (limit == RLIM_INFINITY)
		return "unlimited";
	snprintf(buffer, size, "%llu", (unsigned long long)limit);
	return buffer;
}

static rlim_t at_most(rlim_t limit, rlim_t maximum)
{
	return limit < maximum ? limit : maximum; /* RLIM_INFINITY is the greatest number */
}

static int set(const struct container *c, int resource, const struct rlimit *limit)
{
	uint64_t start_ns = clock_now_ns();
	int r = setrlimit(resource, limit);

	call_note(c->calls, CALL_PRLIMIT, start_ns, r < 0 ? -errno : r,
		  CALL_WORDS_OF(0, resource, (long)limit->rlim_cur, (long)limit->rlim_max));
	return r;
}

static int set_one(const struct container *c, const char *ulimit, struct err *e)
{
	struct rlimit wanted, now;
	uint64_t soft, hard;
	char text[24];
	int resource;
	int r = spec_split_ulimit(ulimit, &resource, &soft, &hard, e);

	if (r < 0)
		return r;
	wanted = (struct rlimit){.rlim_cur = soft, .rlim_max = hard};
	if (set(c, resource, &wanted) == 0)
		return 0;
	if (errno != EPERM || getrlimit(resource, &now) < 0)
		return err_sys(e, errno, "set --ulimit %s", ulimit);
	wanted.rlim_max = at_most(wanted.rlim_max, now.rlim_max);
	wanted.rlim_cur = at_most(wanted.rlim_cur, wanted.rlim_max);
	if (set(c, resource, &wanted) < 0)
		return err_sys(e, errno, "set --ulimit %s", ulimit);
	container_note(c,
		       "--ulimit %s: nobody inside may raise the hard limit, it stays %s; to have "
		       "more, raise it where isolab is started",
		       ulimit, limit_text(now.rlim_max, text, sizeof(text)));
	return 0;
}

int rlimits_set(const struct container *c, struct err *e)
{
	int r = 0;

	for (char **ulimit = c->spec->ulimits; r == 0 && ulimit && *ulimit; ulimit++)
		r = set_one(c, *ulimit, e);
	return r;
}
