#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0

# A root file system with only PROGRAMS: ci/image_root.sh DIRECTORY PROGRAM...
#
# The programs go to /usr/bin, stripped; if PROGRAM.optimized exists, it replaces PROGRAM. Shared libraries that they load are copied
# to the same path. So are the authorities of ca-certificates, an unnamed user, and the entries of Debian's package database for
# the libraries and for the archives that were linked in, which vulnerability scanners read. A program is in the bin folder of its
# ninja build.
set -euo pipefail
root=$1
shift
mkdir -p "$root"/{usr/bin,etc/ssl/certs,tmp,var/lib/dpkg/status.d}
for program in "$@"; do
  shipped=$root/usr/bin/$(basename "$program")
  # Programs rewritten by BOLT keep their symbol table: strip would break them.
  if [[ -f $program.optimized ]]; then cp "$program.optimized" "$shipped"; else strip -o "$shipped" "$program"; fi
done

ldd "$@" | grep -oE '/[^ ]+\.so[^ ]*' | sort -u >/tmp/libraries
while IFS= read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done </tmp/libraries
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
mkdir -p "$root/usr/lib/ssl"
ln -s /etc/ssl/certs "$root/usr/lib/ssl/certs"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
printf 'root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n' >"$root/etc/passwd"
printf 'root:x:0:\nnonroot:x:65532:\n' >"$root/etc/group"

for program in "$@"; do
  ninja -C "$(dirname "$program")/.." -t inputs "bin/$(basename "$program")"
done | grep -E '^/usr/lib/.*\.a$' | sort -u >/tmp/archives
# dpkg knows a library by its path before or after the /usr merge.
while IFS= read -r library; do
  real=$(readlink -f "$library")
  dpkg -S "$real" 2>/dev/null || dpkg -S "${real#/usr}" 2>/dev/null || dpkg -S "/usr$real"
done < <(cat /tmp/libraries /tmp/archives) | cut -d: -f1 | sort -u >/tmp/packages
for package in $(</tmp/packages) ca-certificates; do
  dpkg -s "$package" | grep -v '^Status:' >"$root/var/lib/dpkg/status.d/$package"
done
