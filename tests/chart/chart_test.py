#!/usr/bin/env python3
"""The chart as Helm, Kubernetes' schemas, kube-score and Prometheus see it; nothing of it is installed anywhere.

usage: chart_test.py TOOLS_DIR BIN_DIR [--update]

TOOLS_DIR holds helm, kube-score and crds/*.yaml (ci/jobs/test-chart.sh puts them there), BIN_DIR msp-server, whose real
flags and metrics the chart has to name. --update writes the golden files anew. The last line is "N passed, N failed".
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request

import jsonschema
import kubernetes_validate
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/operations"))
import stage  # noqa: E402

CHART = ROOT / "helm/multisafepay-grpc"
HERE = ROOT / "tests/chart"
GOLDEN = ROOT / "tests/golden/chart"
KUBERNETES = ("1.27", "1.31", "1.34")
# Findings of kube-score that stay, and why.
EXPLAINED = {
    ("sandbox", "Deployment few replicas"): "the stand-in keeps its books in its memory: there is one of it",
    ("sandbox", "Deployment update strategy"): "likewise: never two of it at a time",
    ("everything-off", "Deployment few replicas"): "its values ask for one",
}
# Flags that the templates set from values with names of their own, and those that are not for a chart.
BY_TEMPLATE = {"listen", "ops_listen", "api_url", "allow_plaintext", "allow_plaintext_upstream", "api_key_file",
               "sites_file", "tls_cert_file", "tls_key_file", "tls_client_ca_file", "lease", "events", "webhook_listen"}  # fmt: skip
NOT_FOR_A_CHART = {"check", "help", "version", "allow_dumps"}
# What the chart knows and a server may not have yet: notifications, and memory that is overwritten. A server without them
# refuses the setting by its name.
AHEAD = set()


class Tools:
    """The programs, each with the arguments that every call of it has."""

    def __init__(self, directory):
        self.directory = directory

    def helm(self, *arguments, version=KUBERNETES[-1]):
        command = [self.directory / "helm", *arguments, "--kube-version", version + ".0"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def template(self, *arguments, **options):
        return self.helm("template", "pay", CHART, "--namespace", "payments", *arguments, **options)


def value_sets():
    return sorted((HERE / "values").glob("*.yaml"))


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def check_lint(tools, checks):
    for path in value_sets():
        done = tools.helm("lint", "--strict", CHART, "-f", path)
        checks.equal(f"helm lint --strict, {path.stem}: {done.stdout}{done.stderr}", done.returncode, 0)


def check_golden(tools, checks, update):
    """Renders every value set; what came out is the golden file's text. Returns the objects of each set."""
    rendered = {}
    for path in value_sets():
        done = tools.template("-f", path)
        checks.equal(f"helm template, {path.stem}: {done.stderr}", done.returncode, 0)
        golden = GOLDEN / path.name
        if update:
            golden.write_text(done.stdout)
        before = golden.read_text() if golden.exists() else ""
        checks.true(f"{golden.name} is as it was (--update writes it anew)", before == done.stdout)
        rendered[path.stem] = documents(done.stdout)
    checks.true("ten value sets", len(rendered) >= 10)
    stray = {path.stem for path in GOLDEN.glob("*.yaml")} - set(rendered)
    checks.equal("golden files without values", stray, set())
    return rendered


