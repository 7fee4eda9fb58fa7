// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The order of one turn: is a call waiting (poll, for SECCOMP_IOCTL_NOTIF_RECV would block if its
 * maker has died meanwhile), take it, count it, answer it, and again, up to NOTIFY_BATCH. What
 * surprises: a call whose maker is interrupted by a signal is withdrawn, and comes again; then
 * the answer meets ENOENT, and it was counted twice: honest enough, it was tried twice. See
 * seccomp_unotify(2).
 */
#include "notify.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "seccomp_load.h"
#include "worker.h"

struct notify {
	struct worker *worker;
	int listeners[NOTIFY_LISTENERS_MAX]; /* -1: free */
	bool is_waiting;                     /* for the next window: no listener is watched */
	int timer;                           /* ends the window; -1: never needed yet */
	int tell_timer;                      /* the same for numbers that are to be told */
	bool is_to_tell;                     /* that one runs */
	unsigned tell_seconds;               /* how long it ran last; doubled while calls go on */
	uint64_t window_ns, told_ns;
	unsigned in_window;
	size_t count;
	struct denied denied[NOTIFY_SORTS_MAX];
};

static const struct seccomp_profile *const profile = &seccomp_profile_container;

/* ---- counting ---- */

static const struct seccomp_call *find_call(int number)
{
	size_t count;
	const struct seccomp_call *calls = seccomp_calls(&count);

	for (size_t i = 0; i < count; i++)
		if (calls[i].number == number)
			return &calls[i];
	return NULL;
}

static const struct seccomp_group *group_of(const struct seccomp_call *call)
{
	return &profile->groups[call->group];
}

static const struct seccomp_rule *rule_of(const struct seccomp_call *call)
{
	return call->rule ? &profile->rules[call->rule - 1] : NULL;
}

/* What is worth telling apart: the value, or of a mask the bits that were in the way. */
static uint32_t value_of(const struct seccomp_rule *rule, const struct seccomp_data *data)
{
	uint32_t value = (uint32_t)data->args[rule->argument];

	return rule->test == SECCOMP_HAS_ANY_BIT_OF ? value & rule->values[0] : value;
}

/* The sort that a call belongs to; a new one is told at once. */
static struct denied *find_sort(struct notify *notify, struct denied wanted)
{
	size_t values = 0;

	for (size_t i = 0; i < notify->count; i++) {
		struct denied *denied = &notify->denied[i];
		if (denied->call != wanted.call)
			continue;
		if (denied->has_value == wanted.has_value && denied->value == wanted.value)
			return denied;
		values++;
	}
	if (values >= NOTIFY_VALUES_MAX && wanted.has_value)
		return find_sort(notify, (struct denied){.call = wanted.call});
	if (notify->count == NOTIFY_SORTS_MAX) { /* the last one takes all the others */
		notify->denied[NOTIFY_SORTS_MAX - 1].call = NULL;
		return &notify->denied[NOTIFY_SORTS_MAX - 1];
	}
	notify->denied[notify->count] = wanted;
	return &notify->denied[notify->count++];
}

static void tell(struct notify *notify, struct denied *denied)
{
	const struct seccomp_rule *rule = denied->call ? rule_of(denied->call) : NULL;
	const char *why = !denied->call ? "more sorts than are told apart"
			  : rule        ? rule->why
					: group_of(denied->call)->name;
	char name[64], detail[128];

	denied_name(denied, name, sizeof(name));
	snprintf(detail, sizeof(detail), "%llu %s", (unsigned long long)denied->count, name);
	denied->told = denied->count;
	if (denied->count == 1)
		worker_tell(notify->worker, "denied", detail, "%s was refused (%s)", name, why);
	else
		worker_tell(notify->worker, "denied", detail, "%s was refused %llu times (%s)",
			    name, (unsigned long long)denied->count, why);
}

static bool has_untold(const struct notify *notify)
{
	for (size_t i = 0; i < notify->count; i++)
		if (notify->denied[i].count != notify->denied[i].told)
			return true;
	return false;
}

