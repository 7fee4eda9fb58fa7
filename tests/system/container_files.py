#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container sees as files: image, writable layer, volumes, started by root and by an
ordinary user, and images made to lead their builder astray."""
import os
import shutil
import socket
import stat
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import (BUILD, ORDINARY_USER, Lab, Skip, check, expect,  # noqa: E402
                     expect_refusal, run_suite)

IS_USER = "--user" in sys.argv


def make_lab():
    """A lab as root, or, with --user, as somebody else."""
    lab = Lab("container")
    if IS_USER:
        lab.become_user()
    return lab


def run(lab, *words, options=(), **more):
    return lab.isolab("run", "container", *options, "--", *words, **more)


def shell(lab, script, *options, **more):
    return run(lab, "sh", "-c", script, options=options, **more)


def give(lab, path):
    """Makes what lies at path the property of who starts the sandboxes."""
    if lab.wrap:
        subprocess.run(["chown", "-hR", f"{ORDINARY_USER}:{ORDINARY_USER}", path], check=True)
    return path


def directory(lab, name, **files):
    """A directory of the host with these files. Its path."""
    path = os.path.join(lab.scratch, name)
    os.mkdir(path)
    for file, text in files.items():
        with open(os.path.join(path, file), "w", encoding="utf-8") as out:
            out.write(text)
    return give(lab, path)


def make_image(lab, name="image", without=()):
    """A small image, the user's own. Its path."""
    image = os.path.join(lab.scratch, name)
    for folder in {"bin", "proc", "sys", "dev", "tmp", "run", "etc"} - set(without):
        os.makedirs(os.path.join(image, folder))
    shutil.copy(os.path.join(BUILD, "images", "base", "bin", "busybox"), os.path.join(image, "bin"))
    for applet in ("sh", "ls", "cat", "stat", "id", "grep", "touch", "mount"):
        os.symlink("busybox", os.path.join(image, "bin", applet))
    return give(lab, image)


def snapshot(path):
    """All that is below path: names, kinds, sizes, owners, links."""
    seen = {}
    for folder, folders, files in os.walk(path):
        for name in folders + files:
            found = os.lstat(os.path.join(folder, name))
            link = os.readlink(os.path.join(folder, name)) if stat.S_ISLNK(found.st_mode) else ""
            size = found.st_size if stat.S_ISREG(found.st_mode) else 0
            seen[os.path.join(folder, name)] = (found.st_mode, size, found.st_uid, link)
    return seen


def mount_flags(lab, target, *options):
    """The flags of what is mounted inside at target."""
    told = expect(shell(lab, f"grep ' {target} ' /proc/mounts", *options)).out
    return told.splitlines()[-1].split()[3].split(",")


# ---- image ----

def test_image(lab):
    """a directory tree becomes the root, read-only, with a /dev, /proc, /sys, /tmp of its own"""
    image = make_image(lab)
    before = snapshot(image)
    done = expect(shell(lab, "echo x >/f; echo x >/tmp/f && echo x >/run/f && echo x >/dev/shm/f &&"
                        "cat /tmp/f; [ -c /dev/null ] && [ -e /proc/1 ] && [ -e /sys/class ] &&"
                        "ls /", "--image", image), out="x")
    check("Read-only file system" in done.err and "busybox" not in done.out, done)
    check({"ro", "nosuid", "nodev"} <= set(mount_flags(lab, "/", "--image", image)))
    check(snapshot(image) == before, "the image was changed")


def test_image_link(lab):
    """an image that is itself a link is followed; a file, a missing or a foreign one is refused"""
    image = make_image(lab)
    link = os.path.join(lab.scratch, "link")
    os.symlink(image, link)
    expect(run(lab, "sh", "-c", "echo fine", options=["--image", link]), out="fine")
    for bad, told in ((os.path.join(image, "bin", "busybox"), "not a directory"),
                      (os.path.join(lab.scratch, "gone"), "no such file"),
                      ("/" + "n" * 300 + "/" + "m" * 300, "too long")):
        expect_refusal(run(lab, "true", options=["--image", bad]), 125, told)
    if IS_USER:
        os.chmod(lab.scratch, 0o755)
        secret = os.path.join(lab.scratch, "secret")
        shutil.copytree(image, os.path.join(secret, "image"), symlinks=True)
        os.chmod(secret, 0o700)
        os.chown(secret, 0, 0)
        expect_refusal(run(lab, "true", options=["--image", secret + "/image"]), 125, "permission")


