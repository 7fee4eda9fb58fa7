/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TINY_VERSION_H
#define ISOLAB_TINY_VERSION_H
/* version: what the kernel is called. It does not pose as Linux. TINY_RELEASE comes from the
 * build. */
#define TINY_NAME  "isolab-tiny"
#define TINY_BUILD "#1"
#ifndef TINY_RELEASE
#define TINY_RELEASE "unknown"
#endif
#endif
