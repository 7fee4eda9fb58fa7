/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Walls in walls, the worker's part: what isolab's own sandboxes in the guest have told, as their
 * journals have it, goes to the sandbox's journal, with its stamps on the host's clock. All of it
 * is the guest's word: lines that are none are passed over, the others are bounded by the worker
 * (worker_inner_event), and no stamp lies outside of the guest's own life.
 */
#include "clock.h"
#include "link.h"

enum { STANDSTILL_NS = 1000 * 1000 * 1000 };

/* What separates the two clocks. A message comes later than it was sent, so the smallest difference
 * is the truest; one that has grown by more than a second says that the machine stood still. */
static void learn_clock(struct link *link, uint64_t sent_ns, uint64_t now_ns)
{
	uint64_t difference = now_ns - sent_ns;
	int64_t more = (int64_t)(difference - link->guest_clock_ns);

	if (!link->has_guest_clock || more < 0 || more > STANDSTILL_NS)
		link->guest_clock_ns = difference;
	link->has_guest_clock = true;
}

static uint64_t on_host_clock(const struct link *link, uint64_t t_ns, uint64_t now_ns)
{
	int64_t host_ns = (int64_t)(t_ns + link->guest_clock_ns);

	if (host_ns < (int64_t)link->program_ns)
		return link->program_ns;
	return host_ns > (int64_t)now_ns ? now_ns : (uint64_t)host_ns;
}

void link_inner(struct link *link, const struct agent_header *header)
{
	uint64_t now_ns = clock_now_ns();
	struct agent_inner inner;
	struct event event;

	if (!link->has_program ||
	    agent_decode_inner(link->parser.body, header->length, &inner, &event, NULL) < 0)
		return;
	learn_clock(link, inner.sent_ns, now_ns);
	event.t_ns = on_host_clock(link, event.t_ns, now_ns);
	if (event.duration_ns > now_ns - event.t_ns)
		event.duration_ns = now_ns - event.t_ns;
	worker_inner_event(link->worker, &event);
}
