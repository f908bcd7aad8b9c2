# SPDX-License-Identifier: Apache-2.0

# shellcheck shell=bash disable=SC2034,SC2154,SC2164
# The artefacts of ./run package, one function each: from the tree and the programs in $programs into $dist. Sourced by the job
# after lib.sh and deploy_tools.sh; each function runs in a separate shell and fails if its output is missing.
version=$(<VERSION)
# Artefacts contain no build time.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y VERSION)
export SOURCE_DATE_EPOCH
work=$PWD/build/package dist=$PWD/build/dist programs=$PWD/build/package/programs
artefacts=(deb cpp python sandbox node java go php chart schema sbom)
# The lists of ci/packages.sh that an artefact needs beside `build` and `package`.
declare -A needs=([deb]=deb [python]=python [sandbox]=python [node]=node [java]=java [go]=go [php]=php [chart]='go python' [sbom]=python)

# clean_copy NAME PATH...: what git knows of these paths, in $work/NAME; nothing of an earlier build.
clean_copy() {
  local to=$work/$1
  shift
  rm -rf "$to"
  mkdir -p "$to"
  git ls-files -co --exclude-standard -z -- "$@" | tar --null -cf - -T - | tar -xf - -C "$to"
}

# archive FILE FOLDER: the folder as .tar.gz, the same bytes each time.
archive() {
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -C "$(dirname "$2")" -cf - "$(basename "$2")" |
    gzip -9n >"$1"
}

# Tools from PyPI, once for each version of the list.
python_tools() {
  tools=$PWD/build/tools/package
  cmp -s ci/package/requirements.txt "$tools/installed.txt" && return
  rm -rf "$tools"
  /usr/bin/python3 -m venv "$tools"
  "$tools/bin/pip" install -q --require-hashes --only-binary :all: -r ci/package/requirements.txt
  cp ci/package/requirements.txt "$tools/installed.txt"
}

