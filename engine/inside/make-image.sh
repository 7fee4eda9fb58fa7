#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes the default image "base" in DIRECTORY: the
# distribution's static busybox under all its names, and our three programs. Nothing is downloaded.
# Usage: make-image.sh DIRECTORY BUSYBOX WORK PROBE PING VERSION STAMP
set -eu
directory=$1 busybox=$2 work=$3 probe=$4 ping=$5 version=$6 stamp=$(realpath -m "$7")

rm -rf "$directory.new"
mkdir -p "$directory.new"
cd "$directory.new"
mkdir bin etc proc sys dev dev/pts dev/shm dev/mqueue tmp run root home var usr mnt opt srv work
chmod 0755 . bin etc proc sys dev dev/pts dev/shm dev/mqueue run home var usr mnt opt srv work root
chmod 1777 tmp

# Places that a container's devices are bound onto (container/dev.c).
for node in null zero full random urandom tty console; do
	: >"dev/$node"
	chmod 0666 "dev/$node"
done
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr

cp "$busybox" bin/busybox
cp "$work" bin/isolab-work
cp "$probe" bin/isolab-probe
cp "$ping" bin/ping
chmod 0755 bin/busybox bin/isolab-work bin/isolab-probe bin/ping
# The same program as in the VM, so that `run KIND -- true` compares walls, not programs.
ln bin/isolab-work bin/true
ln bin/isolab-work bin/false
"$busybox" --list | while read -r applet; do
	[ -e "bin/$applet" ] || ln -s busybox "bin/$applet"
done
ln -s ../bin usr/bin
ln -s ../bin usr/sbin
ln -s bin sbin

printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >etc/passwd
printf 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n' >etc/group
printf 'isolab\n' >etc/hostname
printf '127.0.0.1 localhost\n::1 localhost\n' >etc/hosts
: >etc/resolv.conf
cat >etc/os-release <<END
NAME="isolab base"
PRETTY_NAME="isolab base $version"
ID=isolab
VERSION_ID=$version
END
# The same sources make the same image: no time of ours in it.
find . -exec touch -h -d @0 {} +

cd /
rm -rf "$directory.old"
if [ -e "$directory" ]; then
	mv "$directory" "$directory.old"
fi
mv "$directory.new" "$directory"
rm -rf "$directory.old"
: >"$stamp"
