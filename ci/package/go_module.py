#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A Go module as a proxy serves it: go_module.py FOLDER MODULE@VERSION OUT.zip. The same files make the same bytes."""

import pathlib
import sys
import zipfile


def main():
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    folder, name, out = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            member = zipfile.ZipInfo(f"{name}/{file.relative_to(folder).as_posix()}")
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, file.read_bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
