# SPDX-License-Identifier: GPL-3.0-or-later
"""What the suites that drive the real programs share: a lab of their own, terminals, TAP.

A suite is a list of functions; each one's docstring is its claim. It gets a Lab whose runtime
directory is new and its own, and after it nothing of that lab may be left: the suite is the
subreaper of all it starts (prctl(2)), so even what was orphaned is found as its child.
"""
import ctypes
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("ISOLAB_BUILD", os.path.join(ROOT, "build"))
IS_SANITISED = BUILD.rstrip("/").endswith("asan")
# seconds until a case that hangs is failed; a machine that others use may take ten times its own
PATIENCE = int(os.environ.get("ISOLAB_PATIENCE", 120 if IS_SANITISED else 60))
ANSWER_PATIENCE = max(10, PATIENCE / 4)  # seconds until a terminal has to say something
ORDINARY_USER = 12345
PR_SET_CHILD_SUBREAPER = 36


class Skip(Exception):
    """Raised by a case that cannot be tried here; its text is the reason."""


class Result:
    """What a program that has ended left: status (as a shell has it), out, err."""

    def __init__(self, command, status, out, err):
        self.command, self.out, self.err = command, out, err
        self.status = 128 - status if status < 0 else status

    def __str__(self):
        shown = [text if len(text) < 900 else text[:400] + "\n[…]\n" + text[-400:]
                 for text in (self.out, self.err)]
        return f"{' '.join(self.command)} → {self.status}\nstdout: {shown[0]}\nstderr: {shown[1]}"

    def json(self):
        return json.loads(self.out)


def check(holds, *told):
    """An assertion that shows what was seen."""
    if not holds:
        raise AssertionError("\n".join(str(each) for each in told) or "does not hold")


def expect(result, status=0, out=None, err=None):
    """Checks the status, and that texts (or patterns) occur in what was printed."""
    check(result.status == status, f"status {status} expected", result)
    check(out is None or re.search(out, result.out), f"'{out}' expected on stdout", result)
    check(err is None or re.search(err, result.err), f"'{err}' expected on stderr", result)
    return result


def expect_refusal(result, status, what):
    """A mistake of the user's: one line that says what, one line of hint, nothing else."""
    expect(result, status, err=what)
    lines = result.err.strip().splitlines()
    check(len(lines) == 2 and lines[1].startswith("hint: "), "one line and a hint expected", result)


class Terminal:
    """A program on a pty of its own, with this terminal as its controlling one."""

    def __init__(self, command, environment, rows=24, columns=80):
        # a Ctrl-C that comes before the program must not meet Python's handler, which exec forgets
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        pid, self.master = pty.fork()
        if pid == 0:
            try:
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
                size = struct.pack("HHHH", rows, columns, 0, 0)
                fcntl.ioctl(0, termios.TIOCSWINSZ, size)  # before the program can ask
                os.execvpe(command[0], command, environment)
            finally:
                os._exit(127)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        self.pid, self.seen, self.status = pid, "", None

    def send(self, text):
        os.write(self.master, text.encode())

    def read(self, seconds):
        """Takes in what there is, waiting at most so long. False at the end."""
        if not select.select([self.master], [], [], max(seconds, 0))[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)

    def until(self, pattern, seconds=ANSWER_PATIENCE):
        """Reads until the pattern has been printed; forgets what came before its end."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen)):
            going = self.read(deadline - time.monotonic())
            check(time.monotonic() < deadline and (going or re.search(pattern, self.seen)),
                  f"'{pattern}' expected on the terminal, seen: {self.seen!r}")
        self.seen = self.seen[found.end():]
        return found

    def alive(self):
        """True while the program has not ended."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is None

    def end(self, seconds=ANSWER_PATIENCE):
        """Reads until the program has ended; returns its status as a shell has it."""
        deadline = time.monotonic() + seconds
        while self.alive():
            if self.read(min(deadline - time.monotonic(), 0.05)) is False:
                pidfd = os.pidfd_open(self.pid)
                select.select([pidfd], [], [], max(deadline - time.monotonic(), 0))
                os.close(pidfd)
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                raise AssertionError(f"the terminal's program did not end: {self.seen!r}")
        return 128 - self.status if self.status < 0 else self.status

    def interrupt(self, times=8):
        """Ctrl-C, and again when it is not heard: as a person does. Returns the status."""
        for _ in range(times):
            self.send("\x03")
            deadline = time.monotonic() + 0.4
            while self.alive() and time.monotonic() < deadline:
                self.read(min(0.05, deadline - time.monotonic()))
            if not self.alive():
                break
        return self.end()

    def close(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)


def copy_programs(build, place):
    """Copies what `isolab` needs to run to a folder that everybody may enter. Returns its path."""
    shutil.copytree(os.path.join(build, "images"), os.path.join(place, "images"), symlinks=True)
    for name in os.listdir(build):
        path = os.path.join(build, name)
        if name.split("-")[0] in ("isolab", "tiny") and os.path.isfile(path):
            shutil.copy(path, place)
    return os.path.join(place, "isolab")


