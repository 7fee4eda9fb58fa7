/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_OCI_CONFIG_H
#define ISOLAB_CONTAINER_OCI_CONFIG_H
/*
 * config: what the config.json of an OCI bundle asks for, checked and in plain structs.
 *
 * Everything is read and judged before anything is built: a wrong value is an error that names its
 * place, an unknown member is ignored, as the specification wants (OCI runtime-spec, config.md,
 * config-linux.md; versions 1.0 to 1.2). What it can ask for and this runtime has not is refused.
 * All strings and arrays live as long as the struct; the child inherits them by fork.
 */
#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "json.h"

enum oci_hook_kind {
	OCI_PRESTART,
	OCI_CREATE_RUNTIME,
	OCI_CREATE_CONTAINER,
	OCI_START_CONTAINER,
	OCI_POSTSTART,
	OCI_POSTSTOP,
	OCI_HOOK_KINDS
};

struct oci_hook {
	const char *path;
	struct oci_strings args, env;
	uint32_t timeout_s; /* 0: none */
};

struct oci_hooks {
	struct oci_hook *items;
	size_t count;
};

enum oci_namespace_kind {
	OCI_NS_USER, /* the first to be joined */
	OCI_NS_PID,
	OCI_NS_NETWORK,
	OCI_NS_MOUNT,
	OCI_NS_IPC,
	OCI_NS_UTS,
	OCI_NS_CGROUP,
	OCI_NS_TIME,
	OCI_NAMESPACES
};

struct oci_namespace_name {
	const char *name; /* "network" */
	int flag;         /* CLONE_NEWNET */
};
extern const struct oci_namespace_name oci_namespace_names[OCI_NAMESPACES];

struct oci_id_range {
	uint32_t inside, outside, count;
};

struct oci_id_map {
	struct oci_id_range *ranges;
	size_t count;
};

struct oci_mount {
	const char *destination, *type, *source;
	uint64_t set, clear;                     /* MOUNT_ATTR_… for this mount */
	uint64_t recursive_set, recursive_clear; /* … and for those below it, too (rro …) */
	unsigned long propagation;               /* MS_SHARED …, 0: as it comes */
	bool is_propagation_recursive;
	bool is_bind, is_recursive;
	bool is_optional;           /* "nofail" */
	bool is_copied_up;          /* "tmpcopyup" */
	struct oci_strings options; /* what is left for the file system */
	int tree;                   /* the child's, while it builds: the source, opened; -1 */
};

struct oci_device {
	const char *path;
	mode_t type; /* S_IFCHR, S_IFBLK, S_IFIFO */
	uint32_t major, minor, mode, uid, gid;
	bool has_mode, has_owner;
};

struct oci_rlimit {
	int resource;
	const char *name;
	uint64_t soft, hard;
};

enum oci_capability_set {
	OCI_BOUNDING,
	OCI_EFFECTIVE,
	OCI_PERMITTED,
	OCI_INHERITABLE,
	OCI_AMBIENT,
	OCI_CAPABILITY_SETS
};

struct oci_process {
	bool is_set, terminal, no_new_privileges;
	uint32_t rows, columns;
	uint32_t uid, gid, umask;
	bool has_umask;
	gid_t *groups;
	size_t group_count;
	struct oci_strings args, env;
	const char *cwd;
	uint64_t capabilities[OCI_CAPABILITY_SETS];
	bool has_capabilities;
	struct oci_rlimit *rlimits;
	size_t rlimit_count;
	const char *apparmor, *selinux;
	int oom_score_adj;
	bool has_oom_score_adj;
	int io_priority; /* as ioprio_set(2) wants it, 0: none */
};

/* One limit: what to write to which file of a cgroup, on v1 and on v2 (NULL: not there). */
struct oci_setting {
	const char *controller; /* "memory"; "io" of v2 is called "blkio" here; "" is any */
	const char *v1_file, *v1_text, *v2_file, *v2_text;
	const char *other_file; /* to try if the file is not there, may be NULL */
	const char *path;       /* in the config, for errors: "memory.limit" */
	bool is_optional;       /* a kernel without the file is no error */
};

struct oci_device_rule {
	char type; /* a, b, c */
	bool is_allowed, can_read, can_write, can_make;
	int64_t major, minor; /* -1: any */
};

struct oci_resources {
	struct oci_setting *settings; /* in the order in which they must be written */
	size_t count;
	struct oci_device_rule *devices;
	size_t device_count;
};

struct oci_sysctl {
	const char *name, *value;
	char *path; /* below /proc/sys */
};

struct oci_seccomp {
	struct sock_filter *program;
	size_t length; /* 0: no filter */
	unsigned flags;
};

struct oci_config {
	json_t *tree;
	struct oci_memory memory;
	const char *version, *hostname, *domainname;
	const char *root;
	bool is_root_read_only;
	struct oci_process process;
	struct oci_mount *mounts;
	size_t mount_count;
	struct oci_hooks hooks[OCI_HOOK_KINDS];
	json_t *annotations;                /* borrowed, NULL: none */
	unsigned namespaces;                /* CLONE_NEW… flags of those to be made */
	const char *joined[OCI_NAMESPACES]; /* paths of those to be joined */
	struct oci_id_map uid_map, gid_map;
	const char *clock_offsets; /* the text for timens_offsets, NULL: none */
	struct oci_device *devices;
	size_t device_count;
	const char *cgroups_path;
	struct oci_resources resources;
	unsigned long root_propagation; /* MS_…, 0: not said */
	bool is_root_propagation_recursive;
	struct oci_strings masked_paths, read_only_paths;
	struct oci_sysctl *sysctls;
	size_t sysctl_count;
	struct oci_seccomp seccomp;
	const char *mount_label;
	long personality; /* -1: as it is */
};

/* Reads a text; `warning` is told what is left out (one line, "" if nothing). */
int oci_config_parse(struct oci_config *ret, const char *text, size_t length, struct err *e);
/* Reads the file `name` in a directory; *ret_text (may be NULL) is its text, to be freed. */
int oci_config_load(struct oci_config *ret, int directory, const char *name, char **ret_text,
		    struct err *e);
void oci_config_finish(struct oci_config *config);

/* Parts of the reading, each with its file; errors are the reader's. */
void oci_config_read_process(const struct oci_node *process, struct oci_process *ret);
void oci_config_read_linux(const struct oci_node *linux_node, struct oci_config *ret);
void oci_config_read_mounts(const struct oci_node *document, struct oci_config *ret);
void oci_config_read_resources(const struct oci_node *resources, struct oci_resources *ret);
/* Compiles a profile with libseccomp: seccomp.c. */
void oci_config_read_seccomp(const struct oci_node *profile, struct oci_seccomp *ret);

/* One propagation word ("rslave"): true if it is one. */
bool oci_find_propagation(const char *word, unsigned long *ret, bool *ret_recursive);

#endif
