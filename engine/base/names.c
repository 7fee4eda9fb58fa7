/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two tables and a look into each. strerrorname_np(3) and its like would do the same, but only the
 * GNU C library has them, and the workers may be linked with a smaller one: each C library words
 * errors in its own way, while a sentence of ours shall read the same wherever it comes from. See
 * errno(3), signal(7).
 */
#include "names.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

struct errno_entry {
	const char *name, *text;
};

static const struct errno_entry errors[] = {
    [EPERM] = {"EPERM", "operation not permitted"},
    [ENOENT] = {"ENOENT", "no such file or directory"},
    [ESRCH] = {"ESRCH", "no such process"},
    [EINTR] = {"EINTR", "interrupted system call"},
    [EIO] = {"EIO", "input/output error"},
    [ENXIO] = {"ENXIO", "no such device or address"},
    [E2BIG] = {"E2BIG", "argument list too long"},
    [ENOEXEC] = {"ENOEXEC", "exec format error"},
    [EBADF] = {"EBADF", "bad file descriptor"},
    [ECHILD] = {"ECHILD", "no child processes"},
    [EAGAIN] = {"EAGAIN", "resource temporarily unavailable"},
    [ENOMEM] = {"ENOMEM", "cannot allocate memory"},
    [EACCES] = {"EACCES", "permission denied"},
    [EFAULT] = {"EFAULT", "bad address"},
    [ENOTBLK] = {"ENOTBLK", "block device required"},
    [EBUSY] = {"EBUSY", "device or resource busy"},
    [EEXIST] = {"EEXIST", "file exists"},
    [EXDEV] = {"EXDEV", "invalid cross-device link"},
    [ENODEV] = {"ENODEV", "no such device"},
    [ENOTDIR] = {"ENOTDIR", "not a directory"},
    [EISDIR] = {"EISDIR", "is a directory"},
    [EINVAL] = {"EINVAL", "invalid argument"},
    [ENFILE] = {"ENFILE", "too many open files in system"},
    [EMFILE] = {"EMFILE", "too many open files"},
    [ENOTTY] = {"ENOTTY", "inappropriate ioctl for device"},
    [ETXTBSY] = {"ETXTBSY", "text file busy"},
    [EFBIG] = {"EFBIG", "file too large"},
    [ENOSPC] = {"ENOSPC", "no space left on device"},
    [ESPIPE] = {"ESPIPE", "illegal seek"},
    [EROFS] = {"EROFS", "read-only file system"},
    [EMLINK] = {"EMLINK", "too many links"},
    [EPIPE] = {"EPIPE", "broken pipe"},
    [EDOM] = {"EDOM", "numerical argument out of domain"},
    [ERANGE] = {"ERANGE", "numerical result out of range"},
    [EDEADLK] = {"EDEADLK", "resource deadlock avoided"},
    [ENAMETOOLONG] = {"ENAMETOOLONG", "file name too long"},
    [ENOLCK] = {"ENOLCK", "no locks available"},
    [ENOSYS] = {"ENOSYS", "function not implemented"},
    [ENOTEMPTY] = {"ENOTEMPTY", "directory not empty"},
    [ELOOP] = {"ELOOP", "too many levels of symbolic links"},
    [ENOMSG] = {"ENOMSG", "no message of desired type"},
    [EIDRM] = {"EIDRM", "identifier removed"},
    [ECHRNG] = {"ECHRNG", "channel number out of range"},
    [EL2NSYNC] = {"EL2NSYNC", "level 2 not synchronized"},
    [EL3HLT] = {"EL3HLT", "level 3 halted"},
    [EL3RST] = {"EL3RST", "level 3 reset"},
    [ELNRNG] = {"ELNRNG", "link number out of range"},
    [EUNATCH] = {"EUNATCH", "protocol driver not attached"},
    [ENOCSI] = {"ENOCSI", "no CSI structure available"},
    [EL2HLT] = {"EL2HLT", "level 2 halted"},
    [EBADE] = {"EBADE", "invalid exchange"},
    [EBADR] = {"EBADR", "invalid request descriptor"},
    [EXFULL] = {"EXFULL", "exchange full"},
    [ENOANO] = {"ENOANO", "no anode"},
    [EBADRQC] = {"EBADRQC", "invalid request code"},
    [EBADSLT] = {"EBADSLT", "invalid slot"},
    [EBFONT] = {"EBFONT", "bad font file format"},
    [ENOSTR] = {"ENOSTR", "device not a stream"},
    [ENODATA] = {"ENODATA", "no data available"},
    [ETIME] = {"ETIME", "timer expired"},
    [ENOSR] = {"ENOSR", "out of streams resources"},
    [ENONET] = {"ENONET", "machine is not on the network"},
    [ENOPKG] = {"ENOPKG", "package not installed"},
    [EREMOTE] = {"EREMOTE", "object is remote"},
    [ENOLINK] = {"ENOLINK", "link has been severed"},
    [EADV] = {"EADV", "advertise error"},
    [ESRMNT] = {"ESRMNT", "srmount error"},
    [ECOMM] = {"ECOMM", "communication error on send"},
    [EPROTO] = {"EPROTO", "protocol error"},
    [EMULTIHOP] = {"EMULTIHOP", "multihop attempted"},
    [EDOTDOT] = {"EDOTDOT", "RFS specific error"},
    [EBADMSG] = {"EBADMSG", "bad message"},
    [EOVERFLOW] = {"EOVERFLOW", "value too large for defined data type"},
    [ENOTUNIQ] = {"ENOTUNIQ", "name not unique on network"},
    [EBADFD] = {"EBADFD", "file descriptor in bad state"},
    [EREMCHG] = {"EREMCHG", "remote address changed"},
    [ELIBACC] = {"ELIBACC", "can not access a needed shared library"},
    [ELIBBAD] = {"ELIBBAD", "accessing a corrupted shared library"},
    [ELIBSCN] = {"ELIBSCN", ".lib section in a.out corrupted"},
    [ELIBMAX] = {"ELIBMAX", "attempting to link in too many shared libraries"},
    [ELIBEXEC] = {"ELIBEXEC", "cannot exec a shared library directly"},
    [EILSEQ] = {"EILSEQ", "invalid or incomplete multibyte or wide character"},
    [ERESTART] = {"ERESTART", "interrupted system call should be restarted"},
    [ESTRPIPE] = {"ESTRPIPE", "streams pipe error"},
    [EUSERS] = {"EUSERS", "too many users"},
    [ENOTSOCK] = {"ENOTSOCK", "socket operation on non-socket"},
    [EDESTADDRREQ] = {"EDESTADDRREQ", "destination address required"},
    [EMSGSIZE] = {"EMSGSIZE", "message too long"},
    [EPROTOTYPE] = {"EPROTOTYPE", "protocol wrong type for socket"},
    [ENOPROTOOPT] = {"ENOPROTOOPT", "protocol not available"},
    [EPROTONOSUPPORT] = {"EPROTONOSUPPORT", "protocol not supported"},
    [ESOCKTNOSUPPORT] = {"ESOCKTNOSUPPORT", "socket type not supported"},
    [EOPNOTSUPP] = {"EOPNOTSUPP", "operation not supported"},
    [EPFNOSUPPORT] = {"EPFNOSUPPORT", "protocol family not supported"},
    [EAFNOSUPPORT] = {"EAFNOSUPPORT", "address family not supported by protocol"},
    [EADDRINUSE] = {"EADDRINUSE", "address already in use"},
    [EADDRNOTAVAIL] = {"EADDRNOTAVAIL", "cannot assign requested address"},
    [ENETDOWN] = {"ENETDOWN", "network is down"},
    [ENETUNREACH] = {"ENETUNREACH", "network is unreachable"},
    [ENETRESET] = {"ENETRESET", "network dropped connection on reset"},
    [ECONNABORTED] = {"ECONNABORTED", "software caused connection abort"},
    [ECONNRESET] = {"ECONNRESET", "connection reset by peer"},
    [ENOBUFS] = {"ENOBUFS", "no buffer space available"},
    [EISCONN] = {"EISCONN", "transport endpoint is already connected"},
    [ENOTCONN] = {"ENOTCONN", "transport endpoint is not connected"},
    [ESHUTDOWN] = {"ESHUTDOWN", "cannot send after transport endpoint shutdown"},
    [ETOOMANYREFS] = {"ETOOMANYREFS", "too many references: cannot splice"},
    [ETIMEDOUT] = {"ETIMEDOUT", "connection timed out"},
    [ECONNREFUSED] = {"ECONNREFUSED", "connection refused"},
    [EHOSTDOWN] = {"EHOSTDOWN", "host is down"},
    [EHOSTUNREACH] = {"EHOSTUNREACH", "no route to host"},
    [EALREADY] = {"EALREADY", "operation already in progress"},
    [EINPROGRESS] = {"EINPROGRESS", "operation now in progress"},
    [ESTALE] = {"ESTALE", "stale file handle"},
    [EUCLEAN] = {"EUCLEAN", "structure needs cleaning"},
    [ENOTNAM] = {"ENOTNAM", "not a XENIX named type file"},
    [ENAVAIL] = {"ENAVAIL", "no XENIX semaphores available"},
    [EISNAM] = {"EISNAM", "is a named type file"},
    [EREMOTEIO] = {"EREMOTEIO", "remote I/O error"},
    [EDQUOT] = {"EDQUOT", "disk quota exceeded"},
    [ENOMEDIUM] = {"ENOMEDIUM", "no medium found"},
    [EMEDIUMTYPE] = {"EMEDIUMTYPE", "wrong medium type"},
    [ECANCELED] = {"ECANCELED", "operation canceled"},
    [ENOKEY] = {"ENOKEY", "required key not available"},
    [EKEYEXPIRED] = {"EKEYEXPIRED", "key has expired"},
    [EKEYREVOKED] = {"EKEYREVOKED", "key has been revoked"},
    [EKEYREJECTED] = {"EKEYREJECTED", "key was rejected by service"},
    [EOWNERDEAD] = {"EOWNERDEAD", "owner died"},
    [ENOTRECOVERABLE] = {"ENOTRECOVERABLE", "state not recoverable"},
    [ERFKILL] = {"ERFKILL", "operation not possible due to RF-kill"},
    [EHWPOISON] = {"EHWPOISON", "memory page has hardware error"},
};

