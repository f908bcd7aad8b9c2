#!/usr/bin/env bash
# writes what follows from the schema: docs/retries, the clients' plain methods and Go stubs, mesh settings, README's table of calls
# SPDX-License-Identifier: Apache-2.0
#
# Run it after a change to an rpc, its comment or its retry option, and commit what it writes; tests fail if that was forgotten.
source ci/lib.sh
[[ ${1:-} != --help ]] || usage_of derive
install build
build release client_retries_test
MSP_UPDATE_RETRIES=1 build/release/tests/client_retries_test >build/derive.log || {
  cat build/derive.log >&2
  die 'docs/retries could not be written'
}
python3 ci/derive.py
command -v npm >/dev/null || install sdks
command -v go >/dev/null || install go
buf --version >/dev/null
(cd client/go && ../../build/tools/node_modules/.bin/buf generate)
echo 'derived: docs/retries, what ci/derive.py names, client/go/gen'
