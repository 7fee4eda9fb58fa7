// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The default profile of a container. The kernel has more than 350 system calls; an ordinary
 * program needs these. What is not here is mostly about the machine (modules, clocks, swap),
 * about other namespaces, or young and often part of a kernel's last security fix (io_uring,
 * userfaultfd, bpf). See syscalls(2).
 */
#include "seccomp_table.h"

#include <errno.h>
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
     .calls =
	 "read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek _llseek "
	 "sendfile sendfile64 splice tee vmsplice copy_file_range readahead fadvise64 fsync "
	 "fdatasync sync syncfs sync_file_range fallocate ftruncate ftruncate64 truncate "
	 "truncate64"},
    {.name = "files: names and directories",
     .why = "open, list, make, rename, remove, within what the mounts allow",
     .is_allowed = true,
     .calls =
	 "open openat openat2 creat close close_range access faccessat faccessat2 stat fstat lstat "
	 "newfstatat statx statfs fstatfs getdents getdents64 getcwd chdir fchdir mkdir mkdirat "
	 "rmdir "
	 "rename renameat renameat2 link linkat symlink symlinkat readlink readlinkat unlink "
	 "unlinkat "
	 "mknod mknodat chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat umask utime "
	 "utimes utimensat futimesat name_to_handle_at"},
    {.name = "files: attributes, locks, change notices",
     .why = "shells, editors and databases use them",
     .is_allowed = true,
     .calls =
	 "getxattr lgetxattr fgetxattr setxattr lsetxattr fsetxattr listxattr llistxattr "
	 "flistxattr "
	 "removexattr lremovexattr fremovexattr flock fcntl fcntl64 inotify_init inotify_init1 "
	 "inotify_add_watch inotify_rm_watch"},
    {.name = "descriptors and waiting",
     .why = "pipes, polling, timers and events as descriptors",
     .is_allowed = true,
     .calls =
	 "dup dup2 dup3 pipe pipe2 poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl "
	 "epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4 timerfd_create "
	 "timerfd_settime timerfd_gettime memfd_create"},
    {.name = "memory",
     .why = "a program's own address space",
     .is_allowed = true,
     .calls = "brk mmap mmap2 munmap mremap mprotect madvise mincore msync mlock mlock2 munlock "
	      "mlockall "
	      "munlockall membarrier pkey_alloc pkey_free pkey_mprotect map_shadow_stack"},
    {.name = "processes: begin and end",
     .why = "fork, exec, wait; which namespaces clone may ask for is a rule below",
     .is_allowed = true,
     .calls = "fork vfork execve execveat exit exit_group wait4 waitid waitpid restart_syscall "
	      "set_tid_address set_robust_list get_robust_list rseq arch_prctl set_thread_area "
	      "get_thread_area pidfd_open pidfd_send_signal"},
    {.name = "processes: who am I",
     .why = "numbers, users, groups and sessions of its own namespaces",
     .is_allowed = true,
     .calls = "getpid gettid getppid getpgid getpgrp getsid setpgid setsid getuid geteuid getgid "
	      "getegid "
	      "getresuid getresgid getgroups setuid setgid setreuid setregid setresuid setresgid "
	      "setfsuid setfsgid setgroups capget capset"},
    {.name = "processes: share of the machine",
     .why = "priorities and limits; they can only be lowered without privilege",
     .is_allowed = true,
     .calls =
	 "getpriority setpriority nice getrlimit ugetrlimit setrlimit prlimit64 getrusage times "
	 "sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_setparam "
	 "sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min "
	 "sched_rr_get_interval sched_getattr sched_setattr ioprio_get ioprio_set getcpu"},
    {.name = "threads",
     .why = "what mutexes and condition variables are made of",
     .is_allowed = true,
     .calls = "futex futex_waitv futex_time64 futex_wake futex_wait futex_requeue"},
    {.name = "signals",
     .why = "to processes of its own pid namespace",
     .is_allowed = true,
     .calls =
	 "kill tkill tgkill rt_sigaction rt_sigprocmask rt_sigpending rt_sigqueueinfo rt_sigreturn "
	 "rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sigaltstack sigreturn pause alarm"},
    {.name = "time: read and wait",
     .why = "reading clocks; setting them is the machine's business",
     .is_allowed = true,
     .calls = "time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep getitimer "
	      "setitimer "
	      "timer_create timer_delete timer_getoverrun timer_gettime timer_settime"},
    {.name = "network",
     .why = "sockets within its own network namespace; which families is a rule below",
     .is_allowed = true,
     .calls = "socketpair bind connect listen accept accept4 getsockname getpeername getsockopt "
	      "setsockopt "
	      "shutdown send recv sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg"},
    {.name = "System V and POSIX messages",
     .why = "objects of its own ipc namespace",
     .is_allowed = true,
     .calls = "shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv "
	      "msgctl mq_open "
	      "mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr"},
    {.name = "asynchronous input and output",
     .why = "the old, small interface; io_uring is not here",
     .is_allowed = true,
     .calls = "io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents"},
    {.name = "questions about the system",
     .why = "answers that programs adapt to",
     .is_allowed = true,
     .calls = "uname sysinfo getrandom seccomp landlock_create_ruleset landlock_add_rule "
	      "landlock_restrict_self"},
    {.name = "clone3",
     .why = "its flags lie in memory, where a filter cannot look: libc falls back to clone",
     .calls = "clone3",
     .error = ENOSYS},
    {.name = "other namespaces and mounts",
     .why = "would build new walls inside, with all privileges there, and open much of the kernel",
     .calls = "unshare setns mount umount umount2 pivot_root chroot move_mount open_tree fsopen "
	      "fsconfig "
	      "fsmount fspick mount_setattr open_by_handle_at"},
    {.name = "other processes' memory",
     .why = "a debugger's calls: not needed to run, and a classic way in",
     .calls = "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp "
	      "pidfd_getfd "
	      "move_pages migrate_pages mbind get_mempolicy set_mempolicy set_mempolicy_home_node"},
    {.name = "the machine",
     .why = "there is one, and it belongs to everybody on it",
     .calls =
	 "reboot kexec_load kexec_file_load init_module finit_module delete_module create_module "
	 "query_module settimeofday stime clock_settime clock_adjtime adjtimex swapon swapoff "
	 "sethostname setdomainname iopl ioperm modify_ldt syslog acct quotactl quotactl_fd "
	 "lookup_dcookie nfsservctl vhangup"},
    {.name = "kernel keys",
     .why = "keyrings are not fully separated by namespaces",
     .calls = "keyctl add_key request_key"},
    {.name = "big young interfaces",
     .why = "each a large part of the kernel, and of its security fixes",
     .calls = "bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register "
	      "fanotify_init fanotify_mark memfd_secret"},
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
     .error = EPERM},
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
     .values = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK},
     .count = 4,
     .is_allowed_if_true = true,
     .error = EAFNOSUPPORT},
    {0},
};

const struct seccomp_profile seccomp_profile = {.groups = groups, .rules = rules};