static const char *const signals[] = {
    [SIGHUP] = "SIGHUP",       [SIGINT] = "SIGINT",       [SIGQUIT] = "SIGQUIT",
    [SIGILL] = "SIGILL",       [SIGTRAP] = "SIGTRAP",     [SIGABRT] = "SIGABRT",
    [SIGBUS] = "SIGBUS",       [SIGFPE] = "SIGFPE",       [SIGKILL] = "SIGKILL",
    [SIGUSR1] = "SIGUSR1",     [SIGSEGV] = "SIGSEGV",     [SIGUSR2] = "SIGUSR2",
    [SIGPIPE] = "SIGPIPE",     [SIGALRM] = "SIGALRM",     [SIGTERM] = "SIGTERM",
    [SIGSTKFLT] = "SIGSTKFLT", [SIGCHLD] = "SIGCHLD",     [SIGCONT] = "SIGCONT",
    [SIGSTOP] = "SIGSTOP",     [SIGTSTP] = "SIGTSTP",     [SIGTTIN] = "SIGTTIN",
    [SIGTTOU] = "SIGTTOU",     [SIGURG] = "SIGURG",       [SIGXCPU] = "SIGXCPU",
    [SIGXFSZ] = "SIGXFSZ",     [SIGVTALRM] = "SIGVTALRM", [SIGPROF] = "SIGPROF",
    [SIGWINCH] = "SIGWINCH",   [SIGPOLL] = "SIGPOLL",     [SIGPWR] = "SIGPWR",
    [SIGSYS] = "SIGSYS",
};

static const struct errno_entry *find(int code)
{
	const size_t count = sizeof(errors) / sizeof(errors[0]);
	return code > 0 && (size_t)code < count && errors[code].name ? &errors[code] : NULL;
}

const char *name_of_errno(int code)
{
	const struct errno_entry *entry = find(code);
	return entry ? entry->name : NULL;
}

const char *text_of_errno(int code)
{
	const struct errno_entry *entry = find(code);
	return entry ? entry->text : "unknown error";
}

const char *name_of_signal(int signal_number)
{
	const size_t count = sizeof(signals) / sizeof(signals[0]);
	return signal_number > 0 && (size_t)signal_number < count ? signals[signal_number] : NULL;
}
