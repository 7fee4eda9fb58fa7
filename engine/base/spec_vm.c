/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a vm has depends on its kernel: the teaching kernel knows one user, no directories and no
 * mounts, a Linux has all that a container has. --kernel may stand behind the option that needs
 * it, so this is looked at when all options are known.
 */
#include <errno.h>
#include <string.h>

#include "spec.h"
#include "spec_private.h"

/* A copied spec's empty lists are lists. */
static bool has_words(char *const *list)
{
	return list && list[0];
}

/* Its files are those of its disk. */
static int validate_distro(const struct sandbox_spec *spec, struct err *e)
{
	if (!spec->image && !spec->vsock)
		return 0;
	int r = err_set(e, ENOTSUP, "option '%s' is not in this version for a distro vm",
			spec->image ? "--image" : "--vsock");
	return err_hint(e, r, "%s",
			spec->image ? "its files are those that 'isolab image build-distro' has "
				      "put on its disk"
				    : "--kernel linux has it where KVM can run Linux");
}

/* A container has no need of it. */
static bool is_of_machines(const char *option)
{
	return strcmp(option, "--disk") == 0 || strcmp(option, "--vsock") == 0;
}

int spec_validate_vm(const struct sandbox_spec *spec, struct err *e)
{
	const struct {
		const char *option;
		bool is_set;
	} of_linux[] = {
	    {"--image", spec->image},
	    {"--user", spec->user},
	    {"--ulimit", has_words(spec->ulimits)},
	    {"--init", spec->init},
	    {"--tmpfs", has_words(spec->tmpfs)},
	    {"--volume", has_words(spec->volumes)},
	    {"--overlay", spec->overlay},
	    {"--disk", has_words(spec->disks)},
	    {"--vsock", spec->vsock},
	};

	if (strcmp(spec->kind, "vm") == 0 && spec->kernel && strcmp(spec->kernel, "distro") == 0)
		return validate_distro(spec, e);
	if (!spec_is_tiny(spec))
		return 0;
	for (size_t i = 0; i < sizeof(of_linux) / sizeof(of_linux[0]); i++)
		if (of_linux[i].is_set)
			return err_hint(e,
					err_set(e, ENOTSUP,
						"option '%s' is not in this version for a tiny vm",
						of_linux[i].option),
					"--kernel linux has it%s",
					is_of_machines(of_linux[i].option) ? ""
									   : ", and a container");
	return 0;
}
