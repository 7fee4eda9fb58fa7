/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a sandbox ends: asked, then told, then killed.
 *
 * A stop sends a signal and sets a deadline; at the deadline everything inside is killed, and the
 * journal says why: process 1 of a namespace or of a guest ignores every signal that it has no
 * handler for (pid_namespaces(7)), which surprises everybody once. A kill that the wall does not
 * answer within seconds ends the worker itself: never a hang.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

#include "clock.h"
#include "fd.h"
#include "worker_private.h"

enum { KILL_PATIENCE_MS = 5000, INTERRUPT_PATIENCE_NS = 500000000 };
static const uint64_t second_interrupt_ns = 2000000000;

static uint64_t in_ms(unsigned ms)
{
	return clock_now_ns() + (uint64_t)ms * 1000000u;
}

int worker_kill(struct worker *w, struct err *e)
{
	int r;

	/* It is over; only output that nobody takes keeps us. */
	if (w->has_exited) {
		worker_output_discard(w);
		return 0;
	}
	w->stop_deadline_ns = 0;
	if (!w->kill_deadline_ns) {
		w->kill_ns = clock_now_ns();
		w->kill_deadline_ns = in_ms(KILL_PATIENCE_MS);
	}
	r = w->wall->kill(w, e);
	/* A frozen process dies when it thaws. */
	if (r == 0 && w->is_paused)
		worker_pause(w, false, NULL);
	return r;
}

/* Said at once, so that whoever waits can read why; the rest of the story is told at the end. */
static void tell_sent(struct worker *w, int signal_number, bool is_unheard)
{
	char name[24], why[128];

	if (w->stop_sent_ns)
		return;
	w->stop_sent_ns = clock_now_ns();
	w->stop_signal = signal_number;
	w->is_unheard = is_unheard;
	worker_signal_name(signal_number, name, sizeof(name));
	snprintf(why, sizeof(why), "%s asks the program to end%s", name,
		 is_unheard ? ", and nobody inside hears it" : "");
	worker_step_at(w, "stop_signal", w->stop_sent_ns, w->stop_sent_ns, why);
}

int worker_stop(struct worker *w, int signal_number, unsigned timeout_ms, const char *reason,
		struct err *e)
{
	uint64_t deadline = in_ms(timeout_ms);
	int r = 0;

	if (w->has_exited) { /* somebody reads slowly: until then it has time */
		if (!w->drain_deadline_ns || w->drain_deadline_ns > deadline)
			w->drain_deadline_ns = deadline;
		return 0;
	}
	/* Nobody inside can hear a signal yet. */
	if (!w->is_ready || !w->wall->signal || signal_number == SIGKILL || timeout_ms == 0)
		return worker_kill(w, e);
	if (w->is_paused)
		r = worker_pause(w, false, e);
	if (r == 0)
		r = w->wall->signal(w, signal_number, e);
	if (r < 0)
		return r == -ESRCH ? 0 : r;
	tell_sent(w, signal_number, r > 0);
	if (w->kill_deadline_ns || (w->stop_deadline_ns && w->stop_deadline_ns < deadline))
		return 0; /* stopped twice: the earlier end counts */
	w->stop_deadline_ns = deadline;
	w->stop_signal = signal_number;
	w->stop_reason = reason;
	w->is_unheard = r > 0;
	return 0;
}

void worker_stop_tell(struct worker *w)
{
	uint64_t now = clock_now_ns(), waited_until = w->kill_ns ? w->kill_ns : now;
	const char *why = w->is_unheard ? "patience, in vain: nobody heard the signal"
					: "patience: the program has time to end by itself";

	if (w->stop_sent_ns)
		worker_step_at(w, "stop_wait", w->stop_sent_ns, waited_until, why);
	if (w->kill_ns)
		worker_step_at(w, "stop_kill", w->kill_ns, now,
			       "SIGKILL, which nobody can ignore, ends everything inside");
}

int worker_pause(struct worker *w, bool on, struct err *e)
{
	int r;

	if (!w->wall->pause)
		return err_set(e, EOPNOTSUPP, "a %s cannot be paused", w->spec.kind);
	if (!w->is_ready)
		return err_set(e, EAGAIN, "sandbox '%s' is still starting", w->spec.name);
	if (w->is_paused == on)
		return 0;
	r = w->wall->pause(w, on, e);
	if (r < 0)
		return r;
	w->is_paused = on;
	worker_event(w, EVENT_STATE, on ? "paused" : "running", "", "");
	return 0;
}

