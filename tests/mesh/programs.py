# SPDX-License-Identifier: Apache-2.0

"""The programs of a mesh on loopback: a sandbox, replicas that can be drained and killed, and Envoy as docs/mesh has it.

Everything is on free ports and ends, by its own pid, with the block that started it.

usage: programs.py DIR PORT PORT

writes the files of such a mesh for other tests: DIR/envoy.json for replicas on these ports, the certificates and the
descriptor set that it names.
"""

import contextlib
import http.client
import json
import pathlib
import subprocess
import sys
import threading
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/integration"))
import environment  # noqa: E402
from checks import eventually, free_port  # noqa: E402

WAIT_S = 30


def fetch(url):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as answer:
        return answer.read().decode()


def certificates(directory):
    """An authority, and a certificate of it for the service and for Envoy; as Kubernetes names the files."""

    def openssl(*arguments, **options):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, **options)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-subj", "/CN=authority", "-days", "2", "-keyout", "ca.key", "-out", "ca.crt",
            cwd=directory)  # fmt: skip
    for name in ("multisafepay-grpc", "envoy"):
        folder = directory / name
        folder.mkdir(exist_ok=True)
        openssl("req", *key, "-subj", f"/CN={name}", "-keyout", folder / "tls.key", "-out", "request.pem", cwd=directory)
        (directory / "names").write_text(f"subjectAltName=DNS:{name},DNS:localhost,IP:127.0.0.1")
        openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", "names", "-out", folder / "tls.crt", cwd=directory)  # fmt: skip
        (folder / "ca.crt").write_bytes((directory / "ca.crt").read_bytes())
    return directory


def descriptor_set(directory):
    subprocess.run(["protoc", f"-I{ROOT}/proto", f"-I{ROOT}/service/proto", "--include_imports",
                    f"-o{directory}/payments.pb", *(ROOT / "proto").glob("multisafepay/v1/*_service.proto"),
                    ROOT / "service/proto/google/rpc/error_details.proto"], check=True)  # fmt: skip


def envoy_configuration(directory, secrets, ports, change=None):
    """docs/mesh/envoy.yaml with free ports of its own, for replicas on `ports`; in directory/envoy.json."""
    config = yaml.safe_load((ROOT / "docs/mesh/envoy.yaml").read_text())
    listener = config["static_resources"]["listeners"][0]
    cluster = config["static_resources"]["clusters"][0]
    listener["address"]["socket_address"]["port_value"] = 0
    config["admin"]["address"]["socket_address"]["port_value"] = 0
    # The worst case: Envoy trusts its callers, as where they are declared internal.
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    manager["internal_address_config"] = {"cidr_ranges": [{"address_prefix": "127.0.0.0", "prefix_len": 8}]}
    cluster["type"] = "STATIC"
    endpoints = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    for endpoint, port in zip(endpoints, ports, strict=True):
        endpoint["endpoint"]["address"]["socket_address"] = {"address": "127.0.0.1", "port_value": port}
    if change:
        change(cluster)
    text = json.dumps(config).replace("/etc/envoy/payments.pb", str(directory / "payments.pb"))
    (directory / "envoy.json").write_text(text.replace("/etc/envoy", str(secrets / "envoy")))


class Replica:
    """One msp-server at an address that it keeps over restarts."""

    def __init__(self, bin_dir, api_url, secrets):
        self.port, self.ops_port = free_port(), free_port()
        self.lines, self.child = [], None
        tls = secrets / "multisafepay-grpc"
        self.command = [
            str(bin_dir / "msp-server"), f"--listen=127.0.0.1:{self.port}", f"--ops_listen=127.0.0.1:{self.ops_port}",
            f"--api_url={api_url}", "--drain_delay_ms=1500", "--connection_age_ms=2000",
            f"--tls_cert_file={tls}/tls.crt", f"--tls_key_file={tls}/tls.key", f"--tls_client_ca_file={tls}/ca.crt",
        ]  # fmt: skip

    def start(self):
        ready = threading.Event()
        self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                      stderr=subprocess.PIPE, env={"MSP_API_KEY": environment.KEY})  # fmt: skip

        def read(stream):
            for line in stream:
                self.lines.append(line)
                if '"serving"' in line:
                    ready.set()

        self.readers = [threading.Thread(target=read, args=(s,), daemon=True)
                        for s in (self.child.stdout, self.child.stderr)]  # fmt: skip
        for reader in self.readers:
            reader.start()
        if not ready.wait(WAIT_S):
            raise RuntimeError("a replica did not come up:\n" + "".join(self.lines[-20:]))
        return self

    def end(self, how="terminate"):
        """`terminate` drains, `kill` does not; the exit code."""
        if self.child is None:
            return None
        getattr(self.child, how)()
        code = self.child.wait(timeout=60)
        for reader in self.readers:
            reader.join(timeout=5)
        self.child = None
        return code

    def calls_in_flight(self):
        text = fetch(f"http://127.0.0.1:{self.ops_port}/metrics")
        return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("msp_calls_in_flight "))

    def calls(self):
        """What it logged of calls, as objects."""
        return [json.loads(line) for line in list(self.lines) if '"event":"call"' in line]


