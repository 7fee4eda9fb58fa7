/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Directories of the host on plain memory: the vhost-user conversation with one who answers as
 * virtiofsd does, and with ones who do not; RAM that can be shared; what the agent is told.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent.h"
#include "enclosed.h"
#include "fd.h"
#include "vhost.h"
#include "virtio_driver.h"
#include "virtiofsd.h"

/* ---- somebody who answers ---- */

enum { REQUESTS_MAX = 64, GET_FEATURES = 1, SET_MEM_TABLE = 5, GET_BASE = 11, GET_PROTOCOL = 15 };
enum { F_PROTOCOL = 1 << 30, REPLY = 5, NEED_REPLY = 8, REPLY_ACK = 8 };

struct server {
	int socket;
	pthread_t thread;
	uint64_t features; /* its answer */
	uint32_t refuses;  /* this request */
	uint32_t asked[REQUESTS_MAX];
	int fds[REQUESTS_MAX]; /* what came along, -1: nothing */
	uint8_t bodies[REQUESTS_MAX][40];
	unsigned count;
};

struct packet {
	uint32_t request, flags, size;
	uint8_t body[40];
};

static bool read_packet(struct server *server, struct packet *packet, int *ret_fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec data = {.iov_base = packet, .iov_len = 12};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};

	if (recvmsg(server->socket, &message, MSG_WAITALL) != 12 ||
	    packet->size > sizeof(packet->body) ||
	    (packet->size && recv(server->socket, packet->body, packet->size, MSG_WAITALL) !=
				 (ssize_t)packet->size))
		return false;
	*ret_fd = -1;
	if (message.msg_controllen)
		memcpy(ret_fd, CMSG_DATA(&control.header), sizeof(*ret_fd));
	return true;
}

static void *serve(void *arg)
{
	struct server *server = arg;
	struct packet packet;
	int fd;

	while (server->count < REQUESTS_MAX && read_packet(server, &packet, &fd)) {
		struct packet answer = {packet.request, REPLY, 8, {0}};
		uint64_t number = packet.request == server->refuses;
		server->asked[server->count] = packet.request;
		memcpy(server->bodies[server->count], packet.body, packet.size);
		server->fds[server->count++] = fd;
		if (packet.request == GET_FEATURES)
			number = server->features;
		else if (packet.request == GET_PROTOCOL)
			number = REPLY_ACK | 1;
		else if (packet.request != GET_BASE && !(packet.flags & NEED_REPLY))
			continue;
		memcpy(answer.body, &number, sizeof(number));
		if (send(server->socket, &answer, 20, MSG_NOSIGNAL) != 20)
			break;
	}
	return NULL;
}

static struct server server;

static int start_server(void)
{
	int ends[2];

	server = (struct server){.features = 1ull << 32 | F_PROTOCOL};
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return -1;
	server.socket = ends[1];
	return pthread_create(&server.thread, NULL, serve, &server) ? -1 : ends[0];
}

