#!/usr/bin/env bash
# MultiSafepay's own Node and Python SDKs, unmodified except for the base URL, against the sandbox
# SPDX-License-Identifier: Apache-2.0
#
#   --no-build   use build/release as it is
source ci/lib.sh
build_first=yes
case ${1:-} in
  --help) usage_of test-sdks ;;
  --no-build) build_first=no ;;
  '') ;;
  *) die "test-sdks: unknown option '$1'; ./run test-sdks --help" ;;
esac
install build sdks
[[ $build_first == no ]] || build release msp-sandbox

# Installed once for each version of the lists, outside the tree.
tools=$PWD/build/tools/sdks
mkdir -p "$tools"
if ! cmp -s tests/sdk/node/package-lock.json "$tools/node/installed-lock.json"; then
  rm -rf "$tools/node"
  mkdir -p "$tools/node"
  cp tests/sdk/node/package.json tests/sdk/node/package-lock.json "$tools/node/"
  npm ci --prefix "$tools/node" --no-audit --no-fund --ignore-scripts >"$tools/npm.log" 2>&1 || {
    tail -n 20 "$tools/npm.log" >&2
    die 'could not install the Node SDK'
  }
  cp tests/sdk/node/package-lock.json "$tools/node/installed-lock.json"
fi
if ! cmp -s tests/sdk/python/requirements.txt "$tools/python/installed.txt"; then
  rm -rf "$tools/python"
  # Debian's own Python, for which the wheels are pinned.
  { /usr/bin/python3 -m venv "$tools/python" &&
    "$tools/python/bin/pip" install --require-hashes --only-binary :all: -r tests/sdk/python/requirements.txt; } \
    >"$tools/pip.log" 2>&1 || {
    tail -n 20 "$tools/pip.log" >&2
    die 'could not install the Python SDK'
  }
  cp tests/sdk/python/requirements.txt "$tools/python/installed.txt"
fi
# Node resolves packages relative to the importing file.
cp tests/sdk/node/conformance.mjs "$tools/node/"
exec python3 tests/sdk/conformance_test.py build/release/bin "node $tools/node/conformance.mjs" \
  "$tools/python/bin/python tests/sdk/python/conformance.py"
