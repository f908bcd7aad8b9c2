#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The chart in front of a real API server: installed, upgraded and rolled back by helm, with the PodSecurity profile restricted.

usage: api_server_test.py TOOLS_DIR API_SERVER

TOOLS_DIR holds helm and crds/*.yaml, API_SERVER is kube-apiserver; etcd is Debian's. There is no controller and no node, so that no
pod runs: each is shown to the server as a dry run instead, which admits or refuses it. The last line is "N passed, N failed".
"""

import contextlib
import json
import os
import pathlib
import secrets
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/integration"))
import environment  # noqa: E402
from checks import Program, eventually, free_port  # noqa: E402

CHART = ROOT / "helm/multisafepay-grpc"
VALUES = ROOT / "tests/chart/values"
CUSTOM = {"VirtualService", "DestinationRule", "GRPCRoute", "ServiceMonitor", "PrometheusRule"}
READY_S = 60


class Cluster:
    """The API server as its administrator sees it."""

    def __init__(self, directory, tools, port, token):
        self.directory, self.tools, self.origin, self.token = directory, tools, f"https://127.0.0.1:{port}", token
        context = ssl.create_default_context(cafile=directory / "tls.crt")
        handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
        self.opener = urllib.request.build_opener(*handlers)
        self.kubeconfig = directory / "kubeconfig"
        self.kubeconfig.write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": self.origin, "certificate-authority": str(directory / "tls.crt")}}],
            "users": [{"name": "admin", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
        }))  # fmt: skip
        self.kubeconfig.chmod(0o600)

    def ask(self, method, path, body=None, content="application/json"):
        """(status, object, warnings)"""
        request = urllib.request.Request(self.origin + path, method=method, data=json.dumps(body).encode() if body else None)
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Content-Type", content)
        try:
            answer = self.opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read().decode()
            parsed = json.loads(text) if text.startswith("{") else {"message": text}
            return answer.status, parsed, answer.headers.get_all("Warning") or []

    def create(self, path, body):
        status, answer, _ = self.ask("POST", path, body)
        if status != 201:
            raise RuntimeError(f"{path}: {status} {answer}")

    def path_of(self, document, namespace):
        """Where the server keeps objects of this kind."""
        version, kind = document["apiVersion"], document["kind"]
        root = f"/api/{version}" if version == "v1" else f"/apis/{version}"
        _, listed, _ = self.ask("GET", root)
        plural = next(one["name"] for one in listed["resources"] if one["kind"] == kind and "/" not in one["name"])
        return f"{root}/namespaces/{namespace}/{plural}"

    def helm(self, *arguments):
        variables = {**os.environ, "KUBECONFIG": str(self.kubeconfig), "HELM_CACHE_HOME": str(self.directory / "cache"),
                       "HELM_CONFIG_HOME": str(self.directory / "config"), "HELM_DATA_HOME": str(self.directory / "data"),
                       "HELM_BURST_LIMIT": "1000", "HELM_QPS": "1000", "NO_PROXY": "127.0.0.1"}  # fmt: skip
        return subprocess.run([self.tools / "helm", *arguments], env=variables, capture_output=True, text=True, timeout=120,
                              check=False)  # fmt: skip


@contextlib.contextmanager
def cluster(tools, program):
    with tempfile.TemporaryDirectory(prefix="msp-chart-") as name:
        directory = pathlib.Path(name)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=kube-apiserver", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", directory / "tls.key", "-out", directory / "tls.crt"],
                       capture_output=True, check=True)  # fmt: skip
        token = secrets.token_hex(16)
        (directory / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n')
        anywhere = "http://127.0.0.1:0"
        etcd = ["etcd", f"--data-dir={directory}/etcd", f"--listen-client-urls={anywhere}", f"--advertise-client-urls={anywhere}",
                f"--listen-peer-urls={anywhere}", f"--initial-advertise-peer-urls={anywhere}",
                f"--initial-cluster=default={anywhere}", "--logger=zap", "--log-outputs=stderr"]  # fmt: skip
        serving = r'serving client traffic.*"address":"([^"]+)"'
        with Program(directory, "etcd", etcd, ready=serving, ready_s=READY_S) as store:
            port = free_port()
            server = [program, f"--etcd-servers=http://{store.ready[1]}", "--bind-address=127.0.0.1", f"--secure-port={port}",
                      f"--tls-cert-file={directory}/tls.crt", f"--tls-private-key-file={directory}/tls.key",
                      f"--token-auth-file={directory}/tokens.csv", "--service-account-issuer=https://127.0.0.1",
                      f"--service-account-key-file={directory}/tls.crt", f"--service-account-signing-key-file={directory}/tls.key",
                      "--service-cluster-ip-range=10.96.0.0/16", "--authorization-mode=RBAC", "--profiling=false",
                      "--endpoint-reconciler-type=none"]  # fmt: skip
            with Program(directory, "kube-apiserver", server, ready="Serving securely on", ready_s=READY_S):
                one = Cluster(directory, tools, port, token)
                eventually("the API server's readiness", lambda: one.ask("GET", "/readyz")[0] == 200)
                yield one


def prepare(one, tools):
    """What a cluster has before the chart comes: custom resources, priorities."""
    for path in sorted((tools / "crds").glob("*.yaml")):
        for definition in yaml.safe_load_all(path.read_text()):
            if definition and definition["spec"]["names"]["kind"] in CUSTOM:
                definition["metadata"].pop("creationTimestamp", None)
                one.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
    one.create("/apis/scheduling.k8s.io/v1/priorityclasses", {"metadata": {"name": "payments"}, "value": 1000})

    def served():
        """Helm asks for both: the kinds, and their schemas."""
        described, kinds = one.ask("GET", "/openapi/v3")[1]["paths"], set()
        for group in one.ask("GET", "/apis")[1]["groups"]:
            for version in group["versions"]:
                status, listed, _ = one.ask("GET", f"/apis/{version['groupVersion']}")
                if status == 200 and f"apis/{version['groupVersion']}" in described:
                    kinds |= {resource["kind"] for resource in listed["resources"]}
        return kinds >= CUSTOM

    eventually("custom resources", served)


def namespace_of(one, name):
    profile = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
    one.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": profile}})
    # A controller would make it.
    one.create(f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "default"}})


def pods(objects):
    for document in objects:
        if document["kind"] == "Pod":
            yield document
        elif document["kind"] == "Deployment":
            template = document["spec"]["template"]
            yield {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
                   "metadata": {**template["metadata"], "name": document["metadata"]["name"]}}  # fmt: skip


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def applied(one, document, namespace):
    """What the server says of an object, which it does not keep: no member may be unknown to it."""
    path = f"{one.path_of(document, namespace)}/{document['metadata']['name']}"
    return one.ask("PATCH", f"{path}?dryRun=All&fieldValidation=Strict&fieldManager=test&force=true", document,
                   content="application/apply-patch+yaml")  # fmt: skip


def release(checks, what, done):
    """The objects of a release as helm lists them, and the pods of its tests; helm warned of nothing."""
    checks.equal(f"{what}: {done.stdout if done.returncode else ''}{done.stderr}", (done.returncode, done.stderr), (0, ""))
    if done.returncode:
        return [], []
    listed = json.loads(done.stdout)
    return documents(listed["manifest"]), [pod for hook in listed["hooks"] for pod in documents(hook["manifest"])]


def check_values(checks, one, path):
    """A set of values, installed: each object is there and valid, each pod is admitted."""
    name = path.stem
    namespace_of(one, name)
    done = one.helm("install", "pay", CHART, "--namespace", name, "-f", path, "--output", "json")
    objects, tests = release(checks, f"{name}: helm install", done)
    for document in objects:
        what = f"{name}: {document['kind']} {document['metadata']['name']}"
        status, found, _ = one.ask("GET", f"{one.path_of(document, name)}/{document['metadata']['name']}")
        checks.equal(f"{what} is there: {found.get('message')}", status, 200)
        status, answer, warnings = applied(one, document, name)
        checks.equal(f"{what} is valid: {answer.get('message')}", (status, warnings), (200, []))
    for pod in pods(objects + tests):
        status, answer, warnings = one.ask("POST", f"/api/v1/namespaces/{name}/pods?dryRun=All&fieldValidation=Strict", pod)
        checks.equal(f"{name}: pod of {pod['metadata']['name']}: {answer.get('message')}", (status, warnings), (201, []))


def check_changes(checks, one, paths):
    """One release upgraded to each set of values, and rolled back to the first: what is no longer wanted is gone."""
    namespace_of(one, "changes")

    def there(what, objects, before):
        """The server runs what the release has, and nothing that the one before had beside that."""
        wanted = {(document["kind"], document["metadata"]["name"]) for document in objects}
        for document in objects + before:
            status, found, _ = one.ask("GET", f"{one.path_of(document, 'changes')}/{document['metadata']['name']}")
            known = (document["kind"], document["metadata"]["name"]) in wanted
            checks.equal(f"{what}: {document['kind']} {document['metadata']['name']}", status, 200 if known else 404)
            if document["kind"] == "Deployment" and document in objects and status == 200:
                for part in ("args", "env", "volumeMounts"):
                    theirs, ours = ([container.get(part) for container in each["spec"]["template"]["spec"]["containers"]]
                                    for each in (found, document))  # fmt: skip
                    if part == "env":  # The server adds a default to where a value comes from.
                        theirs, ours = ([[e["name"] for e in each or []] for each in both] for both in (theirs, ours))
                    checks.equal(f"{what}: {part} of {document['metadata']['name']}", theirs, ours)

    first, before = None, []
    for path in paths:
        what = f"upgrade to {path.stem}"
        done = one.helm("upgrade", "--install", "--history-max=0", "pay", CHART, "--namespace", "changes", "-f", path, "--output",
                        "json")  # fmt: skip
        objects, _ = release(checks, what, done)
        there(what, objects, before)
        first, before = first or objects, objects
    done = one.helm("rollback", "pay", "1", "--namespace", "changes")
    checks.equal(f"rollback: {done.stderr}", (done.returncode, done.stderr), (0, ""))
    there("rollback", first, before)
    done = one.helm("uninstall", "pay", "--namespace", "changes")
    checks.equal(f"uninstall: {done.stderr}", done.returncode, 0)
    left = one.ask("GET", "/apis/apps/v1/namespaces/changes/deployments")[1]["items"]
    checks.equal("Deployments after helm uninstall", left, [])


def check_refusals(checks, one):
    """The server does refuse: a pod that is not restricted, a member that does not exist, an object of helm's likewise."""
    namespace_of(one, "refusals")
    pod = {"metadata": {"name": "root"}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    status, answer, _ = one.ask("POST", "/api/v1/namespaces/refusals/pods?dryRun=All", pod)
    checks.true(f"a pod without a security context: {status} {answer.get('message')}",
                status == 403 and 'violates PodSecurity "restricted' in answer["message"])  # fmt: skip
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"prots": [], "ports": [{"port": 1}]}}
    status, answer, _ = applied(one, service, "refusals")
    checks.true(f"a misspelt member: {status} {answer.get('message')}", status in (400, 422, 500) and "prots" in answer["message"])
    rule = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "a"}, "spec": {"host": ["a"]}}
    status, answer, _ = applied(one, rule, "refusals")
    checks.true(f"a misspelt member of Istio's: {status} {answer.get('message')}", status >= 400 and "host" in answer["message"])
    privileged = one.directory / "privileged.yaml"
    privileged.write_text(yaml.safe_dump({
        "api": {"url": "test", "existingSecret": {"name": "k"}},
        "sidecars": [{"name": "a", "image": "a", "securityContext": {"allowPrivilegeEscalation": True}}],
    }))  # fmt: skip
    done = one.helm("install", "pay", CHART, "--namespace", "refusals", "-f", privileged, "--skip-schema-validation")
    checks.true(f"helm shows the server's warnings: {done.stderr}", "would violate PodSecurity" in done.stderr)


def check(checks, tools, program):
    if not shutil.which("etcd"):
        raise SystemExit("there is no etcd: install Debian's etcd-server")
    with cluster(tools, program) as one:
        prepare(one, tools)
        check_refusals(checks, one)
        paths = sorted(VALUES.glob("*.yaml"))
        checks.true("ten sets of values", len(paths) >= 10)
        for path in paths:
            check_values(checks, one, path)
        check_changes(checks, one, paths)


def main():
    checks = environment.Checks()
    check(checks, *(pathlib.Path(argument).resolve() for argument in sys.argv[1:3]))
    return checks.verdict()


if __name__ == "__main__":
    sys.exit(main())
