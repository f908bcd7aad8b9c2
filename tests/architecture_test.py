#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The paths in docs/architecture.md name files and functions that exist, CreateOrder's in the order in which they are entered;
tests/README.md names each folder."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROW = re.compile(r"^\| [^|]+ \| ((?:`[\w/]+\.cc`(?:, )?)+) \| ((?:`\w+`(?:, )?)+) \|$", re.MULTILINE)
# A file that is consulted on the way: its functions, the files that name them, and the table by which they are called.
CONSULTED = re.compile(r"^\| `([\w/]+\.cc)` \| ((?:`\w+`(?:, )?)+) \| ((?:`[\w/]+\.cc`(?:, )?)+)(?:by `(\w+)` )? *\| [^|]+ \|$",
                       re.MULTILINE)  # fmt: skip
FILES_MAX = 20  # What a reader may have to open.


def quoted(text):
    return re.findall(r"`([^`]+)`", text)


def hops(text):
    """(files, functions) of each row of the path."""
    return [(quoted(files), quoted(functions)) for files, functions in ROW.findall(text)]


def paths(text):
    """The hops of each path, by what goes it."""
    parts = re.split(r"^.*On the path of one (\w+):$", text, flags=re.MULTILINE)
    return {name: hops(table) for name, table in zip(parts[1::2], parts[2::2])}


def defines(source, function):
    return re.search(rf"\b{function}\([^;]*?\)[^;{{]*\{{", source) is not None


def names(source, function):
    """Whether the source calls the function or refers to it, beyond its own definition and comments."""
    # A definition is not indented, or, in a class, has a type before the name; no statement is formatted like that.
    own = rf"^(?:\S.*)?\b{function}\(|^ +(?!(?:co_return|co_await|else|return) )[\w:<>&*]+(?: [\w:<>&*]+)* {function}\("
    return re.search(rf"\b{function}\b", re.sub(own, "", re.sub(r"//.*", "", source), flags=re.MULTILINE)) is not None


def source_of(name):
    return (ROOT / "service" / name).read_text(encoding="utf-8")


class Architecture(unittest.TestCase):
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    paths = paths(text)

    def test_each_hop_is_defined_in_one_of_its_files(self):
        self.assertEqual(list(self.paths), ["CreateOrder", "WatchOrder", "webhook"])
        for name, path in self.paths.items():
            self.assertGreater(len(path), 8, name)
        for files, functions in (hop for path in self.paths.values() for hop in path):
            sources = [source_of(name) for name in files]
            for function in functions:
                self.assertTrue(any(defines(source, function) for source in sources), f"{function} in {files}")
            for name, source in zip(files, sources):
                self.assertTrue(any(defines(source, function) for function in functions), f"{name} has none of {functions}")

    def test_each_hop_of_a_payment_is_named_in_an_earlier_one(self):
        path = self.paths["CreateOrder"]
        for number, (files, functions) in enumerate(path[1:], 1):
            self.assertEqual(len(files), 1, files)
            earlier = {name for before, _ in path[:number] for name in before}
            for position, function in enumerate(functions):
                # Of several functions in a row, one may name the next.
                known = earlier | set(files) if position > 0 else earlier
                self.assertTrue(any(names(source_of(name), function) for name in known), f"{function} of {files[0]}")

    def test_what_is_consulted_is_named_where_it_says(self):
        reached = {name for files, _ in self.paths["CreateOrder"] for name in files}
        rows = CONSULTED.findall(self.text)
        self.assertEqual(len(rows), self.text.split("| file | function | named in |")[1].split("\n\n")[0].count("\n") - 1)
        for name, functions, named_in, table in rows:
            callers = quoted(named_in)
            self.assertLessEqual(set(callers), reached, name)
            for function in quoted(functions):
                self.assertTrue(defines(source_of(name), function), f"{function} in {name}")
                # By a table, a caller knows the table's name and the file itself puts the function into it.
                sources = [source_of(name)] if table else map(source_of, callers)
                self.assertTrue(any(names(source, function) for source in sources), f"{function} in {callers}")
            if table:
                self.assertTrue(all(re.search(rf"\b{table}\b", source_of(one)) for one in [name, *callers]), table)
            reached.add(name)

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

    def test_definition_alone_does_not_name_a_function(self):
        self.assertFalse(names("// Calls Gone.\nvoid A::Gone(int x) {\n}", "Gone"))
        self.assertFalse(names("class A {\n  void Gone() override {\n}", "Gone"))
        self.assertTrue(names("void A::Gone(int x) {\n}\nvoid B() {\n  Gone(1);\n}", "Gone"))
        self.assertTrue(names("int B() {\n  return Gone(1);\n}", "Gone"))
        self.assertTrue(names("const Policy kPolicy{.gone = Gone};", "Gone"))


if __name__ == "__main__":
    unittest.main()
