/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_CAPABILITIES_H
#define ISOLAB_CONTAINER_CAPABILITIES_H
/*
 * capabilities: which of root's powers a program inside has. See capabilities(7).
 *
 *	nothing asked			CHOWN, KILL, NET_BIND_SERVICE
 *	--cap-add X, --cap-drop Y	these three and X, without Y
 *	--cap-drop ALL --cap-add X	X alone
 *	--cap-add ALL --cap-drop Y	all but Y
 *
 *			bounding  permitted, effective	inheritable, ambient
 *	root inside	kept	  kept			none
 *	another user	kept	  what was added	what was added: the only way by which it
 *							stays with somebody who is not root
 */
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "spec.h"

struct container;

struct capabilities {
	uint64_t kept;  /* of root inside: nobody inside gets others */
	uint64_t added; /* of these, what --cap-add has named */
};

/* What the options ask for. */
struct capabilities capabilities_choose(const struct sandbox_spec *spec);

static inline bool capabilities_have(uint64_t set, int capability)
{
	return set & 1ULL << capability;
}

/* "CHOWN KILL", "none". Returns `buffer`. */
const char *capabilities_list(uint64_t set, char *buffer, size_t size);

#endif