def test_image_without_directories(lab):
    """a directory that the image lacks is named; --overlay makes it"""
    for name in ("proc", "sys", "dev", "tmp", "run"):
        image = make_image(lab, "without-" + name, without=[name])
        done = run(lab, "sh", "-c", "echo alive", options=["--image", image])
        expect_refusal(done, 125, "/" + name)
        check("alive" not in done.out and "--overlay" in done.err, done)
        expect(shell(lab, f"ls -d /{name} && echo alive", "--image", image, "--overlay"),
               out="alive")


def test_image_of_all(lab):
    """the host's own root can be the image, with all that is mounted in it, and is not written"""
    done = expect(run(lab, "/bin/sh", "-c", "echo alive; ls /proc | grep -c '^[0-9]'; touch /bin/x",
                      options=["--image", "/"]), status=1, out="alive")
    check(int(done.out.split()[1]) < 5 and "ead-only" in done.err, done)


def test_owner(lab):
    """files of who started it are root's inside, and nobody else's are"""
    image = make_image(lab)
    told = expect(shell(lab, "stat -c %u:%g /bin/busybox; stat -c %u /proc/version", "--image",
                        image)).out.split()
    check(told == ["0:0", "65534"], told)


# ---- hostile images ----

def test_hostile_links(lab):
    """a link in place of /proc, /sys, /dev, /tmp, /run is refused, nothing outside is touched"""
    victim = directory(lab, "victim", null="untouched", f="untouched")
    os.chmod(victim, 0o777)
    for name in ("proc", "sys", "dev", "tmp", "run"):
        for target in (victim, "../victim", "../../../../.." + victim, "/etc", "bin"):
            image = make_image(lab, "hostile", without=[name])
            os.symlink(target, os.path.join(image, name))
            before = snapshot(lab.scratch)
            for options in ([], ["--overlay"]):
                done = run(lab, "sh", "-c", "echo alive", options=["--image", image, *options])
                check(done.status == 125 and "alive" not in done.out and "/" + name in done.err,
                      name, target, done)
            after = {path: what for path, what in snapshot(lab.scratch).items()
                     if not path.startswith(os.path.join(lab.runtime, "isolab"))}
            check(after.items() <= before.items(), name, target)
            shutil.rmtree(image)


def test_hostile_etc(lab):
    """an /etc that leads away: what is put there stays inside, and nothing outside is read"""
    victim = directory(lab, "victim", hosts="untouched", passwd="user:x:7:7::/:/bin/sh\n")
    os.chmod(victim, 0o777)
    before = snapshot(victim)
    for target in (victim, "../../../../.." + victim):
        image = make_image(lab, "hostile", without=["etc"])
        os.symlink(target, os.path.join(image, "etc"))
        for options in ([], ["--overlay"], ["--volume", "/etc/hosts:/etc/hosts:ro"]):
            done = shell(lab, "cat /etc/hosts; echo alive", "--image", image, "--network", "host",
                         *options)
            check("untouched" not in done.out and "alive" in done.out, done)
        done = run(lab, "id", options=["--image", image, "--user", "user"])
        check(done.status == 125 and not done.out, "the host's passwd was read", done)
        check(snapshot(victim) == before, "something outside was touched")
        shutil.rmtree(image)


def test_hostile_kinds(lab):
    """a file, a fifo or a socket in place of a directory is refused by name"""
    for name in ("proc", "sys", "dev", "tmp", "run"):
        for kind in ("file", "fifo", "socket"):
            image = make_image(lab, "hostile", without=[name])
            path = os.path.join(image, name)
            if kind == "fifo":
                os.mkfifo(path)
            elif kind == "socket":
                here = os.getcwd()
                os.chdir(image)
                socket.socket(socket.AF_UNIX).bind(name)
                os.chdir(here)
            else:
                with open(path, "w", encoding="ascii"):
                    pass
            done = run(lab, "sh", "-c", "echo alive", options=["--image", image])
            check(done.status == 125 and "alive" not in done.out and "/" + name in done.err, done)
            shutil.rmtree(image)


