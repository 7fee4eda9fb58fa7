#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# isolab-kernel-fetch DIRECTORY: gets the distribution's kernel for virtual machines with the
# distribution's own tool and unpacks it to DIRECTORY/PACKAGE, installing nothing. The boot file and
# its modules are all that is kept.
set -eu
directory=$1

fail() {
	printf 'isolab: kernel fetch: %s\nhint: %s\n' "$1" "$2" >&2
	exit 125
}

# The package behind the name that always means the newest one.
newest_of() {
	apt-cache depends "$1" 2>/dev/null |
		sed -n 's/.*Depends: *\(linux-image-[0-9][^ ]*\).*/\1/p' | head -n 1
}

fetch_debian() {
	package=''
	for name in linux-image-cloud-amd64 linux-image-kvm linux-image-virtual \
		linux-image-amd64; do
		package=$(newest_of "$name")
		[ -n "$package" ] && break
	done
	[ -n "$package" ] ||
		fail "apt knows no kernel for virtual machines" "sudo apt-get update, then again"
	[ -e "$directory/$package" ] && return
	(cd "$work" && apt-get download "$package" >apt.log 2>&1) ||
		fail "apt-get download $package failed: $(tail -n 1 "$work/apt.log")" \
			"is there a network? sudo apt-get update renews what apt knows"
	dpkg-deb -x "$work"/*.deb "$work/unpacked" || fail "cannot unpack $package" "try again"
}

mkdir -p "$directory" || fail "cannot make $directory" "is there room, and may you write there?"
work=$(mktemp -d "$directory/.fetch-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
	fetch_debian
else
	fail "only apt is known to it in this version" \
		"unpack your distribution's kernel to $directory/NAME/boot/vmlinuz-VERSION"
fi
if [ -d "$work/unpacked" ]; then
	rm -rf "$work/unpacked/usr"
	mv "$work/unpacked" "$directory/$package"
	echo "fetched $package to $directory/$package"
else
	echo "$package is there already, in $directory/$package"
fi
