/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ping: is HOST there? The image's busybox asks through a raw socket, for which root inside has
 * no capability; this one uses the kernel's own sockets for it (icmp(7),
 * net.ipv4.ping_group_range), which need none; where they are closed, busybox may try. Names are
 * looked up in /etc/hosts, then asked for at the first name server of /etc/resolv.conf. Without
 * a C library, as all that we put inside.
 */
#include "nolibc.h"

enum { AF_INET = 2, SOCK_DGRAM = 2, PROTOCOL_ICMP = 1, PORT_OF_NAMES = 53, POLLIN = 1 };
enum { TEXT_MAX = 4096, PACKET_MAX = 512, HEADER = 12, ECHO_REQUEST = 8, ECHO_BYTES = 16 };
enum { ANSWER_SECONDS = 2, NANOSECONDS = 1000000000, NO_SOCKET = -1 };

struct address {
	uint16_t family;
	uint8_t port[2], number[4], unused[8];
};

struct ping {
	struct writer out;
	const char *host;
	struct address to;
	uint64_t count; /* questions to ask, 0: for ever */
	uint64_t sent, heard;
};

static int fail(struct ping *ping, const char *what, long error)
{
	ping->out.fd = FD_STDERR;
	writer_text(&ping->out, "ping: ");
	writer_text(&ping->out, what);
	if (error) {
		writer_text(&ping->out, ": ");
		writer_text(&ping->out, error_text(error));
	}
	writer_text(&ping->out, "\n");
	writer_flush(&ping->out);
	return 1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* "10.88.77.5" at the start of a text. */
static bool read_number(const char *text, uint8_t number[4], const char **ret_rest)
{
	for (int i = 0; i < 4; i++) {
		uint64_t part;
		if ((i && *text++ != '.') || !text_number(text, &part, &text) || part > 255)
			return false;
		number[i] = (uint8_t)part;
	}
	*ret_rest = text;
	return true;
}

static bool is_word(const char *word, size_t length, const char *text)
{
	return text_length(text) == length && text_starts(word, text);
}

/* Lines "ADDRESS NAME NAME…". */
static bool find_in_hosts(const char *name, uint8_t number[4])
{
	char text[TEXT_MAX];
	uint8_t found[4];

	if (file_read("/etc/hosts", text, sizeof(text)) <= 0)
		return false;
	for (const char *at = text; *at;) {
		bool is_ours = read_number(at, found, &at);
		while (*at && *at != '\n') {
			size_t length = 0;
			while (is_blank(*at))
				at++;
			while (at[length] && !is_blank(at[length]) && at[length] != '\n')
				length++;
			if (is_ours && length && is_word(at, length, name)) {
				memcpy(number, found, sizeof(found));
				return true;
			}
			at += length;
		}
		at += *at == '\n';
	}
	return false;
}

static bool find_server(uint8_t number[4])
{
	static const char key[] = "nameserver ";
	char text[TEXT_MAX];

	if (file_read("/etc/resolv.conf", text, sizeof(text)) <= 0)
		return false;
	for (const char *at = text; *at; at++) {
		const char *rest;
		bool is_line = at == text || at[-1] == '\n';
		if (is_line && text_starts(at, key) &&
		    read_number(at + sizeof(key) - 1, number, &rest))
			return true;
	}
	return false;
}

/* One question for an address; returns its length, 0: no name that can be asked for. */
static size_t write_question(uint8_t *packet, const char *name)
{
	static const uint8_t header[HEADER] = {'p', 'i', 1, 0, 0, 1}, tail[] = {0, 0, 1, 0, 1};
	size_t at = HEADER;

	memcpy(packet, header, sizeof(header));
	while (*name) {
		size_t length = 0;
		while (name[length] && name[length] != '.')
			length++;
		if (length == 0 || length > 63 || at + length + 8 > 255 + HEADER)
			return 0;
		packet[at++] = (uint8_t)length;
		memcpy(packet + at, name, length);
		at += length;
		name += length + (name[length] == '.');
	}
	memcpy(packet + at, tail, sizeof(tail));
	return at + sizeof(tail);
}

/* Behind a name: labels up to an empty one or a pointer. `length`: it does not end. */
static size_t skip_name(const uint8_t *packet, size_t length, size_t at)
{
	while (at < length && packet[at] && packet[at] < 0xc0)
		at += 1u + packet[at];
	return at < length ? at + (packet[at] ? 2 : 1) : length;
}

/* The first address in an answer. */
static bool read_answer(const uint8_t *packet, size_t length, uint8_t number[4])
{
	size_t at = skip_name(packet, length, HEADER) + 4;

	if (length < HEADER || packet[0] != 'p' || packet[1] != 'i')
		return false;
	for (unsigned left = packet[7]; left; left--) {
		at = skip_name(packet, length, at);
		if (at >= length || length - at < 10)
			return false;
		size_t data = (size_t)packet[at + 8] << 8 | packet[at + 9];
		bool is_address = packet[at] == 0 && packet[at + 1] == 1 && data == 4;
		at += 10;
		if (data > length - at)
			return false;
		if (is_address) {
			memcpy(number, packet + at, 4);
			return true;
		}
		at += data;
	}
	return false;
}

/* What comes to a socket within two seconds: its length, 0 = nothing, -errno. */
static long receive(long fd, uint8_t *packet, size_t size)
{
	struct {
		int fd;
		short events, found;
	} wanted = {(int)fd, POLLIN, 0};
	struct time_pair patience = {ANSWER_SECONDS, 0};
	long r = syscall6(__NR_ppoll, (long)&wanted, 1, (long)&patience, 0, 0, 0);

	return r <= 0 ? r : call4(__NR_recvfrom, fd, packet, size, 0);
}

static long send_to(long fd, const uint8_t *packet, size_t length, const struct address *to)
{
	return syscall6(__NR_sendto, fd, (long)packet, (long)length, 0, (long)to, sizeof(*to));
}

static bool find_by_name(const char *name, uint8_t number[4])
{
	uint8_t packet[PACKET_MAX];
	struct address server = {.family = AF_INET, .port = {0, PORT_OF_NAMES}};
	size_t length = write_question(packet, name);
	bool is_found = false;

	if (!length || !find_server(server.number))
		return false;
	long fd = call3(__NR_socket, AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return false;
	for (int attempt = 0; !is_found && attempt < 2; attempt++) {
		if (send_to(fd, packet, length, &server) < 0)
			break;
		long n = receive(fd, packet, sizeof(packet));
		if (n > 0) {
			is_found = read_answer(packet, (size_t)n, number);
			break;
		}
	}
	call1(__NR_close, fd);
	return is_found;
}

static void write_number(struct writer *out, const uint8_t number[4])
{
	for (int i = 0; i < 4; i++) {
		if (i)
			writer_text(out, ".");
		writer_number(out, number[i]);
	}
}

/* Asks once. The kernel sees to checksum and identity. */
static int ask(struct ping *ping, long fd)
{
	uint8_t packet[PACKET_MAX] = {ECHO_REQUEST};
	uint64_t start_ns = clock_read_ns(CLOCK_OF_BOOT);

	packet[6] = (uint8_t)(ping->sent >> 8);
	packet[7] = (uint8_t)ping->sent;
	long r = send_to(fd, packet, ECHO_BYTES, &ping->to);
	ping->sent++;
	if (r >= 0)
		r = receive(fd, packet, sizeof(packet));
	if (r < 0)
		return fail(ping, ping->host, r);
	writer_text(&ping->out, r ? "answer from " : "no answer from ");
	write_number(&ping->out, ping->to.number);
	if (r > 0) {
		ping->heard++;
		writer_text(&ping->out, ": seq=");
		writer_number(&ping->out, (uint64_t)packet[6] << 8 | packet[7]);
		writer_text(&ping->out, " time=");
		writer_time(&ping->out, clock_read_ns(CLOCK_OF_BOOT) - start_ns);
	}
	writer_text(&ping->out, "\n");
	writer_flush(&ping->out);
	return 0;
}

static int run(struct ping *ping)
{
	long fd = call3(__NR_socket, AF_INET, SOCK_DGRAM, PROTOCOL_ICMP);

	if (fd < 0)
		return NO_SOCKET;
	writer_text(&ping->out, "ping ");
	writer_text(&ping->out, ping->host);
	writer_text(&ping->out, " (");
	write_number(&ping->out, ping->to.number);
	writer_text(&ping->out, ")\n");
	while (!ping->count || ping->sent < ping->count) {
		if (ping->sent)
			sleep_ns(NANOSECONDS);
		if (ask(ping, fd))
			return 1;
	}
	writer_number(&ping->out, ping->sent);
	writer_text(&ping->out, " asked, ");
	writer_number(&ping->out, ping->heard);
	writer_text(&ping->out, " answered\n");
	writer_flush(&ping->out);
	return ping->heard == 0;
}

/* busybox knows more options, and the raw socket, for whoever may have one. */
static int leave_to_busybox(char **argv, char **env)
{
	argv[0] = (char *)"ping";
	return (int)call3(__NR_execve, "/bin/busybox", argv, env);
}

int inside_main(int argc, char **argv, char **env)
{
	struct ping ping = {.to = {.family = AF_INET}};
	const char *rest;
	int at = 1;

	writer_init(&ping.out, FD_STDOUT);
	/* -c 3, -c3 */
	if (at < argc && text_starts(argv[at], "-c")) {
		const char *count = argv[at][2] ? argv[at] + 2 : at + 1 < argc ? argv[++at] : "";
		if (!text_number(count, &ping.count, &rest) || *rest)
			return fail(&ping, "usage: ping [-c COUNT] HOST", 0);
		at++;
	}
	if (at + 1 != argc || argv[at][0] == '-')
		return fail(&ping, "usage: ping [-c COUNT] HOST", leave_to_busybox(argv, env));
	ping.host = argv[at];
	bool is_number = read_number(ping.host, ping.to.number, &rest) && !*rest;
	if (!is_number && !find_in_hosts(ping.host, ping.to.number) &&
	    !find_by_name(ping.host, ping.to.number))
		return fail(&ping, "nobody knows that name", 0);
	int status = run(&ping);
	return status == NO_SOCKET ? fail(&ping, "a socket for that", leave_to_busybox(argv, env))
				   : status;
}
