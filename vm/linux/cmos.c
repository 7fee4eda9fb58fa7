/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Time in decimal digits, two to a byte, from the host's clock at each read; nothing can be set.
 * The calendar is ours: the C library's would look for a time zone's file, which a processor's
 * thread may not open.
 */
#include "cmos.h"

#include <time.h>

enum {
	SECONDS = 0,
	MINUTES = 2,
	HOURS = 4,
	WEEKDAY = 6,
	DAY = 7,
	MONTH = 8,
	YEAR = 9,
	STATUS_A = 10,
	STATUS_B = 11,
	STATUS_D = 13,
	CENTURY = 50,
	STATUS_A_STEADY = 0x26, /* no update in progress */
	STATUS_B_24_HOURS = 0x02,
	STATUS_D_VALID = 0x80,
	INDEX_MASK = 0x7f, /* the upper bit switches the NMI */
};

struct date {
	unsigned year, month, day;
};

/* Days since 1 March of year 0, in cycles of 400 years: February and its leap day come last. */
static struct date date_of(uint64_t days_since_1970)
{
	uint64_t days = days_since_1970 + 719468, cycle = days / 146097;
	unsigned day = (unsigned)(days % 146097);
	unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	unsigned of_year = day - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * of_year + 2) / 153;

	return (struct date){.year = (unsigned)(cycle * 400) + year + (month >= 10),
			     .month = month < 10 ? month + 3 : month - 9,
			     .day = of_year - (153 * month + 2) / 5 + 1};
}

static uint8_t digits(uint64_t value)
{
	return (uint8_t)(value / 10 % 10 << 4 | value % 10);
}

uint64_t cmos_host_seconds(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec;
}

uint64_t cmos_read(void *device, uint64_t offset, unsigned width)
{
	const struct cmos *cmos = device;
	uint64_t now = cmos->now();
	const struct date date = date_of(now / 86400);

	if (offset == 0 || width != 1)
		return UINT64_MAX;
	switch (cmos->index) {
	case SECONDS:
		return digits(now % 60);
	case MINUTES:
		return digits(now / 60 % 60);
	case HOURS:
		return digits(now / 3600 % 24);
	case WEEKDAY: /* 1 is a Sunday; 1970 began with a Thursday */
		return digits((now / 86400 + 4) % 7 + 1);
	case DAY:
		return digits(date.day);
	case MONTH:
		return digits(date.month);
	case YEAR:
		return digits(date.year % 100);
	case CENTURY:
		return digits(date.year / 100);
	case STATUS_A:
		return STATUS_A_STEADY;
	case STATUS_B:
		return STATUS_B_24_HOURS;
	case STATUS_D:
		return STATUS_D_VALID;
	default:
		return 0;
	}
}

void cmos_write(void *device, uint64_t offset, unsigned width, uint64_t value)
{
	struct cmos *cmos = device;

	if (offset == 0 && width == 1)
		cmos->index = value & INDEX_MASK;
}
