#!/usr/bin/env bash
# builds, starts sandbox and server on loopback, creates an order, pays it through 3-D Secure, shows its states, stops
# SPDX-License-Identifier: Apache-2.0
#
#   --no-build   use build/release as it is
source ci/lib.sh
build_first=yes
case ${1:-} in
  --help) usage_of demo ;;
  --no-build) build_first=no ;;
  '') ;;
  *) die "demo: unknown option '$1'; ./run demo --help" ;;
esac
install build
[[ $build_first == no ]] || build release msp-server msp-sandbox msp
exec python3 ci/demo.py build/release/bin
