// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The filter of system calls, twice: as a program, run here on made-up calls of every number,
 * and as a filter, loaded in a child that then tries the calls for real.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "seccomp_load.h"
#include "seccomp_table.h"

#ifdef __x86_64__
#define OUR_ARCH AUDIT_ARCH_X86_64
#else
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

enum { NUMBERS = 1024, STEPS_MAX = 4096 };

static uint32_t load_word(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word;

	assert_true(offset % 4 == 0 && offset <= sizeof(*data) - 4);
	memcpy(&word, (const char *)data + offset, 4);
	return word;
}

/* What the kernel would answer. Counts the instructions, too. */
static uint32_t run_program(const struct sock_filter *program, size_t length,
			    const struct seccomp_data *data, unsigned *ret_steps)
{
	size_t at = 0;
	uint32_t accumulator = 0;

	for (unsigned steps = 1; steps < STEPS_MAX; steps++) {
		assert_true(at < length);
		const struct sock_filter *now = &program[at++];
		*ret_steps = steps;
		switch (now->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			accumulator = load_word(data, now->k);
			break;
		case BPF_JMP | BPF_JA:
			at += now->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += accumulator == now->k ? now->jt : now->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			at += accumulator >= now->k ? now->jt : now->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			at += accumulator & now->k ? now->jt : now->jf;
			break;
		case BPF_RET | BPF_K:
			return now->k;
		default:
			fail_msg("an instruction that we never make: 0x%x", now->code);
		}
	}
	fail_msg("the filter does not end");
	return 0;
}

static uint32_t run_filter(const struct seccomp_choice *choice, const struct seccomp_data *data,
			   unsigned *ret_steps)
{
	struct seccomp_code buffer;
	size_t length;
	const struct sock_filter *program = seccomp_program(choice, &buffer, &length);

	return run_program(program, length, data, ret_steps);
}

static uint32_t verdict_for(const struct seccomp_choice *choice, int number, unsigned argument,
			    uint64_t value)
{
	struct seccomp_data data = {.nr = number, .arch = OUR_ARCH};
	unsigned steps;

	data.args[argument] = value;
	return run_filter(choice, &data, &steps);
}

static uint32_t verdict(int number, unsigned argument, uint64_t value)
{
	return verdict_for(&(struct seccomp_choice){0}, number, argument, value);
}

