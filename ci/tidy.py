#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy over every translation unit of ours, in parallel, and remembers which ones were clean.

usage: tidy.py BUILD_DIR [--jobs N] [--base REF]

BUILD_DIR holds compile_commands.json. A unit is looked at again only when it, one of our headers that it reaches, its
command, .clang-tidy or an installed package changed: the key of a clean run is a hash of all of these, kept as an empty
file below ~/.cache/multisafepay-grpc/tidy, whatever folder the clone lies in. With --base, only units that a change
since REF touches are looked at.
"""

import argparse
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
OURS = ("service/", "sandbox/", "client/", "tests/")
KEEP_DAYS = 30
UNIT_TIMEOUT_S = 600


@functools.lru_cache(maxsize=None)
def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@functools.lru_cache(maxsize=None)
def headers_of(path, include_dirs):
    """Our own headers (and generated ones) that one file includes directly."""
    found = []
    for name in INCLUDE.findall(path.read_text(encoding="utf-8", errors="replace")):
        for folder in (path.parent, *include_dirs):
            if (folder / name).is_file():
                found.append((folder / name).resolve())
                break
    return tuple(found)


def reach(source, include_dirs):
    """The source and every file of ours that it includes, however far."""
    seen, todo = {source}, [source]
    while todo:
        for header in headers_of(todo.pop(), include_dirs):
            if header not in seen:
                seen.add(header)
                todo.append(header)
    return seen


def environment():
    """What every unit's verdict depends on: the tool, its settings and the installed libraries."""
    packages = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", "clang-tidy-1*", "lib*-dev", "nlohmann-json3-dev"],
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    settings = [ROOT / ".clang-tidy", ROOT / "tests/.clang-tidy", ROOT / "ci/tidy.py"]
    return hashlib.sha256("".join([*map(digest, settings), packages]).encode()).hexdigest()


def units(build_dir):
    """Yields (source, include folders, command) for each unit of ours."""
    for entry in json.loads((build_dir / "compile_commands.json").read_text()):
        source = pathlib.Path(entry["file"]).resolve()
        if not source.is_relative_to(ROOT) or source.is_relative_to(build_dir):
            continue
        if not source.relative_to(ROOT).as_posix().startswith(OURS):
            continue
        words = shlex.split(entry["command"])
        folders = [word[2:] for word in words if word.startswith("-I") and len(word) > 2]
        folders += [after for word, after in zip(words, words[1:]) if word in ("-I", "-isystem")]
        near = tuple(
            folder for folder in map(pathlib.Path, folders) if folder.is_absolute() and folder.is_relative_to(ROOT)
        )
        yield source, near, entry["command"]


def key_of(source, reached, command, env):
    parts = [env, command.replace(str(ROOT), "")]
    parts += sorted(f"{path.relative_to(ROOT).as_posix()} {digest(path)}" for path in reached)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def tidy(source, build_dir):
    start = time.monotonic()
    try:
        done = subprocess.run(
            ["clang-tidy", "-p", str(build_dir), "--quiet", "--extra-arg=-Wno-unknown-warning-option",
             "--extra-arg=-Wreserved-identifier", str(source)],
            capture_output=True, text=True, check=False, timeout=UNIT_TIMEOUT_S, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return source, done.returncode, done.stdout + ("" if done.returncode == 0 else done.stderr), start
    except subprocess.TimeoutExpired:
        return source, 1, f"{source}: clang-tidy took longer than {UNIT_TIMEOUT_S} s\n", start


def changed_since(base):
    """The files that differ from REF, committed or not."""
    diff = subprocess.run(["git", "diff", "--name-only", base], capture_output=True, text=True, check=True, cwd=ROOT)
    new = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return {(ROOT / name).resolve() for name in (diff.stdout + new.stdout).split()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build_dir", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--base", default="")
    options = parser.parse_args()
    build_dir = options.build_dir.resolve()
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    cache = cache / "multisafepay-grpc" / "tidy"
    cache.mkdir(parents=True, exist_ok=True)
    for old in cache.iterdir():
        if old.stat().st_mtime < time.time() - KEEP_DAYS * 86400:
            old.unlink(missing_ok=True)

    env = environment()
    changed = changed_since(options.base) if options.base else None
    todo, known = [], 0
    for source, folders, command in units(build_dir):
        reached = reach(source, folders)
        if changed is not None and not reached & changed:
            continue
        mark = cache / key_of(source, reached, command, env)
        if mark.exists():
            os.utime(mark)
            known += 1
        else:
            todo.append((source, mark))
    if not todo and not known and changed is None:
        print("no translation unit of ours in compile_commands.json")
        return 1

    # The largest first: the last unit to start should not be the longest.
    todo.sort(key=lambda item: -item[0].stat().st_size)
    marks, bad = dict(todo), 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        runs = [pool.submit(tidy, source, build_dir) for source, _ in todo]
        for number, run in enumerate(concurrent.futures.as_completed(runs), 1):
            source, status, output, start = run.result()
            print(f"[{number}/{len(todo)}] {source.relative_to(ROOT)} {time.monotonic() - start:.1f} s", flush=True)
            if status == 0:
                marks[source].touch()
            else:
                bad += 1
                print(output, flush=True)
    print(f"{known + len(todo)} units, {known} known to be clean, {bad} with findings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
