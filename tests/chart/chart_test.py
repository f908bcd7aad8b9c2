#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The chart as Helm, helm-unittest, Kubernetes' schemas and API server, kube-score and Prometheus see it.

usage: chart_test.py TOOLS_DIR BIN_DIR API_SERVER

TOOLS_DIR holds helm, helm-unittest, kube-score and crds/*.yaml (ci/jobs/test-chart.sh puts them there), BIN_DIR msp-server, whose
real flags and metrics the chart has to name, API_SERVER is kube-apiserver. What each set of values renders is asserted in unit/*.yaml;
what an API server says of it in api_server_test.py. The last line is "N passed, N failed".
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

import api_server_test
import kubernetes_validate
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/integration"))
import environment  # noqa: E402

CHART = ROOT / "helm/multisafepay-grpc"
HERE = ROOT / "tests/chart"
# The oldest and the newest; the API server is one between them.
KUBERNETES = ("1.27", "1.34")
# Sets of values for newer ones: an init container that goes on running.
NEWER = {"extras": ("1.29", "1.34")}
# Findings of kube-score that stay, and why.
EXPLAINED = {
    ("sandbox", "Deployment few replicas"): "the stand-in keeps its books in its memory: there is one of it",
    ("sandbox", "Deployment update strategy"): "likewise: never two of it at a time",
    ("everything-off", "Deployment few replicas"): "its values ask for one",
    ("extras", "Container Security Context ReadOnlyRootFilesystem"): "its sidecar asks for it",
}
# Flags that the templates set from values with names of their own, and those that are not for a chart.
BY_TEMPLATE = {"listen", "ops_listen", "api_url", "allow_plaintext", "allow_plaintext_upstream", "api_key_file",
               "sites_file", "tls_cert_file", "tls_key_file", "tls_client_ca_file", "lease", "events", "webhook_listen"}  # fmt: skip
NOT_FOR_A_CHART = {"check", "help", "version", "allow_dumps", "listen_mode", "listen_owner"}
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


def check_lint(tools, checks):
    for path in value_sets():
        done = tools.helm("lint", "--strict", CHART, "-f", path)
        checks.equal(f"helm lint --strict, {path.stem}: {done.stdout}{done.stderr}", done.returncode, 0)


def check_units(tools, checks):
    """Each test of unit/*.yaml."""
    with tempfile.NamedTemporaryFile(suffix=".xml") as results:
        command = [tools.directory / "helm-unittest", "--strict", "--color=false", "--file", "../../tests/chart/unit/*.yaml",
                   "--output-type", "JUnit", "--output-file", results.name, CHART]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        cases = list(xml.parse(results.name).getroot().iter("testcase"))
    wrong = [case for case in cases if len(case)]
    checks.passed += len(cases) - len(wrong)
    for case in wrong:
        checks.fail(f"{case.get('classname')}: {case.get('name')}: {''.join(case.itertext()).strip()}")
    checks.equal(f"helm-unittest: {'' if wrong else done.stdout}{done.stderr}", done.returncode, 1 if wrong else 0)
    tested = {name for path in (HERE / "unit").glob("*.yaml") for name in re.findall(r"\.\./values/([\w-]+)\.yaml", path.read_text())}
    checks.equal("sets of values without a test", {path.stem for path in value_sets()} - tested, set())


def render(tools, checks):
    """The objects of every set of values."""
    rendered = {}
    for path in value_sets():
        done = tools.template("-f", path)
        checks.equal(f"helm template, {path.stem}: {done.stderr}", done.returncode, 0)
        rendered[path.stem] = api_server_test.documents(done.stdout)
        secrets = [d["metadata"]["name"] for d in rendered[path.stem] if d["kind"] == "Secret"]
        checks.equal(f"{path.stem}: Secrets made by the chart", secrets, [])
    return rendered


def check_schemas(checks, rendered):
    """Kubernetes' own objects satisfy the schemas of the oldest and the newest version, with no unknown member."""
    seen = set()
    for name, objects in rendered.items():
        for document in objects:
            text = json.dumps(document, sort_keys=True)
            if document["kind"] in api_server_test.CUSTOM or text in seen:
                continue
            seen.add(text)
            try:
                for version in NEWER.get(name, KUBERNETES):
                    kubernetes_validate.validate(document, version, strict=True)
                checks.passed += 1
            except kubernetes_validate.ValidationError as error:
                checks.fail(f"{name}: {document['kind']} {document['metadata']['name']}: {error.message}")
    broken = json.loads(json.dumps(next(d for d in rendered["minimal"] if d["kind"] == "Deployment")))
    broken["spec"]["replicsa"] = 2
    try:
        kubernetes_validate.validate(broken, KUBERNETES[0], strict=True)
        checks.fail("a member that does not exist went through")
    except kubernetes_validate.ValidationError:
        checks.passed += 1


def server_of(objects):
    return next(pod["spec"] for pod in api_server_test.pods(objects) if pod["spec"]["containers"][0]["name"] == "server")


def check_score(tools, checks, rendered):
    for name, objects in rendered.items():
        done = subprocess.run([tools.directory / "kube-score", "score", "--output-format", "json",
                               "--kubernetes-version", "v1.31", "-"], input=yaml.safe_dump_all(objects),
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
    ours = 'job="pay-multisafepay-grpc", namespace="payments"'
    cases = yaml.safe_load((HERE / "alerts.yaml").read_text().replace("OURS", ours))
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
        path = pathlib.Path(directory) / "tests.yaml"
        path.write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests}))
        done = subprocess.run(["promtool", "test", "rules", path], capture_output=True, text=True, check=False)
        checks.equal(f"promtool test rules:\n{done.stdout}{done.stderr}", done.returncode, 0)
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
    rules = []
    for number, expression in enumerate(expressions):
        check_names(checks, "dashboard", expression, metrics)
        plain = expression.replace("$__rate_interval", "5m").replace("$__range", "1h")
        rules.append({"record": f"panel_{number}", "expr": plain})
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
        file.flush()
        done = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True, check=False)
    checks.equal(f"promtool reads the dashboard: {done.stdout}{done.stderr}", done.returncode, 0)
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
    with environment.program(bin_dir / "msp-server", "--api_url=sandbox", "--listen=127.0.0.1:0", "--ops_listen=127.0.0.1:0",
                       "--drain_delay_ms=0") as server:  # fmt: skip
        exposition = environment.get(f"http://{server['ops']}/metrics").decode()
        metrics = set(re.findall(r"^# TYPE (\S+)", exposition, re.M))
    documented = set(re.findall(r"^\| `(msp_\w+|process_\w+)`", (ROOT / "docs/operations.md").read_text(), re.M))
    # Most exist from the start; a labelled one appears with its first value.
    checks.true("the server's metrics are those of the documentation", metrics and metrics <= documented)
    with tempfile.TemporaryDirectory() as mounted:
        mount(pathlib.Path(mounted))
        for name, objects in rendered.items():
            given = server_of(objects)["containers"][0]["args"]
            arguments = [a.replace("/etc/msp", mounted).replace("/etc/company", f"{mounted}/tls") for a in given]
            if {argument[2:].split("=")[0] for argument in arguments} & (AHEAD - flags):
                continue
            variables = {"MSP_API_KEY": environment.KEY} if name == "sandbox" else {}
            done = subprocess.run([bin_dir / "msp-server", *arguments, "--check"], env=variables, capture_output=True,
                                  text=True, timeout=30, check=False)  # fmt: skip
            checks.equal(f"{name}: msp-server --check takes its arguments: {done.stderr}", done.returncode, 0)
    return documented


def mount(directory):
    """What Kubernetes mounts of the Secrets."""
    for name in ("key", "tls"):
        (directory / name).mkdir()
    for name in ("api_key", "live-key"):
        (directory / "key" / name).write_text(environment.KEY)
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
    checks.true("reads.txt has reads", reads and not [read for read in reads if "CreateOrder" in read or "Refund" in read])


def main():
    tools, bin_dir = Tools(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2])
    checks = environment.Checks()
    check_units(tools, checks)
    check_lint(tools, checks)
    rendered = render(tools, checks)
    check_schemas(checks, rendered)
    check_score(tools, checks, rendered)
    metrics = check_server(tools, checks, rendered, bin_dir)
    check_alerts(checks, rendered, metrics)
    check_dashboard(checks, rendered, metrics)
    check_istio(checks, rendered)
    check_table(checks)
    if len(sys.argv) > 3:
        api_server_test.check(checks, tools.directory, pathlib.Path(sys.argv[3]))
    return checks.verdict()


if __name__ == "__main__":
    sys.exit(main())
