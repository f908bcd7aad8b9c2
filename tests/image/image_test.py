#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The image as it is run: by runc, as a numeric user, on a read-only root, without capabilities.

usage: image_test.py INSPECT_JSON SERVER_ROOT SANDBOX_ROOT BIN_DIR

INSPECT_JSON is what buildah says of the server's image, the roots are mounted file systems of the two images, and BIN_DIR has
the programs of the same tree for the other side. Prints the size; the last line is "N passed, N failed".
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/integration"))
import environment  # noqa: E402

SIZE_MAX_MB = 120
USER = 65532
WAIT_S = 60


def bundle(directory, root, arguments, variables, mounts=()):
    """A directory that runc runs: `root` read-only, as USER, with nothing that it could gain."""
    rights = {"ociVersion": "1.0.2", "root": {"path": str(root), "readonly": True}, "hostname": "image"}
    rights["process"] = {
        "terminal": False, "cwd": "/", "args": arguments, "env": [f"{k}={v}" for k, v in variables.items()],
        "user": {"uid": USER, "gid": USER}, "noNewPrivileges": True,
        "capabilities": {kind: [] for kind in ("bounding", "effective", "permitted", "inheritable", "ambient")},
    }  # fmt: skip
    # The network is the host's: what it calls is on the host's loopback.
    rights["linux"] = {"namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts")]}
    rights["mounts"] = [{"destination": "/proc", "type": "proc", "source": "proc"}]
    for source, destination in mounts:
        rights["mounts"].append({"destination": destination, "type": "bind", "source": str(source),
                                 "options": ["bind", "ro"]})  # fmt: skip
    pathlib.Path(directory, "config.json").write_text(json.dumps(rights))
    return directory


class Container:
    """A running one; `event` is its ready line."""

    COUNT = 0

    def __init__(self, root, arguments, variables=None, mounts=()):
        Container.COUNT += 1
        self.name = f"msp-image-test-{os.getpid()}-{Container.COUNT}"
        self.directory = tempfile.TemporaryDirectory()
        bundle(self.directory.name, root, arguments, variables or {}, mounts)
        self.child = subprocess.Popen(["runc", "run", "--bundle", self.directory.name, self.name], text=True,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
        self.lines, ready, self.event = [], threading.Event(), None

        def read(stream):
            for line in stream:
                self.lines.append(line)
                if line.startswith('{"event":"serving"'):  # The log's own line of it begins with the time.
                    self.event = json.loads(line)
                    ready.set()
            ready.set()

        self.readers = [threading.Thread(target=read, args=(s,), daemon=True)
                        for s in (self.child.stdout, self.child.stderr)]  # fmt: skip
        for reader in self.readers:
            reader.start()
        ready.wait(WAIT_S)

    def proc(self, file):
        """The lines of this file in /proc/PID of its first process, from outside."""
        state = json.loads(subprocess.run(["runc", "state", self.name], capture_output=True, text=True, check=True).stdout)
        return pathlib.Path(f"/proc/{state['pid']}/{file}").read_text().splitlines()

    def status(self):
        return dict(line.split(":\t", 1) for line in self.proc("status") if ":\t" in line)

    def run(self, *arguments):
        """Another program in the same container, as a probe is run."""
        return subprocess.run(["runc", "exec", "--user", f"{USER}:{USER}", self.name, *arguments], capture_output=True,
                              text=True, timeout=WAIT_S, check=False)  # fmt: skip

    def end(self):
        """SIGTERM; the exit code."""
        if self.child.poll() is None:
            subprocess.run(["runc", "kill", self.name, "TERM"], capture_output=True, check=False)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(WAIT_S)
        if self.child.poll() is None:
            subprocess.run(["runc", "kill", self.name, "KILL"], capture_output=True, check=False)
            self.child.wait(WAIT_S)
        self.directory.cleanup()
        return self.child.returncode


def check_contents(checks, image, root, sandbox_root):
    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files) / 1e6
    print(f"size: {size:.1f} MB in {len(files)} files", flush=True)
    checks.true(f"below {SIZE_MAX_MB} MB", 5 < size < SIZE_MAX_MB)
    names = {path.name for path in files}
    for shell in ("sh", "bash", "dash", "busybox", "perl", "apt", "dpkg", "msp-sandbox"):
        checks.true(f"no {shell}", shell not in names)
    # The authorities' file by name: whom the server trusts.
    checks.true("authorities", (root / "etc/ssl/certs/ca-certificates.crt").stat().st_size > 100_000)
    entries = [file.read_text() for file in (root / "var/lib/dpkg/status.d").iterdir()]
    checks.true("scanners find packages", len(entries) > 20)
    for source in ("grpc", "protobuf", "abseil", "re2", "curl", "openssl"):  # Some linked in, some beside the programs.
        found = any(re.search(rf"^(Package|Source): {source}( |$)", entry, re.MULTILINE) for entry in entries)
        checks.true(f"scanners find the source package {source}", found)
    loose = [str(path) for path in root.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o6002
             and path.name != "tmp"]  # fmt: skip
    checks.equal("files that anybody may write, or that run as somebody else", loose, [])
    text = (root / "usr/bin/msp-server").read_bytes()
    checks.true("no sandbox within the server", b"/_sandbox/" not in text and b"/v1/json/orders" not in text)
    checks.true("the sandbox is in the sandbox's image", (sandbox_root / "usr/bin/msp-sandbox").exists())
    config = image["Docker"]["config"]
    checks.equal("user", config["User"], f"{USER}:{USER}")
    checks.equal("entry point", config["Entrypoint"], ["/usr/bin/msp-server"])
    checks.equal("health check", config["Healthcheck"]["Test"][:3], ["CMD", "/usr/bin/msp", "health"])
    checks.equal("ports", set(config["ExposedPorts"]), {"50051/tcp", "9464/tcp"})
    version = subprocess.run([ROOT / "build/release/bin/msp-server", "--version"], capture_output=True, text=True,
                             check=True).stdout.split()[1]  # fmt: skip
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in config["Labels"].items()}
    checks.equal("label version", labels["version"], version)
    checks.equal("label title", labels["title"], "multisafepay-grpc")
    checks.true("label revision", re.fullmatch(r"[0-9a-f]+|unknown", labels["revision"]))
    return config


