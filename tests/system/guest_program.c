/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guest_program: what the teaching kernel must do, and what it must stand, tried by a program that
 * runs on it. `guest_program calls` makes system calls, good and bad ones, and says what was wrong;
 * every other word does one thing that must end the program (tests/system/guest.py knows how).
 * Unlike the programs of the image it has .data and .bss.
 */
#include <asm/errno.h>
#include <asm/stat.h>
#include <linux/mman.h>

#include "nolibc.h"

enum { PAGE = 4096, GATE = 0x3fc00000 };
static const unsigned long kernel_address = 0xffffffff80050000;

static char initialised[] = "initialised";
static char zeros[3 * PAGE];
static struct writer out;

static bool check(bool is_right, const char *claim)
{
	writer_text(&out, is_right ? "ok " : "not ok ");
	writer_text(&out, claim);
	writer_text(&out, "\n");
	return is_right;
}

static bool check_memory(void)
{
	bool is_right = check(text_equal(initialised, "initialised"), "data is as in the file");
	bool is_zero = true;
	for (unsigned i = 0; i < sizeof(zeros); i++)
		is_zero &= !zeros[i];
	is_right &= check(is_zero, "bss is zero");

	long start = call1(__NR_brk, 0), end = call1(__NR_brk, start + 5 * PAGE + 1);
	is_right &= check(end == start + 5 * PAGE + 1, "brk grows");
	((char *)start)[5 * PAGE] = 1;
	call1(__NR_brk, start);
	call1(__NR_brk, start + 6 * PAGE);
	is_right &= check(((char *)start)[5 * PAGE] == 0, "brk gives zeros again");
	is_right &= check(call1(__NR_brk, kernel_address) == start + 6 * PAGE, "brk refuses");
	return is_right;
}

