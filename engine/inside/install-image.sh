#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs the built image. Usage: install-image.sh SOURCE TARGET (below DESTDIR, which meson
# passes).
set -eu
target=${DESTDIR:-}$2
mkdir -p "$(dirname "$target")"
rm -rf "$target"
cp -a --no-preserve=ownership "$1" "$target"
