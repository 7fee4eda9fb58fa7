/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TEST_RECORDING_H
#define ISOLAB_TEST_RECORDING_H
/*
 * A private home and run directory for one script, and recorded sandboxes in it: NAME.spec (one
 * word a line), NAME.events, NAME.console (what the console printed). The journal is the only
 * truth, so a recording shows the same screen on every machine.
 */
#include <stdbool.h>

/* Makes a temporary directory and points HOME and the XDG_… variables into it. */
bool home_create(char *path, unsigned long size);
/* Removes it with all in it. */
void home_remove(const char *path);
/* Puts the recorded sandboxes of `folder` into the run directory below `home`. */
bool lab_record(const char *home, const char *folder);

#endif
