#!/usr/bin/env bash
# all tests that a user needs to trust the build; ends with "N passed, N failed"
# SPDX-License-Identifier: Apache-2.0
#
# Options are passed to ctest: ./run test -R curl runs the test programs whose names contain "curl".
source ci/lib.sh
[[ ${1:-} != --help ]] || usage_of test
install build test
build_to_test release
run_tests release --label-exclude '^long$' "$@"
