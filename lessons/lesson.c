/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lessons on disk: where the course is, which lessons it has, loading one with its translation. The
 * text of all of a lesson lives in one chain of memory blocks that goes away with it.
 */
#include "lesson.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "programs.h"
#include "str.h"

struct lesson_memory {
	struct lesson_memory *next;
	struct lesson *adopted; /* NULL: plain memory */
	max_align_t data[];
};

void *lesson_allocate(struct lesson *lesson, size_t size)
{
	struct lesson_memory *memory = calloc(1, sizeof(*memory) + size);

	if (!memory)
		return NULL;
	memory->next = lesson->memory;
	lesson->memory = memory;
	return memory->data;
}

const char *lesson_copy(struct lesson *lesson, const char *text, size_t length)
{
	char *copy = lesson_allocate(lesson, length + 1);

	if (copy)
		memcpy(copy, text, length);
	return copy ? copy : "";
}

void lesson_destroy(struct lesson *lesson)
{
	struct lesson_memory *memory, *next;

	if (!lesson)
		return;
	for (memory = lesson->memory; memory; memory = next) {
		next = memory->next;
		lesson_destroy(memory->adopted);
		free(memory);
	}
	free(lesson);
}

void lesson_adopt(struct lesson *lesson, struct lesson *other)
{
	struct lesson_memory *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return; /* never freed then: better than freed too early */
	memory->adopted = other;
	memory->next = lesson->memory;
	lesson->memory = memory;
}

const char *lesson_key(const struct lesson_block *block, const char *name)
{
	for (unsigned key = 0; key < block->key_count; key++)
		if (!strcmp(block->keys[key].name, name))
			return block->keys[key].value;
	return NULL;
}

const struct lesson_block *lesson_block(const struct lesson_step *step, enum lesson_verb verb,
					unsigned n)
{
	for (size_t i = 0; i < step->count; i++)
		if (step->blocks[i].verb == verb && n-- == 0)
			return &step->blocks[i];
	return NULL;
}

const char *lesson_block_text(const struct lesson *original, size_t step,
			      const struct lesson_block *block)
{
	const struct lesson_step *its = &original->steps[step];

	for (size_t i = 0; i < its->count; i++)
		if (its->blocks[i].verb == block->verb && its->blocks[i].line == block->line)
			return its->blocks[i].text;
	return "";
}

uint64_t lesson_hash(const char *text, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	while (length--)
		hash = (hash ^ (unsigned char)*text++) * 0x100000001b3;
	return hash;
}

int lesson_course_path(const char *option, char *buffer, size_t size, struct err *e)
{
	char programs[4096];
	int r, written;

	if (option) {
		if (!str_copy(buffer, size, option))
			return err_set(e, ENAMETOOLONG, "course '%.60s…': the name is too long",
				       option);
		return 0;
	}
	r = programs_find(NULL, programs, sizeof(programs), e);
	if (r < 0)
		return err_ctx(e, r, "find the course");
	written = snprintf(buffer, size, "%s/course", programs);
	if (written < 0 || (size_t)written >= size)
		return err_set(e, ENAMETOOLONG, "the path of the course is too long");
	return 0;
}

static int is_lesson_folder(const struct dirent *entry)
{
	return str_is_name(entry->d_name);
}

int lesson_list(const char *course, void (*each)(void *arg, const char *id), void *arg,
		struct err *e)
{
	struct dirent **entries;
	int count = scandir(course, &entries, is_lesson_folder, alphasort);
	char path[4096];

