# SPDX-License-Identifier: Apache-2.0

# shellcheck shell=bash
# Functions shared by the jobs: installing packages, building a preset, running its tests. Sourced from the root of the tree.
set -euo pipefail
# shellcheck source=ci/packages.sh
source ci/packages.sh

jobs=${JOBS:-$(nproc)}

say() { printf '== %s\n' "$*"; }
die() {
  printf 'run: %s\n' "$*" >&2
  exit 1
}

# usage_of JOB: the comment that opens the job's file, as its --help.
usage_of() {
  sed -n '2,/^[^#]/{/^# SPDX/d;/^#/s/^# \{0,1\}//p}' "ci/jobs/$1.sh"
  exit 0
}

# as_root COMMAND...: runs it as root, with sudo if necessary.
as_root() {
  if [[ $(id -u) -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "not root and no sudo; as root, run: $*"
  fi
}

# install LIST...: the packages of packages_LIST that are missing. A warm run costs one dpkg-query.
install() {
  local list package missing=() wanted=()
  for list in "$@"; do
    local -n packages=packages_$list
    wanted+=("${packages[@]}")
  done
  command -v dpkg-query >/dev/null ||
    die "this is not Debian: install the equivalents of ${wanted[*]} and build with cmake --preset release"
  local installed
  # dpkg-query fails if one name is unknown; the names that it prints are still correct.
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null || true)
  for package in "${wanted[@]}"; do
    # npm may come with another vendor's nodejs package, which Debian's npm would conflict with.
    if [[ $package == npm ]] && command -v npm >/dev/null; then continue; fi
    grep -qxF "$package installed" <<<"$installed" || missing+=("$package")
  done
  ((${#missing[@]} > 0)) || return 0
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  local log=build/apt.log apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)
  mkdir -p build
  {
    as_root "${apt[@]}" update &&
      as_root "${apt[@]}" install -y --no-install-recommends "${missing[@]}"
  } </dev/null >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    die "could not install the packages; the whole of apt's output is in $log"
  }
}

# thin: for a log, one of ninja's progress lines each ten percent, and everything else (errors) in full.
thin() {
  local line tenth shown=-1
  while IFS= read -r line; do
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)[^]]*\] ]]; then
      tenth=$((10 * BASH_REMATCH[1] / BASH_REMATCH[2]))
      ((tenth > shown)) || continue
      shown=$tenth
    fi
    printf '%s\n' "$line"
  done
}

# configure PRESET
configure() {
  local log=build/configure-$1.log
  mkdir -p build
  cmake --preset "$1" >"$log" 2>&1 || {
    cat "$log" >&2
    return 1
  }
}

# build PRESET [TARGET...]: configures and builds; progress on the terminal, or one line each ten percent in a log.
build() {
  local preset=$1
  shift
  say "building preset $preset"
  configure "$preset" || return 1
  local ninja=(ninja -C "build/$preset" -j "$jobs" "$@")
  if [[ -t 1 ]]; then
    NINJA_STATUS='[%f/%t, %e s] ' "${ninja[@]}"
  else
    NINJA_STATUS='[%f/%t, %e s] ' "${ninja[@]}" 2>&1 | { grep --line-buffered -v '^ninja: Entering' || true; } | thin
  fi
}

# build_to_test PRESET: as `build`, with its own verdict line when it fails.
build_to_test() {
  build "$1" || {
    echo "failed: the build of preset $1"
    echo '0 passed, 1 failed'
    exit 1
  }
}

# run_tests PRESET [CTEST-OPTION...]: runs the preset's tests and prints the verdict line as its last, counting each
# GoogleTest case and each other check as one.
run_tests() {
  local preset=$1 results=$PWD/build/$1/results
  shift
  rm -rf "$results"
  mkdir -p "$results"
  say "testing preset $preset"
  local status=0
  # Most programs wait for others more than they compute.
  GTEST_OUTPUT=xml:$results/ ctest --test-dir "build/$preset" -j "$((2 * jobs))" --output-on-failure --no-tests=error \
    --output-junit "$results/ctest.junit" "$@" </dev/null || status=$?
  python3 ci/count.py "$results" "$status"
}

# buf as its maker publishes it, at the version and hash that ci/tools/package-lock.json pins.
buf() {
  local tools=build/tools
  if ! cmp -s ci/tools/package-lock.json "$tools/installed-lock.json"; then
    mkdir -p "$tools"
    cp ci/tools/package.json ci/tools/package-lock.json "$tools/"
    npm ci --prefix "$tools" --no-audit --no-fund --ignore-scripts >"$tools/npm.log" 2>&1 || {
      tail -n 20 "$tools/npm.log"
      return 1
    }
    cp ci/tools/package-lock.json "$tools/installed-lock.json"
  fi
  "$tools/node_modules/.bin/buf" "$@"
}