/* All filters that a sandbox can be given by one capability, asked for every number. */
static void test_every_number_gets_a_verdict_in_few_steps(void **state)
{
	(void)state;
	for (int capability = -1; capability < 41; capability++) {
		const struct seccomp_choice choice = {.capabilities = capability < 0
									  ? ~0ULL
									  : 1ULL << capability,
						      .counts_refusals = capability % 2};
		for (int number = 0; number < NUMBERS; number++) {
			struct seccomp_data data = {.nr = number, .arch = OUR_ARCH};
			unsigned steps;
			uint32_t answer = run_filter(&choice, &data, &steps);
			assert_true(answer == SECCOMP_RET_ALLOW ||
				    answer == SECCOMP_RET_USER_NOTIF ||
				    (answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO);
			assert_true(choice.counts_refusals || answer != SECCOMP_RET_USER_NOTIF);
			assert_true(steps < 32);
		}
	}
}

static void test_another_processors_call_is_not_implemented(void **state)
{
	const struct seccomp_choice choice = {.counts_refusals = true, .capabilities = ~0ULL};
	struct seccomp_data data = {.nr = SYS_read, .arch = AUDIT_ARCH_I386};
	unsigned steps;

	(void)state;
	assert_int_equal(run_filter(&choice, &data, &steps), SECCOMP_RET_ERRNO | ENOSYS);
	data = (struct seccomp_data){.nr = 0x40000000 | SYS_read, .arch = OUR_ARCH};
	assert_int_equal(run_filter(&choice, &data, &steps), SECCOMP_RET_ERRNO | ENOSYS);
	data.nr = -1;
	assert_int_equal(run_filter(&choice, &data, &steps), SECCOMP_RET_ERRNO | ENOSYS);
}

static void test_a_capability_opens_its_calls_and_no_others(void **state)
{
	const struct seccomp_choice mounts = {.capabilities = 1ULL << CAP_SYS_ADMIN};
	const struct seccomp_choice packets = {.capabilities = 1ULL << CAP_NET_RAW};
	const struct seccomp_choice idle = {.capabilities = 1ULL << CAP_FOWNER};

	(void)state;
	assert_int_equal(verdict_for(&mounts, SYS_mount, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_for(&mounts, SYS_clone, 0, CLONE_NEWUSER), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_for(&mounts, SYS_ptrace, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict_for(&mounts, SYS_keyctl, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict_for(&packets, SYS_socket, 0, AF_PACKET), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_for(&packets, SYS_socket, 0, AF_VSOCK),
			 SECCOMP_RET_ERRNO | EAFNOSUPPORT);
	assert_int_equal(verdict_for(&packets, SYS_mount, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict_for(&idle, SYS_mount, 0, 0), SECCOMP_RET_ERRNO | EPERM);
}

static void test_what_is_refused_is_told_but_not_what_libc_tries(void **state)
{
	const struct seccomp_choice choice = {.counts_refusals = true};

	(void)state;
	assert_int_equal(verdict_for(&choice, SYS_mount, 0, 0), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(verdict_for(&choice, SYS_ioctl, 1, TIOCSTI), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(verdict_for(&choice, SYS_socket, 0, AF_PACKET), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(verdict_for(&choice, SYS_clone3, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(verdict_for(&choice, 1000, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(verdict_for(&choice, SYS_read, 0, 0), SECCOMP_RET_ALLOW);
}

/* Two ways to the same program: when isolab is built, and when a sandbox starts. */
static void test_the_filter_of_the_build_is_what_would_be_written_now(void **state)
{
	static struct seccomp_code code;
	size_t count, length;
	const struct seccomp_call *calls = seccomp_calls(&count);

	(void)state;
	for (int counts = 0; counts < 2; counts++) {
		const struct seccomp_choice choice = {.counts_refusals = counts};
		const struct sock_filter *built = seccomp_program(&choice, NULL, &length);
		assert_int_equal(seccomp_emit(&seccomp_profile_container, calls, count, OUR_ARCH,
					      &choice, &code),
				 0);
		assert_int_equal(code.length, length);
		assert_memory_equal(code.code, built, length * sizeof(*built));
	}
}

static void test_the_calls_have_the_numbers_of_the_kernels_headers(void **state)
{
	static const struct {
		const char *name;
		int number;
	} known[] = {{"read", SYS_read},
		     {"mount", SYS_mount},
		     {"clone", SYS_clone},
		     {"seccomp", SYS_seccomp},
		     {"openat", SYS_openat},
		     {"keyctl", SYS_keyctl},
		     {"pidfd_open", SYS_pidfd_open}};
	size_t count, found = 0;
	const struct seccomp_call *calls = seccomp_calls(&count);

	(void)state;
	assert_true(count > 300);
	for (size_t i = 0; i < count; i++) {
		assert_true(i == 0 || calls[i - 1].number < calls[i].number);
		assert_true(calls[i].group != SECCOMP_UNLISTED);
		for (size_t j = 0; j < sizeof(known) / sizeof(known[0]); j++)
			if (strcmp(known[j].name, calls[i].name) == 0) {
				assert_int_equal(known[j].number, calls[i].number);
				found++;
			}
	}
	assert_int_equal(found, sizeof(known) / sizeof(known[0]));
}

static void test_named_but_unlisted_calls_are_refused(void **state)
{
	static const int numbers[] = {SYS_mount,        SYS_unshare,
				      SYS_setns,        SYS_bpf,
				      SYS_keyctl,       SYS_ptrace,
				      SYS_reboot,       SYS_init_module,
				      SYS_userfaultfd,  SYS_io_uring_setup,
				      SYS_settimeofday, SYS_syslog};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		assert_int_equal(verdict(numbers[i], 0, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict(SYS_clone3, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(verdict(1000, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
}

static void test_ordinary_calls_are_allowed(void **state)
{
	static const int numbers[] = {SYS_read,         SYS_write,         SYS_openat,
				      SYS_execve,       SYS_exit_group,    SYS_mmap,
				      SYS_futex,        SYS_kill,          SYS_wait4,
				      SYS_rt_sigreturn, SYS_clock_gettime, SYS_connect,
				      SYS_uname};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		assert_int_equal(verdict(numbers[i], 0, 0), SECCOMP_RET_ALLOW);
}

static void test_rules_look_at_the_lower_half_only(void **state)
{
	(void)state;
	assert_int_equal(verdict(SYS_ioctl, 1, TIOCSTI), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict(SYS_ioctl, 1, TIOCSTI | 1ULL << 32), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict(SYS_ioctl, 1, TIOCGWINSZ), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(SYS_prctl, 0, PR_SET_PDEATHSIG | 1ULL << 40),
			 SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict(SYS_prctl, 0, PR_SET_NAME), SECCOMP_RET_ALLOW);
}

static void test_clone_may_not_ask_for_namespaces(void **state)
{
	static const uint64_t flags[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWNET,   CLONE_NEWPID,
					 CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};

	(void)state;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		assert_int_equal(verdict(SYS_clone, 0, flags[i] | SIGCHLD),
				 SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict(SYS_clone, 0, CLONE_VM | CLONE_VFORK | SIGCHLD),
			 SECCOMP_RET_ALLOW);
}

static void test_socket_families_and_personalities_are_listed(void **state)
{
	(void)state;
	assert_int_equal(verdict(SYS_socket, 0, AF_UNIX), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(SYS_socket, 0, AF_INET6), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(SYS_socket, 0, AF_PACKET), SECCOMP_RET_ERRNO | EAFNOSUPPORT);
	assert_int_equal(verdict(SYS_socket, 0, AF_VSOCK), SECCOMP_RET_ERRNO | EAFNOSUPPORT);
	assert_int_equal(verdict(SYS_personality, 0, 0xffffffff), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(SYS_personality, 0, ADDR_NO_RANDOMIZE), SECCOMP_RET_ERRNO | EPERM);
}

static void test_every_group_and_rule_says_why(void **state)
{
	(void)state;
	for (const struct seccomp_group *group = seccomp_profile_container.groups; group->name;
	     group++)
		assert_true(strlen(group->why) > 10 && strlen(group->calls) > 2);
	for (const struct seccomp_rule *rule = seccomp_profile_container.rules; rule->call; rule++)
		assert_true(strlen(rule->why) > 10 && rule->count > 0 && rule->argument < 6);
}

/* Returns 0 when all is as it should be, else the number of the first claim that does not hold. */
static int try_in_filter(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    seccomp_load(&(struct seccomp_choice){0}, &(int){0}, NULL) < 0)
		return 1;
	if (getpid() <= 0 || prctl(PR_GET_SECCOMP) != 2)
		return 2;
	if (unshare(CLONE_NEWUSER) == 0 || errno != EPERM)
		return 3;
	if (syscall(SYS_clone3, NULL, 0) == 0 || errno != ENOSYS)
		return 4;
	if (ptrace(PTRACE_TRACEME, 0, 0, 0) == 0 || errno != EPERM)
		return 5;
	if (syscall(SYS_ioctl, 0, TIOCSTI | 1ULL << 32, "x") == 0 || errno != EPERM)
		return 6;
	if (prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0 || errno != EPERM)
		return 7;
	if (socket(AF_PACKET, SOCK_RAW, 0) >= 0 || errno != EAFNOSUPPORT)
		return 8;
	return 0;
}

static void test_the_kernel_takes_the_filter_and_keeps_to_it(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(try_in_filter());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_number_gets_a_verdict_in_few_steps),
	    cmocka_unit_test(test_another_processors_call_is_not_implemented),
	    cmocka_unit_test(test_a_capability_opens_its_calls_and_no_others),
	    cmocka_unit_test(test_what_is_refused_is_told_but_not_what_libc_tries),
	    cmocka_unit_test(test_the_filter_of_the_build_is_what_would_be_written_now),
	    cmocka_unit_test(test_the_calls_have_the_numbers_of_the_kernels_headers),
	    cmocka_unit_test(test_named_but_unlisted_calls_are_refused),
	    cmocka_unit_test(test_ordinary_calls_are_allowed),
	    cmocka_unit_test(test_rules_look_at_the_lower_half_only),
	    cmocka_unit_test(test_clone_may_not_ask_for_namespaces),
	    cmocka_unit_test(test_socket_families_and_personalities_are_listed),
	    cmocka_unit_test(test_every_group_and_rule_says_why),
	    cmocka_unit_test(test_the_kernel_takes_the_filter_and_keeps_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
