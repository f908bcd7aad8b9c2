#!/usr/bin/env bash
# instructions of the codec and of a whole call, beside those that the tree remembers: ./run bench-guard
#
#   --update REASON   remember what is counted now, with the reason why it changed
#
# callgrind counts what the program executes, so that a noisy machine changes nothing: more than 3 % above
# tests/bench/instructions.json fails. The guard also plants 5 % more and has to notice. Counts depend on the compiler and
# the libraries; other Debian revisions of the same versions are compared, other versions are not.
source ci/lib.sh
[[ ${1:-} != --help ]] || usage_of bench-guard
install build bench guard
cmake --preset release -DMSP_BENCH=ON >/dev/null
build release guard
exec python3 ci/bench_guard.py build/release/bench/guard "$@"
