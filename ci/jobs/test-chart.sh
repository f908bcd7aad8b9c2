#!/usr/bin/env bash
# the Helm chart: lint, golden files, Kubernetes' schemas, kube-score, refusals, and its alerts in promtool
#
#   --no-build   use build/release as it is
#   --update     write the golden files anew
#
# helm and kube-score are built once from the Go module proxy, and custom resource definitions taken from it, at the
# versions below, into ~/.cache/multisafepay-grpc.
source ci/lib.sh
build_first=yes update=()
for argument in "$@"; do
  case $argument in
    --help) usage_of test-chart ;;
    --no-build) build_first=no ;;
    --update) update=(--update) ;;
    *) die "test-chart: unknown option '$argument'; ./run test-chart --help" ;;
  esac
done
# The versions, and what has to be made anew when one changes.
go_tools=(helm.sh/helm/v3/cmd/helm@v3.16.4 github.com/zegl/kube-score/cmd/kube-score@v1.19.0)
helm_flags='-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=31'
crd_modules=(
  'sigs.k8s.io/gateway-api@v1.2.1 config/crd/standard/gateway.networking.k8s.io_grpcroutes.yaml'
  'istio.io/api@v1.24.2 kubernetes/customresourcedefinitions.gen.yaml'
  'github.com/prometheus-operator/prometheus-operator@v0.79.2
   example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml'
  'github.com/prometheus-operator/prometheus-operator@v0.79.2
   example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml'
)
install build operate chart
command -v go >/dev/null || install go
[[ $build_first == no ]] || build release msp-server

versions=$(cat tests/chart/requirements.txt && printf '%s\n' "${go_tools[@]}" "${crd_modules[@]}" "$helm_flags" | sha256sum)
tools=${XDG_CACHE_HOME:-$HOME/.cache}/multisafepay-grpc/chart-$(sha256sum <<<"$versions" | cut -c 1-12)
if [[ ! -f $tools/complete ]]; then
  say 'fetching helm, kube-score and schemas'
  rm -rf "$tools"
  mkdir -p "$tools/crds"
  {
    # Helm's own releases are linked with the Kubernetes version for which they render by default.
    for tool in "${go_tools[@]}"; do GOBIN=$tools go install -ldflags "$helm_flags" "$tool" || exit 1; done
    for line in "${crd_modules[@]}"; do
      read -r module file <<<"${line//$'\n'/ }"
      folder=$(go mod download -json "$module" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
      cp "$folder/$file" "$tools/crds/" || exit 1
    done
    /usr/bin/python3 -m venv "$tools/python" &&
      "$tools/python/bin/pip" install --require-hashes --only-binary :all: -r tests/chart/requirements.txt || exit 1
  } >build/chart-tools.log 2>&1 || {
    tail -n 20 build/chart-tools.log >&2
    die 'could not fetch the tools; all of it is in build/chart-tools.log'
  }
  touch "$tools/complete"
fi
exec "$tools/python/bin/python" tests/chart/chart_test.py "$tools" build/release/bin "${update[@]}"
