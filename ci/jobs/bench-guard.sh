#!/usr/bin/env bash
# instructions of the codec and of a whole call, compared with the recorded counts: ./run bench-guard
# SPDX-License-Identifier: Apache-2.0
#
#   --update REASON   record the current counts, with the reason for the change
#
# callgrind counts what the program executes, so that a noisy machine has no influence: more than 3 % above
# tests/bench/instructions.json fails. The guard also adds 5 % itself and has to detect it. Counts depend on the compiler and
# the libraries; other Debian revisions of the same versions are compared, other versions are not.
source ci/lib.sh
[[ ${1:-} != --help ]] || usage_of bench-guard
install build bench guard
cmake --preset release -DMSP_BENCH=ON >/dev/null
build release guard
exec python3 ci/bench_guard.py build/release/bench/guard "$@"
