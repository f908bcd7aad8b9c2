#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that a bill of materials is complete: check_sbom.py SBOM.cdx.json STATUS_D

STATUS_D has an entry for each Debian package that is inside; each has to be listed with its version, gRPC, OpenSSL and libcurl
among them, and so has one dependency of each client of another language.
"""

import json
import pathlib
import re
import sys

WANTED = ("libgrpc++-dev", "libprotobuf-dev", "libssl3", "libcurl4", "@grpc/grpc-js", "google.golang.org/grpc", "grpc-protobuf",
          "grpcio", "google/protobuf")  # fmt: skip


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    components = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))["components"]
    listed = {(component["name"], component.get("version", "")) for component in components}
    names = {"/".join(filter(None, (component.get("group"), component["name"]))) for component in components}
    missing = [name for name in WANTED if name not in names | {component["name"] for component in components}]
    packages = 0
    for entry in sorted(pathlib.Path(sys.argv[2]).iterdir()):
        version = re.search(r"^Version: (\S+)", entry.read_text(encoding="utf-8"), re.M).group(1)
        packages += 1
        if (entry.name, version) not in listed:
            missing.append(f"{entry.name} {version}")
    for name in missing:
        print(f"not listed: {name}")
    print(f"{len(components)} components, {packages} of them Debian packages")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
