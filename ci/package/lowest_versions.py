#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The lowest versions of the dependencies of the Python and PHP clients, which have no lock files: lowest_versions.py CLIENT OUT

CLIENT is client/python or client/php. Writes OUT/requirements.txt or OUT/composer.lock, in which a scanner finds each dependency
with one version, as it does in go.mod.
"""

import json
import pathlib
import re
import sys
import tomllib


def python(client):
    project = tomllib.loads((client / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [re.fullmatch(r"([\w.-]+)>=([\w.]+)(?:,.*)?", text).groups() for text in project["dependencies"]]


def php(client):
    required = json.loads((client / "composer.json").read_text(encoding="utf-8"))["require"]
    # Without a slash: PHP itself and its extensions.
    packages = {name: wanted for name, wanted in required.items() if "/" in name}
    return [(name, re.match(r"[\^~]?([0-9.]+)", wanted).group(1)) for name, wanted in packages.items()]


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    client, out = map(pathlib.Path, sys.argv[1:])
    if (client / "pyproject.toml").exists():
        text = "".join(f"{name}=={version}\n" for name, version in python(client))
        (out / "requirements.txt").write_text(text, encoding="utf-8")
    else:
        packages = [{"name": name, "version": version} for name, version in php(client)]
        (out / "composer.lock").write_text(json.dumps({"packages": packages, "packages-dev": []}), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