void notify_tell(struct notify *notify)
{
	if (notify)
		notify->told_ns = clock_now_ns();
	for (size_t i = 0; notify && i < notify->count; i++)
		if (notify->denied[i].count != notify->denied[i].told)
			tell(notify, &notify->denied[i]);
}

/* Counts the call. Returns the error that it fails with. */
static int count_call(struct notify *notify, const struct seccomp_data *data)
{
	const struct seccomp_call *call = find_call(data->nr);

	if (!call) /* the filter asks about calls of the table only */
		return ENOSYS;
	const struct seccomp_rule *rule = rule_of(call);
	struct denied wanted = {.call = call, .has_value = rule};
	if (rule)
		wanted.value = value_of(rule, data);
	struct denied *denied = find_sort(notify, wanted);
	if (denied->count++ == 0)
		tell(notify, denied);
	if (rule)
		return rule->error;
	return group_of(call)->error ? group_of(call)->error : EPERM;
}

static void on_tell_time(struct worker *w, int fd, short revents, void *arg)
{
	struct notify *notify = arg;
	uint64_t unused;

	(void)revents;
	if (read(fd, &unused, sizeof(unused)) < 0)
		return;
	worker_unwatch(w, fd);
	notify->is_to_tell = false;
	notify_tell(notify);
}

/* The number of a sort that was told before is told a second later; if that goes on and on, after
 * two, four … a minute: a flood shall not fill the journal. */
static void tell_later(struct notify *notify, bool is_again)
{
	unsigned seconds = is_again ? notify->tell_seconds * 2 : 1;
	const struct itimerspec in = {
	    .it_value = {.tv_sec = seconds < NOTIFY_TELL_MAX_S ? seconds : NOTIFY_TELL_MAX_S}};

	if (notify->is_to_tell)
		return;
	if (notify->tell_timer < 0)
		notify->tell_timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	notify->tell_seconds = (unsigned)in.it_value.tv_sec;
	notify->is_to_tell = notify->tell_timer >= 0 &&
			     timerfd_settime(notify->tell_timer, 0, &in, NULL) == 0 &&
			     worker_watch(notify->worker, notify->tell_timer, POLLIN, on_tell_time,
					  notify, NULL) == 0;
}

/* ---- listening ---- */

static void on_denied(struct worker *w, int fd, short revents, void *arg);

/* The filter has no process any more, or the kernel's words are not ours. */
static void drop(struct notify *notify, int *listener)
{
	if (!notify->is_waiting)
		worker_unwatch(notify->worker, *listener);
	fd_close(listener);
}

static void watch_all(struct notify *notify, bool on)
{
	notify->is_waiting = !on;
	for (size_t i = 0; i < NOTIFY_LISTENERS_MAX; i++) {
		int fd = notify->listeners[i];
		if (fd < 0)
			continue;
		if (!on)
			worker_unwatch(notify->worker, fd);
		else if (worker_watch(notify->worker, fd, POLLIN, on_denied, notify, NULL) < 0)
			fd_close(&notify->listeners[i]);
	}
}

static void on_window_end(struct worker *w, int fd, short revents, void *arg)
{
	struct notify *notify = arg;
	uint64_t unused;

	(void)revents;
	if (read(fd, &unused, sizeof(unused)) < 0)
		return;
	worker_unwatch(w, fd);
	watch_all(notify, true);
}

/* A flood: whoever makes it waits until the window ends. Without a timer it is answered on. */
static void wait_for_window(struct notify *notify, uint64_t now_ns)
{
	uint64_t left_ns = notify->window_ns + NOTIFY_WINDOW_NS - now_ns;
	const struct itimerspec at = {.it_value = {.tv_nsec = (long)left_ns}};

	if (notify->timer < 0)
		notify->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (notify->timer < 0 || timerfd_settime(notify->timer, 0, &at, NULL) < 0 ||
	    worker_watch(notify->worker, notify->timer, POLLIN, on_window_end, notify, NULL) < 0)
		return;
	watch_all(notify, false);
}

