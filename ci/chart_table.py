#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the table in a chart's README.md and its values.schema.json, both from values.yaml.

usage: chart_table.py CHART_DIR [--check]

A value's comment is the one above it and becomes its line in the table. Its schema is the type of its default and, where there are
lines that begin with '#:', what those say: JSON Schema in YAML, or the name of a shape of ci/chart_shapes.yaml. A mapping takes no
member that values.yaml does not name, unless its own schema has additionalProperties. --check writes nothing, and fails when a file
differs from what values.yaml says. It needs PyYAML (Debian: python3-yaml).
"""

import json
import pathlib
import re
import sys

import yaml

BEGIN, END = "<!-- values: made by ci/chart_table.py -->\n", "<!-- end of values -->\n"
SHAPES = pathlib.Path(__file__).resolve().parent / "chart_shapes.yaml"
TYPES = {bool: "boolean", int: "integer", str: "string", dict: "object", list: "array"}
# Where JSON Schema has a schema: in these members themselves, in each member of those, and in each item of the last.
ONE, NAMED, LISTED = {"items", "contains", "not"}, {"properties"}, {"oneOf", "anyOf", "allOf"}


def rows(text):
    """(path, default, comment, schema) of each value; default is None for a mapping with values of its own."""
    path, comment, schema = [], [], []
    for line in text.splitlines()[3:]:
        found = re.match(r"^( *)(?:#: (.*)|# (.*)|([A-Za-z-]+):(?: (.*))?)$", line)
        if not found:
            comment, schema = [], []
            continue
        indent, more, words, name, default = found.groups()
        if more is not None:
            schema.append(more)
            continue
        if words is not None:
            comment.append(words)
            continue
        path = [*path[: len(indent) // 2], name]
        where = ".".join(path)
        if default is not None and not comment:
            raise SystemExit(f"values.yaml: {where} has no comment")
        if default is None and comment:
            raise SystemExit(f"values.yaml: the comment above {where} belongs to its values")
        yield path, default, " ".join(comment), yaml.safe_load("\n".join(schema))
        comment, schema = [], []


def referring(schema):
    """`schema` with a reference for each name of a shape in it."""
    if isinstance(schema, str):
        return {"$ref": f"#/definitions/{schema}"}
    out = {}
    for name, value in (schema or {}).items():
        if name in NAMED:
            value = {member: referring(inner) for member, inner in value.items()}
        elif name in LISTED:
            value = [referring(inner) for inner in value]
        elif name in ONE or (name == "additionalProperties" and value is not False):
            value = referring(value)
        out[name] = value
    return out


def schema_of(chart, text):
    root = {"type": "object", "additionalProperties": False, "properties": {"global": {"type": "object"}}}
    for path, default, comment, more in rows(text):
        parent = root
        for name in path[:-1]:
            parent = parent["properties"][name]
        own = {"description": comment} if comment else {}
        own.update(referring(more))
        if default is None:
            own = {"type": "object", "additionalProperties": False, "properties": {}, **own}
        elif not own.keys() & {"$ref", "oneOf", "type", "enum"}:
            own = {"type": TYPES[type(yaml.safe_load(default))], **own}
        parent["properties"][path[-1]] = own
    shapes = {name: referring(shape) for name, shape in yaml.safe_load(SHAPES.read_text()).items()}
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": chart.name, **root, "definitions": shapes}


def table_of(text):
    table = "| value | default | meaning |\n|---|---|---|\n"
    for path, default, comment, _ in rows(text):
        if default is not None:
            table += f"| `{'.'.join(path)}` | `{default}` | {comment} |\n"
    return table


def main():
    chart = pathlib.Path(sys.argv[1])
    text = (chart / "values.yaml").read_text()
    readme = (chart / "README.md").read_text()
    head, rest = readme.split(BEGIN)
    wanted = {
        chart / "README.md": head + BEGIN + "\n" + table_of(text) + "\n" + END + rest.split(END)[1],
        chart / "values.schema.json": json.dumps(schema_of(chart, text), indent=2) + "\n",
    }
    status = 0
    for path, after in wanted.items():
        if sys.argv[2:] != ["--check"]:
            path.write_text(after)
        elif after != path.read_text():
            print(f"{path} differs from values.yaml; python3 ci/chart_table.py {chart} writes it again")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
