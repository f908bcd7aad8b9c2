#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The paths in docs/architecture.md name files and functions that exist; tests/README.md names each folder."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROW = re.compile(r"^\| [^|]+ \| ((?:`[\w/]+\.cc`(?:, )?)+) \| ((?:`\w+`(?:, )?)+) \|$", re.MULTILINE)
FILES_MAX = 20  # What a reader may have to open.


def hops(text):
    """(files, functions) of each row of the path."""
    return [(re.findall(r"`([^`]+)`", files), re.findall(r"`([^`]+)`", functions)) for files, functions in ROW.findall(text)]


def paths(text):
    """The hops of each path, by what goes it."""
    parts = re.split(r"^.*On the path of one (\w+):$", text, flags=re.MULTILINE)
    return {name: hops(table) for name, table in zip(parts[1::2], parts[2::2])}


def defines(source, function):
    return re.search(rf"\b{function}\([^;]*?\)[^;{{]*\{{", source) is not None


class Architecture(unittest.TestCase):
    paths = paths((ROOT / "docs/architecture.md").read_text(encoding="utf-8"))

    def test_each_hop_is_defined_in_one_of_its_files(self):
        self.assertEqual(list(self.paths), ["CreateOrder", "WatchOrder", "webhook"])
        for name, path in self.paths.items():
            self.assertGreater(len(path), 8, name)
        for files, functions in (hop for path in self.paths.values() for hop in path):
            sources = [(ROOT / "service" / name).read_text(encoding="utf-8") for name in files]
            for function in functions:
                self.assertTrue(any(defines(source, function) for source in sources), f"{function} in {files}")
            for name, source in zip(files, sources):
                self.assertTrue(any(defines(source, function) for function in functions), f"{name} has none of {functions}")

    def test_each_folder_of_tests_has_its_line(self):
        text = (ROOT / "tests/README.md").read_text(encoding="utf-8")
        for folder in sorted(path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"):
            self.assertIn(f"`{folder}/`", text)

    def test_paths_are_short_enough_to_be_followed(self):
        for path in self.paths.values():
            self.assertLessEqual(len({name for files, _ in path for name in files}), FILES_MAX)

    def test_name_that_is_only_called_is_not_defined(self):
        self.assertFalse(defines("void A() { Gone(1); }", "Gone"))
        self.assertTrue(defines("void A::Gone(int x) {\n}", "Gone"))


if __name__ == "__main__":
    unittest.main()