pack_deb() {
  ci/package/manual.sh "$programs" "$work/manual"
  cmake --preset release -DMSP_PROGRAMS="$programs" -DMSP_MANUAL="$work/manual" >/dev/null
  rm -rf build/release/package
  (cd build/release && cpack -G DEB)
  cp build/release/package/*.deb "$dist"
  # Tags about Debian's own archive, and about debhelper, which is not used.
  local tags=initial-upload-closes-no-bugs,maintainer-script-calls-systemctl,pkg-config-unavailable-for-cross-compilation
  lintian --allow-root --fail-on error,warning --tag-display-limit 0 --suppress-tags "$tags" "$dist"/*.deb
}

pack_cpp() {
  local folder
  folder=$work/multisafepay-grpc-cpp-$version-debian12-$(dpkg --print-architecture)
  rm -rf "$folder"
  cmake --install build/release --component cpp --prefix "$folder" >/dev/null
  archive "$dist/$(basename "$folder").tar.gz" "$folder"
}

pack_python() {
  python_tools
  clean_copy python proto client/python
  "$tools/bin/python" -m build --outdir "$work/python/out" "$work/python/client/python"
  cp "$work"/python/out/multisafepay_grpc-"$version"{-py3-none-any.whl,.tar.gz} "$dist"
}

# contents: $work/contents, a root of the programs with Debian's records of the packages whose code is in them.
contents() {
  rm -rf "$work/contents"
  ci/image_root.sh "$work/contents" build/release/bin/msp-server build/release/bin/msp build/release/bin/msp-sandbox
}

# auditwheel copies the libraries that a plain glibc system has not into the wheel and says from which glibc on it runs.
pack_sandbox() {
  python_tools
  clean_copy sandbox ci/package/sandbox
  local source=$work/sandbox/ci/package/sandbox
  cp LICENSE VERSION "$source/"
  contents
  mkdir "$source/src/multisafepay_sandbox/licenses"
  local package
  for package in "$work"/contents/var/lib/dpkg/status.d/*; do
    package=$(basename "$package")
    cp "/usr/share/doc/$package/copyright" "$source/src/multisafepay_sandbox/licenses/$package"
  done
  cp -r "$work/portable" "$source/src/multisafepay_sandbox/bin"
  "$tools/bin/python" -m build --wheel --outdir "$work/sandbox/out" "$source"
  PATH=$tools/bin:$PATH "$tools/bin/auditwheel" repair --wheel-dir "$work/sandbox/repaired" "$work"/sandbox/out/*.whl
  cp "$work"/sandbox/repaired/multisafepay_sandbox-"$version"-*manylinux*.whl "$dist"
}

pack_node() {
  clean_copy node proto client/node
  (cd "$work/node/client/node" && npm ci --ignore-scripts --no-audit --no-fund && npm run build && npm pack)
  # npm names the file after the package and its scope; the chart's archive would have the same name.
  cp "$work"/node/client/node/*.tgz "$dist/multisafepay-grpc-npm-$version.tgz"
}

pack_java() {
  clean_copy java proto client/java
  (cd "$work/java/client/java" && mvn -q -B -DskipTests -Ppackage -Dproject.build.outputTimestamp="$SOURCE_DATE_EPOCH" package)
  cp "$work"/java/client/java/target/multisafepay-grpc-"$version"{,-sources,-javadoc}.jar "$dist"
  cp "$work/java/client/java/pom.xml" "$dist/multisafepay-grpc-$version.pom"
}

# A Go module is published by its tag. The zip is in a module proxy's format, and is tested by building another module with it. A
# proxy adds the repository's licence to a module in a folder without one.
pack_go() {
  clean_copy go LICENSE client/go
  local source=$work/go/client/go module
  cp "$work/go/LICENSE" "$source/"
  module=$(sed -n 's/^module //p' "$source/go.mod")
  (cd "$source" && go vet ./...)
  mkdir -p "$work/go/user"
  (
    cd "$work/go/user"
    go mod init example.com/shop
    go mod edit -require "$module@v$version" -replace "$module=$source"
    cp "$source/examples/pay/main.go" .
    go mod tidy
    go list -m all
    go vet ./...
  )
  python3 ci/package/go_module.py "$source" "$module@v$version" "$dist/multisafepay-grpc-go-$version.zip"
}

pack_php() {
  if [[ ! -d client/php ]]; then
    echo 'no client/php in this tree: nothing to pack'
    return
  fi
  clean_copy php LICENSE proto client/php
  "$work/php/client/php/bin/package" "$work/php/out"
  cp "$work/php/out/multisafepay-grpc-php-$version.zip" "$dist"
}

pack_chart() {
  chart_tools
  "$chart_tools/helm" lint --strict --set sandbox.enabled=true helm/multisafepay-grpc
  "$chart_tools/helm" package helm/multisafepay-grpc --destination "$work"
  cp "$work/multisafepay-grpc-$version.tgz" "$dist/multisafepay-grpc-chart-$version.tgz"
}

pack_schema() { cp build/release/share/multisafepay-v1.binpb "$dist/"; }

# Contents: the Debian packages of the libraries that the programs load and of the archives linked into them, by the
# lists that scanners read in the image too, and what the clients depend on.
pack_sbom() {
  python_tools
  local client root=$work/contents file=$dist/multisafepay-grpc-$version.cdx.json
  contents
  mkdir -p "$root/clients"/{node,go,java,python,php}
  cp client/node/package-lock.json "$root/clients/node/"
  cp client/go/go.mod "$root/clients/go/"
  cp client/java/pom.xml "$root/clients/java/"
  for client in python php; do
    /usr/bin/python3 ci/package/lowest_versions.py "client/$client" "$root/clients/$client"
  done
  SYFT_CHECK_FOR_APP_UPDATE=false "$tools/bin/syft" scan "dir:$root" --source-name multisafepay-grpc --source-version "$version" \
    --output "cyclonedx-json=$file"
  python3 ci/package/check_sbom.py "$file" "$root/var/lib/dpkg/status.d"
}