def check_payment(checks, config, root, sandbox_url, directory):
    """The server in its container pays an order at a sandbox outside of it, with the key in a mounted file."""
    key = pathlib.Path(directory) / "api_key"
    key.write_text(environment.KEY)
    key.chmod(0o444)
    server = Container(root, [*config["Entrypoint"], "--listen=127.0.0.1:0", "--ops_listen=127.0.0.1:0", "--drain_delay_ms=0",
                              f"--api_url={sandbox_url}", "--api_key_file=/api_key"], mounts=[(key, "/api_key")])  # fmt: skip
    try:
        if server.event is None:
            checks.fail("the server did not come up:\n" + "".join(server.lines))
            return
        status = server.status()
        checks.equal("user and group", (status["Uid"].split(), status["Gid"].split()), ([str(USER)] * 4,) * 2)
        checks.equal("capabilities", {status[k] for k in ("CapEff", "CapPrm", "CapBnd")}, {"0" * 16})
        checks.equal("no new privileges", status["NoNewPrivs"], "1")
        listen = server.event["listen"]
        probe = [*config["Healthcheck"]["Test"][1:], "--server", listen]
        done = server.run(*probe)
        checks.equal(f"the health probe within {done.stderr}", done.returncode, 0)
        checks.true("there is no shell to run", server.run("/bin/sh", "-c", "true").returncode != 0)
        order = json.loads((ROOT / "proto/examples/order-reference.json").read_text())
        (pathlib.Path(directory) / "order.json").write_text(json.dumps({**order, "order_id": "image-1"}))
        done = subprocess.run([ROOT / "build/release/bin/msp", "--server", listen, "order", "create", "-f",
                               f"{directory}/order.json"], capture_output=True, text=True, check=False)  # fmt: skip
        checks.equal(f"a payment {done.stderr}", done.returncode, 0)
        checks.equal("its outcome", json.loads(done.stdout)["result"]["outcome"], "OUTCOME_CONFIRMED")
        seen = environment.Control(sandbox_url).ask("orders/image-1")
        checks.equal("MultiSafepay has it", seen["order_id"], "image-1")
        # A root that can be written would show here.
        checks.true("the root is read-only", read_only(server))
    finally:
        code = server.end()
    checks.equal("exit code after SIGTERM", code, 0)


def read_only(container):
    """Whether / is mounted read-only for its first process."""
    for line in container.proc("mounts"):
        _, point, _, options = line.split()[:4]
        if point == "/":
            return "ro" in options.split(",")
    return False


def main():
    image = json.loads(pathlib.Path(sys.argv[1]).read_text())
    root, sandbox_root = pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    bin_dir, checks = pathlib.Path(sys.argv[4]), environment.Checks()
    config = check_contents(checks, image, root, sandbox_root)
    with tempfile.TemporaryDirectory() as directory:
        pathlib.Path(directory).chmod(0o755)
        with environment.program(bin_dir / "msp-sandbox", "--quiet") as sandbox:
            check_payment(checks, config, root, sandbox["api_url"], directory)
        refused = Container(root, [*config["Entrypoint"], "--api_url=sandbox"])
        checks.equal("a server without a sandbox refuses --api_url=sandbox", refused.end(), 2)
        # Both images together, as the chart's toggle runs them.
        stand_in = Container(sandbox_root, ["/usr/bin/msp-sandbox", "--quiet"])
        try:
            checks.true(f"the sandbox's image comes up {stand_in.lines}", stand_in.event)
            if stand_in.event:
                check_payment(checks, config, root, stand_in.event["api_url"], directory)
        finally:
            stand_in.end()
    return checks.verdict()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
