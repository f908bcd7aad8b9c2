"""Looks for card numbers in the memory of a running process, whole and in pieces."""

import collections
import dataclasses
import pathlib
import re

PIECE = 10  # Digits in a row that count as a piece of a card: more than the ten of a truncated one may not stay.
AROUND = 48
CHUNK = 64 << 20


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
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end, name in regions(pid):
            at = start
            while at < end:
                try:
                    memory.seek(at)
                    data = memory.read(min(CHUNK, end - at))
                except (OSError, ValueError, OverflowError):
                    break  # A mapping that went, or that the kernel keeps to itself.
                if not data:
                    break
                for match in run.finditer(data):
                    digits = match.group()
                    if not any(digits[i : i + PIECE] in pieces for i in range(len(digits) - PIECE + 1)):
                        continue
                    around = data[max(0, match.start() - AROUND) : match.end() + AROUND]
                    finds.append(Find(name, at + match.start(), any(digits[i : i + 16] in whole
                                      for i in range(len(digits) - 15)), shown(around)))  # fmt: skip
                at += len(data)
    return finds


def summary(finds):
    """The finds, counted by region and by what is around them."""
    groups = collections.Counter((find.region, "whole" if find.whole else "piece") for find in finds)
    return ", ".join(f"{count} {kind} in {region}" for (region, kind), count in groups.most_common()) or "none"
