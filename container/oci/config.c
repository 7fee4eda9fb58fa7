// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The top of config.json: version, root, host name, annotations, hooks; the rest is read by
 * config_process.c, config_linux.c, config_mounts.c, config_resources.c and seccomp.c. One struct
 * oci_reader goes through all of them and keeps the first fault. At the end what belongs together
 * is held against each other: a map needs a user namespace, a host name one of its own.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"

static const char *const hook_names[OCI_HOOK_KINDS] = {
    [OCI_PRESTART] = "prestart",
    [OCI_CREATE_RUNTIME] = "createRuntime",
    [OCI_CREATE_CONTAINER] = "createContainer",
    [OCI_START_CONTAINER] = "startContainer",
    [OCI_POSTSTART] = "poststart",
    [OCI_POSTSTOP] = "poststop",
};

/* "1.0.2-dev", "1.2.0": the first number says whether we can read it at all. */
static void read_version(const struct oci_node *document, struct oci_config *ret)
{
	struct oci_node node;
	unsigned major, minor, patch;
	int length = 0;

	if (!oci_member(document, "ociVersion", &node)) {
		oci_fault(document, "ociVersion is missing");
		return;
	}
	if (!(ret->version = oci_text(&node)))
		return;
	if (sscanf(ret->version, "%3u.%3u.%3u%n", &major, &minor, &patch, &length) != 3 ||
	    (ret->version[length] && !strchr("-+", ret->version[length])))
		oci_fault(&node, "'%.60s' is no version like 1.0.2", ret->version);
	else if (major != 1)
		oci_refuse(&node, "this runtime reads versions 1.0 to 1.2",
			   "version '%.60s' is unknown here", ret->version);
}

static void read_root(const struct oci_node *document, struct oci_config *ret)
{
	struct oci_node root;

	if (!oci_object(document, "root", &root)) {
		oci_fault(document, "root is missing");
		return;
	}
	if (!oci_string(&root, "path", &ret->root) || !*ret->root)
		oci_fault(&root, "path is missing");
	oci_bool(&root, "readonly", &ret->is_root_read_only);
}

static void read_hook(const struct oci_node *node, struct oci_hook *ret)
{
	int64_t timeout = 0;

	if (!json_is_object(node->value))
		oci_fault(node, "it must be an object");
	else if (!oci_absolute(node, "path", &ret->path))
		oci_fault(node, "path is missing");
	oci_strings(node, "args", &ret->args);
	oci_strings(node, "env", &ret->env);
	if (oci_integer(node, "timeout", 1, INT32_MAX, &timeout))
		ret->timeout_s = (uint32_t)timeout;
}

static void read_hooks(const struct oci_node *document, struct oci_config *ret)
{
	struct oci_node hooks, list, item;

	if (!oci_object(document, "hooks", &hooks))
		return;
	for (int kind = 0; kind < OCI_HOOK_KINDS; kind++) {
		struct oci_hooks *read = &ret->hooks[kind];
		size_t count = oci_array(&hooks, hook_names[kind], &list);
		if (!(read->items = oci_memory_take(&ret->memory, count, sizeof(*read->items))))
			return;
		for (read->count = 0; read->count < count; read->count++)
			if (oci_item(&list, read->count, &item))
				read_hook(&item, &read->items[read->count]);
	}
}

static void read_annotations(const struct oci_node *document, struct oci_config *ret)
{
	struct oci_node annotations, member;
	const char *key;
	json_t *value;

	if (!oci_object(document, "annotations", &annotations))
		return;
	ret->annotations = annotations.value;
	json_object_foreach(annotations.value, key, value)
	{
		if (!*key)
			oci_fault(&annotations, "a key is empty");
		if (!json_is_string(value) && oci_member(&annotations, key, &member))
			oci_text(&member);
	}
}

static void read_names(const struct oci_node *document, struct oci_config *ret)
{
	struct oci_node node;

	oci_string(document, "hostname", &ret->hostname);
	oci_string(document, "domainname", &ret->domainname);
	if (oci_member(document, "hostname", &node) && strlen(ret->hostname) > 64)
		oci_fault(&node, "a host name has at most 64 characters");
	if (oci_member(document, "domainname", &node) && strlen(ret->domainname) > 64)
		oci_fault(&node, "a domain name has at most 64 characters");
}

