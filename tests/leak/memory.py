# SPDX-License-Identifier: Apache-2.0

"""Searches for card numbers in the memory of a running process, whole and in pieces."""

import array
import collections
import dataclasses
import mmap
import pathlib
import re

PIECE = 10  # Digits in a row that count as a piece of a card: more than the ten of a truncated one may not stay.
AROUND = 48
PAGE = mmap.PAGESIZE


@dataclasses.dataclass
class Find:
    region: str
    address: int
    whole: bool
    around: str


def regions(pid):
    """Every mapping that can be read and may hold data: (start, end, name)."""
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        fields = line.split(None, 5)
        name = fields[5].strip() if len(fields) > 5 else "anonymous"
        if fields[1][0] != "r" or fields[1][1] != "w" or name in ("[vvar]", "[vsyscall]"):
            continue
        start, end = (int(text, 16) for text in fields[0].split("-"))
        yield start, end, name


def touched(pagemap, start, end):
    """The parts of a mapping that have memory behind them: thread stacks are mostly empty, and reading that takes
    seconds."""
    pagemap.seek(start // PAGE * 8)
    entries = array.array("Q", pagemap.read((end - start) // PAGE * 8))
    first = None
    for index, entry in enumerate(entries):
        if entry >> 62:  # In memory (bit 63) or in swap (bit 62).
            first = index if first is None else first
        elif first is not None:
            yield start + first * PAGE, start + index * PAGE
            first = None
    if first is not None:
        yield start + first * PAGE, end


def shown(data):
    """What is around a find, printable; digits become #, since it is printed."""
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)
    return re.sub(r"\d", "#", text)


def search(pid, cards):
    """The places of the process's memory that hold one of these card numbers, or PIECE digits of one."""
    whole = {card.encode() for card in cards}
    pieces = {card[at : at + PIECE].encode() for card in cards for at in range(len(card) - PIECE + 1)}
    run = re.compile(rb"[0-9]{%d,}" % PIECE)
    finds = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory, open(f"/proc/{pid}/pagemap", "rb",
                                                                     buffering=0) as pagemap:  # fmt: skip
        for start, end, name in regions(pid):
            for at, part_end in touched(pagemap, start, end):
                try:
                    memory.seek(at)
                    data = memory.read(part_end - at)
                except OSError:
                    continue  # It went in the meantime.
                for match in run.finditer(data):
                    digits = match.group()
                    if not any(digits[i : i + PIECE] in pieces for i in range(len(digits) - PIECE + 1)):
                        continue
                    around = data[max(0, match.start() - AROUND) : match.end() + AROUND]
                    is_whole = any(digits[i : i + 16] in whole for i in range(len(digits) - 15))
                    finds.append(Find(name, at + match.start(), is_whole, shown(around)))
    return finds


def summary(finds):
    """The finds, counted by region and by what is around them."""
    groups = collections.Counter((find.region, "whole" if find.whole else "piece") for find in finds)
    return ", ".join(f"{count} {kind} in {region}" for (region, kind), count in groups.most_common()) or "none"
