#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab network: sandboxes that see each other, and nothing else.

All of it happens on a host of the test's own (network_lab.py). `--user` tries the same as an
ordinary user.
"""
import os
import re
import select
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import PATIENCE, Skip, check, expect, expect_refusal, run_suite  # noqa: E402
from network_lab import (FOLDERS, IP, Connection, NetworkLab, socket_on, wait_end,  # noqa: E402
                         wait_for)


def make_lab():
    return NetworkLab()


def test_own_interface(lab):
    """a sandbox of the lab has lo and eth0, with an address of the lab"""
    lab.make("one")
    told = lab.inside("one", "ip", "-o", "addr")
    check(set(re.findall(r"^\d+: (\S+)", told, re.M)) == {"lo", "eth0"}, told)
    check(re.search(r"eth0 +inet 10\.88\.77\.5/24", told), told)


def test_names(lab):
    """sandboxes find each other by name, by name.lab and by host name"""
    lab.make("web", "sh", "-c", "echo told >/tmp/index.html; exec httpd -f -p 80 -h /tmp",
             options=["--hostname", "shop"])
    lab.make("reader")
    for name in ("web", "web.lab", "shop", "WEB"):
        check(lab.inside("reader", "wget", "-qO-", f"http://{name}/") == "told\n", name)
    told = lab.inside("reader", "nslookup", lab.address("web"))
    check("name = web.lab" in told, told)


def test_ping(lab):
    """ping finds a neighbour by name, without any capability for it"""
    lab.make("one")
    lab.make("two")
    for name in ("one", "one.lab", "gateway", "10.88.77.5", "two", "localhost"):
        check("1 asked, 1 answered" in lab.inside("two", "ping", "-c", "1", name), name)
    lost = lab.isolab("exec", "two", "--", "ping", "-c1", "nobody")
    expect(lost, 1, err="nobody knows that name")


def test_latecomer(lab):
    """who comes later is found, who has gone is not"""
    lab.make("first")
    check(lab.shell("first", "nslookup second").status != 0, "nobody yet")
    lab.make("second")
    expect(lab.shell("first", "nslookup second"))
    expect(lab.isolab("rm", "-f", "second"))
    wait_for("second is gone", lambda: lab.shell("first", "nslookup second").status != 0)


def test_foreign_names(lab):
    """without a way out a foreign name is unknown at once, and an address unreachable"""
    lab.make("one")
    start = time.monotonic()
    told = lab.shell("one", "nslookup example.org; ip route; nc -w 9 203.0.113.9 80")
    check("NXDOMAIN" in told.out and "default" not in told.out, told)
    check("unreachable" in told.err and time.monotonic() - start < 5, told)


def test_exec_and_user(lab):
    """a program that joins later is in the same network, whatever user it is"""
    lab.make("one")
    check("10.88.77.5" in lab.inside("one", "ip", "addr"), "exec")
    told = expect(lab.isolab("run", "container", "--network", "lab", "--overlay", "--", "sh", "-c",
                             "echo 127.0.0.1 me >>/tmp/hosts; nslookup one")).out
    check("10.88.77.5" in told, told)


def test_limits(lab):
    """a sandbox of the lab can be limited, too"""
    told = expect(lab.isolab("run", "container", "--network", "lab", "--pids", "9", "--memory",
                             "64M", "--", "nslookup", "gateway"))
    check("10.88.77.1" in told.out, told)


def test_gone_with_the_last(lab):
    """the holder is one for all, and gone with the last sandbox"""
    lab.make("one")
    lab.make("two")
    keepers = lab.holders()
    check(len(keepers) == 1, keepers)
    expect(lab.isolab("rm", "-f", "one"))
    check(lab.holders() == keepers, "stays for two")
    expect(lab.isolab("rm", "-f", "two"))
    wait_end(keepers[0])
    check(not os.path.exists(lab.directory(".lab")), "its directory is gone")


def test_same_address_again(lab):
    """who comes back under the same name has the same address"""
    for name in ("one", "two", "three"):
        lab.make(name)
    before = lab.address("two")
    expect(lab.isolab("rm", "-f", "two"))
    lab.make("four")
    check(lab.address("four") != before, "an address that was never used comes first")
    lab.make("two")
    check(lab.address("two") == before, before)


def holder_killed(lab, pid):
    expect(lab.isolab("exec", "one", "--", "true"))
    os.kill(pid, signal.SIGKILL)
    wait_end(pid)
    wait_for("a note in the journal",
             lambda: any("lab network is gone" in event.get("value", "")
                         for event in lab.events("one")))
    wait_for("eth0 is gone", lambda: "eth0" not in lab.inside("one", "ip", "link"))
    lab.make("two")
    check(lab.address("two") == "10.88.77.5", "a new lab")
    expect(lab.isolab("exec", "one", "--", "true"))


def test_holder_killed(lab):
    """kill -9 of the holder: sandboxes go on with a note, the next one starts a new lab"""
    lab.make("one")
    holder_killed(lab, lab.holder())


def test_keeper_killed(lab):
    """kill -9 of the keeper: the same"""
    lab.make("one")
    holder_killed(lab, lab.holders()[0])


def test_keeper_ended(lab):
    """SIGTERM to the keeper leaves nothing"""
    lab.make("one")
    keeper = lab.holders()[0]
    os.kill(keeper, signal.SIGTERM)
    wait_end(keeper)
    check(not os.path.exists(lab.directory(".lab")), os.listdir(lab.directory()))


def test_worker_killed(lab):
    """kill -9 of a worker gives its place back"""
    lab.make("one")
    lab.make("two")
    os.kill(lab.row("two")["pid"], signal.SIGKILL)
    lab.wait_dead("two")
    wait_for("two is gone", lambda: lab.shell("one", "nslookup two").status != 0)


def test_left_over_is_swept(lab):
    """what a killed keeper leaves behind is swept by the next command"""
    lab.make("one")
    lab.isolab("stop", "--time", "0", "one")
    keeper = lab.holders()
    if keeper:
        os.kill(keeper[0], signal.SIGKILL)
        wait_end(keeper[0])
    expect(lab.isolab("ps"))
    check(not os.path.exists(lab.directory(".lab")), os.listdir(lab.directory()))


def test_eight_at_once(lab):
    """eight that start at once share one holder and have eight addresses"""
    words = ["--network", "lab", "--", "sh", "-c", "ip -4 -o addr show eth0; nslookup eight7"]
    started = [lab.start("run", "container", "--name", f"eight{i}", *words) for i in range(8)]
    told = [program.communicate(timeout=PATIENCE) for program in started]
    addresses = [re.search(r"inet (\S+)/24", out)[1] for out, _ in told]
    check(len(set(addresses)) == 8, addresses)


def test_front_killed(lab):
    """kill -9 of a foreground run leaves no place, no cable, no process"""
    program = lab.start("run", "container", "--name", "front", "--network", "lab", "--",
                        "isolab-work", "idle")
    wait_for("it runs", lambda: (lab.row("front") or {}).get("state") == "running")
    keeper = lab.holders()[0]
    program.kill()
    program.wait()
    wait_end(keeper)


def test_holder_is_walled_in(lab):
    """who parses what strangers send has a filter, two capabilities, and no file in sight"""
    lab.make("one")
    pid = lab.holder()
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        told = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    check(told["Seccomp"] == "2" and told["NoNewPrivs"] == "1", told)
    check(bin(int(told["CapPrm"], 16)).count("1") == 2, told["CapPrm"])
    check(told["Uid"].split()[0] != "0", "it is not the host's root", told["Uid"])
    check(set(os.listdir(f"/proc/{pid}/root")) <= {"tun"}, "an empty root")
    for fd in os.listdir(f"/proc/{pid}/fd"):
        target = os.readlink(f"/proc/{pid}/fd/{fd}")
        check(target == "/dev/null" or not target.startswith("/"), "no way to files", target)


def test_restrictions(lab):
    """nobody inside changes addresses, sees the bridge, or reaches the host's localhost"""
    server = socket_on(lab.host, "127.0.0.1", 8099)
    lab.make("one")
    told = lab.shell("one", "ip addr add 10.88.77.99/24 dev eth0; ip link set eth0 down; ip link; "
                            "for a in 127.0.0.1 10.88.77.1 10.88.77.2; do "
                            "nc -w 2 $a 8099 </dev/null && echo REACHED; done; true")
    check(told.err.count("not permitted") >= 2 or told.err.count("denied") >= 2, told)
    check("lab" not in told.out and "REACHED" not in told.out, told)
    server.close()


