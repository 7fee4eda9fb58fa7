/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_NET_NAT_H
#define ISOLAB_CONTAINER_NET_NAT_H
/*
 * nat: two rules of nf_tables(8), in the lab's own network namespace. What leaves by an
 * interface gets that interface's address as its sender. The programs that lead outside know of
 * one sender only. The host's rules are never touched.
 */
#include "err.h"

/* Masquerades what leaves by `interface`, which need not exist yet; no TCP comes in by it to us. */
int nat_masquerade(const char *interface, struct err *e);

#endif
