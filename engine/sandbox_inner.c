/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Walls in walls: sandboxes that isolab has made inside one of ours (a Linux guest), as the outer's
 * journal tells of them. Each has a story of its own, so a timeline, a state and facts; directory,
 * lock and socket are in there. They live as long as the outer one's entry here, or until another
 * needs the place: who holds one holds both.
 */
#include <stdio.h>
#include <string.h>

#include "lab_private.h"

static const char *inner_name(const struct event *event)
{
	const char *slash = strchr(event->sandbox, '/');

	return slash ? slash + 1 : NULL;
}

/* Takes one out of the list, oldest first: of the machine's life before, or else one that has
 * ended. Not what somebody holds or what is alive. */
static bool give_way(struct sandbox *outer)
{
	for (int may_be_shown = 0; may_be_shown <= 1; may_be_shown++)
		for (size_t i = 0; i < outer->inner_count; i++) {
			struct sandbox *s = outer->inner[i];
			if (s->holds ||
			    (!s->is_gone && (!may_be_shown || story_is_alive(&s->story))))
				continue;
			outer->inner_count--;
			memmove(&outer->inner[i], &outer->inner[i + 1],
				(outer->inner_count - i) * sizeof(outer->inner[0]));
			sandbox_destroy(s);
			return true;
		}
	return false;
}

static struct sandbox *add_inner(struct sandbox *outer, const char *name)
{
	char path[EVENT_SANDBOX_MAX];
	struct sandbox *s;

	if (outer->inner_count == SANDBOX_INNER_MAX && !give_way(outer))
		return NULL; /* the journal has it */
	/* The directory's name is the truth, not what its journal claims. */
	snprintf(path, sizeof(path), "%.63s/%.63s", outer->name, name);
	s = sandbox_allocate(outer->lab, path);
	if (!s)
		return NULL;
	s->outer = outer;
	outer->inner[outer->inner_count++] = s;
	return s;
}

static struct sandbox *find_inner(const struct sandbox *outer, const char *name)
{
	for (size_t i = 0; i < outer->inner_count; i++)
		if (strcmp(strchr(outer->inner[i]->name, '/') + 1, name) == 0)
			return outer->inner[i];
	return NULL;
}

/* Another machine of the same name: what was told of is no more, unless it comes again. */
static void forget_inner(struct sandbox *outer)
{
	for (size_t i = 0; i < outer->inner_count; i++) {
		struct sandbox *s = outer->inner[i];
		sandbox_cancel_facts(s, NULL);
		story_finish(&s->story);
		story_init(&s->story);
		s->is_gone = true;
	}
}

bool sandbox_take_inner(struct sandbox *outer, const struct event *event)
{
	const char *name = inner_name(event);
	struct sandbox *s;

	if (!name && event->kind == EVENT_STEP && strcmp(event->name, "request") == 0)
		forget_inner(outer);
	if (!name)
		return false;
	s = str_is_name(name) ? find_inner(outer, name) : NULL;
	if (!s && str_is_name(name))
		s = add_inner(outer, name);
	if (!s)
		return true;
	s->is_gone = false;
	if (event->kind == EVENT_STATE && str_is_name(event->value)) {
		str_copy(s->spec.kind, sizeof(s->spec.kind), event->value);
		s->backend = backend_find(lab_backends(outer->lab), s->spec.kind);
	}
	story_add(&s->story, event);
	outer->story.generation++;
	return true;
}

void sandbox_end_inner(struct sandbox *outer)
{
	for (size_t i = 0; i < outer->inner_count; i++) {
		struct story *story = &outer->inner[i]->story;
		if (!story_is_alive(story))
			continue;
		story->state = SANDBOX_STOPPED;
		story->generation++;
		str_copy(story->note, sizeof(story->note), "it ended with the sandbox around it");
	}
}

struct sandbox *sandbox_inner(const struct sandbox *s, size_t k)
{
	for (size_t i = 0; i < s->inner_count; i++)
		if (!s->inner[i]->is_gone && k-- == 0)
			return s->inner[i];
	return NULL;
}

struct sandbox *sandbox_outer(const struct sandbox *s)
{
	return s->outer;
}

struct sandbox *lab_find_inner(struct lab *lab, const char *name)
{
	const char *slash = strchr(name, '/');
	struct sandbox *s;

	for (size_t i = 0; slash && i < lab->count; i++) {
		const struct sandbox *outer = lab->sandboxes[i];
		if (strncmp(outer->name, name, (size_t)(slash - name)) != 0 ||
		    outer->name[slash - name])
			continue;
		s = find_inner(outer, slash + 1);
		return s && !s->is_gone ? s : NULL;
	}
	return NULL;
}
