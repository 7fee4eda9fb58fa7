/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_OCI_LABELS_H
#define ISOLAB_CONTAINER_OCI_LABELS_H
/*
 * labels: what a security module shall call the program: process.apparmorProfile and selinuxLabel.
 */
#include "oci_container.h"

/* While the runtime's /proc can be reached: opens the file for the label. A module that this kernel
 * has not, or not on, is a warning. */
int oci_labels_open(struct oci_container *c, struct err *e);
/* Just before exec: writes it. */
int oci_labels_set(struct oci_container *c, struct err *e);

#endif
