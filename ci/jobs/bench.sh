#!/usr/bin/env bash
# what a call costs, beside the floors of gRPC and libcurl: ./run bench [--quick]
#
#   --quick      few calls, no figures worth keeping: shows that everything runs and nothing is lost
#   --out FILE   where the figures go as JSON (default build/bench.json)
#
# The upstream is nginx with a fixed answer. All programs run in turns within one run, so that their ratio holds on a noisy
# machine; the CPU of the service is its process's user and system time divided by the calls it completed. Logs, metrics and
# traces are measured apart, against a server without them, and may cost 8 %.
source ci/lib.sh
[[ ${1:-} != --help ]] || usage_of bench
install build bench
cmake --preset release -DMSP_BENCH=ON >/dev/null
build release msp-server grpc_floor grpc_load curl_floor
exec python3 ci/bench.py build/release "$@"
