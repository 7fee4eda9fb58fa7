// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The default profile of a container. The kernel has more than 350 system calls; an ordinary
 * program needs these. What is not here is mostly about the machine (modules, clocks, swap),
 * about other namespaces, or young and often part of a kernel's last security fix (io_uring,
 * userfaultfd, bpf). See syscalls(2).
 */
#include "seccomp_table.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#ifndef TIOCLINUX
#define TIOCLINUX 0x541C
#endif

static const struct seccomp_group groups[] = {
    {.name = "files: read and write",
     .why = "what every program does",
     .is_allowed = true,
     .calls = "read write readv writev pread64 pwrite64 preadv pwritev preadv2@4.6 "
	      "pwritev2@4.6 lseek _llseek sendfile sendfile64 splice tee vmsplice "
	      "copy_file_range@4.5 readahead fadvise64 fsync fdatasync sync syncfs "
	      "sync_file_range fallocate ftruncate ftruncate64 truncate truncate64 "
	      "cachestat@6.5=451"},
    {.name = "files: names and directories",
     .why = "open, list, make, rename, remove, within what the mounts allow",
     .is_allowed = true,
     .calls = "open openat openat2@5.6 creat close close_range@5.9 access faccessat "
	      "faccessat2@5.8 stat fstat lstat newfstatat statx@4.11 statfs fstatfs getdents "
	      "getdents64 getcwd chdir fchdir mkdir mkdirat rmdir rename renameat "
	      "renameat2@3.15 link linkat symlink symlinkat readlink readlinkat unlink "
	      "unlinkat mknod mknodat chmod fchmod fchmodat fchmodat2@6.6=452 chown fchown "
	      "lchown fchownat umask utime utimes utimensat futimesat name_to_handle_at"},
    {.name = "files: attributes, locks, change notices",
     .why = "shells, editors and databases use them",
     .is_allowed = true,
     .calls = "getxattr lgetxattr fgetxattr setxattr lsetxattr fsetxattr listxattr llistxattr "
	      "flistxattr removexattr lremovexattr fremovexattr getxattrat@6.13=464 "
	      "setxattrat@6.13=463 listxattrat@6.13=465 removexattrat@6.13=466 flock fcntl "
	      "fcntl64 inotify_init inotify_init1 inotify_add_watch inotify_rm_watch"},
    {.name = "descriptors and waiting",
     .why = "pipes, polling, timers and events as descriptors",
     .is_allowed = true,
     .calls = "dup dup2 dup3 pipe pipe2 poll ppoll select pselect6 epoll_create epoll_create1 "
	      "epoll_ctl epoll_wait epoll_pwait epoll_pwait2@5.11 eventfd eventfd2 signalfd "
	      "signalfd4 timerfd_create timerfd_settime timerfd_gettime memfd_create@3.17 "
	      "ioctl"},
    {.name = "memory",
     .why = "a program's own address space",
     .is_allowed = true,
     .calls =
	 "brk mmap mmap2 munmap mremap mprotect madvise mincore msync mlock mlock2@4.4 "
	 "munlock mlockall munlockall remap_file_pages membarrier@4.3 pkey_alloc@4.9 pkey_free@4.9 "
	 "pkey_mprotect@4.9 map_shadow_stack@6.6=453 mseal@6.10=462"},
    {.name = "processes: begin and end",
     .why = "fork, exec, wait; which namespaces clone may ask for is a rule below",
     .is_allowed = true,
     .calls = "fork vfork clone execve execveat@3.19 exit exit_group wait4 waitid waitpid "
	      "restart_syscall set_tid_address set_robust_list get_robust_list rseq@4.18 "
	      "prctl arch_prctl personality set_thread_area get_thread_area pidfd_open@5.3 "
	      "pidfd_send_signal@5.1"},
    {.name = "processes: who am I",
     .why = "numbers, users, groups and sessions of its own namespaces",
     .is_allowed = true,
     .calls = "getpid gettid getppid getpgid getpgrp getsid setpgid setsid getuid geteuid "
	      "getgid getegid getresuid getresgid getgroups setuid setgid setreuid setregid "
	      "setresuid setresgid setfsuid setfsgid setgroups capget capset"},
    {.name = "processes: share of the machine",
     .why = "priorities and limits; they can only be lowered without privilege",
     .is_allowed = true,
     .calls = "getpriority setpriority nice getrlimit ugetrlimit setrlimit prlimit64 "
	      "getrusage times sched_yield sched_getaffinity sched_setaffinity sched_getparam "
	      "sched_setparam sched_getscheduler sched_setscheduler sched_get_priority_max "
	      "sched_get_priority_min sched_rr_get_interval sched_getattr@3.14 "
	      "sched_setattr@3.14 ioprio_get ioprio_set getcpu"},
    {.name = "threads",
     .why = "what mutexes and condition variables are made of",
     .is_allowed = true,
     .calls = "futex futex_waitv@5.16 futex_time64 futex_wake@6.7=454 futex_wait@6.7=455 "
	      "futex_requeue@6.7=456"},
    {.name = "signals",
     .why = "to processes of its own pid namespace",
     .is_allowed = true,
     .calls = "kill tkill tgkill rt_sigaction rt_sigprocmask rt_sigpending rt_sigqueueinfo "
	      "rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sigaltstack "
	      "sigreturn pause alarm"},
    {.name = "time: read and wait",
     .why = "reading clocks; setting them is the machine's business",
     .is_allowed = true,
     .calls = "time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep "
	      "getitimer setitimer timer_create timer_delete timer_getoverrun timer_gettime "
	      "timer_settime"},
    {.name = "network",
     .why = "sockets within its own network namespace; which families is a rule below",
     .is_allowed = true,
     .calls = "socket socketpair bind connect listen accept accept4 getsockname getpeername "
	      "getsockopt setsockopt shutdown send recv sendto recvfrom sendmsg recvmsg "
	      "sendmmsg@3.0 recvmmsg"},
    {.name = "System V and POSIX messages",
     .why = "objects of its own ipc namespace",
     .is_allowed = true,
     .calls = "shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv "
	      "msgctl mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr"},
    {.name = "asynchronous input and output",
     .why = "the old, small interface; io_uring is not here",
     .is_allowed = true,
     .calls = "io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents@4.18"},
    {.name = "questions about the system",
     .why = "answers that programs adapt to",
     .is_allowed = true,
     .calls = "uname sysinfo getrandom@3.17"},
    {.name = "walls of its own",
     .why = "a program may lock itself in further, never out",
     .is_allowed = true,
     .calls = "seccomp@3.17 landlock_create_ruleset@5.13 landlock_add_rule@5.13 "
	      "landlock_restrict_self@5.13"},
    {.name = "clone3",
     .why = "its flags lie in memory, where a filter cannot look: libc falls back to clone",
     .calls = "clone3@5.3",
     .error = ENOSYS},
    {.name = "other namespaces and mounts",
     .why = "would build new walls inside, with all privileges there, and open much of the kernel",
     .calls = "unshare setns@3.0 mount umount umount2 pivot_root move_mount@5.2 open_tree@5.2 "
	      "open_tree_attr@6.15=467 fsopen@5.2 fsconfig@5.2 fsmount@5.2 fspick@5.2 "
	      "mount_setattr@5.12",
     .opened_by = SECCOMP_BY(CAP_SYS_ADMIN)},
    {.name = "change of root",
     .why = "the first step of a classic way out of a chroot",
     .calls = "chroot",
     .opened_by = SECCOMP_BY(CAP_SYS_CHROOT)},
    {.name = "files by handle",
     .why = "opens a file by its number, past the directories that lead there",
     .calls = "open_by_handle_at",
     .opened_by = SECCOMP_BY(CAP_DAC_READ_SEARCH)},
    {.name = "other processes' memory",
     .why = "a debugger's calls: not needed to run, and a classic way in",
     .calls = "ptrace process_vm_readv@3.2 process_vm_writev@3.2 process_madvise@5.10 "
	      "process_mrelease@5.15 kcmp@3.5 pidfd_getfd@5.6",
     .opened_by = SECCOMP_BY(CAP_SYS_PTRACE)},
    {.name = "memory of far processors",
     .why = "where pages lie on big machines: rarely asked for, often at fault",
     .calls = "move_pages migrate_pages mbind get_mempolicy set_mempolicy "
	      "set_mempolicy_home_node@5.17",
     .opened_by = SECCOMP_BY(CAP_SYS_NICE)},
    {.name = "kernel modules",
     .why = "code of one's own inside the kernel",
     .calls = "init_module finit_module@3.8 delete_module create_module query_module "
	      "get_kernel_syms",
     .opened_by = SECCOMP_BY(CAP_SYS_MODULE)},
    {.name = "restart of the machine",
     .why = "there is one, and it belongs to everybody on it",
     .calls = "reboot kexec_load kexec_file_load@3.17",
     .opened_by = SECCOMP_BY(CAP_SYS_BOOT)},
    {.name = "setting the clock",
     .why = "everybody on the machine reads the same one",
     .calls = "settimeofday stime clock_settime clock_adjtime adjtimex",
     .opened_by = SECCOMP_BY(CAP_SYS_TIME)},
    {.name = "ports of the machine",
     .why = "speaks to devices past the kernel",
     .calls = "iopl ioperm",
     .opened_by = SECCOMP_BY(CAP_SYS_RAWIO)},
    {.name = "the kernel's log",
     .why = "addresses and names of the host",
     .calls = "syslog",
     .opened_by = SECCOMP_BY(CAP_SYSLOG)},
    {.name = "accounts of the machine",
     .why = "swap, quotas, accounting, the names of the host: its administrator's",
     .calls = "swapon swapoff quotactl quotactl_fd@5.14 acct sethostname setdomainname "
	      "vhangup lookup_dcookie nfsservctl",
     .opened_by = SECCOMP_BY(CAP_SYS_ADMIN)},
    {.name = "segments of the processor",
     .why = "for programs of 16 bits; often a fault of the kernel",
     .calls = "modify_ldt"},
    {.name = "kernel keys",
     .why = "keyrings are not fully separated by namespaces",
     .calls = "keyctl add_key request_key"},
    {.name = "programs for the kernel",
     .why = "run inside the kernel itself, on all that passes there",
     .calls = "bpf@3.18",
     .opened_by = SECCOMP_BY(CAP_BPF) | SECCOMP_BY(CAP_SYS_ADMIN)},
    {.name = "counters of the processor",
     .why = "measure other programs, and have been a way into them",
     .calls = "perf_event_open",
     .opened_by = SECCOMP_BY(CAP_PERFMON) | SECCOMP_BY(CAP_SYS_ADMIN)},
    {.name = "watching the file system",
     .why = "learns of, and may hold up, what others open",
     .calls = "fanotify_init fanotify_mark",
     .opened_by = SECCOMP_BY(CAP_SYS_ADMIN)},
    {.name = "big young interfaces",
     .why = "each a large part of the kernel, and of its security fixes",
     .calls = "userfaultfd@4.3 io_uring_setup@5.1 io_uring_enter@5.1 io_uring_register@5.1 "
	      "memfd_secret@5.14"},
    {.name = "too young for this list",
     .why = "no program needs them yet: they are told that there is no such call",
     .calls = "statmount@6.8=457 listmount@6.8=458 lsm_get_self_attr@6.8=459 "
	      "lsm_set_self_attr@6.8=460 lsm_list_modules@6.8=461 file_getattr@6.17=468 "
	      "file_setattr@6.17=469",
     .error = ENOSYS},
    {.name = "old and empty",
     .why = "no C library makes them any more, and most kernels have no code behind them",
     .calls = "uselib ustat sysfs _sysctl getpmsg putpmsg afs_syscall "
	      "tuxcall security vserver epoll_ctl_old epoll_wait_old",
     .is_empty = true,
     .error = ENOSYS},
    {0},
};

