/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The device tree says what vm/abi.h promises, and stays inside its two pages. It is read back
 * with libfdt, the other half of the library that wrote it; the guest's own reader is tested with
 * the guest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <libfdt.h>

#include "vm_machine.h"

static uint64_t number(const void *tree, const char *path, const char *name, int index)
{
	int length = 0;
	const fdt64_t *cells = fdt_getprop(tree, fdt_path_offset(tree, path), name, &length);
	assert_non_null(cells);
	assert_true(length >= (index + 1) * 8);
	return fdt64_ld(cells + index);
}

static uint32_t small(const void *tree, const char *path, const char *name)
{
	int length = 0;
	const fdt32_t *cell = fdt_getprop(tree, fdt_path_offset(tree, path), name, &length);
	assert_non_null(cell);
	assert_int_equal(length, 4);
	return fdt32_ld(cell);
}

static void test_devicetree_says_what_the_contract_promises(void **state)
{
	struct vm vm;
	struct told told;
	struct sandbox_spec spec = {.name = "demo", .pids_max = 5};
	(void)state;
	machine_init(&vm, &told);
	vm.layout.free_start = 0x80000;
	vm.layout.free_end = vm.layout.programs_start;
	vm.layout.initrd_start = 0x60000;
	vm.layout.initrd_end = 0x70000;
	assert_int_equal(devicetree_build(&vm, &spec, NULL), 0);
	const void *tree = memory_at(&vm.memory, VM_GPA_DEVICETREE, VM_DEVICETREE_BYTES);
	assert_int_equal(fdt_check_full(tree, VM_DEVICETREE_BYTES), 0);
	assert_int_equal(number(tree, "/memory@0", "reg", 1), MACHINE_BYTES);
	assert_int_equal(number(tree, "/memory@0", "isolab,free", 0), 0x80000);
	assert_int_equal(number(tree, "/chosen", "linux,initrd-end", 0), 0x70000);
	assert_int_equal(small(tree, "/chosen", "isolab,pids-max"), 5);
	assert_int_equal(small(tree, "/devices/console", "isolab,port"), VM_PORT_CONSOLE);
	assert_int_equal(small(tree, "/devices/timer", "interrupts"), VM_VECTOR_TIMER);
	assert_int_equal(number(tree, "/devices/mailbox", "reg", 0), VM_GPA_CONTROL);
	assert_int_equal(number(tree, "/devices/mailbox", "reg", 2), vm.layout.programs_start);
	machine_finish(&vm);
}

static void test_devicetree_too_long_is_an_error_not_an_overrun(void **state)
{
	static char name[VM_DEVICETREE_BYTES + 1];
	struct vm vm;
	struct told told;
	struct err e = {0};
	struct sandbox_spec spec = {.hostname = name};
	(void)state;
	memset(name, 'h', VM_DEVICETREE_BYTES);
	machine_init(&vm, &told);
	assert_int_equal(devicetree_build(&vm, &spec, &e), -E2BIG);
	assert_null(vm.devicetree);
	assert_int_equal(vm.memory.host[VM_GPA_CONTROL], 0);
	machine_finish(&vm);
}

static void test_devicetree_is_told_as_source_without_the_guests_secret(void **state)
{
	struct vm vm;
	struct told told;
	struct sandbox_spec spec = {.hostname = "a\"b"};
	auto_strbuf text = {0};

	(void)state;
	machine_init(&vm, &told);
	assert_int_equal(devicetree_build(&vm, &spec, NULL), 0);
	memset(vm.memory.host + VM_GPA_DEVICETREE, 0xff, VM_DEVICETREE_BYTES); /* by the guest */
	assert_int_equal(devicetree_print(vm.devicetree, &text, NULL), 0);
	assert_non_null(strstr(text.data, "/dts-v1/;\n\n/ {\n\tcompatible = \"isolab,tiny\";\n"));
	assert_non_null(strstr(text.data, "\t\tisolab,hostname = \"a\\\"b\";\n"));
	assert_non_null(strstr(text.data, "\t\tbootargs = \"\";\n"));
	assert_non_null(strstr(text.data, "\t\trng-seed = <>; /* 32 random bytes, not told */\n"));
	assert_non_null(strstr(text.data, "\n\t\ttimer {\n"));
	assert_string_equal(text.data + text.length - 7, "\t};\n};\n");
	assert_int_equal(devicetree_print(NULL, &text, NULL), -ENODATA);
	machine_finish(&vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_devicetree_says_what_the_contract_promises),
	    cmocka_unit_test(test_devicetree_too_long_is_an_error_not_an_overrun),
	    cmocka_unit_test(test_devicetree_is_told_as_source_without_the_guests_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
