/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From --volume to a device: what is asked for is looked at, one virtiofsd started for each, and
 * its end watched, or a copy made. A guest that waits for a server that has ended waits for ever,
 * as for any broken disk; so the learner is told, and where nothing runs yet the machine ends.
 */
#include "volumes.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"
#include "enclosed.h"
#include "fd.h"
#include "vm.h"
#include "volume_copy.h"

/* What every program trusts inside, as in a container (container/volumes.c). */
static const char *const forbidden[] = {"/proc", "/sys", "/dev", NULL};

static int check_target(const char *target, struct err *e)
{
	for (int i = 0; forbidden[i]; i++) {
		size_t length = strlen(forbidden[i]);
		if (strncmp(target, forbidden[i], length) != 0 ||
		    (target[length] && target[length] != '/'))
			continue;
		return err_hint(e,
				err_set(e, EINVAL, "--volume: '%.80s' is no place for one", target),
				"not in /proc, /sys or /dev");
	}
	return 0;
}

static int check_source(const char *source, struct vm_volume *volume, struct err *e)
{
	char real[PATH_MAX];
	struct stat status;

	if (!realpath(source, real) || stat(real, &status) < 0)
		return err_hint(e, err_sys(e, errno, "--volume: open '%s'", source),
				"a directory or file of the host, for example --volume $PWD:/work");
	if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode))
		return err_hint(e,
				err_set(e, EINVAL, "--volume: '%s' is neither directory nor file",
					source),
				"devices, sockets and pipes stay on the host");
	volume->is_file = S_ISREG(status.st_mode);
	volume->source = strdup(real);
	return volume->source ? 0 : err_sys(e, ENOMEM, "--volume");
}

static void on_end(struct worker *worker, int fd, short revents, void *arg)
{
	const struct vm_volume *volume = arg;
	struct vm *vm = worker_state(worker);
	char words[128];
	struct err error = {0};

	(void)revents;
	worker_unwatch(worker, fd);
	enclosed_reap(fd);
	enclosed_words(volume->daemon.words_fd, words, sizeof(words));
	if (vm->is_ready) {
		worker_note(worker, "volume",
			    "virtiofsd has ended (%s): what uses '%.80s' inside waits for ever",
			    words, volume->target);
		return;
	}
	err_set(&error, EIO, "virtiofsd has ended: %s", words);
	err_hint(&error, 0, "without --volume the machine starts");
	vm_fail(vm, &error);
}

/* A copy is always made from what is asked for, never from what an earlier start has copied. */
static int make_copy(struct worker *worker, struct vm_volume *volume, const char *why,
		     struct err *e)
{
	int r = volume_copy_make(volume->source, volume->is_file, &volume->image_fd, e);

	if (r == -ENOENT && !virtiofsd_find())
		err_hint(e,
			 err_set(e, ENOENT,
				 "neither virtiofsd is there, which would show it, nor mke2fs for "
				 "a copy"),
			 "sudo apt install virtiofsd (Debian 12: qemu-system-common), sudo dnf "
			 "install virtiofsd; or take a container");
	if (r < 0)
		return r;
	volume->is_copy = true;
	worker_note(worker, "volume", "'%.80s' is a copy%s (%.100s)", volume->target,
		    volume->is_read_only ? ", as it is now"
					 : ": what the guest writes there goes with the machine",
		    why);
	return 0;
}

int vm_volume_become_copy(struct worker *worker, struct vm_volume *volume, const char *why,
			  struct err *e)
{
	if (volume->daemon.pidfd >= 0)
		worker_unwatch(worker, volume->daemon.pidfd);
	virtiofsd_finish(&volume->daemon);
	int r = make_copy(worker, volume, why, e);
	return r < 0 ? err_ctx(e, r, "--volume '%s'", volume->source) : 0;
}

static int serve(struct worker *worker, struct vm_volume *volume, struct err *e)
{
	const struct virtiofsd_source source = {volume->source, volume->is_file,
						volume->is_read_only};
	int r = virtiofsd_start(&volume->daemon, &source, worker_rundir(worker)->fd, e);

	if (r == 0)
		r = worker_watch(worker, volume->daemon.pidfd, POLLIN, on_end, volume, e);
	if (r == 0 && volume->is_read_only && !enclosed_restricts_all())
		worker_note(worker, "volume",
			    "what else is mounted below '%.80s' can be written to: only since "
			    "Linux 5.12 is :ro for all of it",
			    volume->source);
	/* A container's root is somebody else on the host; here everybody is who they are. */
	if (r == 0 && !volume->is_read_only && geteuid() == 0)
		worker_note(worker, "volume",
			    "what root inside writes to volume '%.80s' is the host's root's, "
			    "set-user-ID programs too",
			    volume->target);
	return r;
}

static int add(struct worker *worker, struct vm_volumes *volumes, const char *option, struct err *e)
{
	struct vm_volume *volume = &volumes->list[volumes->count];
	char source[SPEC_PATH_MAX], target[SPEC_PATH_MAX];

	*volume = (struct vm_volume){.daemon = {-1, -1, -1}, .image_fd = -1};
	snprintf(volume->tag, sizeof(volume->tag), "volume%u", volumes->count++);
	int r = spec_split_volume(option, source, target, &volume->is_read_only, e);
	if (r == 0)
		r = check_target(target, e);
	if (r == 0)
		r = check_source(source, volume, e);
	if (r < 0)
		return r;
	volume->target = strdup(target);
	if (!volume->target)
		return err_sys(e, ENOMEM, "--volume");
	r = virtiofsd_find() ? serve(worker, volume, e)
			     : make_copy(worker, volume, "there is no virtiofsd", e);
	return r < 0 ? err_ctx(e, r, "--volume '%s'", source) : 0;
}

bool vm_volumes_share_memory(const struct sandbox_spec *spec)
{
	return vm_volumes_are_wanted(spec) && virtiofsd_find();
}

int vm_volumes_start(struct worker *worker, struct vm_volumes *volumes, struct err *e)
{
	char **options = worker_spec(worker)->volumes;
	int r = 0;

	if (!vm_volumes_are_wanted(worker_spec(worker)))
		return 1;
	for (unsigned i = 0; r == 0 && options[i]; i++) {
		if (i == VM_VOLUMES_MAX)
			return err_set(e, E2BIG, "--volume: a machine takes %d of them at most",
				       VM_VOLUMES_MAX);
		r = add(worker, volumes, options[i], e);
	}
	return r;
}

void vm_volume_tell(const struct vm_volume *volume, struct strbuf *body)
{
	const struct agent_mount told = {
	    .flags = (volume->is_read_only ? AGENT_MOUNT_READ_ONLY : 0) |
		     (volume->is_copy ? AGENT_MOUNT_DISK : 0) |
		     (volume->is_copy || volume->is_file ? AGENT_MOUNT_INSIDE : 0)};

	str_add_bytes(body, &told, sizeof(told));
	str_add_bytes(body, volume->tag, strlen(volume->tag) + 1);
	str_add_bytes(body, volume->target, strlen(volume->target) + 1);
}

void vm_volumes_finish(struct vm_volumes *volumes)
{
	for (unsigned i = 0; i < volumes->count; i++) {
		struct vm_volume *volume = &volumes->list[i];
		virtiofsd_finish(&volume->daemon);
		fd_close(&volume->image_fd);
		free(volume->source);
		free(volume->target);
	}
	volumes->count = 0;
}
