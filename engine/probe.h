/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_PROBE_H
#define ISOLAB_PROBE_H
/*
 * probe: the facts that are read about every sandbox, and the rule by which each gets its verdict.
 *
 * The values come from one static program, isolab-probe, run inside by exec from a sealed memfd,
 * and on the host by a plain fork. It prints `name value` or `name value<TAB>identity` lines (name
 * of the table, value free text, identity compared for the verdict), `name !reason` when there is
 * none ("not implemented by this kernel", "permission denied").
 */
#include <stdbool.h>
#include <stddef.h>

enum verdict {
	VERDICT_UNKNOWN, /* not read (yet) */
	VERDICT_OWN,     /* its own, other than the host's */
	VERDICT_SHARED,  /* the very same object as the host's */
	VERDICT_HIDDEN,  /* the host has it, from inside it cannot be seen or used */
	VERDICT_NONE,    /* there is no such thing here; the value is the reason */
};
const char *verdict_name(enum verdict verdict); /* "own" … "unknown" */

struct fact {
	char value[256];
	char identity[128]; /* "" = none */
	bool is_absent;     /* value is the reason */
	enum verdict verdict;
};

struct probe {
	const char *name;  /* JSON, lessons, docs: "kernel_identity" */
	const char *label; /* column text: "kernel (boot id)" */
	const char *unit;  /* "" or "bytes" … */
	const char *about; /* one sentence for the learner */
	const char *how;   /* how it is read: "getpid(2)" … */
	const char *rule;  /* the verdict's rule in words */
	/* Compares the sandbox's fact with the host's. Values never decide alone unless the rule
	 * says why they may. */
	enum verdict (*judge)(const struct fact *host, const struct fact *inside);
};
extern const struct probe probes[]; /* ends with name == NULL */
enum { PROBES_MAX = 40 };

size_t probe_count(void);
const struct probe *probe_find(const char *name);
/* Index in probes[], or -1. */
int probe_index(const char *name);

struct facts {
	struct fact fact[PROBES_MAX]; /* same index as probes[] */
};
/* Parses the probe program's output (foreign bytes: bounded, unknown names ignored). Returns how
 * many facts. */
int facts_parse(struct facts *facts, const char *text, size_t length);
/* Fills every verdict of `inside`. */
void facts_judge(const struct facts *host, struct facts *inside);

#endif
