#!/usr/bin/env bash
# what a call costs, beside the floors of gRPC and libcurl: ./run bench [--quick] [--only PART[,PART]]
#
#   --quick      few calls, no figures worth keeping: shows that everything runs and nothing is lost
#   --only ...   some parts: cpu, tls, delayed, instructions, latency, growth, memory, idle, alloc, codec, telemetry
#   --beside P   another msp-server in the same turns of cpu, tls and delayed: what a change has bought
#   --shipped    the program as it ships, laid out by a profile of its load (./run package), instead of the build's
#   --peers DIR  beside them a lean service in Rust that maps the same order, built from DIR/rust by cargo
#   --out FILE   where the figures go as JSON (default build/bench.json)
#
# The upstream is nginx with a fixed answer. All programs run in short turns within one run, so that their ratio holds on a
# noisy machine; the CPU of a program is its process's user and system time divided by the calls it completed. Targets are
# printed as met or missed and fail nothing; a call that fails or is lost does. docs/performance.md says what each part is.
# A plot of the same figures lies beside the JSON.
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
