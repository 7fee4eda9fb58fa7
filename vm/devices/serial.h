/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ISOLAB_VM_SERIAL_H
#define ISOLAB_VM_SERIAL_H
/*
 * serial: a 16550A serial port as every kernel knows it without a module: eight byte-wide
 * registers and an interrupt line. It sends at once, so its transmitter is always empty; what
 * arrives waits in a queue. Registers: National Semiconductor, PC16550D data sheet, section 8.
 *
 * Not locked: whoever calls holds the machine's lock.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SERIAL_QUEUE_BYTES = 4096, SERIAL_REGISTERS = 8 };

struct serial {
	/* Sends a byte out of the machine. */
	void (*send)(void *arg, uint8_t byte);
	/* Sets the level of the interrupt line; called on changes only. */
	void (*interrupt)(void *arg, bool level);
	void *arg;
	uint8_t enable, line_control, modem_control, scratch; /* registers IER LCR MCR SCR */
	uint8_t divisor[2];
	bool has_fifo, is_sent_pending, line;
	uint8_t queue[SERIAL_QUEUE_BYTES];
	size_t head, tail; /* free-running */
};

/* As after a reset, with its two functions. */
void serial_init(struct serial *serial, void (*send)(void *arg, uint8_t byte),
		 void (*interrupt)(void *arg, bool level), void *arg);

/* The guest's accesses (struct bus_region). */
uint64_t serial_read(void *serial, uint64_t offset, unsigned width);
void serial_write(void *serial, uint64_t offset, unsigned width, uint64_t value);

/* Bytes for the guest; returns how many fitted into the queue. */
size_t serial_receive(struct serial *serial, const void *data, size_t length);

#endif
