/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The boot of one sandbox. Steps are kept sorted by their start, because a worker writes its own in
 * one go after the fact and a front adds `request` beside them. `request` and `ready` are moments,
 * steps of no duration, so that a list shows them too.
 */
#include "timeline.h"

#include <string.h>

#include "str.h"

/* Into its place among the `count` steps, unless there are `max` already. */
static void insert_step(struct timeline_step *steps, size_t *count, size_t max,
			const struct event *event)
{
	size_t at = *count;

	if (*count == max)
		return;
	while (at > 0 && steps[at - 1].start_ns > event->t_ns) {
		steps[at] = steps[at - 1];
		at--;
	}
	++*count;
	struct timeline_step *step = &steps[at];
	step->start_ns = event->t_ns;
	step->duration_ns = event->duration_ns;
	str_copy(step->name, sizeof(step->name),
		 event->kind == EVENT_READY ? "ready" : event->name);
	str_copy(step->why, sizeof(step->why), event->detail);
}

/* "mount was refused 3 times": a sort that is there already gets the new number. True if the
 * note is told by that, or not at all: what is inside makes them, and shall not push out all
 * others. */
static bool is_told_denied(struct timeline *timeline, const struct event *event)
{
	static const char words[] = " was refused";
	const char *end = strstr(event->value, words);
	size_t length = end ? (size_t)(end - event->value) : 0, sorts = 0;

	for (size_t i = 0; i < timeline->life_count; i++) {
		struct timeline_step *step = &timeline->life[i];
		if (strcmp(step->name, "denied") != 0)
			continue;
		sorts++;
		if (strncmp(step->why, event->value, length) != 0 ||
		    strncmp(step->why + length, words, strlen(words)) != 0)
			continue;
		str_copy(step->why, sizeof(step->why), event->value);
		return true;
	}
	return sorts >= TIMELINE_DENIED_MAX || !length;
}

/* What a worker notes while its sandbox runs, and what of that is told here. */
static void add_note(struct timeline *timeline, const struct event *event)
{
	static const char *const topics[] = {"limit", "update", "pause", "stop", "denied", NULL};
	const char *const *topic = topics;
	struct event note = *event;

	while (*topic && strcmp(*topic, event->name) != 0)
		topic++;
	if (!*topic || !timeline->ready_ns || event->t_ns < timeline->ready_ns)
		return;
	if (strcmp(event->name, "denied") == 0 && is_told_denied(timeline, event))
		return;
	str_copy(note.detail, sizeof(note.detail), event->value);
	if (timeline->life_count == TIMELINE_LIFE_MAX)
		memmove(timeline->life, timeline->life + 1,
			--timeline->life_count * sizeof(timeline->life[0]));
	insert_step(timeline->life, &timeline->life_count, TIMELINE_LIFE_MAX, &note);
}

void timeline_add(struct timeline *timeline, const struct event *event)
{
	if (event->kind == EVENT_READY) {
		timeline->ready_ns = event->t_ns;
	} else if (event->kind == EVENT_NOTE) {
		add_note(timeline, event);
		return;
	} else if (event->kind != EVENT_STEP) {
		return;
	} else if (strncmp(event->name, "stop_", 5) == 0) {
		insert_step(timeline->end, &timeline->end_count, TIMELINE_END_MAX, event);
		return;
	} else if (strcmp(event->name, "request") == 0) {
		memset(timeline, 0, sizeof(*timeline));
		timeline->request_ns = event->t_ns;
	} else if (strcmp(event->name, "first_output") == 0) {
		timeline->first_output_ns = event->t_ns;
	}
	insert_step(timeline->steps, &timeline->count, TIMELINE_STEPS_MAX, event);
}

uint64_t timeline_total_ns(const struct timeline *timeline)
{
	if (!timeline->request_ns || timeline->ready_ns < timeline->request_ns)
		return 0;
	return timeline->ready_ns - timeline->request_ns;
}

static const struct {
	const char *name, *about;
} step_abouts[] = {
    {"request", "you asked for it"},
    {"worker", "start the process that is the sandbox"},
    {"lab", "get a place in the lab network"},
    {"clone", "make a process in new namespaces"},
    {"cgroup", "set limits that the kernel enforces"},
    {"idmap", "map root inside to nobody outside"},
    {"cable", "plug it into the lab's bridge"},
    {"mounts", "mount a file tree of its own"},
    {"pivot", "make the image the root"},
    {"network", "give it its own network, with loopback"},
    {"caps", "give up the powers of root"},
    {"seccomp", "refuse system calls that are not on the list"},
    {"kvm_open", "open /dev/kvm"},
    {"prepare", "find kernel and files, or make them once"},
    {"qemu", "start QEMU, which imitates a machine"},
    {"kvm_vm", "ask KVM for a virtual machine"},
    {"kvm_memory", "give the machine its RAM"},
    {"kvm_vcpu", "give the machine a processor"},
    {"load", "put kernel and programs into its RAM"},
    {"devicetree", "describe the hardware to its kernel"},
    {"disk", "open the distribution's disk"},
    {"qemu", "start the program that is the whole PC"},
    {"firmware", "the firmware finds a disk to boot"},
    {"bootloader", "the bootloader reads the kernel from it"},
    {"enter", "let the processor run the guest"},
    {"kernel_entry", "the guest's kernel runs its first instruction"},
    {"kernel_ready", "the guest's kernel is set up"},
    {"init", "the guest's kernel loads the program"},
    {"services", "systemd starts what a login waits for"},
    {"exec", "the program's first instruction"},
    {"ready", "it accepts exec and attach"},
    {"first_output", "the first byte on its console"},
    {"stop_signal", "ask the program to end"},
    {"stop_wait", "give it time to end by itself"},
    {"stop_kill", "end everything inside"},
};

const char *timeline_step_about(const char *name)
{
	for (size_t i = 0; i < sizeof(step_abouts) / sizeof(step_abouts[0]); i++)
		if (strcmp(step_abouts[i].name, name) == 0)
			return step_abouts[i].about;
	return NULL;
}
