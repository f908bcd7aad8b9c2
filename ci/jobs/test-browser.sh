#!/usr/bin/env bash
# the sandbox's pages and component in Debian's Chromium, from CreateOrder by gRPC to the end of the WatchOrder stream
# SPDX-License-Identifier: Apache-2.0
#
#   --no-build       use build/release as it is
#   --only TEXT      only the tests whose names contain TEXT
#
# Screenshots are in build/browser.
source ci/lib.sh
build_first=yes only=
while (($# > 0)); do
  case $1 in
    --help) usage_of test-browser ;;
    --no-build) build_first=no ;;
    --only)
      only=${2:-}
      shift
      ;;
    *) die "test-browser: unknown option '$1'; ./run test-browser --help" ;;
  esac
  shift
done
install build browser
[[ $build_first == no ]] || build release msp msp-sandbox msp-server

# Installed once for each version of the list, outside the tree.
tools=$PWD/build/tools/browser
mkdir -p "$tools"
if ! cmp -s tests/browser/package-lock.json "$tools/installed-lock.json"; then
  rm -rf "$tools"
  mkdir -p "$tools"
  cp tests/browser/package.json tests/browser/package-lock.json "$tools/"
  npm ci --prefix "$tools" --no-audit --no-fund --ignore-scripts >"$tools/npm.log" 2>&1 || {
    tail -n 20 "$tools/npm.log" >&2
    die 'could not install playwright-core'
  }
  cp tests/browser/package-lock.json "$tools/installed-lock.json"
fi
# The Node client with its example of a shop, built outside the tree, again when its sources have changed.
client=$PWD/build/tools/browser-client
sources=$(git ls-files -co --exclude-standard -z -- proto client/node | xargs -0 sha256sum | sha256sum)
if [[ ! -f $client/built || $(<"$client/built") != "$sources" ]]; then
  rm -rf "$client"
  mkdir -p "$client"
  git ls-files -co --exclude-standard -z -- proto client/node | tar --null -cf - -T - | tar -xf - -C "$client"
  (cd "$client/client/node" && npm ci --no-audit --no-fund --ignore-scripts && npm run build) >"$client/npm.log" 2>&1 || {
    tail -n 20 "$client/npm.log" >&2
    die 'could not build the Node client'
  }
  echo "$sources" >"$client/built"
fi
# Node resolves packages relative to the importing file.
cp tests/browser/*.mjs "$tools/"
rm -rf build/browser
exec node "$tools/browser_test.mjs" build/release/bin build/browser "$client/client/node" "$only"