/* True while this turn, and this window, have room for one more. */
static bool has_time(struct notify *notify, uint64_t now_ns)
{
	if (now_ns - notify->window_ns >= NOTIFY_WINDOW_NS) {
		notify->window_ns = now_ns;
		notify->in_window = 0;
	}
	if (notify->in_window < NOTIFY_PER_WINDOW)
		return true;
	wait_for_window(notify, now_ns);
	return false;
}

/* One call is waiting: 1 answered, 0 gone meanwhile, -errno the listener is no use any more. */
static int answer_one(struct notify *notify, int fd)
{
	struct seccomp_notif call = {0};

	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		return errno == ENOENT || errno == EINTR ? 0 : -errno;
	struct seccomp_notif_resp answer = {.id = call.id,
					    .error = -count_call(notify, &call.data)};
	notify->in_window++;
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0;
}

static void on_denied(struct worker *w, int fd, short revents, void *arg)
{
	struct notify *notify = arg;
	struct pollfd waiting = {.fd = fd, .events = POLLIN, .revents = revents};
	uint64_t now_ns = clock_now_ns();
	int r = 0;

	(void)w;
	for (int i = 0; r >= 0 && i < NOTIFY_BATCH && (waiting.revents & POLLIN); i++) {
		if (!has_time(notify, now_ns))
			return;
		r = answer_one(notify, fd);
		if (poll(&waiting, 1, 0) < 0)
			break;
	}
	if (has_untold(notify))
		tell_later(notify, now_ns - notify->told_ns < NOTIFY_CALM_NS);
	if (r >= 0 && !(waiting.revents & (POLLHUP | POLLERR | POLLNVAL)))
		return;
	for (size_t i = 0; i < NOTIFY_LISTENERS_MAX; i++)
		if (notify->listeners[i] == fd)
			drop(notify, &notify->listeners[i]);
}

static struct notify *make(struct worker *w)
{
	struct notify *notify = worker_memory(w, sizeof(*notify));

	if (!notify)
		return NULL;
	notify->worker = w;
	notify->timer = notify->tell_timer = -1;
	for (size_t i = 0; i < NOTIFY_LISTENERS_MAX; i++)
		notify->listeners[i] = -1;
	return notify;
}

bool notify_has_room(const struct notify *notify)
{
	for (size_t i = 0; notify && i < NOTIFY_LISTENERS_MAX; i++)
		if (notify->listeners[i] < 0)
			return true;
	return !notify;
}

void notify_add(struct notify **notify, struct worker *w, int listener)
{
	auto_close int mine = listener;
	size_t i = 0;

	if (!*notify)
		*notify = make(w);
	if (!*notify)
		return;
	while (i < NOTIFY_LISTENERS_MAX && (*notify)->listeners[i] >= 0)
		i++;
	if (i == NOTIFY_LISTENERS_MAX)
		return;
	if ((*notify)->is_waiting ||
	    worker_watch(w, listener, POLLIN, on_denied, *notify, NULL) == 0)
		(*notify)->listeners[i] = fd_move(&mine);
}

void notify_destroy(struct notify *notify)
{
	if (!notify)
		return;
	for (size_t i = 0; i < NOTIFY_LISTENERS_MAX; i++)
		if (notify->listeners[i] >= 0)
			drop(notify, &notify->listeners[i]);
	if (notify->timer >= 0)
		worker_unwatch(notify->worker, notify->timer);
	if (notify->is_to_tell)
		worker_unwatch(notify->worker, notify->tell_timer);
	fd_close(&notify->timer);
	fd_close(&notify->tell_timer);
}

const struct denied *notify_denied(const struct notify *notify, size_t *ret_count)
{
	*ret_count = notify ? notify->count : 0;
	return notify ? notify->denied : NULL;
}
