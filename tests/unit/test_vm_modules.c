/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which modules of a kernel a guest gets, and in which order: a modules.dep of depmod's, and some
 * that nobody would write but to lead us elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "fd.h"
#include "modules.h"

static const char dep[] = "kernel/fs/fuse/fuse.ko:\n"
			  "kernel/fs/fuse/virtiofs.ko: kernel/fs/fuse/fuse.ko "
			  "kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko\n"
			  "kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko\n"
			  "kernel/drivers/virtio/virtio_ring.ko:\n"
			  "kernel/drivers/char/hw_random/virtio-rng.ko.xz: "
			  "kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko";

static void test_modules_come_in_the_order_of_loading(void **state)
{
	const char *const wanted[] = {"virtiofs", "built_in", "virtio_rng", NULL};
	const char *const order[] = {"virtio", "virtio_ring", "fuse", "virtiofs", "virtio_rng"};
	auto_free struct modules *modules = calloc(1, sizeof(*modules));
	size_t needed[MODULES_MAX];

	(void)state;
	assert_int_equal(modules_choose(dep, strlen(dep), wanted, modules, NULL), 0);
	assert_int_equal(modules->count, 5);
	for (size_t i = 0; i < modules->count; i++)
		assert_string_equal(modules->list[i].name, order[i]);
	assert_string_equal(modules->list[4].path,
			    "kernel/drivers/char/hw_random/virtio-rng.ko.xz");
	assert_int_equal(modules_needed(dep, strlen(dep), modules, "virtio_rng", needed), 3);
	assert_int_equal(needed[0], 0);
	assert_int_equal(needed[1], 1);
	assert_int_equal(needed[2], 4);
}

static void test_modules_stay_below_their_directory(void **state)
{
	static const char *const bad[] = {"/etc/a.ko:\n", "../a.ko:\n", "k/../../a.ko:\n",
					  "k//a.ko:\n", "./a.ko:\n"};
	const char *const wanted[] = {"a", NULL};
	auto_free struct modules *modules = calloc(1, sizeof(*modules));

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(modules_choose(bad[i], strlen(bad[i]), wanted, modules, NULL),
				 -EBADMSG);
	assert_int_equal(modules_choose("k/a.ko: /x.ko", 13, wanted, modules, NULL), -EBADMSG);
	assert_int_equal(modules_choose("a", 1, wanted, modules, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_modules_come_in_the_order_of_loading),
	    cmocka_unit_test(test_modules_stay_below_their_directory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
