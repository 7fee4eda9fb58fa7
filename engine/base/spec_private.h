/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_SPEC_PRIVATE_H
#define ISOLAB_SPEC_PRIVATE_H
/* What spec.c and its option table share with each other only. */
#include "fd.h"
#include "spec.h"

struct spec_namespace {
	const char *name;
	enum spec_brick brick;
};
/* Ends with name == NULL; the first entry of a brick is its canonical name. */
extern const struct spec_namespace spec_namespaces[];

/* What a spec owns: where it lies in it, and the option that says it (NULL: said another way). Both
 * tables end with offset 0. */
struct spec_part {
	const char *option;
	size_t offset;
};
extern const struct spec_part spec_texts[], spec_lists[];
/* Where the text of the part is kept. */
char **spec_text_of(struct sandbox_spec *spec, const struct spec_part *part);
char ***spec_list_of(struct sandbox_spec *spec, const struct spec_part *part);

/* The part of spec_validate() that knows the bricks. spec_bricks.c */
int spec_validate_bricks(const struct sandbox_spec *spec, struct err *e);

/* The part that knows what the tiny vm lacks. -ENOTSUP. spec_vm.c */
int spec_validate_vm(const struct sandbox_spec *spec, struct err *e);
/* The part that knows which kind can have what. spec_kinds.c */
int spec_validate_kind(const struct sandbox_spec *spec, struct err *e);

/* Adds a copy of `word` to a NULL-terminated list. -E2BIG beyond SPEC_WORDS_MAX. */
int spec_add_word(char ***list, const char *word, struct err *e);

/* Replaces *destination by a copy of `text`. */
int spec_set_text(char **destination, const char *text, struct err *e);

/* "max", the kernel's own word for no limit. */
bool spec_is_max(const char *argument);

/* What of the limits fits together, and on this machine. */
int spec_validate_limits(const struct sandbox_spec *spec, struct err *e);

/* The setters of spec_limits.c and spec_walls.c, for the table. */
int spec_set_volume(struct sandbox_spec *spec, const char *argument, struct err *e);
int spec_set_disk(struct sandbox_spec *spec, const char *argument, struct err *e);
int spec_set_tmpfs(struct sandbox_spec *spec, const char *argument, struct err *e);
int spec_set_ulimit(struct sandbox_spec *spec, const char *argument, struct err *e);
int spec_set_cpus(struct sandbox_spec *spec, const char *argument, struct err *e);
int spec_set_cpuset(struct sandbox_spec *spec, const char *argument, struct err *e);
int spec_set_memory(struct sandbox_spec *spec, const char *argument, struct err *e);
int spec_set_pids(struct sandbox_spec *spec, const char *argument, struct err *e);
int spec_set_swap(struct sandbox_spec *spec, const char *argument, struct err *e);
int spec_set_user(struct sandbox_spec *spec, const char *argument, struct err *e);
int spec_set_kernel(struct sandbox_spec *spec, const char *argument, struct err *e);
int spec_set_accel(struct sandbox_spec *spec, const char *argument, struct err *e);
int spec_set_vcpus(struct sandbox_spec *spec, const char *argument, struct err *e);
int spec_set_image(struct sandbox_spec *spec, const char *argument, struct err *e);
int spec_add_capability(struct sandbox_spec *spec, const char *argument, struct err *e);
int spec_drop_capability(struct sandbox_spec *spec, const char *argument, struct err *e);
int spec_set_read_bps(struct sandbox_spec *spec, const char *argument, struct err *e);
int spec_set_write_bps(struct sandbox_spec *spec, const char *argument, struct err *e);
int spec_set_read_iops(struct sandbox_spec *spec, const char *argument, struct err *e);
int spec_set_write_iops(struct sandbox_spec *spec, const char *argument, struct err *e);

#endif
