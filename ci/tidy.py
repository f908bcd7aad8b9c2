#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy over every translation unit of the tree, in parallel, and caches which ones were clean.

usage: tidy.py BUILD_DIR [--jobs N] [--base REF]

BUILD_DIR holds compile_commands.json of a unity build, in which a unit is a few sources: most of the time goes into the
headers of gRPC and protobuf, and they are read once for all of them. A unit is checked again only when one of its
sources, one of our headers that they reach, its command, .clang-tidy or an installed package changed: the key of a clean
run is a hash of all of these, kept as an empty file below ~/.cache/multisafepay-grpc/tidy, whatever folder the clone lies
in. With --base, only units that a change since REF affects are checked.
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
    """The tree's headers (and generated ones) that one file includes directly."""
    found = []
    for name in INCLUDE.findall(path.read_text(encoding="utf-8", errors="replace")):
        for folder in (path.parent, *include_dirs):
            if (folder / name).is_file():
                found.append((folder / name).resolve())
                break
    return tuple(found)


def reach(sources, include_dirs):
    """The sources and every file of the tree that they include, transitively."""
    seen, todo = set(sources), list(sources)
    while todo:
        for header in headers_of(todo.pop(), include_dirs):
            if header not in seen:
                seen.add(header)
                todo.append(header)
    return seen


def environment():
    """Dependencies of every unit's verdict: the tool, its settings and the installed libraries."""
    packages = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", "clang-tidy-1*", "lib*-dev", "nlohmann-json3-dev"],
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    settings = [ROOT / ".clang-tidy", ROOT / "tests/.clang-tidy", ROOT / "ci/tidy.py"]
    return hashlib.sha256("".join([*map(digest, settings), packages]).encode()).hexdigest()


def sources_of(file, build_dir):
    """The sources of a unit: the file, or what it includes where it is one of a unity build. Nothing where it was generated."""
    if file.is_relative_to(build_dir):
        sources = map(pathlib.Path, INCLUDE.findall(file.read_text())) if "/Unity/" in file.as_posix() else ()
    else:
        sources = (file,)
    return tuple(s for s in sources if s.is_relative_to(ROOT) and s.relative_to(ROOT).as_posix().startswith(OURS))


def units(build_dir):
    """Yields (file to compile, sources, include folders, command) for each unit of ours."""
    for entry in json.loads((build_dir / "compile_commands.json").read_text()):
        file = pathlib.Path(entry["file"]).resolve()
        sources = sources_of(file, build_dir)
        if not sources:
            continue
        words = shlex.split(entry["command"])
        folders = [word[2:] for word in words if word.startswith("-I") and len(word) > 2]
        folders += [after for word, after in zip(words, words[1:]) if word in ("-I", "-isystem")]
        near = tuple(
            folder for folder in map(pathlib.Path, folders) if folder.is_absolute() and folder.is_relative_to(ROOT)
        )
        yield file, sources, near, entry["command"]


def key_of(reached, command, env):
    parts = [env, command.replace(str(ROOT), "")]
    parts += sorted(f"{path.relative_to(ROOT).as_posix()} {digest(path)}" for path in reached)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def tidy(file, build_dir):
    start = time.monotonic()
    try:
        done = subprocess.run(
            ["clang-tidy", "-p", str(build_dir), "--quiet", "--extra-arg=-Wno-unknown-warning-option",
             "--extra-arg=-Wreserved-identifier", str(file)],
            capture_output=True, text=True, check=False, timeout=UNIT_TIMEOUT_S, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return done.returncode, done.stdout + ("" if done.returncode == 0 else done.stderr), start
    except subprocess.TimeoutExpired:
        return 1, f"{file}: clang-tidy took longer than {UNIT_TIMEOUT_S} s\n", start


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
    for file, sources, folders, command in units(build_dir):
        reached = reach(sources, folders)
        if changed is not None and not reached & changed:
            continue
        mark = cache / key_of(reached, command, env)
        if mark.exists():
            os.utime(mark)
            known += 1
        else:
            todo.append((file, sources, mark))
    if not todo and not known and changed is None:
        print("no translation unit of ours in compile_commands.json")
        return 1

    # The largest first: the last unit to start should not be the longest.
    todo.sort(key=lambda item: -sum(source.stat().st_size for source in item[1]))
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        runs = {pool.submit(tidy, file, build_dir): (sources, mark) for file, sources, mark in todo}
        for number, run in enumerate(concurrent.futures.as_completed(runs), 1):
            status, output, start = run.result()
            sources, mark = runs[run]
            name = sources[0].relative_to(ROOT).as_posix() + (f" and {len(sources) - 1} more" if sources[1:] else "")
            print(f"[{number}/{len(todo)}] {name} {time.monotonic() - start:.1f} s", flush=True)
            if status == 0:
                mark.touch()
            else:
                bad += 1
                print(output, flush=True)
    print(f"{known + len(todo)} units, {known} known to be clean, {bad} with findings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
