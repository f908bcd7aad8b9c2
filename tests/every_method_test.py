#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a new RPC needs beside its .proto file is there: a row of the table of operations, a command of the command-line client,
a route of the sandbox, a line in the server."""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "ci"))
import schema  # noqa: E402

# The one call that asks MultiSafepay nothing, and the stream.
WITHOUT_ROW = {"HandleNotification", "WatchOrder"}


class EveryMethod(unittest.TestCase):
    operations, methods = schema.operations(), schema.methods()

    def test_each_method_has_a_row(self):
        self.assertGreater(len(self.methods), 30)
        self.assertEqual({method.name for method in self.methods} - set(self.operations), WITHOUT_ROW)
        self.assertEqual(set(self.operations) - {method.name for method in self.methods}, set())

    def test_each_method_has_a_command(self):
        self.assertEqual({method.name for method in self.methods} - set(schema.commands()), {"HandleNotification"})

    def test_words_of_a_command_are_the_ids_in_the_path(self):
        for name, operation in self.operations.items():
            self.assertEqual(schema.commands()[name].positionals, re.findall(r"{(\w+)}", operation.path), name)

    def test_each_row_is_a_route_of_the_sandbox(self):
        routes = schema.sandbox_routes()
        for name, operation in self.operations.items():
            self.assertIn(f"{operation.verb} {re.sub('{.*?}', '*', operation.path)}", routes, name)

    def test_each_row_is_served(self):
        text = (ROOT / "service/rpc/services.cc").read_text(encoding="utf-8")
        for name in self.operations:
            self.assertRegex(text, rf'serve\(\w+, &\w+::Request{name}, "{name}"\);')


if __name__ == "__main__":
    unittest.main()