static const struct seccomp_rule rules[] = {
    {.call = "clone",
     .why = "no new namespaces from inside",
     .argument = 0,
     .test = SECCOMP_HAS_ANY_BIT_OF,
     .values = {CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
		CLONE_NEWPID | CLONE_NEWNET},
     .count = 1,
     .error = EPERM,
     .opened_by = SECCOMP_BY(CAP_SYS_ADMIN)},
    {.call = "ioctl",
     .why = "typing into the terminal of another (TIOCSTI, CVE-2017-5226)",
     .argument = 1,
     .test = SECCOMP_IS_ONE_OF,
     .values = {TIOCSTI, TIOCLINUX},
     .count = 2,
     .error = EPERM},
    {.call = "personality",
     .why = "only the harmless ones: others switch address randomisation off",
     .argument = 0,
     .test = SECCOMP_IS_ONE_OF,
     .values = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff},
     .count = 5,
     .is_allowed_if_true = true,
     .error = EPERM},
    {.call = "prctl",
     .why = "the worker's death must be ours: nobody inside may cancel the signal",
     .argument = 0,
     .test = SECCOMP_IS_ONE_OF,
     .values = {PR_SET_PDEATHSIG, PR_SET_MM},
     .count = 2,
     .error = EPERM},
    {.call = "socket",
     .why =
	 "local, IPv4, IPv6, netlink; raw packets and rare families are much code, little tested",
     .argument = 0,
     .test = SECCOMP_IS_ONE_OF,
     .values = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET},
     .count = 4,
     .is_allowed_if_true = true,
     .error = EAFNOSUPPORT,
     .opened_by = SECCOMP_BY(CAP_NET_RAW),
     .opened_count = 5},
    {0},
};

const struct seccomp_profile seccomp_profile_container = {.groups = groups, .rules = rules};
