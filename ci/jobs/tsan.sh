#!/usr/bin/env bash
# the tests of multi-threaded components, except gRPC, under ThreadSanitizer
# SPDX-License-Identifier: Apache-2.0
#
# Options are passed to ctest, as with ./run test. Debian's gRPC is not instrumented: a correct server gives hundreds of
# reports, so the components that link it are tested under asan only. Single-threaded programs are excluded (SINGLE_THREADED in
# the tests' CMakeLists.txt).
source ci/lib.sh
[[ ${1:-} != --help ]] || usage_of tsan
install build test
export TSAN_OPTIONS=second_deadlock_stack=1
build_to_test tsan
# g++ 12's ThreadSanitizer cannot map its shadow memory under wide address randomization; a fixed layout helps.
if setarch -R true 2>/dev/null; then
  ctest() { setarch -R "$(type -P ctest)" "$@"; }
fi
run_tests tsan --label-exclude '^long$' "$@"
