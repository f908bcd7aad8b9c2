#!/usr/bin/env bash
# all tests under AddressSanitizer and UndefinedBehaviorSanitizer
# SPDX-License-Identifier: Apache-2.0
#
# Options are passed to ctest, as with ./run test.
source ci/lib.sh
[[ ${1:-} != --help ]] || usage_of asan
install build test
# Debian's protobuf and gRPC are not instrumented: containers shared with them would give false positives.
export ASAN_OPTIONS=detect_container_overflow=0:detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1
export UBSAN_OPTIONS=print_stacktrace=1
build_to_test asan
run_tests asan --label-exclude '^long$' "$@"