def test_hostile_questions(lab):
    """packets that are no questions harm nobody"""
    lab.make("one")
    for packet in ("", r"\0", r"\0\1\1\0\0\1\0\0\0\0\0\0",
                   r"\0\1\1\0\0\1\0\0\0\0\0\0\300\14\0\1\0\1",
                   r"\0\1\1\0\377\377\0\0\0\0\0\0\77web\0\0\1\0\1",
                   r"\0\1\201\200\0\1\0\1\0\0\0\0\3one\0\0\1\0\1"):
        lab.shell("one", f"printf '{packet}' | nc -u -w 1 10.88.77.1 53")
    lab.shell("one", "head -c 60000 /dev/urandom | nc -u -w 1 10.88.77.1 53")
    check("10.88.77.5" in lab.inside("one", "nslookup", "one"), "answers still")


def test_hostile_messages(lab):
    """messages that are none harm nobody, and other namespaces are refused"""
    lab.make("one")
    for bytes_sent in (b"", b"x", b"\0" * 4096, os.urandom(705)):
        connection = lab.connect()
        connection.socket.send(bytes_sent)
        check(connection.is_dropped(), bytes_sent[:20])
    connection = lab.connect()
    check(connection.ask(Connection.ATTACH)[0] == Connection.ERROR, "attach before join")
    check(connection.ask(Connection.JOIN, b"../evil")[0] == Connection.ERROR, "a bad name")
    check(connection.ask(Connection.JOIN, b"spy")[0] == Connection.JOINED, "a good name")
    kind, text, _ = connection.ask(Connection.ATTACH)
    check(kind == Connection.ERROR, text)
    for path in (f"/proc/{lab.host.process.pid}/ns/net", "/dev/null"):
        fd = os.open(path, os.O_RDONLY)
        kind, text, _ = connection.ask(Connection.ATTACH, fds=[fd])
        check(kind == Connection.ERROR and "enter the sandbox" in text, path, text)
        os.close(fd)
    check("10.88.77.5" in lab.inside("one", "nslookup", "one"), "answers still")


