#!/usr/bin/env bash
# the Helm chart: lint, golden files, Kubernetes' schemas, kube-score, refusals, and its alerts in promtool
#
#   --no-build   use build/release as it is
#   --update     write the golden files anew
#
# helm, kube-score and schemas are fetched once, at the versions in ci/deploy_tools.sh.
source ci/lib.sh
# shellcheck source=ci/deploy_tools.sh
source ci/deploy_tools.sh
build_first=yes update=()
for argument in "$@"; do
  case $argument in
    --help) usage_of test-chart ;;
    --no-build) build_first=no ;;
    --update) update=(--update) ;;
    *) die "test-chart: unknown option '$argument'; ./run test-chart --help" ;;
  esac
done
install build operate chart
[[ $build_first == no ]] || build release msp-server
chart_tools
exec "$chart_tools/python/bin/python" tests/chart/chart_test.py "$chart_tools" build/release/bin "${update[@]}"