def closed(schema):
    """A custom resource's schema as a strict JSON schema: members that it does not name are refused."""
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    out = {name: closed(value) if isinstance(value, dict) else value for name, value in schema.items()}
    out.pop("format", None)
    if schema.get("pattern", "").startswith("^(?i)"):  # Go's place for the flag; Python wants it first.
        out["pattern"] = "(?i)^" + schema["pattern"].removeprefix("^(?i)")
    for name in ("anyOf", "oneOf", "allOf"):
        if name in schema:
            out[name] = [dict(one) for one in schema[name]]
    if "properties" in schema:
        out["properties"] = {name: closed(value) for name, value in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            out["additionalProperties"] = False
    if "items" in schema:
        out["items"] = closed(schema["items"])
    return out


def custom_schemas(directory):
    """(apiVersion, kind) to schema, for every custom resource definition in `directory`."""
    schemas = {}
    for path in directory.glob("*.yaml"):
        for definition in documents(path.read_text()):
            spec = definition["spec"]
            for version in spec["versions"]:
                schema = closed(version["schema"]["openAPIV3Schema"])
                schema.setdefault("properties", {}).update(
                    {name: True for name in ("apiVersion", "kind", "metadata")})  # fmt: skip
                if "properties" in version["schema"]["openAPIV3Schema"]:
                    schema["additionalProperties"] = False
                schemas[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = schema
    return schemas


def check_schemas(tools, checks, rendered):
    """Every object satisfies Kubernetes' own schema, or its custom resource definition, with no unknown member."""
    custom, kinds = custom_schemas(tools.directory / "crds"), set()
    for name, objects in rendered.items():
        for document in objects:
            kinds.add(document["kind"])
            what = f"{name}: {document['kind']} {document['metadata']['name']}"
            schema = custom.get((document["apiVersion"], document["kind"]))
            try:
                if schema is not None:
                    jsonschema.validate(document, schema)
                else:
                    for version in KUBERNETES:
                        kubernetes_validate.validate(document, version, strict=True)
                checks.passed += 1
            except (jsonschema.ValidationError, kubernetes_validate.ValidationError) as error:
                checks.fail(f"{what}: {getattr(error, 'message', error)}")
    checks.equal("kinds", kinds, {
        "Deployment", "Service", "ServiceAccount", "Pod", "ConfigMap", "NetworkPolicy", "PodDisruptionBudget",
        "HorizontalPodAutoscaler", "ServiceMonitor", "PrometheusRule", "VirtualService", "DestinationRule", "GRPCRoute",
    })  # fmt: skip
    # The strictness is real: a member too many is refused, in ours and in a custom resource.
    for kind in ("Deployment", "VirtualService"):
        broken = next(json.loads(json.dumps(d)) for d in rendered["istio"] if d["kind"] == kind)
        broken["spec"]["replicsa"] = 2
        schema = custom.get((broken["apiVersion"], kind))
        try:
            if schema is not None:
                jsonschema.validate(broken, schema)
            else:
                kubernetes_validate.validate(broken, KUBERNETES[0], strict=True)
            checks.fail(f"{kind}: a member that does not exist went through")
        except (jsonschema.ValidationError, kubernetes_validate.ValidationError):
            checks.passed += 1


def pods(objects):
    for document in objects:
        if document["kind"] == "Pod":
            yield document["metadata"]["name"], document["spec"]
        elif document["kind"] == "Deployment":
            yield document["metadata"]["name"], document["spec"]["template"]["spec"]


def check_restricted(checks, rendered):
    """The PodSecurity profile `restricted`, and what we promise beyond it."""
    for name, objects in rendered.items():
        for pod, spec in pods(objects):
            what = f"{name}: {pod}"
            for member in ("hostNetwork", "hostPID", "hostIPC"):
                checks.true(f"{what} has no {member}", not spec.get(member))
            checks.equal(f"{what} token", spec["automountServiceAccountToken"], False)
            checks.true(f"{what} runs as a number that is not root", spec["securityContext"]["runAsUser"] > 10000)
            checks.equal(f"{what} volumes", {k for v in spec.get("volumes", []) for k in v} - {"name", "secret"}, set())
            for container in spec["containers"]:
                security = container["securityContext"]
                checks.equal(f"{what} security", security, {
                    "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "runAsNonRoot": True,
                    "runAsUser": 65532, "runAsGroup": 65532, "capabilities": {"drop": ["ALL"]},
                    "seccompProfile": {"type": "RuntimeDefault"},
                })  # fmt: skip
                keys = [e for e in container.get("env", []) if "KEY" in e["name"]]
                allowed = [{"name": "MSP_API_KEY", "value": stage.KEY}] if name == "sandbox" and "api" not in pod else []
                checks.true(f"{what} has no key in its environment", keys in ([], allowed))
    for name, objects in rendered.items():
        secrets = [d["metadata"]["name"] for d in objects if d["kind"] == "Secret"]
        checks.equal(f"{name}: Secrets made by the chart", secrets, [])


def server_of(objects):
    return next(spec for _, spec in pods(objects) if spec["containers"][0]["name"] == "server")


def check_probes(checks, rendered):
    for name, objects in rendered.items():
        container = server_of(objects)["containers"][0]
        probes = [container[probe] for probe in ("startupProbe", "readinessProbe", "livenessProbe")]
        if "tls" in name:
            found = [probe["httpGet"]["path"] for probe in probes]
            checks.equal(f"{name}: probes", found, ["/readyz", "/readyz", "/livez"])
        else:
            found = [probe["grpc"]["service"] for probe in probes]
            checks.equal(f"{name}: probes", found, ["readiness", "readiness", "liveness"])


def check_grace(tools, checks):
    """The grace period is longer than the drain, whatever the settings; the drain longer than the longest call."""
    cases = [({}, 59), ({"drain_delay_ms": 0}, 46), ({"connection_age_ms": 0}, 48), ({"drain_timeout_ms": 60000}, 79),
             ({"call_max_ms": 50000, "drain_timeout_ms": 50001}, 70)]  # fmt: skip
    base = ["--set", "api.url=test,api.existingSecret.name=k", "--show-only", "templates/deployment.yaml"]
    for settings, expected in cases:
        arguments = [f"--set=settings.{name}={value}" for name, value in settings.items()]
        spec = server_of(documents(tools.template(*base, *arguments).stdout))
        checks.equal(f"grace with {settings}", spec["terminationGracePeriodSeconds"], expected)
        whole = {"drain_delay_ms": 2000, "connection_age_ms": 10000, "drain_timeout_ms": 40000, **settings}
        age = whole["connection_age_ms"] * 1.1 if whole["drain_delay_ms"] else 0
        drain_ms = whole["drain_delay_ms"] + age + 1000 + whole["drain_timeout_ms"]
        checks.true(f"grace above the drain with {settings}", expected * 1000 > drain_ms)
    done = tools.template(*base, "--set", "terminationGracePeriodSeconds=55")
    checks.equal("the shortest grace that is given", done.returncode, 0)


def check_refusals(tools, checks):
    for case in yaml.safe_load((HERE / "refused.yaml").read_text()):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as values:
            yaml.safe_dump(case["values"], values)
            values.flush()
            done = tools.template("-f", values.name)
        checks.true(f"{case['values']} is refused", done.returncode != 0)
        line = next((line for line in done.stderr.splitlines() if case["says"] in line), None)
        checks.true(f"a line says {case['says']!r}:\n{done.stderr}", line)


def check_plaintext(tools, checks):
    """Cards leave a pod in clear towards the sandbox alone; a sidecar that begins TLS is on the loopback."""
    base = ["--set", "api.existingSecret.name=k"]
    for url in ("http://127.0.0.1:8080/v1/json", "http://localhost", "http://[::1]:8080/v1/json", "https://proxy.example/"):
        done = tools.template(*base, f"--set-string=api.url={url}")
        checks.equal(f"{url}: {done.stderr}", done.returncode, 0)
        checks.true(f"{url} needs no leave", "--allow_plaintext_upstream" not in done.stdout)
        policy = next(d for d in documents(done.stdout) if d["kind"] == "NetworkPolicy")
        checks.true(f"{url}: 443 is open", [{"port": 443, "protocol": "TCP"}] in [e["ports"] for e in policy["spec"]["egress"]])
    sandbox = ["--set", "sandbox.enabled=true,tls.existingSecret=t", "--show-only", "templates/deployment.yaml"]
    arguments = server_of(documents(tools.template(*sandbox).stdout))["containers"][0]["args"]
    checks.true("the sandbox is reached in plaintext", "--allow_plaintext_upstream" in arguments)
    checks.true("and the port stays under TLS", "--allow_plaintext" not in arguments)


def check_score(tools, checks, rendered):
    for name in rendered:
        done = subprocess.run([tools.directory / "kube-score", "score", "--output-format", "json",
                               "--kubernetes-version", "v1.31", GOLDEN / f"{name}.yaml"],
                              capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
        seen = json.loads(done.stdout)
        checks.true(f"{name}: kube-score saw the deployment", any("Deployment" in o["object_name"] for o in seen))
        for scored in seen:
            for check in scored["checks"]:
                if check["skipped"] or check["grade"] >= 10:
                    continue
                for comment in check["comments"] or [{"summary": check["check"]["name"]}]:
                    part = "sandbox" if "sandbox" in scored["object_name"] else name
                    findings = {(part, comment["summary"]), (part, check["check"]["name"])}
                    if not findings & set(EXPLAINED):
                        checks.fail(f"{name}: {scored['object_name']}: {check['check']['name']}: {comment['summary']}")
        checks.passed += 1


def rules_of(objects):
    return next(d for d in objects if d["kind"] == "PrometheusRule")["spec"]


def check_alerts(checks, rendered, metrics):
    """promtool takes the rules, every alert fires when it should and links to its entry, and nothing fires in peace."""
    rules = rules_of(rendered["production"])
    alerts = {rule["alert"]: rule for group in rules["groups"] for rule in group["rules"]}
    cases = yaml.safe_load((HERE / "alerts.yaml").read_text())
    checks.equal("alerts with a case", {case["alert"] for case in cases["fires"]}, set(alerts))
    headings = re.findall(r"^### (Msp\w+)$", (ROOT / "docs/operations.md").read_text(), re.M)
    checks.equal("alerts with an entry in the runbook", set(headings), set(alerts))
    for name, rule in alerts.items():
        checks.true(f"{name} links to its entry", rule["annotations"]["runbook_url"].endswith(f"/operations.md#{name.lower()}"))
        check_names(checks, name, rule["expr"], metrics)

    def expect(name, labels):
        rule = alerts[name]
        return {"exp_labels": {**rule["labels"], **labels}, "exp_annotations": rule["annotations"]}

    tests = []
    for case in cases["fires"]:
        tests.append({
            "interval": "1m",
            "input_series": [{"series": k, "values": str(v)} for k, v in case["series"].items()],
            "alert_rule_test": [{"eval_time": case["at"], "alertname": case["alert"],
                                 "exp_alerts": [expect(case["alert"], case.get("labels", {}))]}],
        })  # fmt: skip
    tests.append({
        "interval": "1m",
        "input_series": [{"series": k, "values": str(v)} for k, v in cases["quiet"].items()],
        "alert_rule_test": [{"eval_time": at, "alertname": name, "exp_alerts": []}
                            for name in alerts for at in ("2m", "10m", "30m", "60m")],
    })  # fmt: skip
    with tempfile.TemporaryDirectory() as directory:
        (pathlib.Path(directory) / "rules.yaml").write_text(yaml.safe_dump(rules))
        for number, test in enumerate(tests):
            path = pathlib.Path(directory) / f"{number}.yaml"
            path.write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}))
            done = subprocess.run(["promtool", "test", "rules", path], capture_output=True, text=True, check=False)
            asked = {one["alertname"] for one in test["alert_rule_test"]}
            checks.equal(f"promtool, {asked}:\n{done.stdout}{done.stderr}", done.returncode, 0)
        done = subprocess.run(["promtool", "check", "rules", f"{directory}/rules.yaml"], capture_output=True, text=True,
                              check=False)  # fmt: skip
        checks.equal(f"promtool check rules:\n{done.stderr}", done.returncode, 0)


