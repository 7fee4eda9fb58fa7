/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_LESSON_H
#define ISOLAB_LESSON_H
/*
 * lesson: one lesson as its files say: course/NN-id/lesson.md, and lesson.ja.md for the words of
 * another language.
 *
 *	---				front matter: flat `key: value`
 *	id: two-walls			title level minutes needs sandbox format
 *	---
 *	Introduction.
 *	## A step {#its-id}
 *	Prose, and fenced blocks whose first info word is a verb, then key=value:
 *	```run				commands for the learner to type, one a line
 *	```predict id=ready ask=time measure=vm.boot runs=9 tolerance=x2
 *	(ask=choice: measure=vm.loop over=container.loop from=5,1.4,0: the first choice is what
 *	was measured when the quotient is 5 or more, the second from 1.4 on, …)
 *	```check			one predicate a line, see check.h
 *	```hint				several: nudge, where to look, shape of the command
 *	```solution			commands that make the checks pass
 *	```quiz id=why			question, `* right : why` and `- wrong : the misconception`
 *	```setup  ```cleanup		commands run at the start and at the end of the lesson
 *
 * A course is code: its commands and `!sh` checks run as the learner. Open only courses you trust.
 *
 * A translation repeats steps (by id) and the blocks that hold words; run, setup, solution, cleanup
 * and predicates are taken from lesson.md (a `run` block in a translation is empty, it marks the
 * place). What is not translated is shown in the original.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "language.h"

enum {
	LESSON_FILE_MAX = 256 * 1024,
	LESSON_STEPS_MAX = 32,
	LESSON_BLOCKS_MAX = 64, /* per step */
	LESSON_KEYS_MAX = 10,   /* per block */
	LESSON_ID_MAX = 64,
	LESSON_FORMAT = 1,
};

enum lesson_verb {
	LESSON_PARAGRAPH,
	LESSON_HEADING,
	LESSON_ITEM,
	LESSON_QUOTE,
	LESSON_LISTING,
	LESSON_RULE,
	/* from here on: fenced blocks with a meaning */
	LESSON_SETUP,
	LESSON_RUN,
	LESSON_PREDICT,
	LESSON_CHECK,
	LESSON_HINT,
	LESSON_SOLUTION,
	LESSON_QUIZ,
	LESSON_CLEANUP,
	LESSON_VERBS
};
/* "setup" …; NULL for prose. */
const char *lesson_verb_name(enum lesson_verb verb);

struct lesson_key {
	const char *name, *value;
};

struct lesson_block {
	enum lesson_verb verb;
	unsigned line;      /* in its file */
	unsigned depth;     /* of an item */
	const char *marker; /* of an item: "-" or "1." */
	const char *text;   /* prose: a marked paragraph (text.h); a fence: its body */
	const char *words;  /* check: the translated reasons, or NULL */
	unsigned key_count;
	struct lesson_key keys[LESSON_KEYS_MAX];
};
/* The value of a key, NULL when absent. */
const char *lesson_key(const struct lesson_block *block, const char *name);

struct lesson_step {
	char id[LESSON_ID_MAX]; /* "" = the introduction */
	const char *title;
	unsigned line;
	bool is_untranslated; /* falls back to the original */
	size_t count;
	struct lesson_block *blocks;
};
/* The n-th block of a verb in a step, NULL when there are fewer. */
const struct lesson_block *lesson_block(const struct lesson_step *step, enum lesson_verb verb,
					unsigned n);

struct lesson;
/* The text that the original has for a block of the joined lesson's step (same verb and line). ""
 * when there is none. */
const char *lesson_block_text(const struct lesson *original, size_t step,
			      const struct lesson_block *block);

struct lesson {
	char id[LESSON_ID_MAX]; /* the folder's name, "01-two-walls" */
	const char *title, *level, *needs, *sandbox;
	unsigned minutes;
	enum language language; /* of the prose */
	bool is_stale;          /* the translation was made of another lesson.md */
	uint64_t hash;          /* of lesson.md */
	struct lesson_step introduction;
	size_t count;
	struct lesson_step steps[LESSON_STEPS_MAX];
	struct lesson_memory *memory; /* owns all the text */
};

/* Who is told of each fault of a file; the text has no file name and no line. */
struct lesson_reporter {
	void (*tell)(void *arg, unsigned line, const char *text);
	void *arg;
};

/* Reads the text of a lesson file (foreign bytes: bounded). Faults go to `reporter` (may be NULL),
 * the first of them into `e`; the result is -EINVAL then. On success the caller owns *ret_lesson.
 * In reader.c, the only file that knows libcmark. */
int lesson_parse(const char *text, size_t length, bool is_translation,
		 const struct lesson_reporter *reporter, struct lesson **ret_lesson, struct err *e);
void lesson_destroy(struct lesson *lesson);

/* Reads "---" … "---" at the start of `text` into the lesson (front_matter.c). Returns how many
 * bytes it took; what follows is Markdown and begins in line *ret_first_line. */
size_t lesson_read_front_matter(struct lesson *lesson, const char *text, size_t length,
				bool is_translation, const struct lesson_reporter *reporter,
				unsigned *ret_first_line);

/* Puts the words of `translation` over `lesson`; both live as long as `lesson` (which takes
 * `translation`). Tells `reporter` what the translation has that the original has not (wrong ids
 * …). */
void lesson_translate(struct lesson *lesson, struct lesson *translation,
		      const struct lesson_reporter *reporter);

/* Loads the lesson that `word` means (its id, a beginning of it, its number), with its translation
 * if there is one for `language`. -ENOENT with the nearest id as hint. */
int lesson_load(const char *course, const char *word, enum language language,
		struct lesson **ret_lesson, struct err *e);
/* The folder of the course: `option` (--course), or "course" beside this program. */
int lesson_course_path(const char *option, char *buffer, size_t size, struct err *e);
/* Calls `each` for the ids of a course, sorted. */
int lesson_list(const char *course, void (*each)(void *arg, const char *id), void *arg,
		struct err *e);
/* Reads a file of a lesson; the caller frees. */
int lesson_read_file(const char *course, const char *id, const char *file, char **ret_text,
		     size_t *ret_length, struct err *e);

/* The hash that marks a translation as made of this text. */
uint64_t lesson_hash(const char *text, size_t length);

/* Memory that lives as long as the lesson; NULL when there is none. For reader and translation. */
void *lesson_allocate(struct lesson *lesson, size_t size);
/* Makes `other` part of `lesson`: gone with it. */
void lesson_adopt(struct lesson *lesson, struct lesson *other);
const char *lesson_copy(struct lesson *lesson, const char *text, size_t length);

#endif
