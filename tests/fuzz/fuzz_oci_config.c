/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A bundle's config.json: whatever it is, it is either refused with an error of one line that says
 * something, or read into structs that hold together: namespaces that the kernel has, paths that
 * are absolute, a filter that is no longer than the kernel takes.
 */
#include <linux/bpf_common.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_config(const struct oci_config *config)
{
	check(config->root && *config->root && config->version);
	for (size_t i = 0; i < config->mount_count; i++)
		check(config->mounts[i].destination &&
		      (config->mounts[i].is_bind ? config->mounts[i].source
						 : config->mounts[i].type));
	for (size_t i = 0; i < config->device_count; i++)
		check(config->devices[i].type && *config->devices[i].path == '/');
	for (size_t i = 0; i < config->masked_paths.count; i++)
		check(*config->masked_paths.items[i] == '/');
	for (size_t i = 0; i < config->resources.count; i++)
		check(config->resources.settings[i].v1_text);
	for (size_t i = 0; i < config->sysctl_count; i++)
		check(config->sysctls[i].path && !strstr(config->sysctls[i].path, ".."));
	if (config->process.is_set)
		check(config->process.args.count && *config->process.cwd == '/');
	check(config->seccomp.length <= BPF_MAXINSNS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_config config;
	struct err e = {0};
	int r = oci_config_parse(&config, (const char *)data, size, &e);

	if (r < 0) {
		check(e.code == -r && *e.what && !strchr(e.what, '\n'));
		return 0;
	}
	check_config(&config);
	oci_config_finish(&config);
	return 0;
}
