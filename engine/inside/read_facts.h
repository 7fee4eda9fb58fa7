/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_INSIDE_READ_FACTS_H
#define ISOLAB_INSIDE_READ_FACTS_H
/* read_facts: what the files of isolab-probe share. */
#include "nolibc.h"

struct fact_reader {
	struct writer out;
	bool is_linux;   /* else a missing file means that this kernel has no such thing */
	char boot[40];   /* boot id of the kernel that answers; "" when it has none */
	char text[2048]; /* for the file at hand */
};

/* One fact: each writes its value and identity by the calls below, or the reason why there is none.
 * */
void fact_begin(struct fact_reader *reader, const char *name);
/* Ends the value and begins the identity: "TAB BOOTID". An object's number means something only
 * together with the kernel that gave it: every Linux names its first uts namespace 4026531838, also
 * the one in a VM. */
void fact_identity(struct fact_reader *reader);
/* The same, followed by the link /proc/self/ns/NAMESPACE ("uts:[4026531838]") if there is one. */
void fact_identity_namespace(struct fact_reader *reader, const char *namespace);
void fact_end(struct fact_reader *reader);
/* "name !reason" for a call that failed with `error`. */
void fact_absent(struct fact_reader *reader, const char *name, long error);

/* read_calls.c: what the kernel would do for us if we asked, found out without anything being done.
 * */
void fact_syscalls_allowed(struct fact_reader *reader);
void fact_host_dmesg(struct fact_reader *reader);
void fact_sysctl_write(struct fact_reader *reader);
void fact_module_load(struct fact_reader *reader);
void fact_hypervisor_seen(struct fact_reader *reader);

/* read_bricks.c: which bricks of a container's wall stand. */
void fact_lockdown(struct fact_reader *reader);
void fact_proc_masks(struct fact_reader *reader);
void fact_cgroup_root(struct fact_reader *reader);
void fact_root_escape(struct fact_reader *reader); /* the last of all: it may change the root */

/* The value behind "NAME:" in /proc/self/status as an unsigned number of `base` 10 or 16; false
 * when there is no such line. */
bool status_number(struct fact_reader *reader, const char *name, unsigned base,
		   uint64_t *ret_number);

#endif
