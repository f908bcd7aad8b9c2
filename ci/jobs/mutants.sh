#!/usr/bin/env bash
# inserts faults into the code, one at a time, and expects a test to fail each time: ./run mutants [NAME...]
# SPDX-License-Identifier: Apache-2.0
#
#   --list   the faults by name
#
# Works on a copy of the tree; takes about a minute per fault.
source ci/lib.sh
[[ ${1:-} != --help ]] || usage_of mutants
[[ ${1:-} == --list ]] || install build test
exec python3 ci/mutants.py "$@"
