#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a client's own tests against a real service: starts sandbox and servers, runs the command, stops them.

usage: with_service.py BIN_DIR COMMAND [ARGUMENT...]

Starts msp-sandbox and msp-server in front of it, one in plain text and one with mutual TLS, on free ports. The
command sees them as MSP_SERVER, MSP_TEST_TLS_SERVER, MSP_TEST_CONTROL (the sandbox's control, with a slash at the end)
and MSP_TEST_CERTS, a directory with ca.pem, client.pem, client.key and stranger.pem, stranger.key of another authority.
Beside them, from peers.py: MSP_TEST_PROXY, the address of a proxy, MSP_TEST_PROXY_LOG, the file of the requests that it
had, MSP_TEST_DROPPER, the address of a server that drops each call, MSP_TEST_BREAKER and MSP_TEST_REFUSER, servers that
close the connection at a call, or refuse its stream, MSP_TEST_BREAKER_LOG and MSP_TEST_REFUSER_LOG, files of the calls that
they had. MSP_TEST_UNIX is the address of a third msp-server, on a socket of the file system that its owner alone may use.
The exit code is the command's.
"""

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
import peers  # noqa: E402
import environment  # noqa: E402


def openssl(*words):
    done = subprocess.run(["openssl", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"with_service: openssl {words[0]}: {done.stderr}")


def make_certificates(folder):
    """An authority with a server and a client, and a stranger whom it does not know. Valid for a day."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-batch")
    for name, subject in (("ca", "/CN=test authority"), ("stranger", "/CN=stranger")):
        openssl("req", "-x509", *key, "-subj", subject, "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem")
    for name in ("server", "client"):
        openssl("req", *key, "-subj", f"/CN={name}", "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.csr")
        names = pathlib.Path(folder, f"{name}.cnf")
        names.write_text(f"subjectAltName=DNS:localhost,DNS:{name},IP:127.0.0.1\n", encoding="utf-8")
        openssl("x509", "-req", "-days", "1", "-in", f"{folder}/{name}.csr", "-CA", f"{folder}/ca.pem", "-CAkey",
                f"{folder}/ca.key", "-CAcreateserial", "-extfile", str(names), "-out", f"{folder}/{name}.pem")  # fmt: skip


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    bin_dir, command = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    with contextlib.ExitStack() as stack:
        certs = stack.enter_context(tempfile.TemporaryDirectory())
        make_certificates(certs)
        sandbox = stack.enter_context(
            environment.program(bin_dir / "msp-sandbox", "--strict-types", "--quiet", "--five-minute-rule=off")
        )
        api_url = sandbox["api_url"]
        variables = {
            "MSP_SERVER": stack.enter_context(environment.service(bin_dir, api_url)),
            "MSP_TEST_CONTROL": environment.Control(api_url).origin + "/_sandbox/",
            "MSP_TEST_CERTS": certs,
            "MSP_TEST_PROXY": stack.enter_context(peers.connect_proxy(f"{certs}/proxy.log")),
            "MSP_TEST_PROXY_LOG": f"{certs}/proxy.log",
            "MSP_TEST_DROPPER": stack.enter_context(peers.dropper()),
        }
        for name, refuses in (("BREAKER", False), ("REFUSER", True)):
            log = variables[f"MSP_TEST_{name}_LOG"] = f"{certs}/{name.lower()}.log"
            variables[f"MSP_TEST_{name}"] = stack.enter_context(peers.breaker(log, refuses))
        variables["MSP_TEST_UNIX"] = stack.enter_context(
            environment.service(bin_dir, api_url, f"--listen=unix:{certs}/server.sock", "--listen_mode=0600",
                                f"--listen_owner={os.geteuid()}:{os.getegid()}")  # fmt: skip
        )
        variables["MSP_TEST_TLS_SERVER"] = stack.enter_context(
            environment.service(bin_dir, api_url, f"--tls_cert_file={certs}/server.pem", f"--tls_key_file={certs}/server.key",
                          f"--tls_client_ca_file={certs}/ca.pem")  # fmt: skip
        )
        return subprocess.run(command, env={**os.environ, **variables}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
