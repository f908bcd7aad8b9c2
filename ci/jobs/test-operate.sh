#!/usr/bin/env bash
# metrics and health, read by Debian's Prometheus: promtool, a scrape under load, health, three incidents
# SPDX-License-Identifier: Apache-2.0
#
#   --no-build   use build/release as it is
source ci/lib.sh
case ${1:-} in
  --help) usage_of test-operate ;;
  --no-build) build=no ;;
  '') build=yes ;;
  *) die "test-operate: unknown option '$1'; ./run test-operate --help" ;;
esac
install build operate
# Configures in any case: the test that needs Prometheus exists once it is found.
if [[ $build == no ]]; then configure release; else build_to_test release; fi
run_tests release --label-regex '^operate$'
