/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exec into the running machine: a program of the initrd by its name, or one that the client
 * sent, is laid into a free channel, and the channel's streams are joined to the client's
 * descriptors. A sent program is copied into the area at the end of RAM, where it stays until its
 * channel is free again; the area is handed out first-fit.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel.h"
#include "fd.h"
#include "vm.h"
#include "wall.h"

/* ---- the client's stdin ---- */

static void on_input(struct worker *worker, int fd, short revents, void *arg)
{
	struct vm *vm = worker_state(worker);
	struct channel *c = arg;
	unsigned channel = (unsigned)(c - vm->channels);
	uint8_t buffer[VM_INPUT_BYTES];
	size_t room = channel_input_room(vm, channel);
	(void)revents;
	if (room == 0) {
		c->is_input_stalled = true;
		worker_unwatch(worker, fd);
		return;
	}
	ssize_t count = read(fd, buffer, room);
	if (count > 0) {
		channel_put_input(vm, channel, buffer, (size_t)count);
	} else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
		worker_unwatch(worker, fd);
		fd_close(&c->fds[0]);
		channel_end_input(vm, channel);
	}
}

static int watch_input(struct vm *vm, struct channel *c, struct err *e)
{
	c->is_input_stalled = false;
	return worker_watch(vm->worker, c->fds[0], POLLIN, on_input, c, e);
}

void exec_resume_inputs(struct vm *vm)
{
	for (unsigned i = 1; i < VM_CHANNELS; i++)
		if (vm->channels[i].is_input_stalled && channel_input_room(vm, i))
			watch_input(vm, &vm->channels[i], NULL);
}

/* ---- the program ---- */

/* Finds room for `bytes` among the sent programs. 0 = none. */
static uint64_t find_room(const struct vm *vm, uint64_t bytes)
{
	uint64_t start = vm->layout.programs_start;
	for (unsigned i = 0; i < VM_CHANNELS; i++) {
		const struct channel *c = &vm->channels[i];
		bool overlaps = c->program_start < start + bytes && start < c->program_end;
		if (!overlaps)
			continue;
		start = c->program_end;
		i = (unsigned)-1; /* look at all of them again */
	}
	return start + bytes <= vm->layout.programs_end ? start : 0;
}

static int copy_program(struct vm *vm, struct channel *c, int fd, struct program *ret,
			struct err *e)
{
	struct stat status;
	if (fstat(fd, &status) < 0)
		return err_sys(e, errno, "look at its size");
	if (status.st_size <= 0 || status.st_size > VM_PROGRAMS_BYTES)
		return err_set(e, EFBIG, "it has %lld bytes, not 1 to %d",
			       (long long)status.st_size, VM_PROGRAMS_BYTES);
	uint64_t bytes = (uint64_t)status.st_size, pages = memory_page_up(bytes);
	uint64_t start = find_room(vm, pages);
	void *to = start ? memory_at(&vm->memory, start, pages) : NULL;
	if (!to) {
		err_set(e, EBUSY, "there is no room for it beside the other programs sent");
		return err_hint(e, -EBUSY,
				"wait until one has ended, or give the VM more --memory");
	}
	memset(to, 0, pages);
	if (pread(fd, to, bytes, 0) != (ssize_t)bytes)
		return err_set(e, EIO, "it could not be read whole");
	c->program_start = start;
	c->program_end = start + pages;
	return program_inspect(&vm->memory, start, bytes, ret, e);
}

int exec_find_program(struct vm *vm, const char *name, struct program *ret, struct err *e)
{
	const struct initrd_file *file = layout_find(&vm->layout, name);
	if (!file) {
		err_set(e, ENOENT, "no program '%s' in the tiny VM", name);
		return err_hint(e, -ENOENT,
				"the teaching kernel runs isolab-work, isolab-probe, true and "
				"false; busybox needs "
				"the calls of a later version");
	}
	int r = program_inspect(&vm->memory, file->gpa, file->bytes, ret, e);
	return r < 0 ? err_ctx(e, r, "run '%s'", name) : 0;
}

/* ---- the wall's entries ---- */

static int lay_program(struct vm *vm, unsigned channel, struct worker_exec *x, struct err *e)
{
	struct channel *c = &vm->channels[channel];
	struct program program;
	int r = x->program_fd >= 0 ? copy_program(vm, c, x->program_fd, &program, e)
				   : exec_find_program(vm, x->argv[0], &program, e);
	if (r < 0)
		return worker_command_error(vm->worker, err_ctx(e, r, "exec '%s'", x->argv[0]));
	auto_free char **environment = environment_make(vm, x->env, e);
	if (!environment)
		return -ENOMEM;
	return channel_start(vm, channel, &program, x->argv, environment, e);
}

int exec_start(struct worker *worker, struct worker_exec *x, struct err *e)
{
	struct vm *vm = worker_state(worker);
	int channel = channel_find_free(vm, e);
	if (channel < 0)
		return channel;
	struct channel *c = &vm->channels[channel];
	c->exec_id = x->id;
	c->is_tty = x->is_tty;
	int r = lay_program(vm, (unsigned)channel, x, e);
	for (int i = 0; i < 3 && r == 0; i++)
		c->fds[i] = fd_move(&x->fds[i]);
	if (r == 0)
		r = watch_input(vm, c, e);
	if (r < 0)
		channel_finish(vm, (unsigned)channel);
	return r;
}

int exec_signal(struct worker *worker, unsigned id, int signal_number, struct err *e)
{
	struct vm *vm = worker_state(worker);
	for (unsigned i = 1; i < VM_CHANNELS; i++) {
		if (!vm->channels[i].is_used || vm->channels[i].exec_id != id)
			continue;
		channel_signal(vm, i, signal_number);
		return 0;
	}
	return err_set(e, ESRCH, "that program has ended");
}