def check_names(checks, what, expression, metrics):
    for found in re.findall(r"\b(?:msp|process)_\w+", expression):
        base = re.sub(r"_(bucket|sum|count)$", "", found)
        checks.true(f"{what}: the server exports {found}", found in metrics or base in metrics)


def check_dashboard(checks, rendered, metrics):
    config = next(d for d in rendered["production"] if d["kind"] == "ConfigMap")
    dashboard = json.loads(config["data"]["multisafepay-grpc.json"])
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    checks.true("the dashboard has panels", len(expressions) > 15)
    for expression in expressions:
        check_names(checks, "dashboard", expression, metrics)
        plain = expression.replace("$__rate_interval", "5m").replace("$__range", "1h")
        rules = yaml.safe_dump({"groups": [{"name": "g", "rules": [{"record": "r", "expr": plain}]}]})
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(rules)
            file.flush()
            done = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True, check=False)
        checks.equal(f"promtool reads {expression}: {done.stderr}", done.returncode, 0)
    places = [tuple(panel["gridPos"].values()) for panel in dashboard["panels"]]
    checks.equal("panels on top of each other", len(places), len(set(places)))


def check_istio(checks, rendered):
    """The mesh repeats exactly what docs/retries lets it repeat, and no write."""
    ours = next(d for d in rendered["istio"] if d["kind"] == "VirtualService")
    published = yaml.safe_load((ROOT / "docs/retries/istio-virtual-service.yaml").read_text())
    for mine, theirs in zip(ours["spec"]["http"], published["spec"]["http"], strict=True):
        for member in ("name", "match", "retries"):
            checks.equal(f"istio {theirs['name']} {member}", mine.get(member), theirs.get(member))
    checks.equal("retries of writes", ours["spec"]["http"][1]["retries"], {"attempts": 0})
    rule = next(d for d in rendered["istio"] if d["kind"] == "DestinationRule")
    checks.equal("hash", rule["spec"]["trafficPolicy"]["loadBalancer"]["consistentHash"]["httpHeaderName"],
                 "x-msp-order-id")  # fmt: skip


