/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a kind of sandbox can have beyond what the table of options says. Of networks: a plain
 * process has the host's whatever it says, a machine never, and the lab needs somebody inside who
 * drives a cable. (What the tiny machine lacks in files and users: spec_vm.c.)
 */
#include <errno.h>
#include <string.h>

#include "spec.h"
#include "spec_private.h"

static int validate_process(const struct sandbox_spec *spec, struct err *e)
{
	bool is_none = spec->network == SPEC_NETWORK_NONE;
	int r;

	if (!is_none && spec->network != SPEC_NETWORK_LAB)
		return 0;
	r = err_set(e, EINVAL, "--network %s: a plain process has the host's network",
		    is_none ? "none" : "lab");
	return err_hint(e, r, "take a container%s, or --network host", is_none ? " or a vm" : "");
}

static int validate_vm(const struct sandbox_spec *spec, struct err *e)
{
	int r;

	if (spec->network == SPEC_NETWORK_HOST) {
		r = err_set(e, ENOTSUP,
			    "--network host: a vm cannot share the host's network, its kernel has "
			    "one of its own");
		return err_hint(e, r,
				"--network lab (with --kernel linux) gives it a cable to a bridge "
				"of yours");
	}
	if (spec->network == SPEC_NETWORK_LAB && spec_is_tiny(spec)) {
		r = err_set(e, ENOTSUP, "--network lab: the tiny vm has no network");
		return err_hint(e, r, "take --kernel linux, or --network none");
	}
	return 0;
}

bool spec_is_tiny(const struct sandbox_spec *spec)
{
	return strcmp(spec->kind, "vm") == 0 &&
	       (!spec->kernel || strcmp(spec->kernel, "tiny") == 0);
}

int spec_validate_kind(const struct sandbox_spec *spec, struct err *e)
{
	unsigned removed = spec->removed_bricks & (SPEC_NS_NETWORK | SPEC_NS_USER);
	int r;

	if (strcmp(spec->kind, "process") == 0)
		return validate_process(spec, e);
	if (strcmp(spec->kind, "vm") == 0)
		return validate_vm(spec, e);
	if (spec->network != SPEC_NETWORK_LAB || !removed)
		return 0;
	r = err_set(e, EINVAL, "--network lab: not with --no-ns %s",
		    removed & SPEC_NS_NETWORK ? "network" : "user");
	return err_hint(e, r,
			"the lab plugs a cable into the sandbox's own network, and may do so as "
			"root of the user namespace around it");
}
