/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The interrupt is a level: high while an enabled cause is pending. The causes, by priority: bytes
 * have arrived; the transmitter has become empty (which it does with every byte, at once, and which
 * reading the identification register acknowledges). The line's status never tells an error.
 */
#include "serial.h"

#include <string.h>

enum { /* registers */
       DATA = 0,
       ENABLE = 1,
       IDENTIFICATION = 2, /* FIFO control when written */
       LINE_CONTROL = 3,
       MODEM_CONTROL = 4,
       LINE_STATUS = 5,
       MODEM_STATUS = 6,
       SCRATCH = 7
};
enum {
	ENABLE_RECEIVED = 1 << 0,
	ENABLE_SENT = 1 << 1,
	IS_NONE = 1,
	IS_SENT = 2,
	IS_RECEIVED = 4,
	HAS_FIFO = 0xc0,
	DIVISOR_ACCESS = 1 << 7,
	STATUS_READY = 1 << 0,
	STATUS_EMPTY = 1 << 5 | 1 << 6,
	MODEM_LOOP = 1 << 4,
	MODEM_CONNECTED = 0xb0, /* carrier, data set ready, clear to send */
	FIFO_ENABLE = 1 << 0,
	FIFO_CLEAR_RECEIVED = 1 << 1,
};

void serial_init(struct serial *serial, void (*send)(void *arg, uint8_t byte),
		 void (*interrupt)(void *arg, bool level), void *arg)
{
	memset(serial, 0, sizeof(*serial));
	serial->send = send;
	serial->interrupt = interrupt;
	serial->arg = arg;
	serial->divisor[0] = 12; /* 9600 baud */
}

static bool has_received(const struct serial *serial)
{
	return serial->head != serial->tail;
}

static uint8_t cause(const struct serial *serial)
{
	if (serial->enable & ENABLE_RECEIVED && has_received(serial))
		return IS_RECEIVED;
	return serial->enable & ENABLE_SENT && serial->is_sent_pending ? IS_SENT : IS_NONE;
}

static void update_line(struct serial *serial)
{
	bool level = cause(serial) != IS_NONE;

	if (level != serial->line)
		serial->interrupt(serial->arg, level);
	serial->line = level;
}

static uint8_t take(struct serial *serial)
{
	return has_received(serial) ? serial->queue[serial->tail++ % SERIAL_QUEUE_BYTES] : 0;
}

static uint8_t identify(struct serial *serial)
{
	uint8_t value = cause(serial);

	if (value == IS_SENT)
		serial->is_sent_pending = false;
	return serial->has_fifo ? value | HAS_FIFO : value;
}

static uint8_t read_register(struct serial *serial, uint64_t offset)
{
	bool is_divisor = serial->line_control & DIVISOR_ACCESS;

	switch (offset) {
	case DATA:
		return is_divisor ? serial->divisor[0] : take(serial);
	case ENABLE:
		return is_divisor ? serial->divisor[1] : serial->enable;
	case IDENTIFICATION:
		return identify(serial);
	case LINE_CONTROL:
		return serial->line_control;
	case MODEM_CONTROL:
		return serial->modem_control;
	case LINE_STATUS:
		return (uint8_t)(STATUS_EMPTY | (has_received(serial) ? STATUS_READY : 0));
	case MODEM_STATUS: /* looped back, the four outputs are seen at the four inputs */
		return serial->modem_control & MODEM_LOOP
			   ? (uint8_t)((serial->modem_control & 2) << 3 |
				       (serial->modem_control & 1) << 5 |
				       (serial->modem_control & 0xc) << 4)
			   : MODEM_CONNECTED;
	default:
		return serial->scratch;
	}
}

static void write_data(struct serial *serial, uint8_t value)
{
	if (serial->line_control & DIVISOR_ACCESS) {
		serial->divisor[0] = value;
		return;
	}
	serial->is_sent_pending = true;
	if (serial->modem_control & MODEM_LOOP)
		serial_receive(serial, &value, 1);
	else
		serial->send(serial->arg, value);
}

static void write_enable(struct serial *serial, uint8_t value)
{
	if (serial->line_control & DIVISOR_ACCESS) {
		serial->divisor[1] = value;
		return;
	}
	/* Asking for it while the transmitter is empty is answered at once. */
	if (value & ENABLE_SENT && !(serial->enable & ENABLE_SENT))
		serial->is_sent_pending = true;
	serial->enable = value & 0xf;
}

static void write_register(struct serial *serial, uint64_t offset, uint8_t value)
{
	switch (offset) {
	case DATA:
		write_data(serial, value);
		break;
	case ENABLE:
		write_enable(serial, value);
		break;
	case IDENTIFICATION:
		serial->has_fifo = value & FIFO_ENABLE;
		if (value & FIFO_CLEAR_RECEIVED)
			serial->tail = serial->head;
		break;
	case LINE_CONTROL:
		serial->line_control = value;
		break;
	case MODEM_CONTROL:
		serial->modem_control = value & 0x1f;
		break;
	case SCRATCH:
		serial->scratch = value;
		break;
	default: /* the status registers are read only */
		break;
	}
}

uint64_t serial_read(void *device, uint64_t offset, unsigned width)
{
	struct serial *serial = device;

	if (width != 1 || offset >= SERIAL_REGISTERS)
		return UINT64_MAX;
	uint8_t value = read_register(serial, offset);
	update_line(serial);
	return value;
}

void serial_write(void *device, uint64_t offset, unsigned width, uint64_t value)
{
	struct serial *serial = device;

	if (width != 1 || offset >= SERIAL_REGISTERS)
		return;
	write_register(serial, offset, (uint8_t)value);
	update_line(serial);
}

size_t serial_receive(struct serial *serial, const void *data, size_t length)
{
	const uint8_t *bytes = data;
	size_t taken = 0;

	while (taken < length && serial->head - serial->tail < SERIAL_QUEUE_BYTES)
		serial->queue[serial->head++ % SERIAL_QUEUE_BYTES] = bytes[taken++];
	update_line(serial);
	return taken;
}
