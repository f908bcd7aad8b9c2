#!/usr/bin/env bash
# builds a preset (default: release): ./run build [PRESET] [TARGET...]
# SPDX-License-Identifier: Apache-2.0
#
# Presets: release, debug, asan, tsan, tidy and fuzz, see CMakePresets.json. Programs are written to build/PRESET/bin.
source ci/lib.sh
[[ ${1:-} != --help ]] || usage_of build
preset=${1:-release}
[[ $# -eq 0 ]] || shift
install build
[[ $preset != tidy && $preset != fuzz ]] || install clang
build "$preset" "$@"
echo "built: build/$preset/bin"
