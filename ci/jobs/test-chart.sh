#!/usr/bin/env bash
# the Helm chart: lint, unit tests, Kubernetes' schemas, kube-score, its alerts in promtool
# SPDX-License-Identifier: Apache-2.0
#
#   --no-build     use build/release as it is
#   --api-server   install, upgrade and roll back every set of values in a real API server, too; building kube-apiserver
#                  takes a quarter of an hour once, more than CI has time for
#
# helm, helm-unittest, kube-score, kube-apiserver and schemas are fetched once, at the versions in tests/chart/tools and
# ci/deploy_tools.sh.
source ci/lib.sh
# shellcheck source=ci/deploy_tools.sh
source ci/deploy_tools.sh
build_first=yes api_server=
for word in "$@"; do
  case $word in
    --help) usage_of test-chart ;;
    --no-build) build_first=no ;;
    --api-server) api_server=wanted ;;
    *) die "test-chart: unknown option '$word'; ./run test-chart --help" ;;
  esac
done
install build operate chart
[[ $build_first == no ]] || build release msp-server
chart_tools
if [[ -n $api_server ]]; then
  install api_server
  api_server
fi
exec "$chart_tools/python/bin/python" tests/chart/chart_test.py "$chart_tools" build/release/bin ${api_server:+"$api_server"}
