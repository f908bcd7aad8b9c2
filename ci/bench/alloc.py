# SPDX-License-Identifier: Apache-2.0

"""Heap allocations of one CreateOrder by owner: tests/bench/alloc_count.cc counts them by stack, and the
innermost frame outside the standard library and Abseil is the owner."""

import bisect
import contextlib
import mmap
import re
import struct
import subprocess

import load
from cost import SHAPE

MAGIC = 0x314343414D50534D
HEADER, SLOT = struct.Struct("<5Q"), struct.Struct("<3Q")
OURS, BY_US, BY_GRPC = "our own code", "messages, asked for by our code", "messages, asked for by gRPC"
# Libraries by name; others are listed under their own name.
LIBRARIES = [("messages", r"libprotobuf"), ("gRPC", r"lib(grpc|gpr|address_sorting|upb|re2|cares)"), ("libcurl", r"libcurl|libnghttp2"),
             ("OpenSSL", r"lib(ssl|crypto)"), ("simdjson", r"libsimdjson"), ("prometheus-cpp", r"libprometheus"),
             ("", r"libstdc\+\+|libc\.so|libabsl|libgcc|ld-linux|liballoc_count")]


def owner_of_symbol(symbol):
    """The owner of a function of msp-server, by its mangled name: "" for code that counts for its caller."""
    if re.match(r"_ZN[VKRO]*4grpc|_ZTv0_n24_N4grpc", symbol):
        return "gRPC"
    if re.match(r"_ZN[VKRO]*(12multisafepay|6google)", symbol):
        return "messages"
    if "3msp6access" in symbol:
        return "messages"  # The accessors that the build generates for their fields.
    if "3msp" in symbol or symbol == "main":
        return OURS  # Ours, or the standard library's or Abseil's made for a type or a lambda of ours.
    if "8simdjson" in symbol:
        return "simdjson"
    if "10prometheus" in symbol:
        return "prometheus-cpp"
    if "9grpc_core" in symbol or re.match(r"(grpc|gpr|cq|upb|chttp2|census|tsi)_|_ZNK?4grpc|_ZL\d+(grpc|cq)_", symbol):
        return "gRPC"
    return ""


class Symbols:
    """The functions of a program by address."""

    def __init__(self, program):
        out = subprocess.run(["nm", "--defined-only", "--numeric-sort", program], capture_output=True, text=True, check=True)
        rows = [line.split() for line in out.stdout.splitlines()]
        functions = [(int(address, 16), name) for address, kind, name in (row for row in rows if len(row) == 3) if kind in "TtWwVu"]
        self.addresses, self.names = [row[0] for row in functions], [row[1] for row in functions]

    def at(self, address):
        found = bisect.bisect_right(self.addresses, address) - 1
        return self.names[found] if found >= 0 else ""


def modules_of(text):
    rows = [line.split(" ", 2) for line in text.splitlines()]
    return [(int(base, 16), int(end, 16), path) for base, end, path in rows]


def owner_of_module(path):
    for owner, pattern in LIBRARIES:
        if re.search(pattern, path):
            return owner
    return path.rsplit("/", 1)[-1]


def frames_of(stack, modules, symbols):
    """(owner, symbol) of each return address; the program itself has no path among the modules."""
    for address in stack:
        for base, end, path in modules:
            if base <= address < end:
                symbol = "" if path else symbols.at(address - base - 1)
                yield (owner_of_symbol(symbol) if not path else owner_of_module(path)), symbol
                break


def attribute(frames):
    """The owner of an allocation, and the innermost symbol of the service: messages count for their caller."""
    frames = list(frames)
    owners = [owner for owner, _ in frames if owner]
    site = next((symbol for owner, symbol in frames if owner == OURS), "")
    if not owners:
        return "not known", site
    if owners[0] != "messages":
        return owners[0], site
    asked = next((owner for owner in owners if owner != "messages"), "")
    return (BY_US if asked == OURS else BY_GRPC), site


class Counted:
    """The shared memory of the counting library."""

    def __init__(self, path):
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)
        magic, _, _, self.slots, self.frames = HEADER.unpack_from(self.map)
        if magic != MAGIC:
            raise SystemExit("bench: the counting library did not start")

    def switch(self, on):
        struct.pack_into("<Q", self.map, 8, on)

    def dropped(self):
        return HEADER.unpack_from(self.map)[2]

    def stacks(self):
        size = SLOT.size + 8 * self.frames
        for slot in range(self.slots):
            at = HEADER.size + slot * size
            taken, count, allocated = SLOT.unpack_from(self.map, at)
            if taken and count:
                frames = struct.unpack_from(f"<{self.frames}Q", self.map, at + SLOT.size)
                yield count, allocated, [address for address in frames if address]


def measure(env, scale):
    path = env.dir / "allocations"
    calls = scale["slice"] // 2
    environment = {"LD_PRELOAD": str(env.tools / "liballoc_count.so"), "MSP_ALLOC_COUNT": str(path)}
    with contextlib.ExitStack() as stack:
        service = env.server(stack, environment=environment)
        load.grpc(env, service, calls, SHAPE)  # Pools, connections and metrics have their first allocations behind them.
        counted = Counted(path)
        counted.switch(1)
        load.grpc(env, service, calls, SHAPE)
        counted.switch(0)
        rows = list(counted.stacks())
        env.check(counted.dropped() == 0, f"{counted.dropped()} allocations found no place in the count")
    modules = modules_of((env.dir / "allocations.modules").read_text())
    return by_owner(rows, modules, Symbols(env.program), calls)


def by_owner(rows, modules, symbols, calls):
    owners, sites = {}, {}
    for count, allocated, stack in rows:
        owner, site = attribute(frames_of(stack, modules, symbols))
        entry = owners.setdefault(owner, {"per_call": 0, "bytes_per_call": 0})
        entry["per_call"] += count / calls
        entry["bytes_per_call"] += allocated / calls
        if owner in (OURS, BY_US):
            sites[owner, site] = sites.get((owner, site), 0) + count / calls
    top = sorted(sites.items(), key=lambda item: -item[1])[:25]
    names = demangled([site for (_, site), _ in top])
    return {"calls": calls, "owners": dict(sorted(owners.items(), key=lambda item: -item[1]["per_call"])),
            "all_per_call": sum(entry["per_call"] for entry in owners.values()),
            "sites": [{"owner": owner, "function": name, "per_call": count} for ((owner, _), count), name in zip(top, names)]}


def demangled(names):
    out = subprocess.run(["c++filt", "-p"], input="\n".join(names), capture_output=True, text=True, check=True)
    return out.stdout.split("\n")
