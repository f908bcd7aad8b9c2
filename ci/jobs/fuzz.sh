#!/usr/bin/env bash
# fuzzes each target in tests/fuzz for an equal share of the time: ./run fuzz --seconds N
# SPDX-License-Identifier: Apache-2.0
#
#   --seconds N   total time of all targets (default 60)
#   --target T    this target only
#
# A crash is kept as build/fuzz/crashes/TARGET/...; found inputs grow build/fuzz/corpus/TARGET. The seeds of a target lie
# in tests/fuzz/corpus/TARGET, or are made by the build.
source ci/lib.sh
seconds=60 only=''
while [[ $# -gt 0 ]]; do
  case $1 in
    --help) usage_of fuzz ;;
    --seconds) seconds=${2:?--seconds requires a number} && shift 2 ;;
    --target) only=${2:?--target requires a name} && shift 2 ;;
    *) die "fuzz: unknown option '$1'; ./run fuzz --help" ;;
  esac
done
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "fuzz: --seconds requires a whole number above 0, not '$seconds'"
install build clang
build fuzz fuzz_targets
mapfile -t targets < <(find build/fuzz/fuzz -maxdepth 1 -type f -executable -name "${only:-*}" -printf '%f\n' | sort)
((${#targets[@]} > 0)) || die "fuzz: no target${only:+ named $only}"
((seconds >= ${#targets[@]})) || seconds=${#targets[@]}

passed=0 failed=0
for target in "${targets[@]}"; do
  corpus=build/fuzz/corpus/$target crashes=build/fuzz/crashes/$target
  mkdir -p "$corpus" "$crashes"
  dirs=("$corpus")
  for seeds in "tests/fuzz/corpus/$target" "build/fuzz/fuzz/seeds/${target%_fuzz}"; do
    [[ ! -d $seeds ]] || dirs+=("$seeds")
  done
  options=(-max_total_time=$((seconds / ${#targets[@]})) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
    "-artifact_prefix=$crashes/")
  [[ ! -f tests/fuzz/$target.dict ]] || options+=("-dict=tests/fuzz/$target.dict")
  say "fuzzing $target for $((seconds / ${#targets[@]})) s"
  log=build/fuzz/$target.log
  if "build/fuzz/fuzz/$target" "${options[@]}" "${dirs[@]}" </dev/null >"$log" 2>&1; then
    passed=$((passed + 1))
    awk '/^stat::number_of_executed_units|^stat::average_exec_per_sec/ { print "  " $1, $2 }' "$log"
  else
    failed=$((failed + 1))
    tail -n 40 "$log"
    echo "failed: $target; the input is in $crashes/"
  fi
done
echo "$passed passed, $failed failed"
((failed == 0))
