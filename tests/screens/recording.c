/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recording: see recording.h. A recorded sandbox becomes a directory as a worker would have left
 * it: spec, lock (free: nobody runs it), events and the console's ring.
 */
#include "recording.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console.h"
#include "fd.h"

enum { RECORD_MAX = 128 * 1024 };

/* FOLDER/NAME + ENDING. False if it is too long. */
static bool join(char path[PATH_MAX], const char *folder, const char *name, const char *ending)
{
	return snprintf(path, PATH_MAX, "%s/%s%s", folder, name, ending) < PATH_MAX;
}

static bool set_folder(const char *name, const char *home, const char *folder)
{
	char path[PATH_MAX];

	return join(path, home, folder, "") && mkdir(path, 0700) == 0 && setenv(name, path, 1) == 0;
}

bool home_create(char *path, unsigned long size)
{
	snprintf(path, size, "%s/isolab-screen-XXXXXX", "/tmp");
	return mkdtemp(path) && set_folder("HOME", path, "home") &&
	       set_folder("XDG_RUNTIME_DIR", path, "run") &&
	       set_folder("XDG_STATE_HOME", path, "state") &&
	       set_folder("XDG_CONFIG_HOME", path, "config") &&
	       set_folder("XDG_DATA_HOME", path, "data");
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

void home_remove(const char *path)
{
	if (path[0])
		nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static ssize_t read_part(const char *folder, const char *name, const char *part, char *buffer)
{
	char path[PATH_MAX];

	if (!join(path, folder, name, part))
		return -1;
	return fd_read_file(AT_FDCWD, path, buffer, RECORD_MAX);
}

static bool write_part(const char *directory, const char *part, const char *data, size_t length)
{
	char path[PATH_MAX];
	auto_close int fd = -1;

	if (!join(path, directory, part, ""))
		return false;
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 && strcmp(part, "console") == 0) {
		struct console_writer writer;

		return console_writer_init(&writer, fd, NULL) == 0 &&
		       (!length || console_write(&writer, data, length) == 0);
	}
	return fd >= 0 && fd_write_all(fd, data, length) == 0;
}

static bool record_one(const char *base, const char *folder, const char *name)
{
	auto_free char *buffer = malloc(RECORD_MAX);
	char directory[PATH_MAX];
	ssize_t length;

	if (!buffer || !join(directory, base, name, "") || mkdir(directory, 0700) < 0 ||
	    !write_part(directory, "lock", "", 0))
		return false;
	length = read_part(folder, name, ".spec", buffer);
	if (length < 0)
		return false;
	for (ssize_t i = 0; i < length; i++)
		buffer[i] = buffer[i] == '\n' ? '\0' : buffer[i];
	if (!write_part(directory, "spec", buffer, (size_t)length))
		return false;
	length = read_part(folder, name, ".events", buffer);
	if (length < 0 || !write_part(directory, "events", buffer, (size_t)length))
		return false;
	length = read_part(folder, name, ".console", buffer);
	return write_part(directory, "console", buffer, length > 0 ? (size_t)length : 0);
}

bool lab_record(const char *home, const char *folder)
{
	char base[PATH_MAX];
	DIR *directory = opendir(folder);
	struct dirent *entry;
	bool is_fine = directory != NULL;

	is_fine = is_fine && join(base, home, "run/isolab", "") && mkdir(base, 0700) == 0;
	while (is_fine && (entry = readdir(directory))) {
		char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".spec") != 0)
			continue;
		*dot = '\0';
		is_fine = record_one(base, folder, entry->d_name);
	}
	if (directory)
		closedir(directory);
	return is_fine;
}
