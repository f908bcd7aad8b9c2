#!/usr/bin/env bash
# format, clang-tidy, cppcheck, includes, schema, shell scripts and the tree's own rules
# SPDX-License-Identifier: Apache-2.0
#
#   ./run lint [CHECK...]   these checks only (see the table at the end of ci/jobs/lint.sh)
#   BASE=REF ./run lint     clang-tidy only on what changed since REF; the schema is compared with REF
#
# Clean files are cached in ~/.cache/multisafepay-grpc, so that a second run of clang-tidy is fast.
source ci/lib.sh
[[ ${1:-} != --help ]] || usage_of lint
install build clang lint
git rev-parse --git-dir >/dev/null 2>&1 || die 'lint requires a git clone: it asks git for the files of the tree'

ours() { git ls-files -co --exclude-standard -- "$@" | while IFS= read -r file; do [[ ! -f $file ]] || echo "$file"; done; }

check_format() {
  local unformatted
  unformatted=$(ours '*.cc' '*.h' | xargs -r clang-format --dry-run 2>&1 | grep -oP '^[^:]+(?=:.*clang-format-violations)' |
    sort -u || true)
  [[ -z $unformatted ]] || {
    printf 'not formatted; run:\n%s\n' "${unformatted//[$'\n']/ }" | sed '2s/^/  clang-format -i /'
    return 1
  }
}

check_tidy() {
  configure tidy || return 1
  # clang-tidy needs the generated headers of protoc and the access generator.
  ninja -C build/tidy -t targets all | sed -n 's/: CUSTOM_COMMAND$//p' | grep -E '(\.pb|/access/[a-z_]+)\.h$' |
    xargs -r ninja -C build/tidy -j "$jobs" >build/tidy/generate.log 2>&1 || {
    cat build/tidy/generate.log
    return 1
  }
  local base=()
  [[ -z ${BASE:-} ]] || base=(--base "$BASE")
  python3 ci/tidy.py build/tidy --jobs "$jobs" "${base[@]}"
}

check_includes() { python3 tests/includes_test.py --self-test; }
check_whitespace() { python3 ci/tree.py whitespace; }
check_prints() { python3 ci/tree.py prints; }
check_words() { python3 ci/tree.py words; }
check_vocabulary() { python3 ci/tree.py vocabulary; }
check_licence() { python3 ci/tree.py licence; }
check_readme() { python3 ci/tree.py readme; }
check_version() { python3 ci/tree.py version; }

check_shell() {
  ours | while IFS= read -r file; do
    if [[ $file == *.sh ]] || head -n 1 "$file" | grep -qaE '^#!.*\b(bash|sh)$'; then echo "$file"; fi
  done | xargs -r shellcheck -x
}

check_proto() { buf lint proto; }

check_breaking() {
  local against=${BASE:-}
  # After a release callers depend on the schema; before it a branch may break main's.
  [[ -n $against ]] || against=$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null || true)
  [[ -n $against ]] || against=$(git merge-base HEAD origin/main 2>/dev/null || git merge-base HEAD main 2>/dev/null || true)
  if [[ -z $against ]]; then
    echo 'no released version and no main to compare the schema with, and no BASE given'
    return 0
  fi
  breaking_is_noticed || return 1
  buf breaking proto --against ".git#ref=$(git rev-parse "$against"),subdir=proto"
}

# It remembers clean files in build/cppcheck. Macros of third-party headers are defined here, because it reads no system headers.
check_cppcheck() {
  local macros=(ABSL_LOCKABLE= ABSL_SCOPED_LOCKABLE= ABSL_NO_THREAD_SAFETY_ANALYSIS= 'ABSL_GUARDED_BY(x)='
    'ABSL_EXCLUSIVE_LOCK_FUNCTION(...)=' 'ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(...)=' 'ABSL_UNLOCK_FUNCTION(...)='
    'ABSL_EXCLUSIVE_LOCKS_REQUIRED(...)=' 'ABSL_LOCKS_EXCLUDED(...)=' 'ABSL_ACQUIRED_BEFORE(...)='
    'ABSL_FLAG(type,name,value,help)=extern type FLAGS_##name')
  mkdir -p build/cppcheck
  cppcheck -j "$jobs" --enable=warning,performance,portability --std=c++20 --language=c++ --inline-suppr --quiet \
    --suppressions-list=ci/cppcheck-suppressions.txt --cppcheck-build-dir=build/cppcheck --error-exitcode=1 \
    --template='{file}:{line}: {id}: {message}' -I . "${macros[@]/#/-D}" service sandbox client
}

# Tests the check itself: it has to detect a field that changes its type.
breaking_is_noticed() {
  local planted=build/planted-proto
  rm -rf "$planted"
  cp -r proto "$planted"
  sed -i 's/  optional int64 amount = 4 \[/  optional int32 amount = 4 [/' "$planted/multisafepay/v1/order_service.proto"
  if cmp -s {proto,"$planted"}/multisafepay/v1/order_service.proto; then
    echo 'the planted change no longer matches the schema: see breaking_is_noticed in ci/jobs/lint.sh'
    return 1
  fi
  if buf breaking "$planted" --against proto >build/planted-breaking.log 2>&1; then
    echo 'buf did not notice a field of a request that changed its type'
    return 1
  fi
  grep -q 'CreateOrderRequest.*amount\|"amount".*CreateOrderRequest' build/planted-breaking.log || {
    cat build/planted-breaking.log
    return 1
  }
}

# The quick ones first.
checks=(whitespace words vocabulary licence prints readme version includes shell format cppcheck proto breaking tidy)
[[ $# -eq 0 ]] || checks=("$@")
passed=0 failed=0
for check in "${checks[@]}"; do
  declare -F "check_$check" >/dev/null || die "lint: no check '$check'; there are: ${checks[*]}"
  start=$SECONDS
  if ("check_$check"); then
    passed=$((passed + 1))
    echo "ok      $check ($((SECONDS - start)) s)"
  else
    failed=$((failed + 1))
    echo "FAILED  $check ($((SECONDS - start)) s)"
  fi
done
echo "$passed passed, $failed failed"
((failed == 0))
