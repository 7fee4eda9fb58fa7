/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_AML_H
#define ISOLAB_VM_AML_H
/*
 * aml: writes the byte code in which ACPI tables describe devices (ACPI specification 6.5, chapter
 * 20; resources: section 6.4). One function is one term of the language; the writer is bounded:
 * what does not fit sets `failed`, and all that follows is left out.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aml {
	uint8_t *code; /* borrowed */
	size_t length, limit;
	bool failed;
};

/* Bytes as they are. */
void aml_add(struct aml *aml, const void *bytes, size_t length);
/* A term with a length: its begin returns a mark that its end takes. */
size_t aml_begin_scope(struct aml *aml, const char *path);    /* Scope (\_SB): path with its "\" */
size_t aml_begin_device(struct aml *aml, const char name[4]); /* Device (NAME) */
void aml_end(struct aml *aml, size_t mark);
/* Name (NAME, value) */
void aml_name_byte(struct aml *aml, const char name[4], uint8_t value);
void aml_name_text(struct aml *aml, const char name[4], const char *value);
/* Name (NAME, EisaId ("PNP0501")): three letters and four hexadecimal digits. */
void aml_name_eisa(struct aml *aml, const char name[4], const char *id);

/* Resources are gathered first, then named. */
struct aml_resources {
	uint8_t bytes[64];
	size_t length;
};
void aml_ports(struct aml_resources *resources, uint16_t first, uint8_t count);
void aml_memory(struct aml_resources *resources, uint32_t start, uint32_t length);
/* An interrupt of the I/O APIC, of which nobody else has a part: an edge. */
void aml_interrupt(struct aml_resources *resources, uint32_t number);
/* Name (_CRS, ResourceTemplate () {…}) */
void aml_name_resources(struct aml *aml, const struct aml_resources *resources);

#endif
