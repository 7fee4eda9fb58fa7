#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`isolab image`: what it says where something is missing or wrong, and that a build that ends
early leaves nothing. The build itself takes minutes and a network: `--build` (./dev soak)."""
import os
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import Lab, Skip, check, expect, run_suite  # noqa: E402


def use_own_cache(lab):
    """A cache of this test's own; returns where disks would be in it."""
    cache = lab.environment["XDG_CACHE_HOME"] = os.path.join(lab.scratch, "cache")
    return os.path.join(cache, "isolab", "distro")


def left_in(directory):
    return [name for name in os.listdir(directory) if name != ".lock"] \
        if os.path.isdir(directory) else []


def check_refused(ran, status, *words):
    check(ran.status == status and "hint: " in ran.err, f"status {ran.status}", ran.err)
    for word in words:
        check(word in ran.err, f"does not say '{word}'", ran.err)


def test_other_verbs(lab):
    """image: verbs of later versions are refused by name, others are not known"""
    check_refused(lab.isolab("image", "pull"), 2, "pull is not in this version", "build-distro")
    check_refused(lab.isolab("image", "frobnicate"), 2, "cannot 'frobnicate'")
    check_refused(lab.isolab("image", "build-distro", "--from", "/a", "--tarball", "/b"), 2,
                  "do not go together")


def test_list(lab):
    """image list tells size and what is stored of a disk, in a table and in JSON"""
    directory = use_own_cache(lab)
    os.makedirs(directory)
    path = os.path.join(directory, "debian-test.img")
    with open(path, "wb") as file:
        file.truncate(3 << 20)
    disk = expect(lab.isolab("image", "list", "--json")).json()["disks"][0]
    check(disk["name"] == "debian-test" and disk["size_bytes"] == 3 << 20 and
          disk["stored_bytes"] < 3 << 20 and disk["path"] == path and disk["is_chosen"], disk)
    check("debian-test" in expect(lab.isolab("image", "list")).out, "not in the table")


def test_bad_name_of_a_tarball(lab):
    """image build-distro --tarball: an ending that says nothing is refused before minutes pass"""
    directory = use_own_cache(lab)
    check_refused(lab.isolab("image", "build-distro", "--tarball", lab.scratch + "/x.zip"), 125,
                  "x.zip", ".tar.zst")
    check(not left_in(directory), "left", *left_in(directory))


def test_bad_tarball(lab):
    """image build-distro --from: a file that is gone, cut, or another tarball leaves nothing"""
    directory = use_own_cache(lab)
    gone = os.path.join(lab.scratch, "gone.tar")
    check_refused(lab.isolab("image", "build-distro", "--from", gone), 125, gone, "--tarball")
    for content in (b"not a tarball\n" * 100, None):
        path = os.path.join(lab.scratch, "bad.tar")
        with open(path, "wb") as file:
            if content:
                file.write(content)
            else:
                subprocess.run(["tar", "-C", "/etc", "-c", "hostname"], stdout=file, check=True)
        check_refused(lab.isolab("image", "build-distro", "--from", path), 125)
        check(not left_in(directory), "left", *left_in(directory))


def test_missing_program(lab):
    """image build-distro names the packages that it lacks, with the command that gets them"""
    use_own_cache(lab)
    tools = os.path.join(lab.scratch, "bin")
    os.mkdir(tools)
    for name in ("sh", "id", "sed", "grep"):
        os.symlink(f"/usr/bin/{name}", os.path.join(tools, name))
    script = os.path.join(lab.build, "isolab-image-distro")
    with open(script, encoding="utf-8") as file:
        text = file.read().replace("PATH=$PATH:/usr/sbin:/sbin", f"PATH={tools}")
    copy = os.path.join(lab.scratch, "isolab-image-distro")
    with open(copy, "w", encoding="utf-8") as file:
        file.write(text)
    ran = subprocess.run(["/bin/sh", copy, lab.scratch + "/cache", "/bin/true"], text=True,
                         capture_output=True, check=False)
    check(ran.returncode == 125 and "it needs mmdebstrap" in ran.stderr and
          "apt-get install mmdebstrap" in ran.stderr, ran.stderr)


def wait_for(claim, what):
    end = time.monotonic() + 60
    while not claim():
        check(time.monotonic() < end, what)
        os.sched_yield()


def test_interrupted(lab):
    """image build-distro that is interrupted ends with 130 and leaves nothing"""
    if os.geteuid() != 0 and not shutil.which("fakeroot"):
        raise Skip("no fakeroot, which a user's build needs")
    directory = use_own_cache(lab)
    fifo = os.path.join(lab.scratch, "endless.tar")
    os.mkfifo(fifo)
    held = os.open(fifo, os.O_RDWR)
    command = [os.path.join(lab.build, "isolab"), "image", "build-distro", "--from", fifo]
    with subprocess.Popen(command, env=lab.environment, start_new_session=True,
                          stderr=subprocess.PIPE, text=True) as build:
        wait_for(lambda: any(name.startswith(".build-") and
                             os.path.exists(os.path.join(directory, name, "tree"))
                             for name in left_in(directory)), "the build does not begin")
        second = lab.isolab("image", "build-distro", "--from", fifo)
        check_refused(second, 125, "another build is under way")
        os.killpg(build.pid, signal.SIGINT)
        build.stderr.read()
        check(build.wait() == 130, f"status {build.returncode}")
    os.close(held)
    check(not left_in(directory), "left", *left_in(directory))


def test_build(lab):
    """image build-distro makes a disk and a tarball, and another disk of the tarball alone"""
    if "--build" not in sys.argv:
        raise Skip("takes minutes and a network: ./dev soak")
    directory = use_own_cache(lab)
    tarball = os.path.join(lab.scratch, "distro.tar.gz")
    expect(lab.isolab("image", "build-distro", "--tarball", tarball))
    made = left_in(directory)
    check(len(made) == 1 and made[0].endswith(".img"), "left", *made)
    os.unlink(os.path.join(directory, made[0]))
    expect(lab.isolab("image", "build-distro", "--from", tarball))
    check(left_in(directory) == made, "left", *left_in(directory))


if __name__ == "__main__":
    run_suite([case for name, case in list(globals().items()) if name.startswith("test_")], Lab)
