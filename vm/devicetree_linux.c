/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tree of a Linux machine (devicetree.org specification, chapters 2 and 3; virtio devices as
 * Documentation/devicetree/bindings/virtio/mmio.yaml names them). libfdt remembers no error: each
 * call's result is gathered in `failed`. Addresses are two cells, lengths two, interrupts one
 * number of the I/O APIC and one word for its edge.
 */
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>

#include "acpi.h"
#include "devicetree.h"
#include "linux.h"

enum { INTERRUPT_CONTROLLER = 1, EDGE_RISING = 1, SERIAL_CLOCK_HZ = 1843200 };

static int put_range(void *tree, uint64_t start, uint64_t length)
{
	const fdt64_t range[] = {cpu_to_fdt64(start), cpu_to_fdt64(length)};

	return fdt_property(tree, "reg", range, sizeof(range));
}

static int put_interrupt(void *tree, uint32_t number)
{
	const fdt32_t cells[] = {cpu_to_fdt32(number), cpu_to_fdt32(EDGE_RISING)};

	return fdt_property(tree, "interrupts", cells, sizeof(cells));
}

static int begin(void *tree, const char *name, uint64_t address, const char *compatible)
{
	char node[64];

	snprintf(node, sizeof(node), "%s@%llx", name, (unsigned long long)address);
	return fdt_begin_node(tree, node) | fdt_property_string(tree, "compatible", compatible);
}

static int put_chosen(void *tree, const struct linux_image *image, const char *command_line)
{
	int failed = fdt_begin_node(tree, "chosen");

	failed |= fdt_property_string(tree, "bootargs", command_line);
	failed |= fdt_property_u64(tree, "linux,initrd-start", image->initramfs_start);
	failed |= fdt_property_u64(tree, "linux,initrd-end",
				   image->initramfs_start + image->initramfs_bytes);
	return failed | fdt_end_node(tree);
}

static int put_memory(void *tree, uint64_t bytes)
{
	int failed = fdt_begin_node(tree, "memory@0");

	failed |= fdt_property_string(tree, "device_type", "memory");
	failed |= put_range(tree, 0, bytes);
	return failed | fdt_end_node(tree);
}

static int put_cpus(void *tree, unsigned count)
{
	int failed = fdt_begin_node(tree, "cpus");

	failed |= fdt_property_u32(tree, "#address-cells", 1);
	failed |= fdt_property_u32(tree, "#size-cells", 0);
	for (unsigned i = 0; i < count; i++) {
		failed |= begin(tree, "cpu", i, "x86");
		failed |= fdt_property_string(tree, "device_type", "cpu");
		failed |= fdt_property_u32(tree, "reg", i);
		failed |= fdt_end_node(tree);
	}
	return failed | fdt_end_node(tree);
}

static int put_interrupt_controller(void *tree)
{
	int failed = begin(tree, "intc", ACPI_IO_APIC, "intel,ce4100-ioapic");

	failed |= put_range(tree, ACPI_IO_APIC, MEMORY_PAGE);
	failed |= fdt_property(tree, "interrupt-controller", NULL, 0);
	failed |= fdt_property_u32(tree, "#interrupt-cells", 2);
	failed |= fdt_property_u32(tree, "phandle", INTERRUPT_CONTROLLER);
	return failed | fdt_end_node(tree);
}

/* Ports have a bus of their own: their numbers are no addresses. */
static int put_serial(void *tree)
{
	static const struct {
		uint32_t port, interrupt;
	} ports[] = {{0x3f8, 4}, {0x2f8, 3}};
	int failed = fdt_begin_node(tree, "isa");

	failed |= fdt_property_string(tree, "compatible", "isa");
	failed |= fdt_property_u32(tree, "#address-cells", 2);
	failed |= fdt_property_u32(tree, "#size-cells", 2);
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		failed |= begin(tree, "serial", ports[i].port, "ns16550a");
		failed |= put_range(tree, ports[i].port, SERIAL_REGISTERS);
		failed |= put_interrupt(tree, ports[i].interrupt);
		failed |= fdt_property_u32(tree, "clock-frequency", SERIAL_CLOCK_HZ);
		failed |= fdt_end_node(tree);
	}
	return failed | fdt_end_node(tree);
}

static int put_virtio(void *tree, const struct io *io)
{
	int failed = 0;

	for (unsigned i = 0; i < io->count; i++) {
		uint64_t address = IO_ADDRESS + (uint64_t)i * VIRTIO_REGISTERS_BYTES;
		failed |= begin(tree, "virtio", address, "virtio,mmio");
		failed |= put_range(tree, address, VIRTIO_REGISTERS_BYTES);
		failed |= put_interrupt(tree, IO_INTERRUPT + i);
		failed |= fdt_property(tree, "dma-coherent", NULL, 0);
		failed |= fdt_property_string(tree, "isolab,device", io->devices[i].ops->name);
		failed |= fdt_end_node(tree);
	}
	return failed;
}

int devicetree_write_linux(const struct linux_vm *machine, const char *command_line, void *buffer,
			   size_t size, struct err *e)
{
	int failed = fdt_create(buffer, (int)size);

	failed |= fdt_finish_reservemap(buffer);
	failed |= fdt_begin_node(buffer, "");
	failed |= fdt_property_string(buffer, "compatible", "isolab,linux");
	failed |= fdt_property_u32(buffer, "#address-cells", 2);
	failed |= fdt_property_u32(buffer, "#size-cells", 2);
	failed |= fdt_property_u32(buffer, "interrupt-parent", INTERRUPT_CONTROLLER);
	failed |= put_chosen(buffer, &machine->image, command_line);
	failed |= put_memory(buffer, machine->vm->memory.size);
	failed |= put_cpus(buffer, machine->processor_count);
	failed |= put_interrupt_controller(buffer);
	failed |= put_serial(buffer);
	failed |= put_virtio(buffer, &machine->io);
	failed |= fdt_end_node(buffer);
	failed |= fdt_finish(buffer);
	return failed ? err_set(e, E2BIG, "the device tree does not fit its %zu bytes", size) : 0;
}
