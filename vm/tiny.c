/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tiny machine as the worker's wall: one thread. How it is built stands in start.c. Once it
 * is, the worker's loop is ours: while it waits for its descriptors, the guest runs (tiny_wait). On
 * HLT there is nothing to run, and the wait is a real one.
 */
#include "wall.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "channel.h"
#include "clock.h"
#include "vm.h"

enum { TURNS_SKIPPED_MAX = 8 };

static int tiny_start(struct worker *worker, struct err *e)
{
	return vm_start(worker_state(worker), tiny_steps, e);
}

static bool can_run(const struct vm *vm)
{
	return !vm->has_ended && !vm->is_paused && (!vm->vcpu.is_halted || vm->vcpu.pending) &&
	       !worker_output_is_full(vm->worker);
}

/* poll(2), ended also by the guest's timer, to the nanosecond, and by counters to be written. */
static int poll_until(struct vm *vm, struct pollfd *fds, nfds_t count, int timeout_ms)
{
	uint64_t now = clock_now_ns(), wait = stats_wait_ns(vm);
	if (timeout_ms >= 0 && (uint64_t)timeout_ms * 1000000 < wait)
		wait = (uint64_t)timeout_ms * 1000000;
	if (vm->timer_at_ns && !vm->is_paused && !vm->has_ended) {
		uint64_t timer = vm->timer_at_ns > now ? vm->timer_at_ns - now : 0;
		wait = timer < wait ? timer : wait;
	}
	struct timespec limit = {.tv_sec = (time_t)(wait / 1000000000),
				 .tv_nsec = (long)(wait % 1000000000)};
	return ppoll(fds, count, wait == UINT64_MAX ? NULL : &limit, NULL);
}

/* The worker waits: the guest runs. Looks at the descriptors first, then runs the guest until it
 * has nothing to do or the kick comes. Returning 0 early is fine: the worker looks at its own
 * clock. */
static int tiny_wait(struct worker *worker, struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct vm *vm = worker_state(worker);
	int ready = can_run(vm) ? poll(fds, count, 0) : poll_until(vm, fds, count, timeout_ms);
	if (vm->timer_at_ns && clock_now_ns() >= vm->timer_at_ns) {
		vm->timer_at_ns = 0;
		vm_raise(vm, VM_VECTOR_TIMER);
	}
	if (ready < 0 || (ready > 0 && ++vm->turns_skipped < TURNS_SKIPPED_MAX))
		return ready;
	vm->turns_skipped = 0;
	if (can_run(vm))
		vm_run(vm);
	exec_resume_inputs(vm);
	stats_publish(vm, false);
	return 0;
}

static int tiny_signal(struct worker *worker, int signal_number, struct err *e)
{
	struct vm *vm = worker_state(worker);
	if (signal_number < 1 || signal_number > 64)
		return err_set(e, EINVAL, "there is no signal %d", signal_number);
	channel_signal(vm, 0, signal_number);
	return 0;
}

static int tiny_pause(struct worker *worker, bool on, struct err *e)
{
	struct vm *vm = worker_state(worker);
	(void)e;
	vm->is_paused = on;
	return 0;
}

static int tiny_resize(struct worker *worker, unsigned rows, unsigned columns, struct err *e)
{
	struct vm *vm = worker_state(worker);
	struct vm_control *control = channel_control(vm);
	(void)e;
	control->rows = (uint16_t)rows;
	control->columns = (uint16_t)columns;
	channel_signal(vm, 0, SIGWINCH);
	return 0;
}

static ssize_t tiny_input(struct worker *worker, const void *data, size_t length)
{
	struct vm *vm = worker_state(worker);
	if (length == 0 && vm->channels[0].is_tty)
		terminal_end(vm);
	if (length == 0) {
		channel_end_input(vm, 0);
		return 0;
	}
	if (vm->channels[0].is_tty)
		return (ssize_t)terminal_input(vm, data, length);
	return (ssize_t)channel_put_input(vm, 0, data, length);
}

/* What still ran beside the main program ends with the machine. */
static void tiny_finish(struct worker *worker)
{
	struct vm *vm = worker_state(worker);
	for (unsigned i = 1; i < VM_CHANNELS; i++) {
		if (!vm->channels[i].is_used)
			continue;
		unsigned id = vm->channels[i].exec_id;
		channel_finish(vm, i);
		worker_exec_exited(worker, id, SIGKILL);
	}
	if (vm->has_kick_timer)
		timer_delete(vm->kick_timer);
}

const struct wall tiny_machine = {
    .kind = "vm",
    .start = tiny_start,
    .signal = tiny_signal,
    .pause = tiny_pause,
    .resize = tiny_resize,
    .input = tiny_input,
    .exec = exec_start,
    .exec_signal = exec_signal,
    .wait = tiny_wait,
    .finish = tiny_finish,
};
