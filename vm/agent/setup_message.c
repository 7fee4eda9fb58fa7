/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Taking a NETWORK, a MOUNT and an INNER of agent.h apart. What a network says ends up in files of
 * the guest, line by line; what an inner sandbox says, in the journal of the host's. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "agent.h"

enum { MTU_MINIMUM = 576, MTU_MAXIMUM = 65521 };

static bool is_word(const char *word)
{
	return strcspn(word, " \t\r\n#") == strlen(word);
}

/* Two words that fill the body behind `size` bytes, the first of them not empty. */
static int take_words(const uint8_t *body, size_t length, size_t size, const char **ret_first,
		      const char **ret_second)
{
	const char *words = (const char *)body + size;

	if (length < size + 2 || body[length - 1] != '\0')
		return -EPROTO;
	size_t first = strlen(words) + 1, rest = length - size;
	if (first == 1 || first >= rest || strlen(words + first) + 1 != rest - first)
		return -EPROTO;
	*ret_first = words;
	*ret_second = words + first;
	return 0;
}

int agent_decode_network(uint8_t *body, size_t length, struct agent_network *ret,
			 const char **ret_name, const char **ret_hostname, struct err *e)
{
	struct agent_network network;
	const char *name, *hostname;

	if (take_words(body, length, sizeof(network), &name, &hostname) < 0)
		return err_set(e, EPROTO, "a network whose names do not fit it");
	memcpy(&network, body, sizeof(network));
	if (!is_word(name) || !is_word(hostname))
		return err_set(e, EPROTO, "a network whose names are none");
	if (network.prefix_length > 32 || network.mtu < MTU_MINIMUM || network.mtu > MTU_MAXIMUM)
		return err_set(e, EPROTO, "a network with numbers that cannot be");
	*ret = network;
	*ret_name = name;
	*ret_hostname = hostname;
	return 0;
}

int agent_decode_mount(uint8_t *body, size_t length, struct agent_mount *ret,
		       const char **ret_source, const char **ret_target, struct err *e)
{
	const char *source, *target;

	if (take_words(body, length, sizeof(*ret), &source, &target) < 0 || *target != '/' ||
	    strlen(target) >= PATH_MAX)
		return err_set(e, EPROTO, "a volume without its place");
	memcpy(ret, body, sizeof(*ret));
	*ret_source = source;
	*ret_target = target;
	return 0;
}

int agent_decode_inner(const uint8_t *body, size_t length, struct agent_inner *ret,
		       struct event *ret_event, struct err *e)
{
	const char *line = (const char *)body + sizeof(*ret);

	if (length < sizeof(*ret) || event_scan(line, length - sizeof(*ret), ret_event) < 0 ||
	    !str_is_name(ret_event->sandbox))
		return err_set(e, EPROTO, "a line of an inner journal that is none");
	memcpy(ret, body, sizeof(*ret));
	return 0;
}
