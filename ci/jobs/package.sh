#!/usr/bin/env bash
# the programs as they ship, in build/dist: msp-server laid out by a profile of its load, and tested as it is
#
#   --profile FILE   a profile of an earlier run (build/release/bin/msp-server.fdata) instead of a new one
#
# The same sources and profile make the same bytes, which is tried. Then the end-to-end tests and chaos run against the
# program that ships. SHA256SUMS names what is there.
source ci/lib.sh
[[ ${1:-} != --help ]] || usage_of package
[[ $# -eq 0 || ($1 == --profile && $# -eq 2) ]] || die "package: unknown option '$1'; ./run package --help"
install build load optimize test
build_to_test release
cmake --preset release -DMSP_BENCH=ON >/dev/null
build release grpc_load

bin=$PWD/build/release/bin dist=build/dist
python3 ci/bench/optimize.py build/release "$@"
rm -rf "$dist"
mkdir -p "$dist"
cp "$bin/msp-server.optimized" "$dist/msp-server"
for program in msp msp-sandbox; do strip -o "$dist/$program" "$bin/$program"; done

passed=0 failed=0
# check NAME COMMAND...: counts what the command's own verdict line says, or its exit code.
check() {
  local name=$1 log=build/package.log status=0 ran=1 lost=0
  shift
  "$@" 2>&1 | tee "$log" || status=$?
  if [[ $(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1) =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    ran=${BASH_REMATCH[1]} lost=${BASH_REMATCH[2]}
  else
    ran=$((status == 0))
  fi
  ((status == 0 || lost > 0)) || lost=1
  ((lost == 0)) || echo "failed: $name"
  passed=$((passed + ran)) failed=$((failed + lost))
}
again() {
  python3 ci/bench/optimize.py build/release --profile "${2:-$bin/msp-server.fdata}" && cmp "$bin/msp-server.optimized" "$dist/msp-server"
}
check 'the same profile makes the same bytes' again "$@"
export MSP_SERVER_PROGRAM=$PWD/$dist/msp-server
say "testing $dist/msp-server"
check 'end-to-end tests' run_tests release --label-exclude '^long$' --tests-regex '^e2e_'
check 'chaos' ./run chaos --seeds 1 --orders 1000 --summary
(cd "$dist" && sha256sum -- * >SHA256SUMS && cat SHA256SUMS)
echo "$passed passed, $failed failed"
((failed == 0))
