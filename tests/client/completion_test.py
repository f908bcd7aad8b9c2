#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The completion scripts that `msp completion` prints, asked by bash and zsh themselves: completion_test.py MSP

bash runs its function with the words of a command line; zsh, where it is installed, reads its script and runs the function
with `_describe` and `_files` in the completion system's place.
"""

import shutil
import subprocess
import sys

# The words up to the cursor, and what has to be offered for the last one, completely or among others.
CASES = [
    (["msp", "or"], {"order"}, True),
    (["msp", "order", "re"], {"refund"}, True),
    (["msp", "order", "refund", "--am"], {"--amount"}, True),
    (["msp", "order", "refund", "--full", "--refund-o"], {"--refund-order-id"}, True),
    (["msp", "--server", "order", "token", ""], {"list", "get", "update", "delete"}, True),
    (["msp", "--tls", "order", "ca"], {"cancel", "capture", "cancel-refund"}, True),
    (["msp", "order", "get", "--output", ""], {"json", "table"}, True),
    (["msp", "order", "get", "tulip-1", "--ou"], {"--output"}, True),
    (["msp", "webhook", "verify", "--"], {"--auth", "--key-file", "--max-age", "--help"}, False),
    (["msp", "completion", ""], {"bash", "zsh"}, True),
    # A value that is anything has no words, and an order id is nobody's to guess.
    (["msp", "order", "refund", "--currency", ""], set(), True),
]

BASH = 'eval "$1"; shift; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _msp; printf "%s\\n" "${COMPREPLY[@]}"'
# _describe prints what it was given; what does not begin with the word at the cursor is left out, as zsh does.
ZSH = r"""
compdef() { : }
_describe() { local item; for item in ${(P)2}; do [[ ${item%%:*} != $PREFIX* ]] || print -r -- ${item%%:*}; done }
_files() { print FILES }
compadd() { print -l -- "$@" }
eval "$1"; shift; words=("$@") CURRENT=$# PREFIX=${@[-1]}; _msp
"""


def offered(command, script, words):
    done = subprocess.run([*command, script, *words], capture_output=True, text=True, timeout=30, check=False)
    if done.stderr:
        return {f"stderr: {done.stderr}"}
    return set(done.stdout.split())


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    shells = {"bash": ["bash", "--norc", "-c", BASH, "bash"]}
    if shutil.which("zsh"):
        shells["zsh"] = ["zsh", "-f", "-c", ZSH, "zsh"]
    wrong = 0
    for shell, command in shells.items():
        script = subprocess.run([sys.argv[1], "completion", shell], capture_output=True, text=True, check=True).stdout
        for words, wanted, all_of_it in CASES:
            found = offered(command, script, words)
            if found == wanted if all_of_it else found >= wanted:
                continue
            wrong += 1
            print(f"{shell}: {words}: offers {sorted(found)}, wanted {sorted(wanted)}")
    refused = subprocess.run([sys.argv[1], "completion", "fish"], capture_output=True, text=True, check=False)
    if refused.returncode != 2 or refused.stdout:
        wrong += 1
        print(f"fish: exit code {refused.returncode}")
    print(f"{', '.join(shells)}: {len(CASES)} lines each, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
