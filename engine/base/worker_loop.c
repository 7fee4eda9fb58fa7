/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a worker waits for: one poll(2) over everything, built anew each turn, and who answers.
 *
 * Signals are blocked and read from a signalfd(2), so that there is no handler and nothing global.
 * A source that shall not be heard now (the input is full, the user's stdout takes no more) is
 * simply not in the list: that is all the back-pressure there is.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"
#include "worker_private.h"

enum { INPUT_RETRY_MS = 10, DRAIN_ROUNDS = 64, DRAIN_PATIENCE_NS = 500000000 };

static void signals_of_worker(sigset_t *set)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGPIPE};

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(set, signals[i]);
}

void worker_child_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int worker_loop_prepare(struct worker *w, struct err *e)
{
	sigset_t set;

	signals_of_worker(&set);
	/* Whoever started us may have ignored it; then no wall could wait for its children. */
	signal(SIGCHLD, SIG_DFL);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(e, errno, "block signals");
	/* A write to nobody is EPIPE to us. Blocked is enough; it would only wake us up. */
	sigdelset(&set, SIGPIPE);
	w->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (w->signal_fd < 0)
		return err_sys(e, errno, "make a descriptor for signals");
	w->listen_fd = wire_listen(w->dir.fd, !w->wall->needs_directory, e);
	return w->listen_fd < 0 ? w->listen_fd : 0;
}

/* ---- watches and the timer of the wall ---- */

int worker_watch(struct worker *w, int fd, short events,
		 void (*on_ready)(struct worker *w, int fd, short revents, void *arg), void *arg,
		 struct err *e)
{
	if (w->watch_count == WORKER_WATCHES_MAX)
		return err_set(e, ENOSPC, "more than %d descriptors to watch", WORKER_WATCHES_MAX);
	w->watches[w->watch_count++] = (struct worker_watch){fd, events, on_ready, arg};
	return 0;
}

void worker_unwatch(struct worker *w, int fd)
{
	for (size_t i = 0; i < w->watch_count; i++) {
		if (w->watches[i].fd != fd)
			continue;
		w->watches[i] = w->watches[--w->watch_count];
		return;
	}
}

void worker_set_timer(struct worker *w, uint64_t at_ns, void (*on_time)(struct worker *w))
{
	w->wall_timer_ns = at_ns;
	w->on_wall_timer = on_time;
}

void worker_when_idle(struct worker *w, void (*on_idle)(struct worker *w))
{
	w->on_idle = on_idle;
}

/* ---- one turn ---- */

/* The list of one turn. Fixed sources first, then what comes and goes; `owner` says which group
 * an entry belongs to. */
enum source {
	SOURCE_SIGNAL,
	SOURCE_LISTEN,
	SOURCE_LEASE,
	SOURCE_STDIN,
	SOURCE_STDOUT,
	SOURCE_STDERR,
	SOURCE_PUMP,
	SOURCE_CLIENT,
	SOURCE_WATCH,
};

struct turn {
	struct pollfd fds[WORKER_POLL_MAX];
	enum source source[WORKER_POLL_MAX];
	nfds_t count;
};

static void add(struct turn *turn, enum source source, int fd, short events)
{
	if (fd < 0)
		return;
	turn->fds[turn->count] = (struct pollfd){.fd = fd, .events = events};
	turn->source[turn->count++] = source;
}

static void list_sources(struct worker *w, struct turn *turn)
{
	turn->count = 0;
	add(turn, SOURCE_SIGNAL, w->signal_fd, POLLIN);
	add(turn, SOURCE_LEASE, w->lease_fd, POLLIN);
	add(turn, SOURCE_LEASE, w->keeper_fd, POLLIN);
	if (worker_relay_is_waiting(&w->relays[0]))
		add(turn, SOURCE_STDOUT, STDOUT_FILENO, POLLOUT);
	if (worker_relay_is_waiting(&w->relays[1]))
		add(turn, SOURCE_STDERR, STDERR_FILENO, POLLOUT);
	if (!w->accept_pause_ns || clock_now_ns() >= w->accept_pause_ns)
		add(turn, SOURCE_LISTEN, w->listen_fd, POLLIN);
	for (size_t i = 0; i < w->client_count; i++)
		add(turn, SOURCE_CLIENT, w->clients[i].fd, POLLIN);
	if (w->has_exited) /* kept by a slow reader only; whoever wants to end that is heard */
		return;
	if (worker_input_wants_stdin(w))
		add(turn, SOURCE_STDIN, STDIN_FILENO, POLLIN);
	for (size_t i = 0; i < w->pump_count && !worker_output_is_full(w); i++)
		add(turn, SOURCE_PUMP, w->pumps[i].fd, POLLIN);
	for (size_t i = 0; i < w->watch_count; i++)
		add(turn, SOURCE_WATCH, w->watches[i].fd, w->watches[i].events);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	if (a == 0 || b == 0)
		return a ? a : b;
	return a < b ? a : b;
}

