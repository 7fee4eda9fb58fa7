/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RSDP → XSDT → FADT (→ DSDT) and MADT, written one after the other with their checksums. The
 * DSDT holds byte code, which aml.h writes.
 */
#include "acpi.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "aml.h"

/* ---- the tables' layouts: chapter 5 ---- */

struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], table[8];
	uint32_t oem_revision;
	char creator[4];
	uint32_t creator_revision;
} __attribute__((packed));

struct address { /* generic address structure */
	uint8_t space, bits, offset, access;
	uint64_t address;
} __attribute__((packed));

struct fadt {
	struct header header;
	uint32_t facs, dsdt;
	uint8_t reserved, profile;
	uint16_t sci;
	uint8_t legacy[60]; /* ports of the legacy hardware that there is none of */
	uint8_t century_and_more[1];
	uint16_t boot_flags;
	uint8_t reserved2;
	uint32_t flags;
	struct address reset;
	uint8_t reset_value;
	uint16_t arm_flags;
	uint8_t minor;
	uint64_t x_facs, x_dsdt;
	struct address x_legacy[8];
	struct address sleep_control, sleep_status;
	uint64_t hypervisor;
} __attribute__((packed));
_Static_assert(sizeof(struct fadt) == 276, "FADT of ACPI 6");

enum {
	FADT_NO_VGA = 1 << 2,
	FADT_NO_CMOS_CLOCK = 1 << 5,
	FADT_RESET = 1 << 10,
	FADT_HARDWARE_REDUCED = 1 << 20,
	SPACE_PORT = 1,
	ACCESS_BYTE = 1,
};

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt, length;
	uint64_t xsdt;
	uint8_t extended_checksum, reserved[3];
} __attribute__((packed));

struct local_apic {
	uint8_t type, length, processor, id;
	uint32_t flags;
} __attribute__((packed));

struct io_apic {
	uint8_t type, length, id, reserved;
	uint32_t address, first_interrupt;
} __attribute__((packed));

/* \_S5: what to write into the sleep control register to be switched off. */
static const uint8_t aml_off[] = {
    0x08,
    '_',
    'S',
    '5',
    '_', /* Name */
    0x12,
    0x06,
    0x02,
    0x0a,
    ACPI_SLEEP_OFF,
    0x0a,
    ACPI_SLEEP_OFF, /* Package {5, 5} */
};

static const struct acpi_serial {
	uint16_t port;
	uint8_t interrupt;
} serial_ports[] = {{0x3f8, 4}, {0x2f8, 3}};

/* ---- writing ---- */

enum { DSDT_BYTES = 4096 };

/* Where the next table comes, and the memory. */
struct writer {
	struct memory *memory;
	uint64_t at;
	bool failed;
};

static uint8_t checksum(const void *data, size_t length)
{
	const uint8_t *bytes = data;
	uint8_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return (uint8_t)-sum;
}

/* Completes the header in front of `length` bytes and writes it all. Returns where. */
static uint64_t write_table(struct writer *writer, const char *signature, uint8_t revision,
			    void *table, size_t length)
{
	struct header *header = table;
	uint64_t at = writer->at;

	*header = (struct header){.length = (uint32_t)length, .revision = revision};
	memcpy(header->signature, signature, sizeof(header->signature));
	memcpy(header->oem, "ISOLAB", sizeof(header->oem));
	memcpy(header->table, "ISOLABVM", sizeof(header->table));
	memcpy(header->creator, "ISOL", sizeof(header->creator));
	header->checksum = checksum(table, length);
	memory_write(writer->memory, at, table, length);
	writer->at = (at + length + 15) & ~15ull;
	return at;
}

/* A serial port below \_SB. */
static void add_serial(struct aml *aml, unsigned number, const struct acpi_serial *port)
{
	const char name[] = {'C', 'O', 'M', (char)('0' + number)};
	struct aml_resources resources = {0};
	size_t device = aml_begin_device(aml, name);

	aml_name_eisa(aml, "_HID", "PNP0501");
	aml_name_byte(aml, "_UID", (uint8_t)number);
	aml_ports(&resources, port->port, 8);
	aml_interrupt(&resources, port->interrupt);
	aml_name_resources(aml, &resources);
	aml_end(aml, device);
}

