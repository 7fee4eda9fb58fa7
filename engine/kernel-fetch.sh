#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# isolab-kernel-fetch DIRECTORY [PACKAGE]: gets the distribution's kernel for virtual machines, or
# the one named, with the distribution's own tool and unpacks it to DIRECTORY/PACKAGE, installing
# nothing: boot/vmlinuz-VERSION, and lib/modules/VERSION with the list of what needs what.
set -eu
umask 022
directory=$1
wanted=${2:-linux-image-cloud-amd64 linux-image-kvm linux-image-virtual linux-image-amd64}

fail() {
	printf 'isolab: kernel fetch: %s\nhint: %s\n' "$1" "$2" >&2
	exit 125
}

# The package behind a name that always means the newest one, or one that is a kernel itself.
package_of() {
	package=$(apt-cache depends "$1" 2>/dev/null |
		sed -n 's/.*Depends: *\(linux-image-[0-9][^ ]*\).*/\1/p' | head -n 1)
	[ -n "$package" ] || package=$(apt-cache show "$1" 2>/dev/null |
		sed -n 's/^Package: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
}

fetch_debian() {
	for name in $wanted; do
		package_of "$name"
		[ -n "$package" ] && break
	done
	[ -n "$package" ] ||
		fail "apt knows no kernel by the name of ${2:-linux-image-cloud-amd64}" \
			"sudo apt-get update, then again; apt-cache search linux-image lists them"
	[ -e "$directory/$package" ] && return
	(cd "$work" && apt-get download "$package" >apt.log 2>&1) ||
		fail "apt-get download $package failed: $(tail -n 1 "$work/apt.log")" \
			"is there a network? sudo apt-get update renews what apt knows"
	dpkg-deb -x "$work"/*.deb "$work/unpacked" || fail "cannot unpack $package" "try again"
}

# A package does not have modules.dep: who installs it has it made.
keep_modules() {
	if [ -d "$1/usr/lib/modules" ] && [ ! -d "$1/lib/modules" ]; then
		mkdir -p "$1/lib" && mv "$1/usr/lib/modules" "$1/lib/"
	fi
	rm -rf "${1:?}/usr"
	[ -d "$1/lib/modules" ] || fail "there is no kernel in $package" \
		"apt-cache search linux-image lists packages"
	for modules in "$1"/lib/modules/*; do
		depmod -b "$1" "${modules##*/}" ||
			fail "cannot list what modules need" "install kmod, which has depmod"
	done
}

mkdir -p "$directory" || fail "cannot make $directory" "is there room, and may you write there?"
PATH=$PATH:/usr/sbin:/sbin
work=$(mktemp -d "$directory/.fetch-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
	fetch_debian "$@"
else
	fail "only apt is known to it in this version" \
		"unpack your distribution's kernel to $directory/NAME/boot/vmlinuz-VERSION"
fi
if [ -d "$work/unpacked" ]; then
	keep_modules "$work/unpacked"
	mv "$work/unpacked" "$directory/$package"
	echo "fetched $package to $directory/$package"
else
	echo "$package is there already, in $directory/$package"
fi