static int find_timeout_ms(const struct worker *w)
{
	uint64_t now = clock_now_ns(), at = worker_stop_deadline_ns(w), ms;

	if (w->on_idle)
		return 0;
	at = earlier(at, worker_console_deadline_ns(w));
	at = earlier(at, w->accept_pause_ns > now ? w->accept_pause_ns : 0);
	if (w->on_wall_timer)
		at = earlier(at, w->wall_timer_ns);
	if (worker_input_is_waiting(w))
		at = earlier(at, now + INPUT_RETRY_MS * 1000000u);
	if (at == 0)
		return -1;
	if (at <= now)
		return 0;
	ms = (at - now + 999999) / 1000000;
	return ms < 60000 ? (int)ms : 60000;
}

static void read_signals(struct worker *w)
{
	struct signalfd_siginfo info;

	while (read(w->signal_fd, &info, sizeof(info)) == sizeof(info))
		worker_on_signal(w, (int)info.ssi_signo);
}

static void call_watch(struct worker *w, int fd, short revents)
{
	for (size_t i = 0; i < w->watch_count; i++) {
		struct worker_watch watch = w->watches[i];

		if (watch.fd == fd) {
			watch.on_ready(w, fd, revents, watch.arg);
			return;
		}
	}
}

static void answer(struct worker *w, enum source source, const struct pollfd *polled)
{
	switch (source) {
	case SOURCE_SIGNAL:
		read_signals(w);
		return;
	case SOURCE_LISTEN:
		worker_control_accept(w);
		return;
	case SOURCE_LEASE:
		worker_on_lease(w, polled->fd);
		return;
	case SOURCE_STDIN:
		worker_input_read_stdin(w);
		return;
	case SOURCE_STDOUT:
		worker_relay_write(w, &w->relays[0]);
		return;
	case SOURCE_STDERR:
		worker_relay_write(w, &w->relays[1]);
		return;
	case SOURCE_PUMP:
		worker_pump_read(w, polled->fd);
		return;
	case SOURCE_CLIENT:
		worker_control_read(w, polled->fd);
		return;
	case SOURCE_WATCH:
		call_watch(w, polled->fd, polled->revents);
		return;
	}
}

static void run_timers(struct worker *w)
{
	uint64_t now = clock_now_ns(), at = worker_console_deadline_ns(w);
	void (*on_time)(struct worker *) = w->on_wall_timer;

	if (at && at <= now)
		worker_console_event(w);
	worker_stop_on_time(w, now);
	worker_input_push(w);
	if (on_time && w->wall_timer_ns <= now && !w->has_exited) {
		w->on_wall_timer = NULL;
		on_time(w);
	}
}

/* The wall runs the sandbox while it waits. Steps it stamps then are written when it is back, or
 * with the first console event: they shall not delay what they measure. */
static int wait_in_wall(struct worker *w, struct turn *turn, int timeout_ms)
{
	int n;

	w->is_in_wait = true;
	n = w->wall->wait(w, turn->fds, turn->count, timeout_ms);
	w->is_in_wait = false;
	if (w->is_ready && w->step_count > 0 && !w->has_exited)
		worker_write_steps(w);
	return n;
}

static void be_idle(struct worker *w)
{
	void (*on_idle)(struct worker *) = w->on_idle;

	w->on_idle = NULL;
	if (on_idle)
		on_idle(w);
}

static void take_turn(struct worker *w, struct turn *turn)
{
	int timeout_ms, n;

	list_sources(w, turn);
	timeout_ms = find_timeout_ms(w);
	if (w->wall->wait && !w->has_exited)
		n = wait_in_wall(w, turn, timeout_ms);
	else
		n = poll(turn->fds, turn->count, timeout_ms);
	if (n == 0)
		be_idle(w);
	for (nfds_t i = 0; n > 0 && i < turn->count; i++) {
		if (!turn->fds[i].revents)
			continue;
		n--;
		answer(w, turn->source[i], &turn->fds[i]);
	}
	run_timers(w);
}

void worker_loop_run(struct worker *w)
{
	struct turn turn;
	bool is_more = true;

	while (!w->has_exited)
		take_turn(w, &turn);
	worker_stop_tell(w);
	/* Whoever stops or kills it does not wait for a reader that has stopped reading. */
	if (w->kill_deadline_ns || w->stop_deadline_ns)
		w->drain_deadline_ns = clock_now_ns() + DRAIN_PATIENCE_NS;
	/* What it wrote before is still in the pipes. Bounded, for a grandchild may go on
	 * writing. */
	for (int round = 0; is_more && round < DRAIN_ROUNDS; round++) {
		is_more = worker_output_drain(w);
		while (worker_relay_is_waiting(&w->relays[0]) ||
		       worker_relay_is_waiting(&w->relays[1]))
			take_turn(w, &turn);
	}
}