def test_hostile_dev(lab):
    """whatever the image has in its own /dev, ours lies on top, with a terminal, too"""
    image = make_image(lab)
    for name in ("null", "console", "pts", "shm", "tty", "ptmx", "mqueue", "fd"):
        os.symlink("/etc/passwd", os.path.join(image, "dev", name))
    os.mkfifo(os.path.join(image, "dev", "zero"))
    os.mkdir(os.path.join(image, "dev", "full"))
    with open(os.path.join(image, "etc", "passwd"), "w", encoding="ascii") as file:
        file.write("root:x:0:0:root:/:/bin/sh\n")
    before = snapshot(image)
    for options in ([], ["-t"], ["--overlay"]):
        expect(shell(lab, "echo x >/dev/null; [ -c /dev/null ] && [ -c /dev/zero ] && "
                     "[ -c /dev/full ] && cat /etc/passwd", "--image", image, *options),
               out="^root:x:0:0:root:/:/bin/sh\\s*$")
    check(snapshot(image) == before, "the image was changed")


def test_prepared_dev(lab):
    """our own image with other things in its /dev: a fresh one covers them"""
    place = os.path.join(lab.scratch, "own")
    shutil.copytree(os.path.join(BUILD, "images"), os.path.join(place, "images"), symlinks=True)
    for program in ("isolab", "isolab-container"):
        shutil.copy(os.path.join(os.path.dirname(lab.isolab_path), program), place)
    lab.isolab_path = os.path.join(give(lab, place), "isolab")
    dev = os.path.join(place, "images", "base", "dev")
    script = "[ -c /dev/null ] && [ -c /dev/tty ] && echo x >/dev/shm/f && echo alive"
    expect(shell(lab, script, "-t"), out="alive")
    for name in ("random", "null"):
        os.unlink(os.path.join(dev, name))
        expect(shell(lab, script), out="alive")
        os.symlink("../../../../victim", os.path.join(dev, name))
        expect(shell(lab, script, "-t"), out="alive")
    check(not os.path.exists(os.path.join(place, "victim")))


# ---- the writable layer ----

def test_overlay(lab):
    """--overlay: all of the root can be written, changes vanish, exec sees them"""
    script = ("echo a >/new && echo b >/etc/new && mkdir -p /usr/local/x && rm -r /etc/hostname && "
              "! [ -e /etc/hostname ] && cat /new /etc/new && ls -d /usr/local/x")
    expect(shell(lab, script, "--overlay"), out="a\nb\n/usr/local/x")
    lab.create("demo", "--overlay", "--", "sh", "-c", "echo told >/new; exec isolab-work idle")
    expect(lab.isolab("exec", "demo", "--", "sh", "-c",
                      "while ! [ -s /new ]; do :; done; cat /new; echo more >/etc/more"),
           out="told")
    expect(lab.isolab("exec", "demo", "--", "cat", "/etc/more"), out="more")
    expect(shell(lab, "ls /new /etc/more", "--overlay"), status=1)
    check(not os.path.exists(os.path.join(BUILD, "images", "base", "new")))


def test_overlay_is_bounded(lab):
    """the layer is in memory and has an end"""
    done = expect(shell(lab, "df -k / | tail -n 1", "--overlay"))
    check(int(done.out.split()[1]) <= 1 << 20, done)


def test_overlay_of_own_image(lab):
    """a writable layer over an own image leaves the image as it was"""
    image = make_image(lab)
    before = snapshot(image)
    expect(shell(lab, "echo x >>/bin/sh; echo y >/bin/new && touch /etc/f && cat /bin/new",
                 "--image", image, "--overlay"), out="y")
    check(snapshot(image) == before, "the image was changed")


# ---- tmpfs and volumes ----

def test_tmpfs(lab):
    """--tmpfs: an empty directory of the size that was asked for, also where the image has none"""
    done = expect(shell(lab, "df -k /scratch | tail -n 1; echo x >/scratch/f; echo y >/deep/er/f;"
                        "cat /scratch/f /deep/er/f; touch /f",
                        "--tmpfs", "/scratch:4M", "--tmpfs", "/deep/er"), status=1)
    check(done.out.split()[1] == "4096" and done.out.endswith("x\ny\n"), done)
    check({"nosuid", "nodev"} <= set(mount_flags(lab, "/mnt", "--tmpfs", "/mnt")))


