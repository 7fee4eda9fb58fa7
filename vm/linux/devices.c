/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is on the bus: virtio devices, two serial ports, the sleep and reset registers that ACPI
 * names, the old keyboard controller's reset, a clock. Everything here runs in a processor's thread
 * with the lock held, or in the worker's with the same lock.
 */
#include <linux/kvm.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "acpi.h"
#include "agent.h"
#include "block.h"
#include "console.h"
#include "linux.h"

enum {
	PORT_SERIAL_1 = 0x3f8,
	PORT_SERIAL_2 = 0x2f8,
	INTERRUPT_SERIAL_1 = 4,
	INTERRUPT_SERIAL_2 = 3,
	PORT_KEYBOARD = 0x64,
	KEYBOARD_RESET = 0xfe,
};

void linux_wake(struct linux_vm *machine)
{
	const uint64_t one = 1;
	ssize_t unused = write(machine->wake_fd, &one, sizeof(one)); /* full: it is awake */

	(void)unused;
}

void linux_end(struct linux_vm *machine, enum linux_end end)
{
	if (machine->end == LINUX_RUNS)
		machine->end = end;
	linux_wake(machine);
}

/* ---- serial ports ---- */

/* A full queue stops the processor that sends: a flood slows itself. */
static void queue_byte(struct linux_vm *machine, struct byte_queue *queue, uint8_t byte)
{
	while (queue->head - queue->tail == LINUX_CONSOLE_BYTES && !machine->is_stopping)
		pthread_cond_wait(&machine->changed, &machine->lock);
	if (queue->head == queue->tail)
		linux_wake(machine);
	queue->bytes[queue->head++ % LINUX_CONSOLE_BYTES] = byte;
}

static void send_console(void *arg, uint8_t byte)
{
	struct linux_vm *machine = arg;

	queue_byte(machine, &machine->console_out, byte);
}

static void send_link(void *arg, uint8_t byte)
{
	struct linux_vm *machine = arg;

	queue_byte(machine, &machine->link_out, byte);
}

static void set_interrupt(struct linux_vm *machine, unsigned number, bool level)
{
	struct kvm_irq_level line = {.irq = number, .level = level};

	ioctl(machine->vm->vm_fd, KVM_IRQ_LINE, &line);
}

static void interrupt_console(void *arg, bool level)
{
	set_interrupt(arg, INTERRUPT_SERIAL_1, level);
}

/* The agent's answer makes room: the worker may have more to send. */
static void interrupt_link(void *arg, bool level)
{
	set_interrupt(arg, INTERRUPT_SERIAL_2, level);
	if (!level)
		linux_wake(arg);
}

/* ---- off and reset ---- */

static void write_sleep(void *arg, uint64_t offset, unsigned width, uint64_t value)
{
	const uint64_t off = ACPI_SLEEP_ENABLE | ACPI_SLEEP_OFF << ACPI_SLEEP_TYPE_SHIFT;

	if (offset == 0 && width == 1 && value == off)
		linux_end(arg, LINUX_OFF);
}

static uint64_t read_zero(void *arg, uint64_t offset, unsigned width)
{
	(void)arg, (void)offset, (void)width;
	return 0;
}

static void write_reset(void *arg, uint64_t offset, unsigned width, uint64_t value)
{
	(void)offset, (void)width;
	if (value == 1)
		linux_end(arg, LINUX_RESET);
}

static void write_keyboard(void *arg, uint64_t offset, unsigned width, uint64_t value)
{
	(void)offset, (void)width;
	if (value == KEYBOARD_RESET)
		linux_end(arg, LINUX_RESET);
}

static int create_consoles(struct linux_vm *machine, struct err *e)
{
	struct memory *memory = &machine->vm->memory;
	int r;

	machine->terminal = io_next(machine);
	r = virtio_console_init(machine->terminal, NULL, memory, e);
	if (r == 0)
		r = io_add(machine, e);
	machine->port = io_next(machine);
	if (r == 0)
		r = virtio_console_init(machine->port, AGENT_PORT_NAME, memory, e);
	return r < 0 ? r : io_add(machine, e);
}

static int create_disks(struct linux_vm *machine, struct err *e)
{
	char *const *disks = worker_spec(machine->vm->worker)->disks;
	char path[SPEC_PATH_MAX];
	bool is_read_only;
	int r = 0;

	for (unsigned i = 0; r == 0 && disks && disks[i]; i++) {
		r = spec_split_disk(disks[i], path, &is_read_only, e);
		if (r == 0)
			r = virtio_block_init(io_next(machine), path, is_read_only, i,
					      &machine->vm->memory, e);
		if (r == 0)
			r = io_add(machine, e);
	}
	return r;
}

/* Two consoles, a source of random numbers, a network card, a socket; so io_next() always has a
 * place. */
_Static_assert(5 + VM_VOLUMES_MAX + SPEC_DISKS_MAX <= IO_DEVICES_MAX, "all devices at once");

static int create_virtio(struct linux_vm *machine, struct err *e)
{
	int r = create_consoles(machine, e);

	if (r == 0)
		r = virtio_rng_init(io_next(machine), &machine->vm->memory, e);
	if (r == 0)
		r = io_add(machine, e);
	if (r == 0)
		r = outside_add_devices(machine, e);
	if (r == 0)
		r = create_disks(machine, e);
	return r < 0 ? r : outside_add_copies(machine, e);
}

int devices_create(struct linux_vm *machine, struct err *e)
{
	const struct bus_region regions[] = {
	    {BUS_PORT, PORT_SERIAL_1, SERIAL_REGISTERS, &machine->console, serial_read,
	     serial_write},
	    {BUS_PORT, PORT_SERIAL_2, SERIAL_REGISTERS, &machine->link, serial_read, serial_write},
	    {BUS_PORT, ACPI_PORT_SLEEP, 2, machine, read_zero, write_sleep},
	    {BUS_PORT, ACPI_PORT_RESET, 1, machine, read_zero, write_reset},
	    {BUS_PORT, PORT_KEYBOARD, 1, machine, read_zero, write_keyboard},
	    {BUS_PORT, CMOS_PORT, CMOS_PORTS, &machine->cmos, cmos_read, cmos_write},
	};
	int r = 0;

	machine->cmos.now = cmos_host_seconds;
	serial_init(&machine->console, send_console, interrupt_console, machine);
	serial_init(&machine->link, send_link, interrupt_link, machine);
	for (size_t i = 0; r == 0 && i < sizeof(regions) / sizeof(regions[0]); i++)
		r = bus_add(&machine->bus, &regions[i], e);
	return r < 0 ? r : create_virtio(machine, e);
}