static void end_server(void)
{
	shutdown(server.socket, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	for (unsigned i = 0; i < server.count; i++)
		if (server.fds[i] >= 0)
			close(server.fds[i]);
	close(server.socket);
}

/* Its n-th request of that kind, or -1. */
static int find_request(uint32_t request)
{
	for (unsigned i = 0; i < server.count; i++)
		if (server.asked[i] == request)
			return (int)i;
	return -1;
}

/* ---- a volume ---- */

enum { SET_FEATURES = 2, SET_ADDRESSES = 9, SET_KICK = 12, SET_CALL = 13, ENABLE = 18 };

static int plug_in(void **state)
{
	static struct driver driver;
	int socket = start_server();

	memset(&driver, 0, sizeof(driver));
	*state = &driver;
	if (socket < 0 || memory_init_shared(&driver.memory, DRIVER_RAM, NULL) < 0)
		return -1;
	return virtio_fs_init(&driver.device, "work", socket, &driver.memory, NULL);
}

static int pull_out(void **state)
{
	driver_finish(*state);
	end_server();
	return 0;
}

static void test_volume_shows_its_tag_and_one_queue_for_requests(void **state)
{
	struct driver *driver = *state;

	assert_int_equal(driver_read(driver, 0x008), 26);
	assert_int_equal(driver_read(driver, 0x100), 'k' << 24 | ('r' << 16 | 'o' << 8 | 'w'));
	assert_int_equal(driver_read(driver, 0x104), 0);
	assert_int_equal(driver_read(driver, 0x100 + 36), 1);
}

static void test_guest_s_memory_is_shared_as_a_file_that_cannot_shrink(void **state)
{
	struct driver *driver = *state;
	int at = find_request(SET_MEM_TABLE);
	uint64_t region[4];

	assert_true(at >= 0 && server.fds[at] >= 0);
	memcpy(region, server.bodies[at] + 8, sizeof(region));
	assert_int_equal(region[0], 0);
	assert_int_equal(region[1], DRIVER_RAM);
	assert_true(region[2] == VHOST_RAM);
	driver->memory.host[100] = 42;
	const uint8_t *theirs = mmap(NULL, DRIVER_RAM, PROT_READ, MAP_SHARED, server.fds[at], 0);
	assert_ptr_not_equal(theirs, MAP_FAILED);
	assert_int_equal(theirs[100], 42);
	munmap((void *)theirs, DRIVER_RAM);
	assert_int_equal(ftruncate(server.fds[at], 0), -1);
}

/* The bell that came with the first request of that kind, as the server has it. */
static int bell_of(uint32_t request)
{
	int at = find_request(request);

	assert_true(at >= 0 && server.fds[at] >= 0);
	return server.fds[at];
}

static void test_queues_are_handed_over_with_the_first_kick(void **state)
{
	struct driver *driver = *state;
	uint64_t addresses[5], count = 1;

	driver_start(driver, 0);
	assert_int_equal(find_request(SET_ADDRESSES), -1);
	virtio_serve(&driver->device);
	memcpy(addresses, server.bodies[find_request(SET_ADDRESSES)], sizeof(addresses));
	assert_true(addresses[1] == VHOST_RAM);
	assert_true(addresses[2] == VHOST_RAM + DRIVER_USED);
	assert_true(addresses[3] == VHOST_RAM + DRIVER_AVAILABLE);
	assert_true(find_request(ENABLE) > find_request(SET_KICK));
	assert_true(find_request(SET_KICK) > find_request(SET_FEATURES));
	assert_int_equal(read(bell_of(SET_KICK), &count, sizeof(count)), sizeof(count));
	/* and when it calls the driver is interrupted */
	assert_int_equal(driver_interrupt(driver), 0);
	assert_int_equal(write(bell_of(SET_CALL), &count, sizeof(count)), sizeof(count));
	virtio_serve_watch(&driver->device, 0, 1);
	assert_int_equal(driver_interrupt(driver), 1);
}

static void test_driver_that_begins_anew_gets_its_queues_back_first(void **state)
{
	struct driver *driver = *state;
	unsigned before;

	driver_start(driver, 0);
	virtio_serve(&driver->device);
	assert_int_equal(find_request(GET_BASE), -1);
	before = server.count;
	driver_start(driver, 0);
	virtio_serve(&driver->device);
	assert_int_equal(server.asked[before], GET_BASE);
	assert_int_equal(server.asked[before + 1], GET_BASE);
	assert_true(server.count > before + 2);
}

static void test_server_that_refuses_a_queue_is_told_about(void **state)
{
	struct driver *driver = *state;
	char word[160];

	server.refuses = SET_KICK;
	driver_start(driver, 0);
	virtio_serve(&driver->device);
	assert_true(virtio_take_word(&driver->device, word, sizeof(word)));
	assert_non_null(strstr(word, "virtiofsd does not serve"));
	virtio_serve(&driver->device);
}

/* ---- who answers otherwise ---- */

static void test_server_without_virtio_1_is_refused(void **state)
{
	struct vhost vhost;
	struct err e = {0};
	int socket = start_server();

	(void)state;
	server.features = F_PROTOCOL;
	assert_int_equal(vhost_open(&vhost, socket, &e), -EPROTO);
	assert_non_null(strstr(e.what, "too old"));
	end_server();
	close(socket);
}

static void test_server_that_hangs_up_is_noticed(void **state)
{
	struct vhost vhost;
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	close(ends[1]);
	assert_true(vhost_open(&vhost, ends[0], NULL) < 0);
	close(ends[0]);
}

static void test_answers_to_another_question_are_refused(void **state)
{
	struct packet answer = {GET_FEATURES, REPLY, 8, {7}};
	uint64_t number = 0;

	(void)state;
	assert_int_equal(vhost_check_answer(&answer, 20, GET_FEATURES, &number), 0);
	assert_int_equal(number, 7);
	assert_int_equal(vhost_check_answer(&answer, 19, GET_FEATURES, &number), -EPROTO);
	assert_int_equal(vhost_check_answer(&answer, 20, GET_BASE, &number), -EPROTO);
	answer.flags = 1; /* no answer at all */
	assert_int_equal(vhost_check_answer(&answer, 20, GET_FEATURES, &number), -EPROTO);
	answer.flags = REPLY + 1; /* of another version */
	assert_int_equal(vhost_check_answer(&answer, 20, GET_FEATURES, &number), -EPROTO);
	answer.flags = REPLY;
	answer.size = 9;
	assert_int_equal(vhost_check_answer(&answer, 20, GET_FEATURES, &number), -EPROTO);
}

/* ---- the real one ---- */

/* FUSE's first question, as the guest's kernel asks it. */
static void ask_to_begin(struct driver *driver)
{
	const struct {
		struct fuse_in_header header;
		struct fuse_init_in init;
	} question = {{.len = sizeof(question), .opcode = FUSE_INIT, .unique = 2},
		      {.major = FUSE_KERNEL_VERSION, .minor = 31}};

	memory_write(&driver->memory, DRIVER_DATA, &question, sizeof(question));
	driver_descriptor(driver, 1, 0, DRIVER_DATA, sizeof(question), DRIVER_NEXT, 1);
	driver_descriptor(driver, 1, 1, DRIVER_DATA + 0x1000, 4096, DRIVER_WRITE, 0);
	driver_announce(driver, 1, 0);
	virtio_serve(&driver->device);
}

static void test_virtiofsd_serves_a_driver_and_ends_with_its_line(void **state)
{
	static struct driver driver;
	struct virtiofsd daemon;
	struct err e = {0};
	struct fuse_out_header answer;
	char directory[] = "/tmp/isolab-test-volume-XXXXXX", words[128];
	uint32_t written;

	(void)state;
	if (!virtiofsd_find())
		skip();
	assert_non_null(mkdtemp(directory));
	auto_close int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct virtiofsd_source source = {.path = directory, .is_read_only = true};
	int r = virtiofsd_start(&daemon, &source, fd, &e);
	assert_int_equal(faccessat(fd, "volume", F_OK, 0), -1); /* the socket's name is gone */
	if (r == -EPERM || r == -EACCES) {
		rmdir(directory);
		skip(); /* no user namespaces here */
	}
	assert_int_equal(r, 0);
	memset(&driver, 0, sizeof(driver));
	assert_int_equal(memory_init_shared(&driver.memory, DRIVER_RAM, NULL), 0);
	r = virtio_fs_init(&driver.device, "work", daemon.socket, &driver.memory, &e);
	assert_string_equal(enclosed_words(daemon.words_fd, words, sizeof(words)), "");
	assert_int_equal(r, 0);
	daemon.socket = -1;
	driver_start(&driver, 0);
	ask_to_begin(&driver);
	/* It also rings when it takes the bell. */
	struct pollfd called = {.fd = driver.device.watches[0].fd, .events = POLLIN};
	do {
		assert_int_equal(poll(&called, 1, 10000), 1);
		virtio_serve_watch(&driver.device, 0, POLLIN);
	} while (!driver_used(&driver, 1, &written));
	assert_int_equal(driver_interrupt(&driver), 1);
	memory_read(&driver.memory, DRIVER_DATA + 0x1000, &answer, sizeof(answer));
	assert_int_equal(answer.error, 0);
	assert_int_equal(answer.unique, 2);
	assert_int_equal(answer.len, written);
	driver_finish(&driver); /* hangs up */
	struct pollfd ended = {.fd = daemon.pidfd, .events = POLLIN};
	assert_int_equal(poll(&ended, 1, 10000), 1);
	virtiofsd_finish(&daemon);
	assert_int_equal(waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOHANG), -1); /* no zombie */
	assert_int_equal(rmdir(directory), 0);
}

