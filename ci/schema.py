# SPDX-License-Identifier: Apache-2.0

"""The schema and the tables that follow it, as Python sees them: for ci/derive.py and for tests that walk all calls.

Read from the text of the sources, so that nothing has to be built or installed first.
"""

import collections
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto/multisafepay/v1"
OPERATIONS = ROOT / "service/payments/operation.cc"
COMMANDS = ROOT / "client/cli/commands.cc"
SANDBOX = ROOT / "sandbox/front/api.cc"

Method = collections.namedtuple("Method", "service name request response streams retry comment file")
Field = collections.namedtuple("Field", "name type repeated required in_path")
Operation = collections.namedtuple("Operation", "verb path effect data")
Command = collections.namedtuple("Command", "words positionals")

SERVICE = re.compile(r"^service (\w+) \{\n(.*?)^\}", re.M | re.S)
RPC = re.compile(r"((?:^  //[^\n]*\n)+)^  rpc (\w+)\((\w+)\)\s+returns \((stream )?(\w+)\) \{(.*?)^  \}", re.M | re.S)
MESSAGE = re.compile(r"^message (\w+) \{(.*?)\}\n(?=\n|\Z)", re.M | re.S)
FIELD = re.compile(r"^  (?:  )?(?:(optional|repeated) )?([\w.]+) (\w+) = \d+( \[.*?\])?;", re.M | re.S)
ROW = re.compile(r'Row<v1::\w+, v1::\w+>\(\s*"(\w+)",\s*Method::k(\w+),\s*"([^"]+)",\s*Effect::k(\w+),\s*"(\w*)"')


def methods():
    """Every method of the schema: services by the names of their files, methods as they stand there."""
    found = []
    for file in sorted(PROTO.glob("*_service.proto")):
        for service, body in SERVICE.findall(file.read_text(encoding="utf-8")):
            for comment, name, request, streams, response, options in RPC.findall(body):
                retry = re.search(r"option \(retry\) = RETRY_(\w+);", options)
                text = " ".join(line.strip().removeprefix("//").strip() for line in comment.splitlines())
                found.append(Method(service, name, request, response, bool(streams), retry[1], text, file.stem))
            if len(re.findall(r"^  rpc ", body, re.M)) != sum(one.service == service for one in found):
                raise ValueError(f"{file}: an rpc is written in another way than the others, or has no comment")
    return found


def messages():
    """Message -> its fields, and the stem of the file that has it."""
    found = {}
    for file in sorted(PROTO.glob("*.proto")):
        for name, body in MESSAGE.findall(file.read_text(encoding="utf-8")):
            fields = [Field(field, kind, label == "repeated", "required: true" in options, "PLACE_PATH" in options)
                      for label, kind, field, options in FIELD.findall(body)]  # fmt: skip
            found[name] = (fields, file.stem)
    return found


def operations():
    """Method -> its row of the table of operations: a verb, a path, "Money", "Write" or "Read", and the field of `data`."""
    text = OPERATIONS.read_text(encoding="utf-8")
    found = {name: Operation(verb.upper(), path, effect, data) for name, verb, path, effect, data in ROW.findall(text)}
    if len(found) != text.count("      Row<v1::"):
        raise ValueError(f"{OPERATIONS}: a row is written in another way than the others")
    return found


def commands():
    """Method -> its plain command of the command-line client, where it has one."""
    found = {}
    for row in re.findall(r"^    \{(\.words = .*?)\},?$", COMMANDS.read_text(encoding="utf-8"), re.M | re.S):
        members = dict(re.findall(r'\.(words|method|positionals) = "([^"]*)"', row))
        if "method" in members and ".kind =" not in row:
            found[members["method"].rpartition(".")[2]] = Command(members["words"], members.get("positionals", "").split())
    return found


def sandbox_routes():
    """Verb and path of each call that the sandbox answers, with * for an id."""
    rows = re.findall(r'^    \{"([A-Z]+)", "([^"]+)", "\w+", (?:true|false),', SANDBOX.read_text(encoding="utf-8"), re.M)
    return {f"{verb} /{path}" for verb, path in rows}


def snake(name):
    return re.sub("(?<!^)[A-Z]", lambda letter: "_" + letter[0].lower(), name).lower()


def camel(name):
    return name[0].lower() + name[1:]
