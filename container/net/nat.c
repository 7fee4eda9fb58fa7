// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What `nft` would send for
 *
 *	table ip lab {
 *		chain out { type nat hook postrouting priority 100; oifname "out" masquerade }
 *		chain in { type filter hook input priority 0; iifname "out" meta l4proto tcp drop }
 *	}
 *
 * as one batch, which is taken as a whole or not at all. A rule is a list of expressions over
 * registers: load the interface's name, compare, masquerade. Why the second chain: nobody
 * outside has to do with ourselves; and older versions of pasta send TCP packets without any
 * flag, which are not translated back, but would be answered by our own kernel, with a reset
 * that ends the sandbox's connection. Numbers are big-endian here, unlike in rtnetlink. See
 * linux/netfilter/nf_tables.h.
 */
#include "nat.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH_BYTES = 4096, REPLY_BYTES = 8192, PRIORITY_SOURCE_NAT = 100 };

#define TABLE   "lab"
#define OUTWARD "out"
#define INWARD  "in"

/* A batch as it grows. */
struct batch {
	char bytes[BATCH_BYTES];
	size_t length;
	uint32_t sequence;
};

static struct nlmsghdr *begin(struct batch *batch, unsigned type, unsigned flags, unsigned family,
			      unsigned resource)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(batch->bytes + batch->length);
	struct nfgenmsg *part;

	message->nlmsg_type = (uint16_t)type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	message->nlmsg_seq = ++batch->sequence;
	part = mnl_nlmsg_put_extra_header(message, sizeof(*part));
	part->nfgen_family = (uint8_t)family;
	part->version = NFNETLINK_V0;
	part->res_id = htons((uint16_t)resource);
	return message;
}

static void end(struct batch *batch, const struct nlmsghdr *message)
{
	batch->length += NLMSG_ALIGN(message->nlmsg_len);
}

static struct nlmsghdr *begin_table_message(struct batch *batch, unsigned type, unsigned flags)
{
	return begin(batch, NFNL_SUBSYS_NFTABLES << 8 | type, NLM_F_CREATE | NLM_F_ACK | flags,
		     NFPROTO_IPV4, 0);
}

static void put_number(struct nlmsghdr *message, unsigned type, uint32_t number)
{
	mnl_attr_put_u32(message, (uint16_t)type, htonl(number));
}

static void add_table(struct batch *batch)
{
	struct nlmsghdr *message = begin_table_message(batch, NFT_MSG_NEWTABLE, 0);

	mnl_attr_put_strz(message, NFTA_TABLE_NAME, TABLE);
	end(batch, message);
}

static void add_chain(struct batch *batch, const char *name, const char *type, unsigned hook_number,
		      unsigned priority)
{
	struct nlmsghdr *message = begin_table_message(batch, NFT_MSG_NEWCHAIN, 0);

	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, TABLE);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, name);
	mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, type);
	struct nlattr *hook = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
	put_number(message, NFTA_HOOK_HOOKNUM, hook_number);
	put_number(message, NFTA_HOOK_PRIORITY, priority);
	mnl_attr_nest_end(message, hook);
	end(batch, message);
}

/* Begins an expression of a rule and its data; both are ended by end_expression(). */
static void begin_expression(struct nlmsghdr *message, const char *name, struct nlattr *nests[2])
{
	nests[0] = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	mnl_attr_put_strz(message, NFTA_EXPR_NAME, name);
	nests[1] = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
}

static void end_expression(struct nlmsghdr *message, struct nlattr *nests[2])
{
	mnl_attr_nest_end(message, nests[1]);
	mnl_attr_nest_end(message, nests[0]);
}

/* "Only if KEY of the packet is this." */
static void put_condition(struct nlmsghdr *message, unsigned key, const void *data, size_t length)
{
	struct nlattr *nests[2], *value;

	begin_expression(message, "meta", nests);
	put_number(message, NFTA_META_KEY, key);
	put_number(message, NFTA_META_DREG, NFT_REG_1);
	end_expression(message, nests);
	begin_expression(message, "cmp", nests);
	put_number(message, NFTA_CMP_SREG, NFT_REG_1);
	put_number(message, NFTA_CMP_OP, NFT_CMP_EQ);
	value = mnl_attr_nest_start(message, NFTA_CMP_DATA);
	mnl_attr_put(message, NFTA_DATA_VALUE, length, data);
	mnl_attr_nest_end(message, value);
	end_expression(message, nests);
}

