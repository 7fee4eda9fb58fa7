/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay: a main() for a fuzz target that is built without libFuzzer. It feeds the target every
 * file of the directories given, which are its corpus: what was once found stays found. A directory
 * that is not there is an empty corpus.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REPLAY_INPUT_MAX = 1 << 20 };

/* Runs one file. The target gets an allocation of exactly its size, so that a sanitiser sees a
 * read past the end. */
static int replay_file(int directory, const char *name)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) < 0 || status.st_size > REPLAY_INPUT_MAX) {
		perror(name);
		return -1;
	}
	size_t size = (size_t)status.st_size;
	uint8_t *data = malloc(size ? size : 1);
	ssize_t length = data ? read(fd, data, size) : -1;
	close(fd);
	if (length == (ssize_t)size)
		LLVMFuzzerTestOneInput(data, size);
	free(data);
	return length == (ssize_t)size ? 0 : -1;
}

static int replay_directory(const char *path)
{
	DIR *directory = opendir(path);
	if (!directory)
		return 0;
	int failures = 0;
	const struct dirent *entry;
	while ((entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			failures += replay_file(dirfd(directory), entry->d_name) < 0;
	closedir(directory);
	return failures;
}

int main(int argc, char **argv)
{
	int failures = 0;
	for (int i = 1; i < argc; i++)
		failures += replay_directory(argv[i]);
	return failures ? 1 : 0;
}
