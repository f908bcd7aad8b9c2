#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the schema with MultiSafepay's OpenAPI description: every path outside the partner API has an RPC, every member of
a request and of an answer has a field, and every query parameter is reachable. What is left out is a row below, with its reason.

openapi_test.py DESCRIPTORS OPENAPI_FOLDER
"""

import pathlib
import re
import sys

import yaml
from google.protobuf import descriptor_pb2

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent.parent / "ci"))
import schema  # noqa: E402

# The partner API: accounts of others, not the shop's payments.
PARTNER = ("accounts", "sites", "signup-account", "bank-accounts", "bank-statements", "ubos", "identitydocs", "customers")

# Verb and path, with {} for an id -> RPC, and the field that the answer's `data` fills ("" for the response itself): as the
# table of operations has it. Of two on one path, UpdateOrder and CancelOrder, the first has the members.
RPCS = {}
for rpc, row in schema.operations().items():
    RPCS.setdefault(f"{row.verb} {re.sub('{.*?}', '{}', row.path)}", (rpc, row.data))
RPCS["POST /orders/{}/cancel"] = ("CancelOrder", "order")  # CancelOrderRequest.by

# "METHOD path request|answer|query member" -> why it has no field. A member covers all below it.
EXCLUDED = {
    "POST /orders request customer_verification": "an answer's member, which the description lists with the request",
    "PATCH /orders/{order_id} request exclude_order": "belongs to cancelling: CancelOrderRequest.exclude_order",
    "POST /orders/{order_id}/capture request new_order_status": "sent by the service, always completed",
    "PATCH /capture/{order_id} request status": "sent by the service, always cancelled",
    "PATCH /orders/{order_id}/refunds/{refund_id} request status": "sent by the service, always void",
    "GET /recurring/{your_customer_reference} query limit": "page_size",
    "GET /recurring/{your_customer_reference} query offset": "page_token",
    "GET /transactions query limit": "page_size",
    "GET /transactions query after": "page_token",
    "GET /transactions query before": "page_token goes forward only",
}
# The description of an order's creation lists the request's own members as its answer too. None is seen there; one that came
# would be in Order.unmodelled.
ECHOED = "POST /orders answer"


def load(folder):
    texts = {}

    def read(path):
        path = path.resolve()
        if path not in texts:
            texts[path] = yaml.safe_load(path.read_text(encoding="utf-8"))
        return texts[path]

    def follow(node, base):
        while isinstance(node, dict) and "$ref" in node:
            file, _, fragment = node["$ref"].partition("#")
            if file:
                path = base.parent / file
                base = path if path.exists() else folder / file.removeprefix("./openapi/")
            node = read(base)
            for part in filter(None, fragment.split("/")):
                node = node[part.replace("~1", "/")]
        return node, base

    def members(schema, base, prefix=""):
        schema, base = follow(schema, base)
        if not isinstance(schema, dict):
            return
        for part in (part for word in ("allOf", "oneOf", "anyOf") for part in schema.get(word, [])):
            yield from members(part, base, prefix)
        for name, below in (schema.get("properties") or {}).items():
            yield prefix + name
            yield from members(below, base, prefix + name + ".")
        if "items" in schema:
            yield from members(schema["items"], base, prefix)

    def contents(holder, base):
        holder, base = follow(holder or {}, base)
        for content in (holder.get("content") or {}).values():
            yield from members(content.get("schema", {}), base)

    for top in ("docsopenapi.yaml", "docsopenapiPOS.yaml", "cloudmode.yaml"):
        for path, item in read(folder / top)["paths"].items():
            if path.split("/")[1] in PARTNER:
                continue
            item, base = follow(item, folder / top)
            for method in ("get", "post", "put", "patch", "delete"):
                if method not in item:
                    continue
                operation = item[method]
                place = f"{method.upper()} {path}"
                for parameter in operation.get("parameters", []) + item.get("parameters", []):
                    parameter, _ = follow(parameter, base)
                    if parameter.get("in") == "query":
                        yield place, "query", parameter["name"]
                for member in contents(operation.get("requestBody"), base):
                    yield place, "request", member
                answers = [a for code, a in operation["responses"].items() if str(code).startswith("2")]
                for member in (m for answer in answers for m in contents(answer, base)):
                    if member.startswith("data."):
                        yield place, "answer", member.removeprefix("data.")
                yield place, "path", ""


class Schema:
    def __init__(self, file):
        files = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(file).read_bytes()).file
        self.messages = {f".{f.package}.{m.name}": m for f in files for m in f.message_type}

    def has(self, message, path):
        """Whether a dotted path leads to a field, or into a Struct that takes anything."""
        name, _, rest = path.partition(".")
        for field in self.messages[".multisafepay.v1." + message].field:
            if field.name != name:
                continue
            if not rest or field.type_name == ".google.protobuf.Struct":
                return True
            return field.type_name in self.messages and self.has(field.type_name.rpartition(".")[2], rest)
        return False


def main():
    if not pathlib.Path(sys.argv[2]).is_dir():
        print(f"skipped: no {sys.argv[2]}")
        return 77
    described, missing, seen, used = Schema(sys.argv[1]), [], 0, set()
    for place, kind, member in sorted(set(load(pathlib.Path(sys.argv[2])))):
        seen += 1
        asked = re.sub("{.*?}", "{}", place)
        if asked not in RPCS:
            missing.append(f"{place}: no RPC")
            continue
        if kind == "path":
            continue
        rpc, data = RPCS[asked]
        path = f"{data}.{member}" if kind == "answer" and data else member
        if described.has(rpc + ("Response" if kind == "answer" else "Request"), path):
            continue
        steps = member.split(".")
        row = next((r for n in range(1, len(steps) + 1)
                    if (r := f"{place} {kind} {'.'.join(steps[:n])}") in EXCLUDED), None)  # fmt: skip
        used.add(row)
        if row is None and not (f"{place} {kind}" == ECHOED and described.has(rpc + "Request", member)):
            missing.append(f"{place} {kind}: {member}")
    missing += [f"no longer needed: {row}" for row in EXCLUDED if row not in used]
    for line in missing:
        print(line)
    print(f"{seen} paths, parameters and members, {len(EXCLUDED)} left out with a reason, {len(missing)} missing")
    return 1 if missing or seen < 500 else 0


if __name__ == "__main__":
    sys.exit(main())
