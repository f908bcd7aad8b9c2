#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The components include one another in one direction only, and each third-party header has one component.

Link targets enforce most of this; headers reach further than libraries, so it is checked here. With --self-test, files
that break each rule are made up first, and the test fails when one of them passes.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.M)

# Component -> components of ours that it may include, besides itself. Longest prefix wins; `proto` is the generated schema.
COMPONENTS = {
    "service/base": [],
    "service/settings": ["service/base"],
    "service/telemetry": ["service/base"],
    "service/curl": ["service/base"],
    "service/http": ["service/curl", "service/telemetry", "service/base"],
    "service/event_streams": ["service/curl", "service/http", "service/telemetry", "service/base"],
    "service/codec": ["service/telemetry", "service/base", "proto"],
    "service/payments": ["service/codec", "service/event_streams", "service/http", "service/telemetry", "service/base", "proto"],
    "service/webhooks": ["service/payments", "service/codec", "service/event_streams", "service/http", "service/telemetry", "service/base", "proto"],
    "service/grpc": ["service/codec", "service/http", "service/telemetry", "service/base"],
    "service/rpc": [
        "service/grpc", "service/payments", "service/webhooks", "service/codec", "service/http", "service/telemetry", "service/base", "proto",
        "service/proto",
    ],
    "service/config": ["service/settings", "service/grpc", "service/payments", "service/event_streams", "service/http", "service/telemetry", "service/base"],
    # main.cc wires, so it sees every component.
    "service": [
        "service/config", "service/settings", "service/rpc", "service/grpc", "service/payments", "service/webhooks", "service/codec",
        "service/event_streams", "service/http", "service/telemetry",
        "service/base", "proto", "service/proto", "sandbox",
    ],
    "sandbox": ["service/settings", "service/telemetry", "service/base"],
    "client/cpp": ["proto", "service/proto"],
    "client/cli": ["client/cpp", "service/settings", "service/proto", "service/codec", "service/telemetry", "service/base", "proto"],
}  # fmt: skip

# Third-party header -> the files that may include it.
THIRD_PARTY = [
    (r"curl/", r"service/curl/.*|service/event_streams/curl_.*"),
    (r"simdjson\.h", r"service/codec/decode\.cc"),
    (r"boost/", r"service/http/response_parser\.cc"),
    (r"zlib\.h", r"service/http/content_decoding\.cc"),
    (r"(grpcpp|grpc|grpc\+\+)/|.*\.grpc\.pb\.h", r"service/(grpc|rpc)/.*|service/main\.cc|client/.*"),
    (r"google/protobuf/|.*\.pb\.h", r"service/(codec|payments|webhooks|grpc|rpc)/.*|service/(main|admin)\.cc|client/.*"),
    (r"httplib\.h", r"sandbox/.*|service/(base|webhooks|telemetry)/.*|client/cli/webhook\.cc"),
    (r"nlohmann/", r"sandbox/.*|client/cli/.*|service/config/credentials\.cc"),
    (r"prometheus/", r"service/telemetry/.*"),
    (r"hiredis/", r"service/base/redis(_channel)?\.cc"),
    (r"openssl/", r"service/base/.*|service/curl/.*|service/(http|event_streams)/curl_.*|service/grpc/tls.*|sandbox/http/.*"),
    (r"sys/epoll\.h", r"service/http/event_loop\..*|service/curl/connection_pool\.cc"),
    # gRPC's public API alone.
    (r"(grpc|grpcpp)/impl/|src/core/|grpcpp/.*experimental", r"client/.*"),
    # Of the C API: credentials that follow their files, names of channel arguments, the log.
    (r"grpc/(?!health|reflection)", r"service/grpc/(tls|port_limits|grpc_log)\.cc|client/.*"),
    (r"gtest/|gmock/", r"tests/.*"),
]


# What the service may not name -> the files that may. The listener takes gRPC's external connection acceptor, which has no other
# name (docs/architecture.md).
FORBIDDEN = [
    (r"grpc::internal|grpc_core::", r"(?!service/).*"),
    (r"grpc::experimental|\bexperimental(_type)?\b", r"service/grpc/(listener\.h|server\.cc)|(?!service/).*"),
]


def component_of(path):
    """The component of a path like service/http/client.h, or None where the rules do not reach (tests see everything)."""
    if path.startswith(("multisafepay/v1/", "proto/", "access/")):
        return "proto"
    if path.startswith("google/rpc/") or path.startswith("service/proto/"):
        return "service/proto"
    fits = [component for component in COMPONENTS if path.startswith(component + "/")]
    return max(fits, key=len) if fits else None


def breaches(path, text):
    """What one file includes against the rules."""
    component = component_of(path)
    for header in INCLUDE.findall(text):
        target = component_of(header)
        if component and target and target != component and target not in COMPONENTS[component]:
            yield f"{path}: {component} may not include {header} ({target})"
        if component:
            for pattern, allowed in THIRD_PARTY:
                if re.match(pattern, header) and component_of(header) is None and not re.fullmatch(allowed, path):
                    yield f"{path}: {header} belongs to {allowed}"
        if re.search(r"^tests/", header) and not path.startswith("tests/"):
            yield f"{path}: code that ships includes the test code {header}"
    for pattern, allowed in FORBIDDEN:
        if re.search(pattern, text) and not re.fullmatch(allowed, path):
            yield f"{path}: names {pattern}, which belongs to {allowed}"


def sources():
    for top in ("service", "sandbox", "client", "tests"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in (".h", ".cc") and "node_modules" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


SELF_TEST = [
    ("service/http/client.h", '#include "service/codec/message_schema.h"'),
    ("service/http/client.h", '#include "multisafepay/v1/order.pb.h"'),
    ("service/curl/connection.h", '#include "service/http/client.h"'),
    ("service/base/text.h", '#include "service/telemetry/log.h"'),
    ("service/codec/message_schema.cc", "#include <simdjson.h>"),
    ("service/payments/orders.cc", "#include <grpcpp/grpcpp.h>"),
    ("service/payments/orders.cc", "#include <curl/curl.h>"),
    ("service/payments/lease.cc", "#include <hiredis/hiredis.h>"),
    ("sandbox/front.cc", '#include "service/payments/site.h"'),
    ("sandbox/front.cc", '#include "multisafepay/v1/order.pb.h"'),
    ("service/grpc/call.cc", '#include "tests/testing/fake.h"'),
    ("client/cpp/client.cc", '#include "service/payments/site.h"'),
    ("service/rpc/calls.cc", "#include <grpcpp/impl/service_type.h>"),
    ("service/rpc/calls.cc", "#include <grpc/impl/codegen/grpc_types.h>"),
    ("service/rpc/calls.cc", '#include "src/core/lib/surface/server.h"'),
    ("service/rpc/calls.cc", "grpc::internal::CompletionQueueTag* tag;"),
    ("service/grpc/server.cc", "#include <grpc/grpc_security.h>"),
    ("service/grpc/tls.cc", "grpc::experimental::TlsServerCredentials(options);"),
]


def main():
    if "--self-test" in sys.argv:
        blind = [f"{path}: {text}" for path, text in SELF_TEST if not list(breaches(path, text))]
        if blind:
            print("the test is blind to:\n  " + "\n  ".join(blind))
            return 1
    files = list(sources())
    found = [breach for path, text in files for breach in breaches(path, text)]
    for breach in found:
        print(breach)
    print(f"{len(files)} files, {len(found)} breaches")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
