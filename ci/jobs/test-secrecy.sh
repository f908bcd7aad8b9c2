#!/usr/bin/env bash
# checks that cards and keys stay secret: canaries through every call, the server's memory, hardening
# SPDX-License-Identifier: Apache-2.0
#
#   --orders N   orders of the memory test, twice (default 4000; 10000 for the figures of docs/security.md)
#
# It reads the memory of its own server, which the server's --allow_dumps permits; if the kernel forbids it
# (kernel.yama.ptrace_scope), run it as root.
source ci/lib.sh
orders=4000
while [[ $# -gt 0 ]]; do
  case $1 in
    --help) usage_of test-secrecy ;;
    --orders) orders=${2:?--orders requires a number} && shift 2 ;;
    *) die "test-secrecy: unknown option '$1'; ./run test-secrecy --help" ;;
  esac
done
[[ $orders =~ ^[1-9][0-9]{2,6}$ ]] || die "test-secrecy: --orders requires 100 to 9999999, not '$orders'"
install build secrecy
build release msp-server msp-sandbox msp msp-caller
passed=0 failed=0
for suite in hardening canary memory; do
  say "$suite"
  more=()
  [[ $suite != memory ]] || more=(--orders "$orders")
  log=build/secrecy-$suite.log status=0
  python3 "tests/leak/${suite}_test.py" build/release "${more[@]}" </dev/null >"$log" 2>&1 || status=$?
  verdict=$(tail -n 1 "$log")
  if [[ $verdict =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
    ((status == 0 || BASH_REMATCH[2] > 0)) || failed=$((failed + 1))
    head -n -1 "$log"
  else
    failed=$((failed + 1))
    tail -n 40 "$log"
  fi
done
echo "$passed passed, $failed failed"
((failed == 0))