class Envoy:
    """A running Envoy: `port` takes calls, `admin` says what it thinks of the replicas."""

    def __init__(self, program, directory, secrets, replicas, change=None):
        envoy_configuration(directory, secrets, [replica.port for replica in replicas], change)
        address = directory / "admin"
        address.unlink(missing_ok=True)
        self.log = (directory / "envoy.log").open("a")
        self.child = subprocess.Popen([program, "-c", directory / "envoy.json", "--admin-address-path", address,
                                       "--use-dynamic-base-id", "--concurrency", "2", "-l", "warning"],
                                      stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)  # fmt: skip
        try:
            eventually(f"Envoy did not start, see {directory}/envoy.log", lambda: self.child.poll() is not None or
                       (address.exists() and address.read_text()))  # fmt: skip
            if self.child.poll() is not None:
                raise RuntimeError("Envoy refused its configuration:\n" + (directory / "envoy.log").read_text()[-4000:])
            self.admin = address.read_text()
            found = eventually("a listener", lambda: json.loads(self.ask("listeners?format=json")).get("listener_statuses"))
            self.port = found[0]["local_address"]["socket_address"]["port_value"]
            self.address = f"127.0.0.1:{self.port}"
        except BaseException:
            self.close()
            raise

    def ask(self, path):
        return fetch(f"http://{self.admin}/{path}")

    def hosts(self):
        """port to health flags, only those that mark it unhealthy."""
        cluster = json.loads(self.ask("clusters?format=json"))["cluster_statuses"][0]
        return {host["address"]["socket_address"]["port_value"]:
                {name for name, value in host["health_status"].items() if name != "eds_health_status" and value}
                for host in cluster["host_statuses"]}  # fmt: skip

    def wait_until_all_serve(self):
        """Envoy has asked every replica since, twice: the first answer may be of the time before a restart."""
        checks = "cluster.multisafepay-grpc.health_check.success"
        before = self.stat(checks)
        eventually("every replica asked", lambda: self.stat(checks) >= before + 2 * len(self.hosts()))
        eventually("every replica healthy", lambda: not any(self.hosts().values()))

    def stat(self, name):
        text = self.ask("stats?filter=" + name + "$")
        return int(text.split(":")[1]) if text.strip() else 0

    def close(self):
        self.child.terminate()
        self.child.wait(timeout=WAIT_S)
        self.log.close()


class Shop:
    """A caller of JSON over one kept connection; not for several threads at a time."""

    def __init__(self, envoy):
        self.connection = http.client.HTTPConnection("127.0.0.1", envoy.port, timeout=60)

    def call(self, method, request, headers=None, service="OrderService"):
        """(HTTP status, reply)."""
        self.connection.request("POST", f"/multisafepay.v1.{service}/{method}", json.dumps(request),
                                {"Content-Type": "application/json", **(headers or {})})  # fmt: skip
        answer = self.connection.getresponse()
        text = answer.read().decode()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text


@contextlib.contextmanager
def ending(*things):
    """Ends every one of `things` by its close or end, also when one of them fails."""
    with contextlib.ExitStack() as stack:
        for thing in things:
            stack.callback(getattr(thing, "close", None) or getattr(thing, "end"))
        yield


def main():
    directory = pathlib.Path(sys.argv[1])
    certificates(directory)
    descriptor_set(directory)
    envoy_configuration(directory, directory, [int(port) for port in sys.argv[2:]])


__all__ = ["Envoy", "Replica", "Shop", "certificates", "descriptor_set", "ending", "eventually", "environment"]

if __name__ == "__main__":
    main()
