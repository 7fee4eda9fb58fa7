/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * virtio-fs (section 5.11): a directory of the host, served by virtiofsd over vhost-user. Nothing
 * of what the guest asks passes through here: we tell virtiofsd where the queues lie, pass kicks
 * on, and raise the interrupt when it calls. It begins with the driver's first kick, since only
 * then the driver has laid its queues.
 *
 * All queues call by the same eventfd: the driver looks at all of them anyway.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fd.h"
#include "vhost.h"
#include "virtio.h"

enum {
	QUEUES = 2, /* the first for what cannot wait, one for requests */
	QUEUE_SIZE = 128,
	WATCH_CALL = 0,
};

/* Section 5.11.4. */
struct config {
	char tag[36]; /* without a NUL if it fills it */
	uint32_t request_queues;
};

struct fs {
	struct vhost vhost;
	int kick_fds[QUEUES], call_fd;
	bool is_started, must_stop, has_failed;
};

static void ring(int fd)
{
	const uint64_t one = 1;
	ssize_t unused = write(fd, &one, sizeof(one)); /* full: it has been rung */

	(void)unused;
}

static int start_queues(struct virtio_device *device, struct fs *fs, struct err *e)
{
	int r = 0;

	for (unsigned i = 0; fs->must_stop && r == 0 && i < QUEUES; i++)
		r = vhost_stop_queue(&fs->vhost, i, e);
	fs->must_stop = false;
	if (r == 0)
		r = vhost_accept(&fs->vhost, device->driver_features, e);
	for (unsigned i = 0; r == 0 && i < QUEUES; i++) {
		const struct vhost_queue queue = {&device->queues[i], fs->kick_fds[i], fs->call_fd};
		if (device->queues[i].is_ready)
			r = vhost_start_queue(&fs->vhost, i, &queue, e);
	}
	return r;
}

static void start(struct virtio_device *device, struct fs *fs)
{
	struct err error = {0};

	fs->is_started = true;
	if (start_queues(device, fs, &error) == 0) {
		virtio_watch(device, WATCH_CALL, fs->call_fd, POLLIN);
		return;
	}
	fs->has_failed = true;
	virtio_say(device, "virtiofsd does not serve the volume: %.100s", error.what);
}

static int fs_process(struct virtio_device *device, unsigned queue)
{
	struct fs *fs = device->state;

	if (!fs->is_started)
		start(device, fs);
	if (!fs->has_failed)
		ring(fs->kick_fds[queue]);
	return 0;
}

static int fs_on_ready(struct virtio_device *device, unsigned watch, short revents)
{
	const struct fs *fs = device->state;
	uint64_t count;

	(void)watch, (void)revents;
	if (read(fs->call_fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
		device->has_used = true;
	return 0;
}

/* On a processor's thread, which has no sockets: virtiofsd is told to let go when a driver begins
 * anew. Until then nobody kicks, so it looks at no queue. */
static void fs_reset(struct virtio_device *device)
{
	struct fs *fs = device->state;

	virtio_watch(device, WATCH_CALL, -1, 0);
	fs->must_stop = fs->must_stop || fs->is_started;
	fs->is_started = false;
}

static void fs_finish(struct virtio_device *device)
{
	struct fs *fs = device->state;

	if (!fs)
		return;
	for (unsigned i = 0; i < QUEUES; i++)
		fd_close(&fs->kick_fds[i]);
	fd_close(&fs->call_fd);
	fd_close(&fs->vhost.socket);
	free(fs);
	device->state = NULL;
}

static const struct virtio_ops fs_ops = {
    .name = "fs",
    .id = 26,
    .queue_count = QUEUES,
    .queue_size = QUEUE_SIZE,
    .process = fs_process,
    .on_ready = fs_on_ready,
    .reset = fs_reset,
    .finish = fs_finish,
};

static int open_bells(struct fs *fs, struct err *e)
{
	bool is_open = true;

	for (unsigned i = 0; i < QUEUES; i++) {
		fs->kick_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		is_open = is_open && fs->kick_fds[i] >= 0;
	}
	fs->call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return is_open && fs->call_fd >= 0 ? 0 : err_sys(e, errno, "make a volume's bells");
}

int virtio_fs_init(struct virtio_device *device, const char *tag, int socket, struct memory *memory,
		   struct err *e)
{
	struct config config = {.request_queues = QUEUES - 1};
	struct fs *fs = calloc(1, sizeof(*fs));

	if (!fs)
		return err_sys(e, ENOMEM, "make a volume");
	fs->vhost.socket = fs->call_fd = -1;
	for (unsigned i = 0; i < QUEUES; i++)
		fs->kick_fds[i] = -1;
	int r = virtio_init(device, &fs_ops, fs, memory, e);
	if (r < 0)
		return r; /* fs_finish() has been called */
	r = open_bells(fs, e);
	if (r == 0)
		r = vhost_open(&fs->vhost, socket, e);
	if (r == 0)
		r = vhost_share_memory(&fs->vhost, memory, e);
	if (r < 0) {
		fs->vhost.socket = -1; /* still the caller's */
		virtio_finish(device);
		return r;
	}
	memcpy(config.tag, tag, strnlen(tag, sizeof(config.tag)));
	memcpy(device->config, &config, sizeof(config));
	device->config_bytes = sizeof(config);
	return 0;
}
