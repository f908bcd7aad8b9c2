#!/usr/bin/env python3
"""Writes the table of a chart's values into its README.md, from the comments in values.yaml.

usage: chart_table.py CHART_DIR [--check]

Each value's comment is the one above it. --check writes nothing, and fails when the table is not what values.yaml says.
"""

import pathlib
import re
import sys

BEGIN, END = "<!-- values: made by ci/chart_table.py -->\n", "<!-- end of values -->\n"


def rows(text):
    """(path, default, comment) of each value that has a comment or is a leaf."""
    path, comment = [], []
    for line in text.splitlines()[2:]:
        found = re.match(r"^( *)(?:# (.*)|([A-Za-z-]+):(?: (.*))?)$", line)
        if not found:
            comment = []
            continue
        indent, words, name, default = found.groups()
        if words is not None:
            comment.append(words)
            continue
        path = [*path[: len(indent) // 2], name]
        if default is not None:
            if not comment:
                raise SystemExit(f"values.yaml: {'.'.join(path)} has no comment")
            yield ".".join(path), default, " ".join(comment)
        elif comment:
            raise SystemExit(f"values.yaml: the comment above {'.'.join(path)} belongs to its values")
        comment = []


def main():
    chart = pathlib.Path(sys.argv[1])
    table = "| value | default | meaning |\n|---|---|---|\n"
    for name, default, comment in rows((chart / "values.yaml").read_text()):
        table += f"| `{name}` | `{default}` | {comment} |\n"
    readme = chart / "README.md"
    before = readme.read_text()
    head, rest = before.split(BEGIN)
    after = head + BEGIN + "\n" + table + "\n" + END + rest.split(END)[1]
    if sys.argv[2:] == ["--check"]:
        if after != before:
            print(f"{readme} differs from values.yaml; python3 ci/chart_table.py {chart} writes it anew")
            return 1
        return 0
    readme.write_text(after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
