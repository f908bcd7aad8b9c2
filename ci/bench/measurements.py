# SPDX-License-Identifier: Apache-2.0

"""Parses the output of programs and the kernel's counters into numbers; starts no process."""

import re
import statistics


def status_number(text, key):
    """The number of one line of /proc/PID/status."""
    return int(re.search(rf"^{key}:\s+(\d+)", text, re.MULTILINE).group(1))


def calls_by_code(metrics):
    """Ended calls by gRPC code, of a server's /metrics."""
    counts = {}
    for line in metrics.splitlines():
        found = re.match(r'msp_calls_total\{.*?code="(\w+)".*?\} ([0-9.e+]+)$', line)
        if found:
            counts[found.group(1)] = counts.get(found.group(1), 0) + round(float(found.group(2)))
    return counts


def spread(values):
    """Median, minimum and maximum, for a noisy machine."""
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def h2load_times(log):
    """Times of the requests in microseconds, and how many had another status than 200; of h2load's --log-file."""
    times, failed = [], 0
    for line in log.splitlines():
        _, status, time_us = line.split("\t")
        failed += status != "200"
        times.append(int(time_us))
    return times, failed


def quantile(values, share):
    ordered = sorted(values)
    return ordered[int(share * (len(ordered) - 1))]


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def grpc_message(field, text):
    """A request with one string field, with gRPC's length before it, as h2load sends it."""
    data = text.encode()
    message = varint(field << 3 | 2) + varint(len(data)) + data
    return b"\0" + len(message).to_bytes(4, "big") + message
