# SPDX-License-Identifier: Apache-2.0

"""Searches for secrets in bytes: as they are, encoded, and split up."""

import base64
import re
import urllib.parse

SEPARATORS = re.compile(rb"(?<=[0-9])[ .\t\r\n_/,:-]{1,3}(?=[0-9])")

# Trace ids and derived keys: four digits of theirs are somebody's security code now and then.
HEX_IDS = re.compile(rb"[0-9a-f]{16,}")


def base64_forms(secret):
    """What base64 makes of a text that stands anywhere in another one: three alignments, the ends cut off that depend
    on the neighbours."""
    for shift in range(3):
        padded = base64.b64encode(b"\0" * shift + secret)
        first = -(-shift * 8 // 6)
        last = (shift + len(secret)) * 8 // 6
        yield padded[first:last]


def forms(secret):
    """Each form of a secret that is searched for, by name."""
    text = secret.encode()
    found = {"plain": text, "hex": text.hex().encode(), "HEX": text.hex().upper().encode(),
             "percent": b"".join(b"%%%02X" % byte for byte in text),
             "json escapes": b"".join(b"\\u%04x" % byte for byte in text),
             "reversed": text[::-1]}  # fmt: skip
    quoted = urllib.parse.quote(secret, safe="").encode()
    if quoted != text:
        found["percent where needed"] = quoted
    for shift, coded in enumerate(base64_forms(text)):
        found[f"base64, {shift} before it"] = coded
        urlsafe = coded.translate(bytes.maketrans(b"+/", b"-_"))
        if urlsafe != coded:
            found[f"base64 for URLs, {shift} before it"] = urlsafe
    if secret.isdigit() and len(secret) >= 12:
        for separator in (" ", "-", "."):
            found[f"split by {separator!r}"] = separator.join(
                secret[at : at + 4] for at in range(0, len(secret), 4)).encode()  # fmt: skip
    return found


class Haystack:
    """Everything that was written, by where it was."""

    def __init__(self):
        self.parts = {}

    def add(self, where, data):
        self.parts[where] = self.parts.get(where, b"") + b"\n" + (data if isinstance(data, bytes) else data.encode())

    def holds(self, text):
        return any(text.encode() in data for data in self.parts.values())

    def hits(self, secrets):
        """(where, what, form) of each secret found; `secrets` maps a text to what it is, never to itself."""
        hits = []
        for where, data in self.parts.items():
            joined = SEPARATORS.sub(b"", data)
            folded = data.lower()
            for secret, what in secrets.items():
                for form, text in forms(secret).items():
                    if text in data or (form == "plain" and (text in joined or text.lower() in folded)):
                        hits.append((where, what, form))
        return hits

    def short_hits(self, codes):
        """Security codes are too short to be searched for anywhere: only as a number of their own, in the lines about
        their order. `codes` maps an order_id to its code."""
        hits = []
        for where, data in self.parts.items():
            for line in HEX_IDS.sub(b"", data).split(b"\n"):
                for order_id, code in codes.items():
                    if order_id.encode() not in line:
                        continue
                    if re.search(rb"(?<![0-9.])" + code.encode() + rb"(?![0-9.])", line):
                        hits.append((where, f"security code of {order_id}", "plain"))
        return hits


def self_test(checks):
    """A search that finds nothing proves something only when it finds what is there."""
    card, word = "4539578763621486", "Zqxjkvbp Wfm"
    secrets = {card: "card", word: "name"}
    checks.equal("an empty haystack has no hits", Haystack().hits(secrets), [])
    for secret in secrets:
        for form, text in forms(secret).items():
            haystack = Haystack()
            haystack.add("log", b'{"detail":"before' + text + b'after"}')
            checks.true(f"a planted leak is found: {secrets[secret]}, {form}", haystack.hits({secret: "planted"}))
    for before in ("", "x", "xy", "xyz", "{", '{"card":"'):
        haystack = Haystack()
        haystack.add("log", base64.b64encode((before + card + "zzz").encode()))
        checks.true(f"a planted leak is found: base64 behind {len(before)} bytes", haystack.hits({card: "planted"}))
    for text in ("4539 5787 6362 1486", "4539-5787-6362-1486", "4539.5787.6362.1486", "4 5 3 9578763621486",
                 "45395787\n63621486"):  # fmt: skip
        haystack = Haystack()
        haystack.add("log", text)
        checks.true("a planted leak is found: split up", haystack.hits({card: "planted"}))
    haystack = Haystack()
    haystack.add("log", "order tulip-a cvc 4821 refused")
    checks.true("a planted leak is found: a security code", haystack.short_hits({"tulip-a": "4821"}))
    checks.equal("and not elsewhere", haystack.short_hits({"tulip-b": "4821"}), [])
