/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_OCI_NOTICES_H
#define ISOLAB_CONTAINER_OCI_NOTICES_H
/*
 * notices: what is told beside errors. isolab-oci is a program, not a library: a warning goes to
 * its standard error at once.
 */

/* One line "isolab-oci: warning: …". */
void oci_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