class Lab:
    """The programs of a build, the kind under test, and a runtime directory of its own.

    `wrap` are the words of a program that runs another one in a changed world (unshare, setpriv).
    ISOLAB_PROGRAM names an installed isolab to be tried instead of the build's.
    """

    def __init__(self, kind="container", build=BUILD, wrap=()):
        self.kind, self.build, self.wrap = kind, build, list(wrap)
        self.isolab_path = os.environ.get("ISOLAB_PROGRAM", os.path.join(build, "isolab"))
        self.scratch = self.runtime = tempfile.mkdtemp(prefix="isolab-test-")
        keep = ("PATH", "LANG", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS")
        self.environment = {name: os.environ[name] for name in keep if name in os.environ}
        self.environment.update(HOME=self.scratch, TERM="xterm-256color", TMPDIR=self.scratch,
                                XDG_RUNTIME_DIR=self.scratch)
        self.options = []  # of every sandbox under test
        self.terminals, self.started = [], []

    def open_programs(self):
        """From now on the programs lie where all may go: the build may be closed to others."""
        os.chmod(self.scratch, 0o755)
        place = os.path.join(self.scratch, "programs")
        os.mkdir(place)
        self.isolab_path = copy_programs(self.build, place)

    def become_user(self):
        """From now on all is done by an ordinary user, who may not be able to enter the build."""
        self.open_programs()
        self.environment["XDG_RUNTIME_DIR"] = self.runtime = os.path.join(self.scratch, "run")
        os.mkdir(self.runtime, 0o700)
        os.chown(self.runtime, ORDINARY_USER, ORDINARY_USER)
        self.wrap = ["setpriv", f"--reuid={ORDINARY_USER}", f"--regid={ORDINARY_USER}",
                     "--clear-groups"]

    def command(self, arguments):
        return [*self.wrap, self.isolab_path, *arguments]

    def start(self, *arguments, **options):
        """Starts `isolab ARGUMENTS` and returns at once."""
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                   "stderr": subprocess.PIPE, "text": True, "env": self.environment,
                   "errors": "replace", **options}
        self.started.append(subprocess.Popen(self.command(arguments), **options))
        return self.started[-1]

    def isolab(self, *arguments, input=None, **options):
        """Runs `isolab ARGUMENTS` to its end."""
        if input is not None:
            options["stdin"] = subprocess.PIPE
        program = self.start(*arguments, **options)
        out, err = program.communicate(input, timeout=PATIENCE)
        return Result(self.command(arguments), program.returncode, out or "", err or "")

    def terminal(self, *arguments, environment=None, **options):
        """`isolab ARGUMENTS` on a pty."""
        terminal = Terminal(self.command(arguments), {**self.environment, **(environment or {})},
                            **options)
        self.terminals.append(terminal)
        return terminal

    def create(self, name, *arguments):
        """Makes and starts a sandbox of the kind under test."""
        return expect(self.isolab("create", self.kind, name, *arguments))

    def directory(self, name=""):
        return os.path.join(self.runtime, "isolab", name)

    def events(self, name):
        with open(os.path.join(self.directory(name), "events"), encoding="utf-8") as journal:
            return [json.loads(line) for line in journal]

    def row(self, name):
        """The sandbox's entry of `ps --json`."""
        rows = expect(self.isolab("ps", "--json")).json()
        return next((row for row in rows if row["name"] == name), None)

    def wait_dead(self, name):
        """Waits until the sandbox's worker is gone: then its lock is free."""
        with open(os.path.join(self.directory(name), "lock"), "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)

    def close(self):
        """Ends what still runs and says what would have been left over."""
        for terminal in self.terminals:
            terminal.close()
        for program in self.started:
            if program.poll() is None:
                program.kill()
        # before the pipes are read to their ends: what runs inside may hold them, and be stopped
        if os.path.isdir(self.directory()):
            self.isolab("rm", "-f", "--all")
        for program in self.started:
            program.communicate()
        left = wait_children()
        left += [name for name in os.listdir(self.directory())] if os.path.isdir(
            self.directory()) else []
        shutil.rmtree(self.scratch, ignore_errors=True)
        return left


def children():
    """This process's children, with those it has inherited as a subreaper."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def describe(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return f"process {pid}: " + file.read().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return f"process {pid}"


def wait_children(seconds=5):
    """Gives what is ending its time; returns what does not end, and ends that."""
    left, deadline = [], time.monotonic() + seconds
    while pids := children():
        for pid in pids:
            pidfd = os.pidfd_open(pid)
            if not select.select([pidfd], [], [], max(deadline - time.monotonic(), 0))[0]:
                left.append(describe(pid))
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(pidfd)
    return left


def run_case(case, make_lab):
    """Runs one case in a lab of its own. Returns the line of TAP that tells, without number."""
    def too_late(*_):
        raise AssertionError(f"hangs (more than {PATIENCE} s)")
    signal.signal(signal.SIGALRM, too_late)
    lab, told, left = make_lab(), None, []
    try:
        signal.alarm(PATIENCE)
        case(lab)
    except Skip as reason:
        return f"ok {{}} - {case.__doc__} # SKIP {reason}"
    except Exception as problem:  # pylint: disable=broad-except
        told = traceback.format_exc() if not isinstance(problem, AssertionError) else str(problem)
    finally:
        signal.alarm(0)
        left = lab.close()
    if told is None and left:
        told = "left over: " + "; ".join(left)
    if told is None:
        return f"ok {{}} - {case.__doc__}"
    return f"not ok {{}} - {case.__doc__}\n# " + told.replace("\n", "\n# ")


def run_suite(cases, make_lab, prefix=""):
    """Runs the cases (or those whose names the command line gives); exits with 0, 1, or 77."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    wanted = [word for word in sys.argv[1:] if word.startswith("test_")]
    cases = [case for case in cases if not wanted or case.__name__ in wanted]
    print(f"1..{len(cases)}", flush=True)
    outcomes = []
    for number, case in enumerate(cases, 1):
        line = run_case(case, make_lab).replace("{}", str(number), 1)
        outcomes.append("skip" if "# SKIP" in line else line.split()[0])
        print(re.sub(r" - ", f" - {prefix}", line, count=1), flush=True)
    if all(outcome == "skip" for outcome in outcomes):
        sys.exit(77)
    sys.exit(1 if "not" in outcomes else 0)