def test_full(lab):
    """the 251st sandbox is told that the lab is full"""
    lab.make("one")
    connections = [lab.connect() for _ in range(249)]
    for number, connection in enumerate(connections):
        check(connection.ask(Connection.JOIN, b"n%d" % number)[0] == Connection.JOINED, number)
    last = lab.connect()
    kind, text, _ = last.ask(Connection.JOIN, b"last")
    check(kind == Connection.ERROR and "full" in text, text)
    refused = lab.isolab("create", "container", "late", "--network", "lab")
    expect(refused, 125, err="the lab network is full")
    for connection in connections + [last]:
        connection.socket.close()
    lab.isolab("rm", "-f", "late")


def test_no_lab_without_its_bricks(lab):
    """--network lab with --no-ns network or user, or of a process, is refused with a hint"""
    for words in ("container --no-ns network", "container --no-ns user", "process"):
        refused = lab.isolab("run", *words.split(), "--network", "lab", "--", "true")
        expect_refusal(refused, 2, "network lab")


def test_told(lab):
    """the timeline tells the address, inspect who else is there"""
    lab.make("one")
    lab.make("two")
    steps = [event for event in lab.events("two") if event["kind"] == "step"]
    told = next(step["detail"] for step in steps if step["name"] == "network")
    check("10.88.77.6/24" in told and "nothing leads outside" in told, told)
    seen = expect(lab.isolab("inspect", "two", "--json")).json()["lab"]
    check(seen["address"] == "10.88.77.6" and seen["gateway"] == "10.88.77.1", seen)
    check({peer["name"] for peer in seen["peers"]} == {"one", "two"}, seen)