/* ---- signals to the worker itself ---- */

/* Ctrl-C goes to the program. One that has no ear for it would leave the learner in front of a dead
 * terminal: so the second within two seconds kills. */
static void on_interrupt(struct worker *w)
{
	uint64_t now = clock_now_ns();

	if (!w->is_ready || (w->interrupt_ns && now - w->interrupt_ns < second_interrupt_ns)) {
		w->is_interrupted = !w->is_ready;
		worker_kill(w, NULL);
		return;
	}
	/* Said once: a program that lives on after Ctrl-C may well mean it. */
	if (!w->interrupt_ns)
		w->interrupt_hint_ns = now + INTERRUPT_PATIENCE_NS;
	w->interrupt_ns = now;
	if (!w->wall->signal || w->wall->signal(w, SIGINT, NULL) < 0)
		worker_kill(w, NULL);
}

void worker_on_signal(struct worker *w, int signal_number)
{
	if (signal_number == SIGWINCH) {
		worker_terminal_resized(w);
		return;
	}
	if (w->has_exited) {
		worker_output_discard(w);
		return;
	}
	if (signal_number == SIGINT) {
		on_interrupt(w);
		return;
	}
	worker_stop(w, signal_number, WORKER_STOP_MS, "isolab itself was asked to end", NULL);
	/* Who asks us to end (`timeout 5 isolab run …`) does not want to watch a program that has
	 * not even heard of it. */
	if (w->is_unheard && w->stop_deadline_ns)
		w->stop_deadline_ns = clock_now_ns();
}

void worker_on_lease(struct worker *w, int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);

	/* A front that has died with our bell unread makes it a reset. */
	if (n > 0 || (n < 0 && errno != ECONNRESET))
		return;
	w->shall_remove = true;
	w->is_foreground = w->is_stdin_open = false;
	worker_output_discard(w);
	fd_close(&w->lease_fd);
	fd_close(&w->keeper_fd);
	worker_kill(w, NULL);
}

/* ---- deadlines ---- */

uint64_t worker_stop_deadline_ns(const struct worker *w)
{
	uint64_t at = w->kill_deadline_ns ? w->kill_deadline_ns : w->stop_deadline_ns;

	if (w->has_exited)
		return w->drain_deadline_ns;
	if (w->interrupt_hint_ns && (!at || w->interrupt_hint_ns < at))
		return w->interrupt_hint_ns;
	return at;
}

static void kill_late(struct worker *w)
{
	uint64_t patience_ns = clock_now_ns() - w->stop_sent_ns;
	char name[24], patience[24];

	worker_signal_name(w->stop_signal, name, sizeof(name));
	str_format_ns(patience, sizeof(patience), patience_ns);
	worker_note(w, "stop", "%s %s: killed %s%s%s%s", name,
		    w->is_unheard ? "reached nobody" : "did not end it in time",
		    patience_ns < 1000000 ? "at once" : "after ",
		    patience_ns < 1000000 ? "" : patience, w->stop_reason ? ": " : "",
		    w->stop_reason ? w->stop_reason : "");
	worker_kill(w, NULL);
}

void worker_stop_on_time(struct worker *w, uint64_t now_ns)
{
	struct err error = {0};

	if (w->has_exited) {
		if (w->drain_deadline_ns && now_ns >= w->drain_deadline_ns)
			worker_output_discard(w);
		return;
	}
	if (w->interrupt_hint_ns && now_ns >= w->interrupt_hint_ns) {
		w->interrupt_hint_ns = 0;
		if (w->is_foreground)
			worker_say(w,
				   "isolab: '%s' got the Ctrl-C and goes on\n"
				   "hint: Ctrl-C twice within two seconds kills it\n",
				   w->spec.name);
	}
	if (w->kill_deadline_ns && now_ns >= w->kill_deadline_ns) {
		err_set(&error, ETIMEDOUT, "it was killed, but did not end within %d s",
			KILL_PATIENCE_MS / 1000);
		worker_fail(w, &error);
	} else if (!w->kill_deadline_ns && w->stop_deadline_ns && now_ns >= w->stop_deadline_ns) {
		kill_late(w);
	}
}
