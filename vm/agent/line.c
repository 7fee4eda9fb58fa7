/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The line to the worker: the virtio port with our name, which carries whole buffers, or else the
 * second serial port, which every kernel drives without a module, a byte at a time. What surprises:
 * the port's driver makes ports in the background, in answer to messages of the device, so once
 * the driver is there we wait a little for the name.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "fd.h"
#include "guest.h"

#define PORTS  GUEST_IMAGE "/sys/class/virtio-ports"
#define DRIVER GUEST_IMAGE "/sys/bus/virtio/drivers/virtio_console"
#define SERIAL GUEST_IMAGE "/dev/ttyS1"

enum { WAIT_TURNS = 1000, WAIT_NS = 1000 * 1000 };

/* The port's directory is called as its device. */
static bool is_ours(const char *port)
{
	char path[128], name[64];

	snprintf(path, sizeof(path), PORTS "/%.32s/name", port);
	ssize_t length = fd_read_file(AT_FDCWD, path, name, sizeof(name));
	return length > 0 && strcspn(name, "\n") == strlen(AGENT_PORT_NAME) &&
	       strncmp(name, AGENT_PORT_NAME, strlen(AGENT_PORT_NAME)) == 0;
}

static int find_port(void)
{
	DIR *directory = opendir(PORTS);
	struct dirent *entry;
	char path[128];
	int fd = -1;

	while (directory && fd < 0 && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.' || !is_ours(entry->d_name))
			continue;
		snprintf(path, sizeof(path), GUEST_IMAGE "/dev/%.32s", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	}
	if (directory)
		closedir(directory);
	return fd;
}

static int open_port(void)
{
	const struct timespec nap = {.tv_nsec = WAIT_NS};
	int fd = find_port();

	for (int turn = 0; fd < 0 && turn < WAIT_TURNS && access(DRIVER, F_OK) == 0; turn++) {
		nanosleep(&nap, NULL);
		fd = find_port();
	}
	return fd;
}

int line_open_device(const char *device)
{
	struct termios line;
	auto_close int fd = open(device, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || !isatty(fd))
		return fd_move(&fd);
	if (tcgetattr(fd, &line) < 0)
		return -1;
	cfmakeraw(&line); /* bytes as they are */
	line.c_cflag |= CLOCAL | CREAD;
	cfsetspeed(&line, B115200);
	return tcsetattr(fd, TCSANOW, &line) < 0 ? -1 : fd_move(&fd);
}

int line_open(void)
{
	int fd = open_port();

	return fd < 0 ? line_open_device(SERIAL) : fd;
}
