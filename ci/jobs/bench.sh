#!/usr/bin/env bash
# the cost of a call, compared with gRPC alone and libcurl alone: ./run bench [--quick] [--only PART[,PART]]
# SPDX-License-Identifier: Apache-2.0
#
#   --quick      few calls: verifies that everything runs and nothing is lost; its timings mean nothing
#   --only ...   some parts: cpu, tls, delayed, instructions, latency, growth, memory, idle, alloc, codec, telemetry
#   --beside P   another msp-server in the same turns of cpu, tls and delayed, to compare two builds
#   --shipped    the release program with its optimized code layout (./run package), instead of the build's
#   --peers DIR  a minimal service in Rust that maps the same order, built from DIR/rust by cargo
#   --out FILE   file for the figures as JSON (default build/bench.json)
#
# The upstream is nginx with a fixed answer. All programs run in short turns within one run, so that their ratio holds on a
# noisy machine; the CPU of a program is its process's user and system time divided by the calls it completed. Targets are
# printed as met or missed and do not fail the run; a failed or lost call does. docs/performance.md says what each part is.
# A plot of the same figures is written next to the JSON.
source ci/lib.sh
[[ ${1:-} != --help ]] || usage_of bench
install build load bench guard
cmake --preset release -DMSP_BENCH=ON >/dev/null
build release msp-server grpc_floor grpc_load curl_floor connect_floor alloc_count codec_bench
for option in "$@"; do
  [[ $option == --shipped ]] || continue
  install optimize
  python3 ci/bench/optimize.py build/release
done
exec python3 ci/bench build/release "$@"