def test_volume(lab):
    """--volume: a directory both ways, made inside where it is missing, the root still read-only"""
    work = directory(lab, "work", told="hello\n")
    expect(shell(lab, "cat /a/b/told; echo new >/a/b/new; touch /x", "--volume", work + ":/a/b"),
           status=1, out="hello")
    with open(os.path.join(work, "new"), encoding="ascii") as file:
        check(file.read() == "new\n")
    owner = os.stat(os.path.join(work, "new")).st_uid
    check(owner == (ORDINARY_USER if IS_USER else 0), owner)
    flags = mount_flags(lab, "/work", "--volume", work + ":/work")
    check({"rw", "nosuid", "nodev"} <= set(flags), flags)


def test_volume_read_only(lab):
    """a volume with :ro cannot be written, whatever is mounted in it; a file neither"""
    work = directory(lab, "work", told="hello\n")
    done = expect(shell(lab, "cat /work/told /tmp/one; echo x >/work/new; echo x >/tmp/one",
                        "--volume", work + ":/work:ro", "--volume", work + "/told:/tmp/one:ro"),
                  status=1, out="hello\nhello")
    check(done.err.count("Read-only") == 2 and os.listdir(work) == ["told"], done)
    if IS_USER:
        return
    inner = os.path.join(work, "inner")
    os.mkdir(inner)
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", 'mount -t tmpfs inner "$0" && exec "$@"', inner,
         *lab.command(["run", "container", "--volume", work + ":/work:ro", "--", "sh", "-c",
                       "echo x >/work/inner/f"])],
        env=lab.environment, capture_output=True, text=True, check=False)
    check(done.returncode == 1 and "Read-only" in done.stderr, done)


def test_volume_of_a_file(lab):
    """a single file can be a volume: what is written to it is written outside"""
    work = directory(lab, "work", told="hello\n")
    expect(shell(lab, "echo more >>/etc/hostname; cat /etc/hostname", "--volume",
                 work + "/told:/etc/hostname"), out="hello\nmore")
    with open(os.path.join(work, "told"), encoding="ascii") as file:
        check(file.read() == "hello\nmore\n")


def test_volume_link(lab):
    """a link as source is followed as who started it; one inside stays inside"""
    work = directory(lab, "work", told="hello\n")
    os.symlink("work", os.path.join(lab.scratch, "link"))
    expect(shell(lab, "cat /mnt/told", "-v", os.path.join(lab.scratch, "link") + ":/mnt"),
           out="hello")
    image = make_image(lab)
    victim = directory(lab, "victim", f="untouched")
    for name, target in (("away", victim), ("up", "../../../../.." + victim), ("var", "/run"),
                         ("magic", "/proc/1/root")):
        os.symlink(target, os.path.join(image, name))
    for place in ("/away", "/up", "/up/x", "/var/x", "/../../x", "/run/../up/y"):
        expect(shell(lab, f"cat {place}/told; echo x >{place}/x", "--image", image,
                     "-v", f"{work}:{place}"), out="hello")
        check(sorted(os.listdir(victim)) == ["f"], place)
        os.unlink(os.path.join(work, "x"))
    done = run(lab, "sh", "-c", "echo alive", options=["--image", image, "-v", work + ":/magic"])
    check(done.status == 125 and "/magic" in done.err, done)


def test_volume_refused(lab):
    """what cannot be a volume, or no place for one, is named with a hint, and nothing is made"""
    work = directory(lab, "work", f="x")
    bad = ((work + "/gone:/x", "gone"), (work + ":/proc/x", "/proc"), (work + ":/sys", "/sys"),
           (work + ":/dev/shm", "/dev"), (work + ":/x/../dev", "/dev"),
           (work + ":/../proc", "/proc"), (work + "/f:/tmp", "directory"),
           (work + ":/etc/passwd", "no directory"), (work + "/f/g:/x", "not a directory"),
           (work + ":/bin/busybox/x", "/bin/busybox/x"), ("/" + "n" * 300 + ":/x", "too long"),
           (work + ":/" + "n" * 300, "too long"))
    for volume, told in bad:
        done = run(lab, "sh", "-c", "echo alive", options=["--volume", volume])
        check(done.status == 125 and "alive" not in done.out, volume, done)
        check(told.lower() in done.err.lower() and "hint: " in done.err, volume, done)
    if IS_USER:
        secret = os.path.join(lab.scratch, "secret")
        os.mkdir(secret, 0o700)
        expect_refusal(run(lab, "true", options=["--volume", secret + "/x:/x"]), 125, "permission")


