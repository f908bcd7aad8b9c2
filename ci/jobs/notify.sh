#!/usr/bin/env bash
# watchers under bad notifications, then thousands at rest: ./run notify --orders N --watchers M
# SPDX-License-Identifier: Apache-2.0
#
#   --orders N    orders whose notifications are dropped, duplicated, delayed and re-ordered (default 10000; 0: none)
#   --watchers M  watchers to hold open at rest (default 5000; 0: none)
#   --seed S      what happens to notifications follows from it (default 1)
#   --callers C   orders at the same time (default 128)
source ci/lib.sh
options=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --help) usage_of notify ;;
    --orders | --watchers | --seed | --callers)
      [[ ${2:-} =~ ^[0-9]{1,9}$ ]] || die "notify: $1 wants a whole number, not '${2:-}'"
      options+=("$1=$2")
      shift 2
      ;;
    *) die "notify: unknown argument '$1'; ./run notify --help" ;;
  esac
done
install build test
build release msp-notify
ulimit -n "$(ulimit -Hn)"
build/release/tests/msp-notify "${options[@]}" </dev/null