/* Begins a rule about packets by `interface`. *ret_list: what end_rule() ends. */
static struct nlmsghdr *begin_rule(struct batch *batch, const char *chain, unsigned key,
				   const char *interface, struct nlattr **ret_list)
{
	struct nlmsghdr *message = begin_table_message(batch, NFT_MSG_NEWRULE, NLM_F_APPEND);
	char name[IFNAMSIZ] = {0};

	strncpy(name, interface, sizeof(name) - 1);
	mnl_attr_put_strz(message, NFTA_RULE_TABLE, TABLE);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, chain);
	*ret_list = mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);
	put_condition(message, key, name, sizeof(name));
	return message;
}

static void end_rule(struct batch *batch, struct nlmsghdr *message, struct nlattr *list)
{
	mnl_attr_nest_end(message, list);
	end(batch, message);
}

static void add_masquerade(struct batch *batch, const char *interface)
{
	struct nlattr *nests[2], *list;
	struct nlmsghdr *message = begin_rule(batch, OUTWARD, NFT_META_OIFNAME, interface, &list);

	begin_expression(message, "masq", nests);
	end_expression(message, nests);
	end_rule(batch, message, list);
}

static void add_drop(struct batch *batch, const char *interface)
{
	struct nlattr *nests[2], *list, *data, *verdict;
	struct nlmsghdr *message = begin_rule(batch, INWARD, NFT_META_IIFNAME, interface, &list);
	const uint8_t protocol = IPPROTO_TCP;

	put_condition(message, NFT_META_L4PROTO, &protocol, sizeof(protocol));
	begin_expression(message, "immediate", nests);
	put_number(message, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = mnl_attr_nest_start(message, NFTA_IMMEDIATE_DATA);
	verdict = mnl_attr_nest_start(message, NFTA_DATA_VERDICT);
	put_number(message, NFTA_VERDICT_CODE, NF_DROP);
	mnl_attr_nest_end(message, verdict);
	mnl_attr_nest_end(message, data);
	end_expression(message, nests);
	end_rule(batch, message, list);
}

/* The kernel acknowledges each message, or names the error of one. */
static int hear(struct mnl_socket *socket, unsigned messages)
{
	char reply[REPLY_BYTES];

	while (messages > 0) {
		ssize_t n = mnl_socket_recvfrom(socket, reply, sizeof(reply));
		if (n < 0)
			return -errno;
		int length = (int)n;
		for (const struct nlmsghdr *m = (struct nlmsghdr *)reply; mnl_nlmsg_ok(m, length);
		     m = mnl_nlmsg_next(m, &length)) {
			const struct nlmsgerr *told = mnl_nlmsg_get_payload(m);
			if (m->nlmsg_type == NLMSG_ERROR && told->error)
				return told->error;
			messages -= messages > 0;
		}
	}
	return 0;
}

static int send_batch(const struct batch *batch)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	struct timeval patience = {.tv_sec = 2};
	int r = 0;

	if (!socket)
		return -errno;
	setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(socket, batch->bytes, batch->length) < 0)
		r = -errno;
	else
		r = hear(socket, 5); /* table, two chains, two rules */
	mnl_socket_close(socket);
	return r;
}

int nat_masquerade(const char *interface, struct err *e)
{
	struct batch batch = {.length = 0};
	int r;

	end(&batch, begin(&batch, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
	add_table(&batch);
	add_chain(&batch, OUTWARD, "nat", NF_INET_POST_ROUTING, PRIORITY_SOURCE_NAT);
	add_chain(&batch, INWARD, "filter", NF_INET_LOCAL_IN, 0);
	add_masquerade(&batch, interface);
	add_drop(&batch, interface);
	end(&batch, begin(&batch, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
	r = send_batch(&batch);
	if (r == 0)
		return 0;
	return err_hint(e, err_sys(e, r, "translate addresses (nf_tables)"),
			"the lab needs the kernel's modules nf_tables, nft_chain_nat and nft_masq "
			"for a way outside: sudo modprobe nft_masq");
}
