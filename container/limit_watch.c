// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What happens at the limits becomes a line of the journal at once: "out of memory …", "--pids
 * was reached …". The kernel rings (cgroup_events.c), we read its counters; what they do not say
 * is not told. What surprises: a fork bomb rings thousands of times a second, so after each line
 * we do not listen for a while, twice as long each time, and the next line tells the sum; and
 * v1 rings before it has killed and counted, so we look again a few times.
 */
#include "limit_watch.h"

#include <stdio.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "fd.h"
#include "wall.h"

enum { FIRST_QUIET_MS = 1000, MOST_QUIET_MS = 64000, LOOK_MS = 20, LOOKS = 25 };

static struct limits *limits_of(struct worker *w)
{
	return &((struct wall_state *)worker_state(w))->limits;
}

void limits_init(struct limits *limits)
{
	*limits = (struct limits){.timer = -1};
	for (int i = 0; i < CGROUP_ALARMS; i++)
		limits->alarm[i] = -1;
}

static void tell_memory(struct worker *w, uint64_t kills)
{
	char size[32];

	worker_note(w, "limit",
		    "out of memory: the kernel killed %llu process%s at the limit of --memory (%s)",
		    (unsigned long long)kills, kills == 1 ? "" : "es",
		    str_format_bytes(size, sizeof(size), worker_spec(w)->memory_bytes));
}

static void tell_pids(struct worker *w, uint64_t refused)
{
	worker_note(w, "limit", "--pids was reached (%llu): %llu new process%s refused",
		    (unsigned long long)worker_spec(w)->pids_max, (unsigned long long)refused,
		    refused == 1 ? "" : "es");
}

/* True if there was something to tell. */
static bool tell_new(struct worker *w)
{
	struct wall_state *state = worker_state(w);
	struct cgroup_counts *told = &state->limits.told, now;

	cgroup_read_counts(&state->container.cgroup, &now);
	bool is_more = now.memory_kills > told->memory_kills ||
		       now.forks_refused > told->forks_refused;
	if (now.memory_kills > told->memory_kills)
		tell_memory(w, now.memory_kills - told->memory_kills);
	if (now.forks_refused > told->forks_refused)
		tell_pids(w, now.forks_refused - told->forks_refused);
	*told = now;
	return is_more;
}

static void set_timer(const struct limits *limits, unsigned ms)
{
	struct itimerspec time = {
	    .it_value = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000}};

	timerfd_settime(limits->timer, 0, &time, NULL);
}

static void on_alarm(struct worker *w, int fd, short revents, void *arg);

static void listen_to(struct worker *w, bool on)
{
	struct limits *limits = limits_of(w);

	for (int i = 0; i < CGROUP_ALARMS; i++) {
		if (limits->alarm[i] < 0)
			continue;
		worker_unwatch(w, limits->alarm[i]);
		if (on)
			worker_watch(w, limits->alarm[i], POLLIN | POLLPRI, on_alarm, NULL, NULL);
	}
	limits->is_listening = on;
}

/* After a line: not a word for a while. */
static void be_quiet(struct limits *limits)
{
	limits->quiet_ms = limits->quiet_ms ? 2 * limits->quiet_ms : FIRST_QUIET_MS;
	if (limits->quiet_ms > MOST_QUIET_MS)
		limits->quiet_ms = MOST_QUIET_MS;
	set_timer(limits, limits->quiet_ms);
}

static void on_alarm(struct worker *w, int fd, short revents, void *arg)
{
	struct limits *limits = limits_of(w);

	(void)revents, (void)arg;
	cgroup_hush(fd);
	listen_to(w, false);
	if (tell_new(w)) {
		be_quiet(limits);
	} else {
		limits->looks_left = LOOKS;
		set_timer(limits, LOOK_MS);
	}
}

static void on_timer(struct worker *w, int fd, short revents, void *arg)
{
	struct limits *limits = limits_of(w);
	uint64_t times;

	(void)revents, (void)arg;
	if (read(fd, &times, sizeof(times)) < 0)
		return;
	if (tell_new(w)) {
		limits->looks_left = 0;
		be_quiet(limits);
	} else if (limits->looks_left > 0) {
		limits->looks_left--;
		set_timer(limits, LOOK_MS);
	} else {
		limits->quiet_ms = 0;
		listen_to(w, true);
	}
}

void limits_watch(struct worker *w)
{
	struct wall_state *state = worker_state(w);
	struct limits *limits = &state->limits;
	bool is_any = false;

	for (int i = 0; i < CGROUP_ALARMS; i++) {
		if (limits->alarm[i] < 0)
			limits->alarm[i] = cgroup_open_alarm(&state->container.cgroup, i);
		is_any = is_any || limits->alarm[i] >= 0;
	}
	if (is_any && limits->timer < 0) {
		limits->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
		if (limits->timer < 0 ||
		    worker_watch(w, limits->timer, POLLIN, on_timer, NULL, NULL) < 0)
			return;
		limits->is_listening = true;
	}
	if (limits->is_listening)
		listen_to(w, true);
}

void limits_tell(struct worker *w)
{
	if (cgroup_is_made(&((struct wall_state *)worker_state(w))->container.cgroup))
		tell_new(w);
}

void limits_finish(struct worker *w)
{
	struct limits *limits = limits_of(w);

	listen_to(w, false);
	if (limits->timer >= 0)
		worker_unwatch(w, limits->timer);
	fd_close(&limits->timer);
	for (int i = 0; i < CGROUP_ALARMS; i++)
		fd_close(&limits->alarm[i]);
}
