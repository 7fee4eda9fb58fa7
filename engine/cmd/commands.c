/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's commands, in the order of the help. A new one is a file of its own and a line
 * here. */
#include "cmd.h"

const struct command *const engine_commands[] = {
    &cmd_compare, &cmd_run,     &cmd_create, &cmd_start,    &cmd_exec,    &cmd_attach, &cmd_ps,
    &cmd_logs,    &cmd_inspect, &cmd_stats,  &cmd_timeline, &cmd_explain, &cmd_events, &cmd_wait,
    &cmd_stop,    &cmd_kill,    &cmd_pause,  &cmd_unpause,  &cmd_update,  &cmd_rm,     &cmd_kernel,
    &cmd_image,   &cmd_bench,   &cmd_doctor, &cmd_help,     &cmd_version, &cmd_print,  NULL,
};
