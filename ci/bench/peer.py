# SPDX-License-Identifier: Apache-2.0

"""Builds the peer in Rust that --peers names. The peer implements a part of the schema, and is built against that part."""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def schema_for(sources, directory):
    """Writes proto/ to `directory` without what a peer lacks: methods that `sources` do not implement, and members of open
    content (google.protobuf.Struct), which serde cannot read. What is left has the same field numbers, so the same bytes."""
    implemented = set(re.findall(r"async fn (\w+)\(", sources))
    for path in sorted((ROOT / "proto").rglob("*.proto")):
        text = re.sub(r"^ *(?:optional )?google\.protobuf\.Struct \w+ = \d+[^;]*;\n", "", path.read_text(), flags=re.M)
        text = re.sub(r"^  rpc (\w+)\(.*?^  \}\n", lambda rpc: rpc[0] if snake_case(rpc[1]) in implemented else "", text,
                      flags=re.M | re.S)
        copy = directory / path.relative_to(ROOT / "proto")
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not copy.exists() or copy.read_text() != text:  # An older file is not compiled again.
            copy.write_text(text)


def snake_case(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def build_rust(peers, build):
    """The program in PEERS/rust; minutes the first time."""
    target, schema = build.parent / "peer", build.parent / "peer/proto"
    schema_for("".join(path.read_text() for path in sorted(peers.glob("rust/src/*.rs"))), schema)
    environment = dict(os.environ, MSP_PROTO=str(schema.resolve()), CARGO_TARGET_DIR=str(target))
    command = ["cargo", "build", "--release", "--locked", "--quiet", f"--manifest-path={peers}/rust/Cargo.toml"]
    try:
        built = subprocess.run(command, env=environment, capture_output=True, text=True)
    except FileNotFoundError:
        sys.exit("bench: --peers builds a peer in Rust and finds no cargo")
    if built.returncode != 0:
        sys.exit(f"bench: the peer in {peers}/rust does not build:\n{built.stderr[-3000:]}")
    return target / "release/rust-peer"