def test_tap(lab):
    """a machine's cable: a tap on the bridge is passed, and the bridge answers through it"""
    if not os.path.exists("/dev/net/tun"):
        raise Skip("no /dev/net/tun")
    lab.make("one")
    connection = lab.connect()
    check(connection.ask(Connection.JOIN, b"machine")[0] == Connection.JOINED, "join")
    kind, text, fds = connection.ask(Connection.TAP)
    check(kind == Connection.OK and len(fds) == 1, text)
    own = b"\x02iob\x00\x06"
    question = (b"\xff" * 6 + own + b"\x08\x06" + b"\0\1\x08\0\6\4\0\1" + own
                + bytes([10, 88, 77, 6]) + b"\0" * 6 + bytes([10, 88, 77, 5]))
    head = b"\0" * 10  # of IFF_VNET_HDR
    os.write(fds[0], head + question)
    deadline, answer = time.monotonic() + 5, b""
    while answer[22:24] != b"\x08\x06" or answer[30:32] != b"\0\2":
        check(select.select([fds[0]], [], [], deadline - time.monotonic())[0], "an answer")
        answer = os.read(fds[0], 2048)
    check(answer[32:38] == b"\x02iob\x00\x05", answer.hex())
    os.close(fds[0])


OUTSIDE = r"""
set -e
$IP link add world type veth peer name eth0 netns $HOST_PID
$IP addr add 203.0.113.9/24 dev world
$IP link set world up
$IP link set lo up
echo ready
exec sleep 1000
"""


def leads_outside(lab, program):
    if not any(os.path.exists(os.path.join(folder, program)) for folder in FOLDERS):
        raise Skip(f"{program} is not installed")
    lab.move([program])
    world = subprocess.Popen(["unshare", "--net", "sh", "-c", OUTSIDE], stdout=subprocess.PIPE,
                             text=True, env={**os.environ, "HOST_PID": str(lab.host.process.pid),
                                        "IP": IP})
    try:
        check(world.stdout.readline() == "ready\n", "a world outside")
        lab.host.run(f"set -e; {IP} addr add 203.0.113.2/24 dev eth0; {IP} link set eth0 up; "
                     f"{IP} route add default via 203.0.113.9")
        world_host = type("", (), {"process": world})
        servers = [socket_on(world_host, "203.0.113.9", 8080),
                   socket_on(lab.host, "127.0.0.1", 8099)]
        lab.make("one")
        lab.make("two")
        for name in ("one", "two"):
            wait_for(f"{name} reaches the world",
                     lambda: lab.shell(name, "nc -w 1 203.0.113.9 8080 </dev/null").status == 0)
        for address in ("127.0.0.1", "10.88.77.1", "10.88.77.2", "203.0.113.2", "169.254.53.2"):
            closed = lab.shell("one", f"nc -w 1 {address} 8099 </dev/null")
            check(closed.status != 0, address, closed)
        told = expect(lab.isolab("inspect", "one", "--json")).json()["lab"]["uplink"]
        check(told == program, told)
        keeper = lab.holders()[0]
        with open(f"/proc/{keeper}/task/{keeper}/children", encoding="ascii") as file:
            guards = file.read().split()
        os.kill(keeper, signal.SIGKILL)
        for pid in [keeper, *map(int, guards)]:
            wait_end(pid)
        for server in servers:
            server.close()
    finally:
        world.kill()
        world.communicate()


def test_pasta(lab):
    """pasta leads outside, not to the host's localhost, and ends with the lab"""
    leads_outside(lab, "pasta")


def test_slirp4netns(lab):
    """slirp4netns leads outside, not to the host's localhost, and ends with the lab"""
    leads_outside(lab, "slirp4netns")


CASES = [value for name, value in globals().copy().items() if name.startswith("test_")]

if __name__ == "__main__":
    if os.geteuid() != 0:
        print("1..0 # SKIP only root can make a host of its own")
        sys.exit(77)
    run_suite(CASES, make_lab, "user: " if "--user" in sys.argv else "")
