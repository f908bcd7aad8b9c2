#!/usr/bin/env bash
# restarts, overload, a slow and a dead upstream, each under load: ./run storm [SCENARIO...]
# SPDX-License-Identifier: Apache-2.0
#
# Scenarios, all of them by default:
#   rolling       two replicas are restarted in turn under 500 calls/s: no call of a plain client, or through Envoy, fails
#   overload      five times the capacity: goodput stays the same, the rest is refused at once
#   slow          4,000 orders wait for an upstream that takes 5 s: memory is bounded, reads continue
#   outage        the upstream is killed for 10 s: NOT_SENT for what could not connect, nothing hangs
#   rate_limited  200 orders/s against a limit of 50 (HTTP 429): the limit is used up, no outcome is UNKNOWN, no lookups
#   attack        thirteen attacks: through Envoy (docs/mesh) no call of others fails; eight of them without a proxy: no crash,
#                 bounded memory and normal service within 5 s (the other five require a proxy; --assault=NAME runs them anyway)
#
#   --quick      the same scenarios at small scale, in less time
#   --seconds=N  how long the overload lasts (default 60)
#
# build/release/tests/msp-storm --help has the other options. --connection_age_ms=0 shows what restarts lose without it.
source ci/lib.sh
# shellcheck source=ci/deploy_tools.sh
source ci/deploy_tools.sh
arguments=()
for argument in "$@"; do
  case $argument in
    --help) usage_of storm ;;
    --quick) arguments+=(--seconds=8 --restarts=1 --slow_ms=1000 --outage_s=3 --rate_limited_s=8 --attack_ms=3000) ;;
    *) arguments+=("$argument") ;;
  esac
done
install build test mesh
build release msp-storm
mesh_tools
mkdir -p build/storm-mesh
say "storm: ${arguments[*]}"
exec build/release/tests/msp-storm --envoy="$envoy" --mesh_dir="$PWD/build/storm-mesh" \
  --mesh_files="$mesh_tools/python/bin/python tests/mesh/programs.py" "${arguments[@]}" </dev/null