def test_volumes_many(lab):
    """as many volumes as there may be, and one too many; a path of nearly 4096 bytes"""
    work = directory(lab, "work", told="hello\n")
    options = [word for i in range(62) for word in ("-v", f"{work}:/run/v{i}:ro")]
    expect(shell(lab, "cat /run/v61/told", *options), out="hello")
    expect_refusal(run(lab, "true", options=[*options, "-v", work + ":/run/v62"]), 125, "too many")
    deep = "/tmp" + "/d" * 200
    expect(shell(lab, f"cat {deep}/told", "-v", f"{work}:{deep}"), out="hello")
    done = run(lab, "true", options=["-v", f"{work}:/tmp" + "/d" * 2040])
    check(done.status == 125 and "too long" in done.err and "hint: at most" in done.err, done)


def test_volume_set_uid(lab):
    """a program with the s bit, and a device, are nothing in a volume"""
    work = directory(lab, "work")
    shutil.copy(os.path.join(BUILD, "images", "base", "bin", "busybox"), work)
    os.chown(os.path.join(work, "busybox"), 1, 1)
    os.chmod(os.path.join(work, "busybox"), 0o6755)
    done = expect(shell(lab, "/work/busybox id -u; /work/busybox id -g", "--no-nnp", "--no-caps",
                        "-v", work + ":/work"))
    check(done.out.split() == ["0", "0"], done)
    os.mknod(os.path.join(work, "null"), 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    expect(shell(lab, "echo x >/work/null", "-v", work + ":/work"), status=1, err="ermission")


def test_volume_owner(lab):
    """what root writes into somebody's volume belongs to that somebody, never to the host's root"""
    if IS_USER:
        raise Skip("an ordinary user maps no ids on a mount")
    work = directory(lab, "work", mine="x", roots="y")
    for name in ("", "mine"):
        os.chown(os.path.join(work, name), 1234, 2345)
    done = expect(shell(lab, "stat -c %u:%g /work/mine /work/roots; echo x >/work/new; "
                        "chown 7:8 /work/mine; echo x >>/work/roots", "-v", work + ":/work"),
                  status=1)
    if "maps no ids" in done.err:
        raise Skip("this kernel or file system has no idmapped mounts")
    check(done.out.split() == ["0:0", "65534:65534"], done)
    new, mine = (os.stat(os.path.join(work, name)) for name in ("new", "mine"))
    check((new.st_uid, new.st_gid) == (1234, 2345), new)
    check((mine.st_uid, mine.st_gid) == (7, 8), mine)


def test_network_host_names(lab):
    """in the host's network names are found as on the host"""
    with open("/etc/hosts", encoding="utf-8") as file:
        hosts = file.read()
    done = expect(shell(lab, "cat /etc/hosts; echo x >/etc/hosts", "--network", "host"), status=1)
    check(done.out == hosts, done)
    if not os.path.exists("/etc/resolv.conf"):
        return
    with open("/etc/resolv.conf", encoding="utf-8") as file:
        servers = file.read()
    image = make_image(lab)
    os.symlink("../run/systemd/resolve/stub.conf", os.path.join(image, "etc", "resolv.conf"))
    done = shell(lab, "cat /etc/resolv.conf", "--image", image, "--network", "host")
    check(done.status == 0 and done.out == servers, "a link to what is only made when needed", done)


def main():
    if IS_USER and os.geteuid() != 0:
        raise SystemExit(77)
    cases = [case for name, case in globals().items() if name.startswith("test_")]
    run_suite(cases, make_lab, prefix="as an ordinary user: " if IS_USER else "")


if __name__ == "__main__":
    main()
