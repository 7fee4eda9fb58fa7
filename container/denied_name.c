// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Names for the arguments that the rules look at, as manuals write them; what has none is written
 * as a number.
 */
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "notify.h"

static const struct {
	const char *call;
	uint32_t value;
	const char *name;
} value_names[] = {
    {"ioctl", TIOCSTI, "TIOCSTI"},
    {"ioctl", 0x541C, "TIOCLINUX"},
    {"prctl", PR_SET_PDEATHSIG, "PR_SET_PDEATHSIG"},
    {"prctl", PR_SET_MM, "PR_SET_MM"},
    {"personality", 0x0040000, "ADDR_NO_RANDOMIZE"},
    {"socket", AF_PACKET, "AF_PACKET"},
    {"socket", AF_KEY, "AF_KEY"},
    {"socket", AF_ALG, "AF_ALG"},
    {"socket", AF_VSOCK, "AF_VSOCK"},
    {"socket", AF_BLUETOOTH, "AF_BLUETOOTH"},
    {"socket", 44, "AF_XDP"},
    {"clone", CLONE_NEWUSER, "CLONE_NEWUSER"},
    {"clone", CLONE_NEWNS, "CLONE_NEWNS"},
    {"clone", CLONE_NEWPID, "CLONE_NEWPID"},
    {"clone", CLONE_NEWNET, "CLONE_NEWNET"},
    {"clone", CLONE_NEWIPC, "CLONE_NEWIPC"},
    {"clone", CLONE_NEWUTS, "CLONE_NEWUTS"},
    {"clone", CLONE_NEWCGROUP, "CLONE_NEWCGROUP"},
};

const char *denied_name(const struct denied *denied, char *buffer, size_t size)
{
	snprintf(buffer, size, "%s", denied->call ? denied->call->name : "(others)");
	if (!denied->call || !denied->has_value)
		return buffer;
	for (size_t i = 0; i < sizeof(value_names) / sizeof(value_names[0]); i++)
		if (value_names[i].value == denied->value &&
		    strcmp(value_names[i].call, denied->call->name) == 0) {
			snprintf(buffer, size, "%s %s", denied->call->name, value_names[i].name);
			return buffer;
		}
	snprintf(buffer, size, "%s 0x%x", denied->call->name, denied->value);
	return buffer;
}