/* Whether a namespace is the container's own or one that was named, not the runtime's. */
static bool has_namespace(const struct oci_config *config, enum oci_namespace_kind kind)
{
	return config->joined[kind] ||
	       (config->namespaces & (unsigned)oci_namespace_names[kind].flag);
}

/* What only makes sense together. */
static void check_together(const struct oci_node *document, const struct oci_config *config)
{
	bool is_user_made = config->namespaces & CLONE_NEWUSER;

	if ((*config->hostname || *config->domainname) && !has_namespace(config, OCI_NS_UTS))
		oci_fault(document, "hostname: it would be the host's that changes: add a "
				    "namespace of type 'uts' to linux.namespaces");
	if (is_user_made && (!config->uid_map.count || !config->gid_map.count))
		oci_fault(document, "linux.uidMappings and gidMappings are needed with a new "
				    "namespace of type 'user'");
	if (!is_user_made && !config->joined[OCI_NS_USER] &&
	    (config->uid_map.count || config->gid_map.count))
		oci_fault(document,
			  "linux.uidMappings: without a namespace of type 'user' it means nothing");
	if (config->clock_offsets && !(config->namespaces & CLONE_NEWTIME))
		oci_fault(document,
			  "linux.timeOffsets: without a namespace of type 'time' it means nothing");
	for (size_t i = 0; i < config->sysctl_count; i++)
		if (strncmp(config->sysctls[i].name, "net.", 4) == 0 &&
		    !has_namespace(config, OCI_NS_NETWORK))
			oci_fault(document,
				  "linux.sysctl: '%.80s' would be the host's that "
				  "changes: add a namespace of type 'network'",
				  config->sysctls[i].name);
}

static void read_all(const struct oci_node *document, struct oci_config *ret)
{
	struct oci_node part;

	read_version(document, ret);
	read_root(document, ret);
	read_names(document, ret);
	read_annotations(document, ret);
	read_hooks(document, ret);
	if (oci_object(document, "process", &part))
		oci_config_read_process(&part, &ret->process);
	oci_config_read_mounts(document, ret);
	if (oci_object(document, "linux", &part))
		oci_config_read_linux(&part, ret);
	check_together(document, ret);
}

int oci_config_parse(struct oci_config *ret, const char *text, size_t length, struct err *e)
{
	*ret = (struct oci_config){.hostname = "", .domainname = "", .personality = -1};
	struct oci_reader reader = {.document = "config.json", .memory = &ret->memory, .e = e};
	struct oci_node document = {.reader = &reader};

	reader.r = oci_json_parse(reader.document, text, length, &ret->tree, e);
	if (reader.r < 0)
		return reader.r;
	document.value = ret->tree;
	ret->masked_paths.items = ret->read_only_paths.items = oci_memory_take(&ret->memory, 1,
									       sizeof(char *));
	if (!json_is_object(ret->tree))
		oci_fault(&document, "it must be an object");
	else
		read_all(&document, ret);
	if (reader.r < 0)
		oci_config_finish(ret);
	return reader.r;
}

/* A file of at most OCI_JSON_MAX bytes. Its text is the caller's. */
static int read_text(int fd, const char *name, char **ret_text, size_t *ret_length, struct err *e)
{
	char *text = malloc(OCI_JSON_MAX + 2);
	ssize_t n = text ? fd_read_full(fd, text, OCI_JSON_MAX + 1) : -ENOMEM;

	if (n < 0) {
		free(text);
		return err_sys(e, (int)n, "read '%s'", name);
	}
	text[n] = '\0';
	*ret_text = text;
	*ret_length = (size_t)n;
	return 0;
}

int oci_config_load(struct oci_config *ret, int directory, const char *name, char **ret_text,
		    struct err *e)
{
	auto_close int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	auto_free char *text = NULL;
	size_t length = 0;

	if (fd < 0)
		return err_hint(e, err_sys(e, errno, "open '%s'", name),
				"a bundle is a directory with a config.json and a root file "
				"system; `isolab-oci spec` writes one to begin with");
	int r = read_text(fd, name, &text, &length, e);
	if (r == 0)
		r = oci_config_parse(ret, text, length, e);
	if (r == 0 && ret_text) {
		*ret_text = text;
		text = NULL;
	}
	return r;
}

void oci_config_finish(struct oci_config *config)
{
	json_decref(config->tree);
	config->tree = NULL;
	oci_memory_finish(&config->memory);
}
