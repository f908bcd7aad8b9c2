#!/usr/bin/env bash
# a real Envoy in front of two replicas: mutual TLS, JSON, gRPC-Web, ring hash, retries, rolling restart, a browser
# SPDX-License-Identifier: Apache-2.0
#
#   --no-build   use build/release as it is
#
# Envoy comes as a wheel from PyPI, playwright-core from npm, as pinned in tests/mesh; Chromium is Debian's.
source ci/lib.sh
# shellcheck source=ci/deploy_tools.sh
source ci/deploy_tools.sh
build_first=yes
case ${1:-} in
  --help) usage_of test-mesh ;;
  --no-build) build_first=no ;;
  '') ;;
  *) die "test-mesh: unknown option '$1'; ./run test-mesh --help" ;;
esac
install build mesh
[[ $build_first == no ]] || build release msp-server msp-sandbox msp

mesh_tools
# Node resolves packages relative to the importing file.
cp tests/mesh/browser/shop.mjs "$mesh_tools/browser/"
exec "$mesh_tools/python/bin/python" tests/mesh/mesh_test.py "$envoy" build/release/bin "$mesh_tools/browser"
