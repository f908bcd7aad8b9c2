#!/usr/bin/env bash
# the artefacts of ./run package, installed without the tree: a payment with each, and the seconds from install to payment
# SPDX-License-Identifier: Apache-2.0
#
#   --no-build   test build/dist as it is
#   [PATH...]    these only: sums deb sandbox python node go java cpp dev php chart schema image
#
# Works on build/dist, and runs ./run package --plain if it is empty or older than the sources. mmdebstrap makes the clean
# roots, as root; what package managers fetch is cached in ~/.cache/multisafepay-grpc/packages.
source ci/lib.sh
# shellcheck source=ci/deploy_tools.sh
source ci/deploy_tools.sh
build_first=yes paths=()
for word in "$@"; do
  case $word in
    --help) usage_of test-packages ;;
    --no-build) build_first=no ;;
    -*) die "test-packages: unknown option '$word'; ./run test-packages --help" ;;
    *) paths+=("$word") ;;
  esac
done
[[ $(id -u) -eq 0 ]] || die 'test-packages: installs packages in clean roots; run it as root'
install build sdks clean_root
# Go and Maven may come from elsewhere.
command -v go >/dev/null || install go
command -v mvn >/dev/null || install java
[[ ! -d client/php ]] || install php
if [[ $build_first == yes ]]; then
  newer=$(find service sandbox client proto helm cmake ci VERSION -newer build/dist/SHA256SUMS -type f -not -name '*.pyc' -print -quit 2>/dev/null || echo none)
  # ./run package --programs leaves the programs alone there.
  if [[ -n $newer ]] || ! compgen -G 'build/dist/*.deb' >/dev/null; then ./run package --plain; fi
fi

cache=$tools_cache/packages base=$tools_cache/packages/base.tar
mkdir -p "$cache" build
# Rebuilt once a month for Debian's security updates.
if [[ ! -f $base || -n $(find "$base" -mtime +30) ]]; then
  say 'making a Debian 12 with Python'
  rm -f "$cache/new.tar"
  mmdebstrap --variant=minbase --include=python3,python3-venv bookworm "$cache/new.tar" >build/base.log 2>&1 || {
    tail -n 20 build/base.log >&2
    die 'mmdebstrap failed; all of its output is in build/base.log'
  }
  mv "$cache/new.tar" "$base"
fi
options=()
((${#paths[@]} == 0)) || options=(--only "${paths[@]}")
if [[ ${#paths[@]} -eq 0 || " ${paths[*]} " == *' chart '* ]]; then
  chart_tools
  options+=(--helm "$chart_tools/helm")
fi
exec python3 tests/packages/packages_test.py build/dist "$base" "$cache" "${options[@]}"
