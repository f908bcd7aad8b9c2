#!/usr/bin/env bash
# the Helm chart: lint, unit tests, Kubernetes' schemas, kube-score, its alerts in promtool, and installs into a real API server
#
#   --no-build   use build/release as it is
#
# helm, helm-unittest, kube-score, kube-apiserver and schemas are fetched once, at the versions in tests/chart/tools and
# ci/deploy_tools.sh.
source ci/lib.sh
# shellcheck source=ci/deploy_tools.sh
source ci/deploy_tools.sh
build_first=yes
case ${1:-} in
  --help) usage_of test-chart ;;
  --no-build) build_first=no ;;
  '') ;;
  *) die "test-chart: unknown option '$1'; ./run test-chart --help" ;;
esac
install build operate chart api_server
[[ $build_first == no ]] || build release msp-server
chart_tools
api_server
exec "$chart_tools/python/bin/python" tests/chart/chart_test.py "$chart_tools" build/release/bin "$api_server"
