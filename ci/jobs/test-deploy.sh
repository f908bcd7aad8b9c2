#!/usr/bin/env bash
# the commands of docs/deploy.md, unchanged
# SPDX-License-Identifier: Apache-2.0
#
#   --no-build   use build/release as it is
source ci/lib.sh
# shellcheck source=ci/deploy_tools.sh
source ci/deploy_tools.sh
build_first=yes
case ${1:-} in
  --help) usage_of test-deploy ;;
  --no-build) build_first=no ;;
  '') ;;
  *) die "test-deploy: unknown option '$1'; ./run test-deploy --help" ;;
esac
install build chart mesh
[[ $build_first == no ]] || build release msp-server
chart_tools
mesh_tools
exec "$chart_tools/python/bin/python" tests/deploy/docs_test.py "$chart_tools/helm" "$envoy"
