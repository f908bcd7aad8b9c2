#!/usr/bin/env bash
# the release artefacts, in build/dist: programs, Debian packages, wheels, clients, chart, schema, SBOM, SHA256SUMS
# SPDX-License-Identifier: Apache-2.0
#
#   --profile FILE   a profile of an earlier run (build/release/bin/msp-server.fdata) instead of a new one
#   --plain          pack the programs of the release build, without optimized layout and without tests
#   --programs       only the programs, optimized and tested, for CI
#   --image          the images of the service and of the sandbox as OCI archives too, by ./run image
#   [ARTEFACT...]    with --plain: only these; existing ones stay: deb cpp python sandbox node java go php chart schema sbom
#
# Without --plain the code layout of msp-server is optimized by a profile of its load. The same sources and profile make the same
# bytes, which is checked. Then the end-to-end tests and chaos run against the release program. SHA256SUMS lists the artefacts.
# ./run test-packages installs each of them without the tree. docs/packages.md describes each.
source ci/lib.sh
# shellcheck source=ci/deploy_tools.sh
source ci/deploy_tools.sh
# shellcheck source=ci/package/pack.sh
source ci/package/pack.sh
plain=no image=no programs_only=no profile=() wanted=()
while (($# > 0)); do
  case $1 in
    --help) usage_of package ;;
    --plain) plain=yes ;;
    --programs) programs_only=yes ;;
    --image) image=yes ;;
    --profile)
      [[ $# -ge 2 ]] || die 'package: --profile requires a file'
      profile=(--profile "$2")
      shift
      ;;
    *)
      [[ " ${artefacts[*]} " == *" $1 "* ]] || die "package: unknown option or artefact '$1'; ./run package --help"
      wanted+=("$1")
      ;;
  esac
  shift
done
((${#wanted[@]} == 0)) || [[ $plain == yes ]] || die 'package: single artefacts are packed with --plain only'
passed=0 failed=0
# check NAME COMMAND...: counts the command's verdict line, or its exit code.
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

bin=$PWD/build/release/bin targets=(msp-server msp-sandbox msp multisafepay_grpc msp_descriptors)
# Without names everything is packed, into an empty folder.
if ((${#wanted[@]} == 0)); then
  rm -rf "$dist"
  [[ $programs_only == yes ]] || wanted=("${artefacts[@]}")
fi
mkdir -p "$dist"
rm -rf "$work/portable" "$programs"
mkdir -p "$work/portable" "$programs"
if [[ $plain == yes ]]; then
  install build package
  build release "${targets[@]}"
else
  install build load optimize package test
  build_to_test release
  cmake --preset release -DMSP_BENCH=ON >/dev/null
  build release grpc_load "${targets[@]}"
  python3 ci/bench/optimize.py build/release "${profile[@]}"
fi
for artefact in "${wanted[@]}"; do
  for list in ${needs[$artefact]:-}; do
    case $list in
      # These may come from elsewhere.
      go) command -v go >/dev/null || install go ;;
      java) command -v mvn >/dev/null || install java ;;
      *) install "$list" ;;
    esac
  done
done
for program in msp msp-sandbox msp-server; do strip -o "$work/portable/$program" "$bin/$program"; done
cp "$work"/portable/* "$programs/"
# The wheel has the programs as they were linked: its libraries are beside them, and the library path of a program rewritten by
# BOLT cannot be changed afterwards.
if [[ $plain == no ]]; then cp "$bin/msp-server.optimized" "$programs/msp-server"; fi
cp "$programs"/* "$dist/"

# pack ARTEFACT: in a separate shell, which exits at the first error.
pack() {
  local log=build/package-$1.log start=$SECONDS
  if bash -c 'source ci/lib.sh; source ci/deploy_tools.sh; source ci/package/pack.sh; "pack_$1"' pack "$1" </dev/null >"$log" 2>&1
  then
    echo "packed: $1, $((SECONDS - start)) s"
  else
    tail -n 30 "$log"
    echo "could not pack $1; all of it is in $log"
    return 1
  fi
}
for artefact in "${wanted[@]}"; do check "pack $artefact" pack "$artefact"; done
if [[ $image == yes ]]; then check 'image' ./run image --archive "$dist"; fi

if [[ $plain == no ]]; then
  again() {
    python3 ci/bench/optimize.py build/release --profile "${profile[1]:-$bin/msp-server.fdata}" &&
      cmp "$bin/msp-server.optimized" "$dist/msp-server"
  }
  check 'the same profile makes the same bytes' again
  export MSP_SERVER_PROGRAM=$dist/msp-server
  say "testing $dist/msp-server"
  check 'end-to-end tests' run_tests release --label-exclude '^long$' --tests-regex '^e2e_'
  check 'chaos' ./run chaos --seeds 1 --orders 1000 --summary
fi

(cd "$dist" && rm -f SHA256SUMS && sha256sum -- * >../SHA256SUMS && mv ../SHA256SUMS . && cat SHA256SUMS)
[[ $plain == no ]] || echo 'plain: these programs are not laid out by a profile, and no test has run on them; a release is made without --plain'
echo "$passed passed, $failed failed"
((failed == 0))