/* A virtio device: LNRO0005 is what Linux's driver for memory-mapped ones looks for. */
static void add_virtio(struct aml *aml, unsigned number, const struct acpi_virtio *virtio)
{
	const char name[] = {'V', 'R', (char)('0' + number / 10), (char)('0' + number % 10)};
	struct aml_resources resources = {0};
	size_t device = aml_begin_device(aml, name);

	aml_name_text(aml, "_HID", "LNRO0005");
	aml_name_byte(aml, "_UID", (uint8_t)number);
	aml_name_byte(aml, "_CCA", 1);
	aml_memory(&resources, virtio->address + number * virtio->bytes, virtio->bytes);
	aml_interrupt(&resources, virtio->interrupt + number);
	aml_name_resources(aml, &resources);
	aml_end(aml, device);
}

static uint64_t write_dsdt(struct writer *writer, const struct acpi_machine *machine)
{
	struct {
		struct header header;
		uint8_t code[DSDT_BYTES];
	} __attribute__((packed)) table = {0};
	struct aml aml = {.code = table.code, .limit = sizeof(table.code)};

	aml_add(&aml, aml_off, sizeof(aml_off));
	size_t scope = aml_begin_scope(&aml, "\\_SB_");
	for (unsigned i = 0; i < sizeof(serial_ports) / sizeof(serial_ports[0]); i++)
		add_serial(&aml, i, &serial_ports[i]);
	for (unsigned i = 0; i < machine->virtio.count; i++)
		add_virtio(&aml, i, &machine->virtio);
	aml_end(&aml, scope);
	writer->failed |= aml.failed;
	return write_table(writer, "DSDT", 2, &table, sizeof(table.header) + aml.length);
}

static uint64_t write_fadt(struct writer *writer, uint64_t dsdt)
{
	struct fadt fadt = {
	    .dsdt = (uint32_t)dsdt,
	    .x_dsdt = dsdt,
	    .boot_flags = FADT_NO_VGA | FADT_NO_CMOS_CLOCK,
	    .flags = FADT_HARDWARE_REDUCED | FADT_RESET,
	    .reset = {SPACE_PORT, 8, 0, ACCESS_BYTE, ACPI_PORT_RESET},
	    .reset_value = 1,
	    .minor = 5,
	    .sleep_control = {SPACE_PORT, 8, 0, ACCESS_BYTE, ACPI_PORT_SLEEP},
	    .sleep_status = {SPACE_PORT, 8, 0, ACCESS_BYTE, ACPI_PORT_SLEEP + 1},
	};

	memcpy(&fadt.hypervisor, "ISOLAB\0", 8);
	return write_table(writer, "FACP", 6, &fadt, sizeof(fadt));
}

static uint64_t write_madt(struct writer *writer, unsigned cpus)
{
	struct {
		struct header header;
		uint32_t local_apic, flags;
		struct io_apic io_apic;
		struct local_apic cpu[8];
	} __attribute__((packed)) madt = {
	    .local_apic = ACPI_LOCAL_APIC,
	    .io_apic = {1, sizeof(struct io_apic), 0, 0, ACPI_IO_APIC, 0},
	};

	for (unsigned i = 0; i < cpus && i < 8; i++)
		madt.cpu[i] = (struct local_apic){0, sizeof(struct local_apic), (uint8_t)i,
						  (uint8_t)i, 1};
	return write_table(writer, "APIC", 5, &madt,
			   sizeof(madt) - (8 - cpus) * sizeof(struct local_apic));
}

int acpi_write(struct memory *memory, const struct acpi_machine *machine, struct err *e)
{
	struct writer writer = {memory, (ACPI_TABLES + sizeof(struct rsdp) + 15) & ~15ull, false};
	struct {
		struct header header;
		uint64_t tables[2];
	} __attribute__((packed)) xsdt;

	if (!memory_at(memory, ACPI_TABLES, ACPI_TABLES_BYTES))
		return err_set(e, ENOMEM, "there is no memory for the ACPI tables");
	xsdt.tables[0] = write_fadt(&writer, write_dsdt(&writer, machine));
	xsdt.tables[1] = write_madt(&writer, machine->cpus);
	if (writer.failed)
		return err_set(e, E2BIG, "%u devices do not fit the ACPI tables",
			       machine->virtio.count);
	struct rsdp rsdp = {.signature = "RSD PTR",
			    .oem = {'I', 'S', 'O', 'L', 'A', 'B'},
			    .revision = 2,
			    .length = sizeof(rsdp),
			    .xsdt = write_table(&writer, "XSDT", 1, &xsdt, sizeof(xsdt))};
	rsdp.signature[7] = ' ';
	rsdp.checksum = checksum(&rsdp, 20);
	rsdp.extended_checksum = checksum(&rsdp, sizeof(rsdp));
	return memory_write(memory, ACPI_TABLES, &rsdp, sizeof(rsdp));
}
