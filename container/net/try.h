/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_CONTAINER_NET_TRY_H
#define ISOLAB_CONTAINER_NET_TRY_H
/*
 * try: what of a lab this machine can have, found out by doing it in namespaces of its own, for
 * doctor (check_lab.c reads what is printed).
 */

/* Prints lines "lab ok", "lab WHAT<TAB>HINT" if not; "nat ok" or "nat WHAT<TAB>HINT"; "uplink
 * NAME", or "uplink" without a name, or "uplink !" where /dev/net/tun is closed to this user. */
int try_run(void);

#endif