def check_server(tools, checks, rendered, bin_dir):
    """The chart's settings are the server's, and the server takes what the chart gives it. Returns its metrics."""
    text = subprocess.run([bin_dir / "msp-server", "--help"], capture_output=True, text=True, check=True).stdout
    flags = set(re.findall(r"^  --(\w+)", text, re.M)) - NOT_FOR_A_CHART
    schema = json.loads((CHART / "values.schema.json").read_text())
    settings = set(schema["properties"]["settings"]["properties"])
    checks.equal("settings of the schema that the server does not have", settings - flags - AHEAD, set())
    checks.equal("settings of the server that the chart cannot set", flags - settings - BY_TEMPLATE, set())
    checks.equal("flags of the templates that the server does not have", BY_TEMPLATE - flags - AHEAD, set())
    defaults = dict(re.findall(r"^  --(\w+)=(\S*)$", text, re.M))
    for name, value in (("drain_delay_ms", "2000"), ("drain_timeout_ms", "40000"), ("connection_age_ms", "10000"),
                        ("call_max_ms", "33000")):  # fmt: skip
        checks.equal(f"the server's own default of {name}, on which the grace rests", defaults.get(name), value)
    with stage.program(bin_dir / "msp-server", "--api_url=sandbox", "--listen=127.0.0.1:0", "--ops_listen=127.0.0.1:0",
                       "--drain_delay_ms=0") as server:  # fmt: skip
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://{server['ops']}/metrics", timeout=10) as answer:
            metrics = set(re.findall(r"^# TYPE (\S+)", answer.read().decode(), re.M))
    documented = set(re.findall(r"^\| `(msp_\w+|process_\w+)`", (ROOT / "docs/operations.md").read_text(), re.M))
    # Most exist from the start; a labelled one appears with its first value.
    checks.true("the server's metrics are those of the documentation", metrics and metrics <= documented)
    with tempfile.TemporaryDirectory() as mounted:
        mount(pathlib.Path(mounted))
        for name, objects in rendered.items():
            arguments = [a.replace("/etc/msp", mounted) for a in server_of(objects)["containers"][0]["args"]]
            if {argument[2:].split("=")[0] for argument in arguments} & (AHEAD - flags):
                continue
            environment = {"MSP_API_KEY": stage.KEY} if name == "sandbox" else {}
            done = subprocess.run([bin_dir / "msp-server", *arguments, "--check"], env=environment, capture_output=True,
                                  text=True, timeout=30, check=False)  # fmt: skip
            checks.equal(f"{name}: msp-server --check takes its arguments: {done.stderr}", done.returncode, 0)
    return documented