	if (count < 0)
		return err_hint(e, err_sys(e, errno, "open the course '%s'", course),
				"give the folder of a course with --course DIR");
	for (int i = 0; i < count; i++) {
		int length = snprintf(path, sizeof(path), "%s/%s/lesson.md", course,
				      entries[i]->d_name);
		if (length > 0 && (size_t)length < sizeof(path) && !access(path, R_OK))
			each(arg, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

int lesson_read_file(const char *course, const char *id, const char *file, char **ret_text,
		     size_t *ret_length, struct err *e)
{
	auto_free char *text = NULL;
	char path[4096];
	int written = snprintf(path, sizeof(path), "%s/%s/%s", course, id, file);
	ssize_t length;

	if (written < 0 || (size_t)written >= sizeof(path))
		return err_set(e, ENAMETOOLONG, "lesson '%.60s': the path is too long", id);
	text = malloc(LESSON_FILE_MAX + 1);
	if (!text)
		return err_sys(e, ENOMEM, "read '%s'", path);
	length = fd_read_file(AT_FDCWD, path, text, LESSON_FILE_MAX + 1);
	if (length < 0)
		return err_sys(e, (int)length, "read '%s'", path);
	*ret_text = text;
	*ret_length = (size_t)length;
	text = NULL;
	return 0;
}

/* ---- which lesson is meant ---- */

struct ids {
	char *ids[256];
	size_t count;
};

static void collect_id(void *arg, const char *id)
{
	struct ids *ids = arg;

	if (ids->count == sizeof(ids->ids) / sizeof(ids->ids[0]))
		return;
	ids->ids[ids->count] = strdup(id);
	ids->count += ids->ids[ids->count] != NULL;
}

static void forget_ids(struct ids *ids)
{
	while (ids->count)
		free(ids->ids[--ids->count]);
}

static int no_such_lesson(const struct ids *ids, const char *word, struct err *e)
{
	const char *nearest = NULL;
	int r = err_set(e, ENOENT, "no lesson '%s'", word);

	for (size_t i = 0; i < ids->count && !nearest; i++)
		if (*word && strstr(ids->ids[i], word))
			nearest = ids->ids[i];
	if (!nearest)
		nearest = str_nearest(word, (const char *const *)ids->ids, ids->count);
	return nearest ? err_hint(e, r, "did you mean '%s'?", nearest)
		       : err_hint(e, r, "'lesson list' shows them all");
}

/* "01-two-walls" is meant by itself, by a beginning that no other lesson has, and by its number. */
static bool is_meant(const char *id, const char *word)
{
	char *id_end, *word_end;
	unsigned long number = strtoul(word, &word_end, 10);

	if (*word && !*word_end)
		return strtoul(id, &id_end, 10) == number && id_end != id;
	return *word && !strncmp(id, word, strlen(word));
}

/* The id that `word` means, into `id`. -ENOENT with the nearest as hint. */
static int find_id(const char *course, const char *word, char id[LESSON_ID_MAX], struct err *e)
{
	struct ids ids = {.count = 0};
	unsigned meant = 0;
	int r = lesson_list(course, collect_id, &ids, e);

	for (size_t i = 0; r == 0 && i < ids.count; i++) {
		bool is_exact = !strcmp(ids.ids[i], word);
		if (!is_exact && !is_meant(ids.ids[i], word))
			continue;
		str_copy(id, LESSON_ID_MAX, ids.ids[i]);
		meant = is_exact ? 1 : meant + 1;
		if (is_exact)
			break;
	}
	if (r == 0 && meant != 1)
		r = no_such_lesson(&ids, word, e);
	forget_ids(&ids);
	return r;
}

/* Puts the translation over `lesson`, if there is a readable one. A broken one is the lint's
 * business, not the learner's. */
static void add_translation(const char *course, struct lesson *lesson, enum language language)
{
	auto_free char *text = NULL;
	struct lesson *translation;
	char file[32];
	size_t length;

	snprintf(file, sizeof(file), "lesson.%s.md", language_code(language));
	if (lesson_read_file(course, lesson->id, file, &text, &length, NULL) < 0)
		return;
	if (lesson_parse(text, length, true, NULL, &translation, NULL) == 0)
		lesson_translate(lesson, translation, NULL);
}

int lesson_load(const char *course, const char *word, enum language language,
		struct lesson **ret_lesson, struct err *e)
{
	auto_free char *text = NULL;
	char id[LESSON_ID_MAX];
	struct lesson *lesson;
	size_t length;
	int r = find_id(course, word, id, e);

	if (r == 0)
		r = lesson_read_file(course, id, "lesson.md", &text, &length, e);
	if (r < 0)
		return r;
	r = lesson_parse(text, length, false, NULL, &lesson, e);
	if (r < 0)
		return err_ctx(e, r, "%s/%s/lesson.md", course, id);
	str_copy(lesson->id, sizeof(lesson->id), id);
	if (language != LANGUAGE_EN)
		add_translation(course, lesson, language);
	*ret_lesson = lesson;
	return 0;
}
