/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_TESTS_ATTACK_H
#define ISOLAB_TESTS_ATTACK_H
/*
 * attack: what somebody inside may try. Each attack returns NULL when the wall held, else what was
 * possible. container_defences.py knows which defence each of them meets.
 */
struct attack {
	const char *name;
	const char *(*attack)(void);
};

/* Single calls and arguments that the filter refuses. Ends with name == NULL. attack_calls.c */
extern const struct attack attacks_on_calls[];
/* Powers, users, keys, signals, other processes. attack_rights.c */
extern const struct attack attacks_on_rights[];

#endif