static void test_words_have_their_room_and_no_more(void **state)
{
	static const char flood[3000];
	char words[128];
	struct stat status;
	auto_close int fd = enclosed_make_words("test", NULL);

	(void)state;
	assert_string_equal(enclosed_words(fd, words, sizeof(words)), "");
	assert_int_equal(write(fd, "first\nsecond\n", 13), 13);
	for (int i = 0; i < 4; i++)
		(void)!write(fd, flood, sizeof(flood));
	assert_int_equal(write(fd, flood, sizeof(flood)), -1);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_size, ENCLOSED_WORDS_BYTES);
	assert_string_equal(enclosed_words(fd, words, sizeof(words)), "first");
}

/* ---- shared memory, and the agent ---- */

static void test_file_laid_into_shared_memory_is_seen_by_who_shares_it(void **state)
{
	struct memory memory;
	char seen[5] = "";
	int fd = memfd_create("file", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(write(fd, "hello", 5), 5);
	assert_int_equal(memory_init_shared(&memory, 1 << 20, NULL), 0);
	assert_int_equal(memory_map_file(&memory, 0x2000, fd, 0, 5, NULL), 0);
	assert_int_equal(pread(memory.fd, seen, 5, 0x2000), 5);
	assert_memory_equal(seen, "hello", 5);
	assert_true(memory_map_file(&memory, 0x2000, fd, 0, 6, NULL) < 0); /* cut off */
	memory_finish(&memory);
	close(fd);
}

static void test_volume_of_a_guest_has_an_absolute_place(void **state)
{
	struct {
		struct agent_mount mount;
		char words[32];
	} told = {{AGENT_MOUNT_READ_ONLY}, "volume0\0/work"};
	struct agent_mount got;
	const char *source, *target;
	uint8_t *body = (uint8_t *)&told;

	(void)state;
	assert_int_equal(agent_decode_mount(body, 4 + 14, &got, &source, &target, NULL), 0);
	assert_string_equal(target, "/work");
	assert_int_equal(got.flags, AGENT_MOUNT_READ_ONLY);
	assert_int_equal(agent_decode_mount(body, 4 + 13, &got, &source, &target, NULL), -EPROTO);
	assert_int_equal(agent_decode_mount(body, 4 + 15, &got, &source, &target, NULL), -EPROTO);
	told.words[8] = 'x';
	assert_int_equal(agent_decode_mount(body, 4 + 14, &got, &source, &target, NULL), -EPROTO);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define VOLUME(test) cmocka_unit_test_setup_teardown(test, plug_in, pull_out)
	    VOLUME(test_volume_shows_its_tag_and_one_queue_for_requests),
	    VOLUME(test_guest_s_memory_is_shared_as_a_file_that_cannot_shrink),
	    VOLUME(test_queues_are_handed_over_with_the_first_kick),
	    VOLUME(test_driver_that_begins_anew_gets_its_queues_back_first),
	    VOLUME(test_server_that_refuses_a_queue_is_told_about),
	    cmocka_unit_test(test_server_without_virtio_1_is_refused),
	    cmocka_unit_test(test_server_that_hangs_up_is_noticed),
	    cmocka_unit_test(test_answers_to_another_question_are_refused),
	    cmocka_unit_test(test_virtiofsd_serves_a_driver_and_ends_with_its_line),
	    cmocka_unit_test(test_words_have_their_room_and_no_more),
	    cmocka_unit_test(test_file_laid_into_shared_memory_is_seen_by_who_shares_it),
	    cmocka_unit_test(test_volume_of_a_guest_has_an_absolute_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
