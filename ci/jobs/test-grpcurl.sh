#!/usr/bin/env bash
# whole payments and the merchant API by grpcurl and the server's reflection, without this project's client code
# SPDX-License-Identifier: Apache-2.0
#
#   --no-build   use build/release as it is
source ci/lib.sh
build_first=yes
case ${1:-} in
  --help) usage_of test-grpcurl ;;
  --no-build) build_first=no ;;
  '') ;;
  *) die "test-grpcurl: unknown option '$1'; ./run test-grpcurl --help" ;;
esac
install build
command -v go >/dev/null || install go
[[ $build_first == no ]] || build release msp-server msp-sandbox

grpcurl=$PWD/build/tools/grpcurl
if [[ ! -x $grpcurl ]]; then
  say 'building grpcurl'
  mkdir -p build/tools
  GOBIN=$PWD/build/tools go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.1 >build/tools/go.log 2>&1 || {
    tail -n 20 build/tools/go.log >&2
    die 'could not build grpcurl'
  }
fi
passed=0 failed=0
for polymorphism in modern legacy chaos; do
  for suite in lifecycle merchant_api; do
    say "$suite, $polymorphism answers"
    if python3 "tests/integration/${suite}_test.py" build/release/bin "$polymorphism" --grpcurl "$grpcurl"; then
      passed=$((passed + 1))
    else
      failed=$((failed + 1))
    fi
  done
done
echo "$passed passed, $failed failed"
((failed == 0))
