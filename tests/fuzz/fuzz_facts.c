/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What programs tell the engine, as hostile bytes: the probe's facts, the work's results, the lines
 * of a worker's --check.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/compare.h"
#include "cmd/doctor.h"
#include "fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct facts host, inside;
	static struct doctor_report report;
	struct compared item = {0};
	const char *text = (const char *)data;

	facts_parse(&host, text, size / 2);
	facts_parse(&inside, text + size / 2, size - size / 2);
	facts_judge(&host, &inside);
	compare_parse_work(&item, text, size);
	report.count = 0;
	doctor_parse(&report, text, size);
	for (size_t i = 0; i < report.count; i++)
		if (!report.checks[i].name[0])
			abort();
	return 0;
}