def mount(directory):
    """What Kubernetes mounts of the Secrets."""
    for name in ("key", "tls"):
        (directory / name).mkdir()
    for name in ("api_key", "live-key"):
        (directory / "key" / name).write_text(stage.KEY)
    (directory / "key/sites.json").write_text(json.dumps({"sites": [{"name": "shop", "key_file": "api_key"}]}))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                    "/CN=pay", "-days", "2", "-keyout", directory / "tls/tls.key", "-out", directory / "tls/tls.crt"],
                   capture_output=True, check=True)  # fmt: skip
    shutil.copy(directory / "tls/tls.crt", directory / "tls/ca.crt")


def check_table(checks):
    done = subprocess.run([sys.executable, ROOT / "ci/chart_table.py", CHART, "--check"], capture_output=True, text=True,
                          check=False)  # fmt: skip
    checks.equal(f"the table of values: {done.stdout}{done.stderr}", done.returncode, 0)
    reads = (CHART / "files/reads.txt").read_text().split()
    checks.true("reads.txt has reads", reads and not [read for read in reads if "Create" in read or "Refund" in read])


def check_notes(checks, tools):
    """What people read after an install. `helm template` leaves the notes out, so that they are made an object here."""
    with tempfile.TemporaryDirectory() as directory:
        copy = pathlib.Path(directory) / "chart"
        shutil.copytree(CHART, copy)
        text = (copy / "templates/NOTES.txt").read_text()
        (copy / "templates/notes.yaml").write_text(
            '{{- define "notes" -}}' + text + '{{- end -}}\nkind: Notes\ntext: {{ include "notes" . | quote }}\n')
        for path, words in (("sandbox", "NO PAYMENT IS REAL"), ("production", "payments are real"), ("tls", "with TLS"),
                            ("minimal", "Replicas do not share their leases")):  # fmt: skip
            done = tools.helm("template", "pay", copy, "--namespace", "payments", "-f", HERE / f"values/{path}.yaml",
                              "--show-only", "templates/notes.yaml")  # fmt: skip
            checks.true(f"NOTES of {path} say {words!r}: {done.stderr}{done.stdout}", words in done.stdout)


def main():
    tools, bin_dir, update = Tools(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2]), "--update" in sys.argv
    checks = stage.Checks()
    check_lint(tools, checks)
    rendered = check_golden(tools, checks, update)
    check_schemas(tools, checks, rendered)
    check_restricted(checks, rendered)
    check_probes(checks, rendered)
    check_grace(tools, checks)
    check_refusals(tools, checks)
    check_plaintext(tools, checks)
    check_score(tools, checks, rendered)
    metrics = check_server(tools, checks, rendered, bin_dir)
    check_alerts(checks, rendered, metrics)
    check_dashboard(checks, rendered, metrics)
    check_istio(checks, rendered)
    check_table(checks)
    check_notes(checks, tools)
    checks.verdict()
    print(f"{checks.passed} passed, {len(checks.failures)} failed")
    return 1 if checks.failures else 0


if __name__ == "__main__":
    sys.exit(main())
