#!/usr/bin/env bash
# the clients in Python, Node, Go, Java and PHP, and stubs in Ruby and Rust, each from a clean checkout against a real service
# SPDX-License-Identifier: Apache-2.0
#
#   --no-build       use build/release as it is
#   [LANGUAGE...]    python, node, go, java, php, ruby, rust: these only
#
# For each: the commands of its README, timed; then its own tests. For Ruby and Rust the commands of docs/other-languages.md.
# With CI=true a missing toolchain is a failure, except for Rust: Debian's is too old.
source ci/lib.sh
build_first=yes languages=() bin=$PWD/build/release/bin
for word in "$@"; do
  case $word in
    --help) usage_of test-clients ;;
    --no-build) build_first=no ;;
    python | node | go | java | php | ruby | rust) languages+=("$word") ;;
    *) die "test-clients: unknown argument '$word'; ./run test-clients --help" ;;
  esac
done
((${#languages[@]} > 0)) || languages=(python node go java php ruby rust)
install build
[[ $build_first == no ]] || build release msp-server msp-sandbox
command -v openssl >/dev/null || die 'test-clients: openssl is not installed (Debian package openssl)'

passed=0 failed=0
ok() { passed=$((passed + 1)) && echo "ok      $*"; }
bad() { failed=$((failed + 1)) && echo "FAILED  $*"; }

# What each language needs: its programs, and the Debian packages that bring them.
declare -A tools=([python]=python3 [node]='node npm' [go]=go [java]='javac mvn' [php]='php phpunit composer protoc'
  [ruby]='ruby protoc grpc_ruby_plugin npm' [rust]='cargo npm')
declare -A lists=([python]=sdks [node]=sdks [go]=go [java]=java [php]=php [ruby]=ruby)

has_tools() {
  local tool
  for tool in ${tools[$1]}; do command -v "$tool" >/dev/null || return 1; done
  case $1 in
    python) python3 -c 'import venv, ensurepip' 2>/dev/null ;;
    php) php -r 'exit((int) (!extension_loaded("curl") || !extension_loaded("zip") || !stream_resolve_include_path("Google/Protobuf/Any.php")));' ;;
    ruby) ruby -e 'require "grpc"' 2>/dev/null ;;
    rust) printf '%s\n' 1.88 "$(cargo --version | cut -d' ' -f2)" | sort --check=quiet --version-sort ;;
  esac
}

versions() {
  case $1 in
    python) python3 --version ;;
    node) echo "node $(node --version), npm $(npm --version)" ;;
    go) go version ;;
    java) echo "$(javac -version 2>&1), $(mvn -version 2>/dev/null | sed $'s/\x1b\\[[0-9;]*m//g' | head -n 1)" ;;
    php) php -r 'echo "PHP ", PHP_VERSION, ", libcurl ", curl_version()["version"], "\n";' ;;
    ruby) ruby --version ;;
    rust) cargo --version ;;
  esac
}

# readme_commands LANGUAGE: the first block of shell commands in its README.
readme_commands() { awk '/^```sh$/ && !done {on = 1; next} /^```$/ && on {on = 0; done = 1} on' "client/$1/README.md"; }

own_tests() {
  case $1 in
    python) echo 'venv/bin/pip install -q "./client/python[test]" && cd client/python && ../../venv/bin/python -m pytest -q' ;;
    node) echo 'cd client/node && npm test' ;;
    go) echo 'cd client/go && go vet ./... && go test -count=1 -v ./...' ;;
    java) echo 'cd client/java && mvn -B test' ;;
    php) echo 'cd client/php && phpunit' ;;
  esac
}

# counted LANGUAGE LOG: how many tests passed and failed, by the runner's output.
counted() {
  case $1 in
    python) grep -oE '[0-9]+ (passed|failed|error)' "$2" | awk '{n[$2] += $1} END {print n["passed"] + 0, n["failed"] + n["error"]}' ;;
    node) awk '/^# pass/ {p = $3} /^# (fail|cancelled|skipped)/ {f += $3} END {print p + 0, f + 0}' "$2" ;;
    go) awk '/^ *--- PASS/ {p++} /^ *--- (FAIL|SKIP)/ {f++} END {print p + 0, f + 0}' "$2" ;;
    java)
      sed -n 's/.*Tests run: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\), Skipped: \([0-9]*\)$/\1 \2 \3 \4/p' "$2" |
        tail -n 1 | awk '{print $1 - $2 - $3 - $4, $2 + $3 + $4}'
      ;;
    php)
      awk '/^OK \(/ {gsub(/[^0-9]/, "", $2); p = $2}
        /^Tests: / {gsub(/[,.]/, ""); p = $2; for (i = 5; i < NF; i += 2) f += $(i + 1)}
        END {print p - f, f + 0}' "$2"
      ;;
  esac
}

# checked_out TREE FOLDER: a clean checkout, only files that git tracks.
checked_out() {
  rm -rf "$1" "$1.ok"
  mkdir -p "$1"
  git ls-files -co --exclude-standard -z -- proto "$2" | tar --null -cf - -T - | tar -xf - -C "$1"
}

# paid LOG: a first payment was made, watched and refunded.
paid() { grep -q '^created ' "$1" && grep -q '^watched .*PAYMENT_STATE_PAID' "$1" && grep -q '^refunded 1500 ' "$1"; }

