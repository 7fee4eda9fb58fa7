/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From --volume to a device: what is asked for is looked at, one virtiofsd started for each, and
 * its end watched. A guest that waits for a server that has ended waits for ever, as for any broken
 * disk; so the learner is told, and where nothing runs yet the machine ends.
 */
#include "volumes.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent.h"
#include "fd.h"
#include "vm.h"

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

static int check_source(const char *source, char *ret_real, struct err *e)
{
	struct stat status;

	if (!realpath(source, ret_real) || stat(ret_real, &status) < 0)
		return err_hint(e, err_sys(e, errno, "--volume: open '%s'", source),
				"a directory of the host, for example --volume $PWD:/work");
	if (!S_ISDIR(status.st_mode))
		return err_hint(e, err_set(e, ENOTDIR, "--volume: '%s' is no directory", source),
				"a machine is shown directories; a container can be shown files");
	return 0;
}

static int explain_lack(struct err *e)
{
	int r = err_set(e, ENOENT, "--volume: virtiofsd, which serves it to a machine, is missing");

	return err_hint(e, r,
			"sudo apt install virtiofsd (Debian 12: qemu-system-common), sudo dnf "
			"install virtiofsd; or take a container");
}

static void on_end(struct worker *worker, int fd, short revents, void *arg)
{
	const struct vm_volume *volume = arg;
	struct vm *vm = worker_state(worker);
	char words[128];
	struct err error = {0};

	(void)revents;
	worker_unwatch(worker, fd);
	virtiofsd_words(&volume->daemon, words, sizeof(words));
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

static int add(struct worker *worker, struct vm_volumes *volumes, const char *option, struct err *e)
{
	struct vm_volume *volume = &volumes->list[volumes->count];
	char source[SPEC_PATH_MAX], target[SPEC_PATH_MAX], real[PATH_MAX];
	int r = spec_split_volume(option, source, target, &volume->is_read_only, e);

	if (r == 0)
		r = check_target(target, e);
	if (r == 0)
		r = check_source(source, real, e);
	if (r < 0)
		return r;
	volume->target = strdup(target);
	if (!volume->target)
		return err_sys(e, ENOMEM, "--volume");
	snprintf(volume->tag, sizeof(volume->tag), "volume%u", volumes->count++);
	r = virtiofsd_start(&volume->daemon, real, volume->is_read_only, worker_rundir(worker)->fd,
			    e);
	if (r == 0)
		r = worker_watch(worker, volume->daemon.pidfd, POLLIN, on_end, volume, e);
	return r < 0 ? err_ctx(e, r, "--volume '%s'", source) : 0;
}

int vm_volumes_start(struct worker *worker, struct vm_volumes *volumes, struct err *e)
{
	char **options = worker_spec(worker)->volumes;
	int r = 0;

	if (!vm_volumes_are_wanted(worker_spec(worker)))
		return 1;
	if (!virtiofsd_find())
		return explain_lack(e);
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
	const struct agent_mount told = {.flags = volume->is_read_only ? AGENT_MOUNT_READ_ONLY : 0};

	str_add_bytes(body, &told, sizeof(told));
	str_add_bytes(body, volume->tag, strlen(volume->tag) + 1);
	str_add_bytes(body, volume->target, strlen(volume->target) + 1);
}

void vm_volumes_finish(struct vm_volumes *volumes)
{
	for (unsigned i = 0; i < volumes->count; i++) {
		virtiofsd_finish(&volumes->list[i].daemon);
		free(volumes->list[i].target);
	}
	volumes->count = 0;
}
