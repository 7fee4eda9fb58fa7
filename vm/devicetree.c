/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The device tree (devicetree.org specification, chapter 5): the one description of the machine,
 * written by the parts that know it and read by the guest. Nodes and properties are those of
 * abi.h. libfdt writes it in one pass straight into the guest's memory, which is safe since the
 * guest does not run yet. libfdt remembers no error: each call's result is gathered in `failed`.
 */
#include <errno.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "spec.h"
#include "vm.h"

static int put_u64(void *tree, const char *name, uint64_t value)
{
	return fdt_property_u64(tree, name, value);
}

/* A list of <address size> pairs. */
static int put_ranges(void *tree, const char *name, const uint64_t *values, unsigned count)
{
	fdt64_t cells[4];
	for (unsigned i = 0; i < count; i++)
		cells[i] = cpu_to_fdt64(values[i]);
	return fdt_property(tree, name, cells, (int)(count * sizeof(cells[0])));
}

static int put_chosen(void *tree, const struct vm *vm, const struct sandbox_spec *spec)
{
	uint8_t seed[32];
	struct timespec now;
	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed) ||
	    clock_gettime(CLOCK_REALTIME, &now) < 0)
		return -FDT_ERR_INTERNAL;
	int failed = fdt_begin_node(tree, "chosen");
	failed |= fdt_property_string(tree, "bootargs", "");
	failed |= put_u64(tree, "linux,initrd-start", vm->layout.initrd_start);
	failed |= put_u64(tree, "linux,initrd-end", vm->layout.initrd_end);
	failed |= fdt_property(tree, "rng-seed", seed, sizeof(seed));
	failed |= fdt_property_string(tree, "isolab,hostname",
				      spec->hostname ? spec->hostname : spec->name);
	failed |= put_u64(tree, "isolab,realtime-ns",
			  (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
	if (spec->pids_max)
		failed |= fdt_property_u32(tree, "isolab,pids-max", (uint32_t)spec->pids_max);
	return failed | fdt_end_node(tree);
}

static int put_memory(void *tree, const struct vm *vm)
{
	const struct layout *layout = &vm->layout;
	const uint64_t all[] = {0, vm->memory.size};
	const uint64_t free_ram[] = {layout->free_start, layout->free_end - layout->free_start};
	int failed = fdt_begin_node(tree, "memory@0");
	failed |= fdt_property_string(tree, "device_type", "memory");
	failed |= put_ranges(tree, "reg", all, 2);
	failed |= put_ranges(tree, "isolab,free", free_ram, 2);
	return failed | fdt_end_node(tree);
}

static int put_cpus(void *tree, const struct vm *vm)
{
	int failed = fdt_begin_node(tree, "cpus");
	failed |= fdt_property_u32(tree, "#address-cells", 1);
	failed |= fdt_property_u32(tree, "#size-cells", 0);
	failed |= fdt_begin_node(tree, "cpu@0");
	failed |= fdt_property_string(tree, "device_type", "cpu");
	failed |= fdt_property_u32(tree, "reg", 0);
	failed |= put_u64(tree, "tsc-frequency", cpu_tsc_hz(vm));
	failed |= fdt_end_node(tree);
	return failed | fdt_end_node(tree);
}

/* What a device's node says beside its port: its interrupt (0 = none) and its memory. */
struct device_node {
	const char *compatible;
	uint32_t port, vector;
	uint64_t reg[4];
	unsigned reg_count;
};

static int put_device(void *tree, const struct device_node *device)
{
	int failed = fdt_begin_node(tree, strchr(device->compatible, ',') + 1);
	failed |= fdt_property_string(tree, "compatible", device->compatible);
	failed |= fdt_property_u32(tree, "isolab,port", device->port);
	if (device->vector)
		failed |= fdt_property_u32(tree, "interrupts", device->vector);
	if (device->reg_count)
		failed |= put_ranges(tree, "reg", device->reg, device->reg_count);
	return failed | fdt_end_node(tree);
}

static int put_devices(void *tree, const struct vm *vm)
{
	const struct layout *layout = &vm->layout;
	const struct device_node devices[] = {
	    {"isolab,console",
	     VM_PORT_CONSOLE,
	     0,
	     {VM_GPA_CHANNELS, VM_CHANNELS * VM_CHANNEL_BYTES},
	     2},
	    {"isolab,timer", VM_PORT_TIMER, VM_VECTOR_TIMER, {0}, 0},
	    {"isolab,power", VM_PORT_POWER, 0, {0}, 0},
	    {"isolab,mark", VM_PORT_MARK, 0, {0}, 0},
	    {"isolab,panic", VM_PORT_PANIC, 0, {0}, 0},
	    {"isolab,mailbox",
	     VM_PORT_MAILBOX,
	     VM_VECTOR_EVENT,
	     {VM_GPA_CONTROL, MEMORY_PAGE, layout->programs_start,
	      layout->programs_end - layout->programs_start},
	     4},
	};
	int failed = fdt_begin_node(tree, "devices");
	failed |= fdt_property_u32(tree, "#address-cells", 2);
	failed |= fdt_property_u32(tree, "#size-cells", 2);
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		failed |= put_device(tree, &devices[i]);
	return failed | fdt_end_node(tree);
}

int devicetree_build(struct vm *vm, const struct sandbox_spec *spec, struct err *e)
{
	void *tree = memory_at(&vm->memory, VM_GPA_DEVICETREE, VM_DEVICETREE_BYTES);
	if (!tree)
		return err_set(e, ENOMEM, "the device tree does not fit the guest's memory");
	int failed = fdt_create(tree, VM_DEVICETREE_BYTES);
	failed |= fdt_finish_reservemap(tree);
	failed |= fdt_begin_node(tree, "");
	failed |= fdt_property_string(tree, "compatible", "isolab,tiny");
	failed |= fdt_property_u32(tree, "#address-cells", 2);
	failed |= fdt_property_u32(tree, "#size-cells", 2);
	failed |= put_chosen(tree, vm, spec);
	failed |= put_memory(tree, vm);
	failed |= put_cpus(tree, vm);
	failed |= put_devices(tree, vm);
	failed |= fdt_end_node(tree);
	failed |= fdt_finish(tree);
	if (failed)
		return err_set(e, E2BIG, "the device tree does not fit its %d bytes",
			       VM_DEVICETREE_BYTES);
	vm->devicetree = malloc(fdt_totalsize(tree));
	if (!vm->devicetree)
		return err_sys(e, ENOMEM, "copy the device tree");
	memcpy(vm->devicetree, tree, fdt_totalsize(tree));
	return 0;
}
