#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what follows from the schema and stands in files that nothing makes at build time: the clients' plain methods, copies
of docs/retries, the table of calls in README.md.

usage: derive.py [--check]

In a file that people write as well, only the lines between two marks are written. A method that a client has outside of them is
written by hand and left alone. With --check nothing is written: the exit code is 1 where a file differs. Run it by ./run derive,
which makes docs/retries and the stubs first.
"""

import re
import sys
import textwrap

import schema
from schema import ROOT, camel, snake

BEGIN = r"^[ \t]*(?://|#|<!--) Written by \./run derive: {name}\.(?: -->)?\n"
END = r"^[ \t]*(?://|#|<!--) End of what \./run derive writes\.(?: -->)?$"
RETRIES = ROOT / "docs/retries"
PYTHON = "client/python/src/multisafepay_grpc"
JAVA = "client/java/src/main"
SERVICE_CONFIGS = (PYTHON, "client/node", "client/go", f"{JAVA}/resources/com/multisafepay/grpc")
# A client's name of a service's stub. What changes an order goes over the channel on which nothing is ever tried again.
STUBS = {"AccountService": "accounts", "CheckoutService": "checkout", "NotificationService": "notifications",
         "PaymentMethodService": "methods", "TerminalService": "terminals", "TokenService": "tokens",
         "TransactionService": "transactions"}  # fmt: skip
METHODS, MESSAGES = schema.methods(), schema.messages()


def reads(method):
    return method.retry == "READ"


def stub(method):
    return ("orders" if reads(method) else "money") if method.service == "OrderService" else STUBS[method.service]


def wrapped(text, first, rest, width=120):
    return textwrap.fill(text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False,
                         break_on_hyphens=False)  # fmt: skip


def block_comment(text, indent):
    """A comment of PHP, Java and TypeScript."""
    line = f"{indent}/** {text} */"
    if len(line) <= 120:
        return line + "\n"
    return f"{indent}/**\n" + wrapped(text, f"{indent} * ", f"{indent} * ") + f"\n{indent} */\n"


def in_python(method, word="", wait=""):
    name, request, response = snake(method.name), f"v1.{method.request}", f"v1.{method.response}"
    head = f"    {word}def {name}(self, request: {request}, timeout: Optional[float] = None) -> {response}:\n"
    if len(head) > 121:
        head = (f"    {word}def {name}(\n        self, request: {request}, timeout: Optional[float] = None\n"
                f"    ) -> {response}:\n")  # fmt: skip
    doc = f'        """{method.comment}"""\n'
    if len(doc) > 121:
        doc = wrapped(method.comment, '        """', "        ") + '\n        """\n'
    timeout = "timeout" if reads(method) else "timeout or self._write_timeout"
    return f"{head}{doc}        return {wait}self._read(self._{stub(method)}.{method.name}, request, {timeout})\n"


def in_aio(method):
    return in_python(method, "async ", "await ")


def in_go(method):
    doc = wrapped(f"{method.name} {camel(method.comment)}", "// ", "// ")
    head = (f"func (c *Client) {method.name}(ctx context.Context, request *v1.{method.request}) "
            f"(*v1.{method.response}, error) {{")  # fmt: skip
    if len(head) > 120:
        head = head.replace("(ctx context.Context, ", "(ctx context.Context,\n\t")
    timeout = "ReadTimeout" if reads(method) else "WriteTimeout"
    return f"{doc}\n{head}\n\treturn plain(ctx, c, c.options.{timeout}, c.{stub(method)}.{method.name}, request)\n}}\n"


def in_java(method):
    way = "read" if reads(method) else "call"
    more = "" if reads(method) else ", writeTimeout, false"
    service = f"{method.service}Grpc.{method.service}BlockingStub"
    body = f"    return {way}({stub(method)}, {service}::{camel(method.name)}, request{more});\n"
    if len(body) > 121:
        body = body.replace(", request", ",\n        request")
    head = f"  public {method.response} {camel(method.name)}({method.request} request) {{\n"
    return f"{block_comment(method.comment, '  ')}{head}{body}  }}\n"


def in_node(method):
    name, client = camel(method.name), f"this.#{stub(method)}"
    optional = "" if any(field.required for field in MESSAGES[method.request][0]) else " = {}"
    timeout = "?: number" if reads(method) else " = this.#options.writeTimeoutMs"
    return (f"{block_comment(method.comment, '  ')}"
            f"  {name}(request: Input<typeof {method.request}>{optional}, timeoutMs{timeout}) {{\n"
            f"    const whole = {method.request}.fromPartial(request);\n"
            f"    return this.#read({client}, {client}.{name}, whole, timeoutMs);\n  }}\n")  # fmt: skip


def in_php(method):
    path = f"self::{STUBS.get(method.service, 'orders').upper()} . '{method.name}'"
    timeout, way = "", f"read({path}, $request, {method.response}::class, $timeout)"
    if not reads(method):
        timeout = "        $timeout ??= $this->writeTimeout;\n"
        way = f"once({path}, $request, {method.response}::class, $timeout, false)"
    return (f"{block_comment(method.comment, '    ')}    public function {camel(method.name)}(\n"
            f"        #[SensitiveParameter] {method.request} $request,\n        ?float $timeout = null,\n"
            f"    ): {method.response} {{\n{timeout}        return $this->{way};\n    }}\n")  # fmt: skip


def in_cpp(method):
    """As clang-format breaks it."""
    result, request = f"  Result<v1::{method.response}> {method.name}(", f"const v1::{method.request}& request,"
    call = "const CallOptions& call = {}) const {\n"
    head = f"{result}{request} {call}"
    if len(head) > 101:
        head = f"{result}{request}\n{' ' * len(result)}{call}"
        if any(len(line) > 100 for line in head.splitlines()):
            head = f"{result}\n      {request} {call}"
    doc = wrapped(method.comment, "  // ", "  // ", 100)
    return f"{doc}\n{head}    return Typed<v1::{method.response}>(request, call);\n  }}\n"


def plain_methods(make, by_hand, between="\n"):
    """The methods that a client does not have outside of the marks. `by_hand` finds one there; it is given the name as Python,
    most others, and the schema spell it."""

    def is_by_hand(method, outside):
        return re.search(by_hand.format(snake(method.name), camel(method.name), method.name), outside)

    def write(outside):
        chosen = [one for one in METHODS if not one.streams and not is_by_hand(one, outside)]
        # The C++ client reads from the schema what moves money; retry_policy.h has the rest.
        for method in chosen:
            if method.retry == "KEYED" and make is not in_cpp:
                sys.exit(f"{method.name} moves money: write its method by hand in each client, beside those of its kind")
        return "\n" + between.join(make(method) for method in chosen) + "\n"

    return write


def occurring(text):
    """The requests and responses that occur in the text."""
    words = set(re.findall(r"\b[A-Z]\w+\b", text))
    return sorted(words & {name for one in METHODS for name in (one.request, one.response)})


def php_imports(body):
    return "".join(f"use Multisafepay\\V1\\{name};\n" for name in occurring(body))


def java_imports(body):
    return "".join(f"import com.multisafepay.grpc.v1.{name};\n" for name in occurring(body))


def node_imports(body):
    text = ""
    for service in dict.fromkeys(one.service for one in METHODS):
        file = next(one.file for one in METHODS if one.service == service)
        names = [f"type {name}" if name.endswith("Response") else name for name in occurring(body) if MESSAGES[name][1] == file]
        names = sorted([*names, f"{service}Client"], key=lambda name: name.removeprefix("type "))
        line = f'import {{ {", ".join(names)} }} from "./gen/multisafepay/v1/{file}.js";'
        if len(line) > 120:
            line = "import {\n" + wrapped(", ".join(names) + ",", "  ", "  ") + f'\n}} from "./gen/multisafepay/v1/{file}.js";'
        text += line + "\n"
    return text


def calls(_):
    text = "| service | calls |\n|---|---|\n"
    for service in dict.fromkeys(one.service for one in METHODS):
        text += f"| `{service}` | " + ", ".join(f"`{one.name}`" for one in METHODS if one.service == service) + " |\n"
    return f"\n{text}\n"


def routes(_):
    text = (RETRIES / "envoy-routes.yaml").read_text(encoding="utf-8").partition("\nroutes:\n")[2]
    return textwrap.indent(text, " " * 22)


def extractions(_):
    """Of each method that names an order: its calls have to meet on one replica."""
    row = " " * 24 + "multisafepay.v1.OrderService.%s: { request_field_extractions: { order_id: {} } }\n"
    named = [one for one in METHODS if "order_id" in {field.name for field in MESSAGES[one.request][0]}]
    return "".join(row % one.name for one in named if one.service == "OrderService")


# File -> its parts, in the order of writing: name and maker, which is given the text outside of the part.
PARTS = {
    "README.md": [("calls", calls)],
    "docs/mesh/envoy.yaml": [("extractions", extractions), ("routes", routes)],
    "client/cpp/client.h": [("methods", plain_methods(in_cpp, r" {2}\("))],
    f"{PYTHON}/client.py": [("methods", plain_methods(in_python, r"def {0}\("))],
    f"{PYTHON}/aio.py": [("methods", plain_methods(in_aio, r"def {0}\("))],
    "client/go/calls.go": [("methods", plain_methods(in_go, r"\) {2}\("))],
    f"{JAVA}/java/com/multisafepay/grpc/Client.java": [
        ("methods", plain_methods(in_java, r"public \w+ {1}\(")), ("imports", java_imports)],
    "client/node/src/client.ts": [("methods", plain_methods(in_node, r"(?m)^  (?:async )?{1}\(", "")), ("imports", node_imports)],
    "client/php/src/Client.php": [("methods", plain_methods(in_php, r"function {1}\(")), ("imports", php_imports)],
}  # fmt: skip


def with_part(text, name, make):
    mark = re.compile(f"({BEGIN.format(name=name)})(.*?)({END})", re.M | re.S)
    if len(mark.findall(text)) != 1:
        raise ValueError(f"not one pair of marks of '{name}'")
    new = make(mark.sub("", text))
    return mark.sub(lambda found: found[1] + new + found[3], text)


def derived():
    """Path -> the text that it should have."""
    config = (RETRIES / "service-config.json").read_text(encoding="utf-8")
    files = {f"{folder}/service-config.json": config for folder in SERVICE_CONFIGS}
    istio = (RETRIES / "istio-virtual-service.yaml").read_text(encoding="utf-8")
    files["helm/multisafepay-grpc/files/reads.txt"] = "".join(f"{path}\n" for path in re.findall(r"exact: (\S+)", istio))
    for path, parts in PARTS.items():
        files[path] = (ROOT / path).read_text(encoding="utf-8")
        for name, make in parts:
            try:
                files[path] = with_part(files[path], name, make)
            except ValueError as problem:
                sys.exit(f"{path}: {problem}")
    return files


def main():
    differing = [(ROOT / path, text) for path, text in derived().items() if (ROOT / path).read_text(encoding="utf-8") != text]
    check = sys.argv[1:] == ["--check"]
    for path, text in differing:
        print(f"{path.relative_to(ROOT)}: " + ("differs from the schema; run: ./run derive" if check else "written"))
        if not check:
            path.write_text(text, encoding="utf-8")
    return 1 if check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
