// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The calls that built the wall become text when somebody asks for them, or, if the sandbox's
 * directory stays, while the worker has nothing else to do: neither its start nor its end pays for
 * it. The file is written under another name and renamed, so that nobody reads half of it.
 */
#include "describe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "calls_text.h"
#include "fd.h"
#include "seccomp_load.h"
#include "surface.h"
#include "wall.h"

enum { CALLS_FILE_MAX = 256 * 1024, USUAL_BYTES = 16 * 1024 };

int describe_save_calls(struct worker *w, struct err *e)
{
	struct wall_state *state = worker_state(w);
	const struct rundir *dir = worker_rundir(w);
	auto_strbuf text = {.limit = CALLS_FILE_MAX};

	if (!state->container.report || state->has_saved_calls)
		return 0;
	str_reserve(&text, USUAL_BYTES);
	calls_encode(&state->container, &text);
	if (text.failed)
		return err_sys(e, ENOMEM, "write down the calls");
	auto_close int fd = rundir_open_file(dir, ".calls", O_WRONLY | O_CREAT | O_TRUNC, e);
	if (fd < 0)
		return fd;
	int r = fd_write_all(fd, text.data, text.length);
	if (r == 0 && renameat(dir->fd, ".calls", dir->fd, "calls") < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(dir->fd, ".calls", 0);
		return err_sys(e, r, "write down the calls");
	}
	state->has_saved_calls = true;
	return 0;
}

void describe_when_idle(struct worker *w)
{
	describe_save_calls(w, NULL); /* what fails now is tried again at the end */
}

static int describe_calls(struct worker *w, struct strbuf *text, struct err *e)
{
	(void)text; /* the file is the answer: it may be larger than a message */
	return describe_save_calls(w, e);
}

static int describe_surface(struct worker *w, struct strbuf *text, struct err *e)
{
	struct wall_state *state = worker_state(w);
	const struct container *c = &state->container;
	bool has_powers = !c->is_bare && !container_has(c, SPEC_CAPABILITIES);
	struct surface surface = {
	    .profile = &seccomp_profile_container,
	    .choice = {.capabilities = c->capabilities.added, .counts_refusals = state->notify},
	    .capabilities = has_powers   ? UINT64_MAX
			    : c->is_bare ? 0
					 : c->capabilities.kept,
	    .has_filter = container_has(c, SPEC_SECCOMP),
	    .has_no_new_privs = container_has(c, SPEC_NO_NEW_PRIVS),
	    .is_landlocked = c->report->is_landlocked,
	};

	(void)e;
	surface.calls = seccomp_calls(&surface.call_count);
	surface.denied = notify_denied(state->notify, &surface.denied_count);
	surface_encode(&surface, text);
	return 0;
}

static const struct {
	const char *topic;
	int (*describe)(struct worker *w, struct strbuf *text, struct err *e);
} topics[] = {
    {"calls", describe_calls},
    {"surface", describe_surface},
    {"lab", lab_describe},
};

int wall_describe(struct worker *w, const char *topic, struct strbuf *text, struct err *e)
{
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
		if (strcmp(topics[i].topic, topic) == 0)
			return topics[i].describe(w, text, e);
	return -EOPNOTSUPP;
}