static long map(unsigned long address, unsigned long length, int rights, int flags)
{
	return syscall6(__NR_mmap, (long)address, (long)length, rights,
			flags | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static bool check_mmap(void)
{
	long area = map(0, 64 * PAGE, PROT_READ | PROT_WRITE, 0);
	bool is_right = check(area > 0, "mmap gives memory");
	((char *)area)[63 * PAGE] = 7;
	is_right &= check(call2(__NR_munmap, area + PAGE, PAGE) == 0, "munmap takes a page");
	is_right &= check(map(0, PAGE, PROT_READ, 0) == area + PAGE, "mmap finds the hole");
	is_right &= check(((char *)area)[63 * PAGE] == 7, "the rest stays");
	is_right &= check(call3(__NR_mprotect, area, PAGE, PROT_READ) == 0, "mprotect");
	is_right &= check(call3(__NR_mprotect, 0x400000, PAGE, PROT_READ | PROT_WRITE) == -EACCES,
			  "the initrd cannot be made writable");
	is_right &= check(map(0, 1UL << 40, PROT_READ, 0) == -ENOMEM, "mmap of a terabyte");
	is_right &= check(map(0, -1UL, PROT_READ, 0) < 0, "mmap of everything");
	is_right &= check(map(kernel_address, PAGE, PROT_READ, MAP_FIXED) < 0,
			  "mmap over the kernel");
	is_right &= check(map(GATE, PAGE, PROT_READ, MAP_FIXED) < 0, "mmap over the gate");
	is_right &= check(call2(__NR_munmap, GATE, PAGE) == -EINVAL, "munmap of the gate");
	is_right &= check(call2(__NR_munmap, 0x400000000, 1UL << 36) == 0, "munmap of nothing");
	is_right &= check(call2(__NR_munmap, 0, -1UL) == -EINVAL, "munmap of everything");
	for (int i = 0; i < 200; i++) {
		long piece = map(0, 512 * PAGE, PROT_READ | PROT_WRITE, 0);
		if (piece < 0 || call2(__NR_munmap, piece, 512 * PAGE) < 0)
			return check(false, "mmap and munmap leak");
	}
	return is_right;
}

static bool check_pointers(void)
{
	static const unsigned long bad[] = {
	    0, 8, 0x30000000, 0x7fffffffffff, 0x800000000000, 0xffffffff80050000, -8UL};
	long fd = call3(__NR_open, "/proc/version", 0, 0);
	bool is_right = check(fd >= 3, "open /proc/version");
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		is_right &= call3(__NR_write, 1, bad[i], 8) == -EFAULT;
		is_right &= call3(__NR_writev, 1, bad[i], 1) == -EFAULT;
		is_right &= call3(__NR_read, fd, bad[i], 8) == -EFAULT;
		is_right &= call2(__NR_clock_gettime, 1, bad[i]) == -EFAULT;
		is_right &= call2(__NR_nanosleep, bad[i], 0) == -EFAULT;
		is_right &= call1(__NR_uname, bad[i]) == -EFAULT;
		is_right &= call1(__NR_sysinfo, bad[i]) == -EFAULT;
		is_right &= call3(__NR_getrandom, bad[i], 8, 0) == -EFAULT;
		is_right &= call3(__NR_open, bad[i], 0, 0) == -EFAULT;
		if (!check(is_right, "bad pointers are refused"))
			break;
	}
	is_right &= check(call2(__NR_clock_gettime, 1, 0x400000) == -EFAULT,
			  "the kernel does not write where the task may not");
	call1(__NR_close, fd);
	return is_right;
}

/* A large buffer on the stack, which the kernel is the first to touch. */
static bool check_untouched_stack(void)
{
	char buffer[150000];
	long fd = call3(__NR_open, "/proc/version", 0, 0);
	bool is_right = check(call3(__NR_read, fd, buffer, sizeof(buffer)) > 10 &&
				  text_starts(buffer, "isolab-tiny"),
			      "the kernel reads into stack that was never touched");
	is_right &= check(call3(__NR_write, 1, buffer + 100000, 0) == 0, "a write of nothing");
	call1(__NR_close, fd);
	return is_right;
}

static bool check_files(void)
{
	char text[256], again[256];
	long length = file_read("/proc/sys/kernel/random/boot_id", text, sizeof(text));
	bool is_right = check(length == 37 && text[8] == '-', "boot id");
	file_read("/proc/sys/kernel/random/boot_id", again, sizeof(again));
	is_right &= check(text_equal(text, again), "it stays the same");
	is_right &= check(call3(__NR_open, "/proc/nothing", 0, 0) == -ENOENT, "no such file");
	is_right &= check(call3(__NR_open, "/proc/version", 1, 0) == -EROFS, "nothing to write");
	is_right &= check(call1(__NR_close, 9) == -EBADF, "close of a closed one");
	long last = 0;
	for (int i = 0; i < 9; i++)
		last = call3(__NR_open, "/proc/tasks", 0, 0);
	is_right &= check(last == -EMFILE, "no more than eight");
	for (int fd = 3; fd < 11; fd++)
		call1(__NR_close, fd);
	is_right &= check(call3(__NR_open, "/proc/tasks", 0, 0) == 3, "closed ones are free");
	return is_right;
}

static bool check_directories(void)
{
	char list[512];
	struct stat status;
	long fd = call3(__NR_open, "/proc", 0200000 /* O_DIRECTORY */, 0);
	long length = call3(__NR_getdents64, fd, list, sizeof(list));
	bool is_right = check(length > 100 && text_equal(list + 19, "1"), "/proc lists task 1");
	is_right &= check(call3(__NR_getdents64, fd, list, 8) == -EINVAL ||
			      call3(__NR_getdents64, fd, list, 8) == 0,
			  "no half an entry");
	for (long at = 1; at < length;
	     at++) { /* no entry begins there: nothing foreign comes out */
		if (call3(__NR_lseek, fd, at, 0) == at)
			is_right &= call3(__NR_getdents64, fd, list, sizeof(list)) <= length - at ||
				    check(false, "entries end where the list does");
	}
	is_right &= check(call3(__NR_read, fd, list, 8) == -EISDIR, "a directory is not read");
	is_right &= check(call2(__NR_fstat, fd, &status) == 0 && status.st_mode == 040555, "fstat");
	call1(__NR_close, fd);
	is_right &= check(call4(__NR_newfstatat, FD_HERE, "/bin/guest_program", &status, 0) == 0 &&
			      status.st_size > 1000 && status.st_mode == 0100755,
			  "stat of a program");
	is_right &= check(call4(__NR_newfstatat, FD_HERE, "/bin/x", &status, 0) == -ENOENT,
			  "stat of nothing");
	return is_right;
}

static bool check_rest(void)
{
	unsigned char random[100] = {0}, more[100] = {0};
	bool is_right = check(call0(9999) == -ENOSYS && call0(-1) == -ENOSYS, "no such call");
	is_right &= check(call3(__NR_getrandom, random, sizeof(random), 0) == sizeof(random) &&
			      call3(__NR_getrandom, more, sizeof(more), 0) == sizeof(more) &&
			      random[99] + random[98] + random[97] != 0,
			  "random bytes");
	bool is_same = true;
	for (unsigned i = 0; i < sizeof(random); i++)
		is_same &= random[i] == more[i];
	is_right &= check(!is_same, "other ones each time");
	uint64_t before = clock_read_ns(CLOCK_OF_BOOT);
	sleep_ns(20 * 1000 * 1000);
	uint64_t took = clock_read_ns(CLOCK_OF_BOOT) - before;
	is_right &= check(took >= 20 * 1000 * 1000 && took < 2000U * 1000 * 1000, "sleeps");
	is_right &= check(clock_read_ns(CLOCK_OF_WALL) > 1700000000ULL * 1000000000, "real time");
	is_right &= check(call2(__NR_kill, 9999, 9) == -ESRCH, "kill of nobody");
	is_right &= check(call2(__NR_kill, call0(__NR_getpid), 0) == 0, "kill 0");
	return is_right;
}

/* A system call leaves all registers but RAX, RCX, R11 as they were, the SSE ones too. */
static bool check_registers(void)
{
	unsigned long before[2] = {0x1122334455667788, 0x99aabbccddeeff00}, after[2], rbx, r15;
	__asm__ volatile("movups %4, %%xmm7\n\t"
			 "mov $0x1234, %%rbx\n\t"
			 "mov $0x5678, %%r15\n\t"
			 "std\n\t"
			 "mov $24, %%eax\n\t" /* sched_yield */
			 "syscall\n\t"
			 "cld\n\t"
			 "mov %%rbx, %1\n\t"
			 "mov %%r15, %2\n\t"
			 "movups %%xmm7, %0\n\t"
			 : "=m"(after), "=m"(rbx), "=m"(r15)
			 : "m"(before[0]), "m"(before)
			 : "rax", "rbx", "rcx", "r11", "r15", "cc", "memory");
	bool stay = check(rbx == 0x1234 && r15 == 0x5678, "registers stay");
	return check(after[0] == before[0] && after[1] == before[1], "SSE registers stay") && stay;
}

/* A jump to the gate instead of `syscall` is no more than a system call. */
static bool check_gate(void)
{
	long pid;
	__asm__ volatile("lea 1f(%%rip), %%rcx\n\t"
			 "mov $0x3202, %%r11\n\t" /* IOPL 3, please */
			 "mov $39, %%eax\n\t"     /* getpid */
			 "mov %1, %%rdx\n\t"
			 "jmp *%%rdx\n"
			 "1:"
			 : "=a"(pid)
			 : "i"(GATE)
			 : "rcx", "rdx", "r11", "cc", "memory");
	unsigned long flags;
	__asm__ volatile("pushf; pop %0" : "=r"(flags));
	bool is_call = check(pid == call0(__NR_getpid), "the gate is a system call");
	return check((flags & 0x3000) == 0, "which gives no rights") && is_call;
}

static int calls(void)
{
	bool is_right = check_untouched_stack();
	is_right &= check_memory();
	is_right &= check_mmap();
	is_right &= check_pointers();
	is_right &= check_files();
	is_right &= check_directories();
	is_right &= check_rest();
	is_right &= check_registers();
	is_right &= check_gate();
	writer_flush(&out);
	return is_right ? 0 : 1;
}

/* Each call keeps 2 KiB of stack, and is looked at after the next one, so that it stays. */
static void recurse(unsigned long depth)
{
	char frame[2048];
	__asm__ volatile("movb $1, (%0)" : : "r"(frame) : "memory");
	if (depth)
		recurse(depth - 1);
	__asm__ volatile("" : : "r"(frame) : "memory");
}

/* One turn: `mine` into a vector register, some time, and what is there then. */
static unsigned long keep_sse(unsigned long mine)
{
	unsigned long seen;
	__asm__ volatile("movq %1, %%xmm3\n\t"
			 "mov $20000, %%ecx\n"
			 "1: dec %%ecx\n\t"
			 "jnz 1b\n\t"
			 "movq %%xmm3, %0"
			 : "=r"(seen)
			 : "r"(mine)
			 : "rcx", "cc");
	return seen;
}

/* The same with the upper half of one of AVX. */
static unsigned long keep_avx(unsigned long mine)
{
	unsigned long seen;
	__asm__ volatile("vmovq %1, %%xmm3\n\t"
			 "vinsertf128 $1, %%xmm3, %%ymm3, %%ymm3\n\t"
			 "mov $20000, %%ecx\n"
			 "1: dec %%ecx\n\t"
			 "jnz 1b\n\t"
			 "vextractf128 $1, %%ymm3, %%xmm4\n\t"
			 "vmovq %%xmm4, %0"
			 : "=r"(seen)
			 : "r"(mine)
			 : "rcx", "cc");
	return seen;
}

/* Burns with a number of its own in the vector registers; nobody else's may be seen there. Where
 * ring 3 runs on the bare processor it has AVX, whatever the monitor has configured. */
static int burn_vectors(unsigned long mine, unsigned long turns)
{
	enum { OSXSAVE_AND_AVX = 3 << 27 };
	uint32_t features[4];
	cpu_identify(1, features);
	bool has_avx = (features[2] & OSXSAVE_AND_AVX) == OSXSAVE_AND_AVX;
	while (turns--) {
		if (keep_sse(mine) != mine || (has_avx && keep_avx(~mine) != ~mine))
			return 1;
	}
	return 0;
}

static void end(const char *how)
{
	char stack[16], *code = stack;
	__asm__ volatile("movb $0xc3, (%0)" : "+r"(code) : : "memory"); /* ret */
	if (text_equal(how, "null"))
		*(volatile char *)0 = 1;
	else if (text_equal(how, "text"))
		*(volatile char *)0x400000 = 1;
	else if (text_equal(how, "kernel"))
		initialised[0] = *(volatile char *)kernel_address;
	else if (text_equal(how, "jump"))
		((void (*)(void))kernel_address)();
	else if (text_equal(how, "stack"))
		((void (*)(void))(unsigned long)code)();
	else if (text_equal(how, "gate-write"))
		*(volatile char *)GATE = 1;
	else if (text_equal(how, "gate-forged"))
		__asm__ volatile("mov $-1, %%rcx; shr $1, %%rcx; mov $39, %%eax; jmp *%0"
				 :
				 : "d"((long)GATE));
	else if (text_equal(how, "noncanonical"))
		*(volatile char *)0x8000000000000000 = 1;
	else if (text_equal(how, "hlt"))
		__asm__ volatile("hlt");
	else if (text_equal(how, "cli"))
		__asm__ volatile("cli");
	else if (text_equal(how, "port"))
		__asm__ volatile("outl %%eax, %%dx" : : "a"(0), "d"(0x50c));
	else if (text_equal(how, "cr3"))
		__asm__ volatile("mov %0, %%cr3" : : "r"(0x1000UL));
	else if (text_equal(how, "ud2"))
		__asm__ volatile("ud2");
	else if (text_equal(how, "divide"))
		__asm__ volatile("xor %%ecx, %%ecx; div %%ecx" : : : "rax", "rcx", "rdx");
	else if (text_equal(how, "breakpoint"))
		__asm__ volatile("int3");
	else if (text_equal(how, "recursion"))
		recurse(10000);
	else if (text_equal(how, "kill"))
		call2(__NR_kill, call0(__NR_getpid), 9);
}

int inside_main(int argc, char **argv, char **env)
{
	uint64_t mine = 0, turns = 0;
	const char *rest;
	(void)env;
	if (argc < 2)
		return 2;
	writer_init(&out, FD_STDOUT);
	if (text_equal(argv[1], "calls"))
		return calls();
	if (text_equal(argv[1], "deep"))
		return recurse(500), 0;
	if (text_equal(argv[1], "vectors") && argc == 4 && text_number(argv[2], &mine, &rest) &&
	    text_number(argv[3], &turns, &rest))
		return burn_vectors(mine, turns);
	end(argv[1]);
	return 3; /* it should not have come here */
}
