#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0

# Manual pages from --help, completions and the texts of a Debian package: ci/package/manual.sh PROGRAMS OUT
#
# SOURCE_DATE_EPOCH is the date in them.
set -euo pipefail
programs=$1 out=$2
rm -rf "$out"
mkdir -p "$out/man1"

# page NAME WHAT [HELP2MAN-OPTION...]
page() {
  local name=$1 what=$2
  shift 2
  LC_ALL=C.UTF-8 help2man --no-info --version-string="$(<VERSION)" --source="multisafepay-grpc $(<VERSION)" --section=1 --name="$what" "$@" "$programs/$name" | gzip -9n >"$out/man1/$name.1.gz"
}

# The page of msp has the help of each command too.
more=$(mktemp)
trap 'rm -f "$more"' EXIT
{
  echo '[COMMANDS]'
  "$programs/msp" --help | sed -n '/^commands:$/,/^$/s/^  \([a-z-]*\( [a-z-]*\)\?\)  .*/\1/p' | while IFS= read -r command; do
    printf '.SS "msp %s"\n.nf\n' "$command"
    # The flags of every command are in the page once.
    # shellcheck disable=SC2086  # A command is one or two words.
    "$programs/msp" $command --help </dev/null | sed -e '/^flags of every command:$/,/^$/d' -e 's/\\/\\e/g' -e "s/^[.']/\\\\\&&/" -e 's/-/\\-/g'
    echo '.fi'
  done
} >"$more"
page msp 'command-line client of the payment service msp-server' --include="$more"
page msp-sandbox 'a local MultiSafepay simulator'
page msp-server 'gRPC service for MultiSafepay payments'

for shell in bash zsh; do "$programs/msp" completion "$shell" >"$out/msp.$shell"; done
cp ci/package/debian/copyright "$out/copyright"
gzip -9nc CHANGELOG.md >"$out/changelog.gz"
gzip -9n >"$out/changelog.Debian.gz" <<END
multisafepay-grpc ($(<VERSION)-1) stable; urgency=medium

  * Release $(<VERSION); what it changes is in changelog.gz.

 -- The multisafepay-grpc authors <multisafepay-grpc@users.noreply.github.com>  $(LC_ALL=C date -Rud "@${SOURCE_DATE_EPOCH:-0}")
END