run_language() {
  local language=$1 tree=$PWD/build/clients/$1 log=$PWD/build/clients/$1.log start=$SECONDS minutes tests
  if ! has_tools "$language" && ! (install "${lists[$language]}" && has_tools "$language"); then
    if [[ ${CI:-} == true ]]; then
      bad "$language: no ${tools[$language]} here"
    else
      report+=("$language: not tested; it needs ${tools[$language]}")
    fi
    return
  fi
  say "$language: $(versions "$language")"
  checked_out "$tree" "client/$language"
  local inside
  inside="cd '$tree' && set -e; $(readme_commands "$language")"
  if python3 tests/clients/with_service.py "$bin" bash -c "$inside" >"$log" 2>&1 && paid "$log"; then
    minutes=$(awk "BEGIN {printf \"%.1f\", ($SECONDS - $start) / 60}")
    ok "$language: README's commands, from nothing to a payment, watched and refunded, in $minutes minutes"
  else
    tail -n 30 "$log"
    bad "$language: README's commands"
    return
  fi
  if python3 tests/clients/with_service.py "$bin" bash -c "cd '$tree' && $(own_tests "$language")" >"$log" 2>&1; then
    read -r tests _ < <(counted "$language" "$log")
    ((tests > 0)) || { bad "$language: no test ran" && return; }
    passed=$((passed + tests))
    touch "$tree.ok"
    echo "ok      $language: its $tests tests"
  else
    tail -n 60 "$log"
    read -r tests more < <(counted "$language" "$log") || true
    passed=$((passed + ${tests:-0})) failed=$((failed + (${more:-0} > 0 ? more : 1)))
    echo "FAILED  $language: ${more:-some} of its tests; all of it in $log"
  fi
}

# page_commands HEADING: the block of shell commands under it in docs/other-languages.md.
page_commands() {
  awk -v heading="## $1" '$0 == heading {under = 1} /^```sh$/ && under {on = 1; next} /^```$/ && on {exit} on' docs/other-languages.md
}

# run_stubs LANGUAGE HEADING: a payment by generated stubs alone.
run_stubs() {
  local language=$1 tree=$PWD/build/clients/$1 log=$PWD/build/clients/$1.log start=$SECONDS
  if ! has_tools "$language" && ! ([[ -n ${lists[$language]:-} ]] && install "${lists[$language]}" && has_tools "$language"); then
    if [[ ${CI:-} == true && -n ${lists[$language]:-} ]]; then
      bad "$language: no ${tools[$language]} here"
    else
      report+=("$language: not tested; it needs ${tools[$language]}")
    fi
    return
  fi
  say "$language: $(versions "$language")"
  checked_out "$tree" "client/stubs/$language"
  if buf --version >"$log" 2>&1 && PATH=$PWD/build/tools/node_modules/.bin:$PATH CARGO_TARGET_DIR=$PWD/build/clients/rust-target \
    python3 tests/clients/with_service.py "$bin" bash -c "cd '$tree' && set -e; $(page_commands "$2")" >"$log" 2>&1 && paid "$log"; then
    ok "$language: a payment by generated stubs alone, watched and refunded, in $((SECONDS - start)) s"
  else
    tail -n 30 "$log"
    bad "$language: the commands of docs/other-languages.md"
  fi
}

same_service_config() {
  local file
  for file in client/python/src/multisafepay_grpc client/node client/go client/java/src/main/resources/com/multisafepay/grpc; do
    cmp docs/retries/service-config.json "$file/service-config.json" || return 1
  done
}

# Stubs that are committed are those of this schema.
go_stubs_are_current() {
  local made=$PWD/build/clients/go-stubs
  rm -rf "$made"
  (cd client/go && buf_here generate -o "$made") && diff -r "$made/gen" client/go/gen
}

# Template and descriptors for other languages.
schema_for_others() {
  local out=build/clients/others
  rm -rf "$out"
  buf generate proto --template proto/buf.gen.yaml -o "$out" && [[ -n $(find "$out" -name '*.rb') ]] &&
    build release msp_descriptors >/dev/null && buf build build/release/share/multisafepay-v1.binpb -o /dev/null
}

root=$PWD
buf_here() { "$root/build/tools/node_modules/.bin/buf" "$@"; }

mkdir -p build/clients
if same_service_config; then ok 'each client has the service config of docs/retries'; else bad 'service configs differ: run ./run derive'; fi

# Packages one after the other, because dpkg holds a lock; then as many languages at a time as there are cores: half of
# their time they wait for a registry or for a service.
for language in "${languages[@]}"; do
  has_tools "$language" || [[ -z ${lists[$language]:-} ]] || install "${lists[$language]}" || true
done
buf --version >/dev/null || true
run_one() {
  passed=0 failed=0 report=()
  case $1 in
    ruby) run_stubs ruby Ruby ;;
    rust) run_stubs rust Rust ;;
    *) run_language "$1" ;;
  esac
  ((${#report[@]} == 0)) || printf '%s\n' "${report[@]}"
  echo "$passed $failed" >"build/clients/$1.counts"
}
for language in "${languages[@]}"; do
  # Not in a pipe: there bash knows of no jobs.
  while mapfile -t running < <(jobs -rp) && ((${#running[@]} >= jobs)); do wait -n || true; done
  rm -f "build/clients/$language.counts"
  (run_one "$language") >"build/clients/$language.out" 2>&1 &
done
wait
for language in "${languages[@]}"; do
  cat "build/clients/$language.out"
  if [[ -f build/clients/$language.counts ]]; then
    read -r more_passed more_failed <"build/clients/$language.counts"
    passed=$((passed + more_passed)) failed=$((failed + more_failed))
  else
    bad "$language: its run broke off"
  fi
done
if has_tools node && buf --version >/dev/null; then
  if schema_for_others; then ok 'buf.gen.yaml and the descriptor set'; else bad 'buf.gen.yaml or the descriptor set'; fi
  if has_tools go; then
    if go_stubs_are_current; then ok 'the stubs in client/go/gen are current'; else bad 'client/go/gen: run ./run derive'; fi
  fi
fi
echo "$passed passed, $failed failed"
((failed == 0))
