#!/usr/bin/env bash
# watchers under faulty notifications, then thousands of idle ones: ./run notify --orders N --watchers M
# SPDX-License-Identifier: Apache-2.0
#
#   --orders N    number of orders, whose notifications are dropped, duplicated, delayed and reordered (default 10000; 0: none)
#   --watchers M  number of idle watchers to hold open (default 5000; 0: none)
#   --seed S      random seed (default 1)
#   --callers C   concurrent orders (default 128)
source ci/lib.sh
options=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --help) usage_of notify ;;
    --orders | --watchers | --seed | --callers)
      [[ ${2:-} =~ ^[0-9]{1,9}$ ]] || die "notify: $1 requires a whole number, not '${2:-}'"
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
