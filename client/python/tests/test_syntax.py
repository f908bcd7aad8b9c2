# SPDX-License-Identifier: Apache-2.0

"""The sources have no syntax that is newer than the Python that pyproject.toml requires."""

import ast
import pathlib
import re

import pytest

CLIENT = pathlib.Path(__file__).resolve().parent.parent
REQUIRED = re.search(r'^requires-python = ">=(\d+)\.(\d+)"$', (CLIENT / "pyproject.toml").read_text(encoding="utf-8"), re.M)
VERSION = tuple(map(int, REQUIRED.groups()))
SOURCES = sorted(path for folder in ("src", "examples", "tests") for path in (CLIENT / folder).rglob("*.py"))


def parse(text):
    return ast.parse(text, feature_version=VERSION)


@pytest.mark.parametrize("path", [CLIENT / "setup.py", *SOURCES], ids=lambda path: str(path.relative_to(CLIENT)))
def test_the_required_python_reads_the_source(path):
    parse(path.read_text(encoding="utf-8"))


def test_newer_syntax_is_found():
    assert VERSION == (3, 9), "choose syntax that is newer than the required version"
    with pytest.raises(SyntaxError):
        parse("match 1:\n    case _:\n        pass\n")
