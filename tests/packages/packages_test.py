#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each artefact of ./run package installed where the tree is not, and a payment made with it.

usage: packages_test.py DIST BASE.tar CACHE [HELM] [--only PATH...]

DIST has the artefacts and SHA256SUMS, BASE.tar is a Debian 12 with python3, CACHE is where Maven, npm and pip keep what they
have fetched, HELM is the program. A path is a newcomer's: an empty folder or a clean root, the commands that its language
installs packages by, and a first payment (created, watched until PAID, a part refunded) against msp-server and msp-sandbox,
which come from a package too. Prints the seconds of each; the last line is "N passed, N failed".
"""

import argparse
import contextlib
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT / "tests/integration"), str(HERE)]
import environment  # noqa: E402
import unit  # noqa: E402

VERSION = (ROOT / "VERSION").read_text(encoding="utf-8").strip()
LIMIT_S = 900
ORDER = {
    "type": "direct", "currency": "EUR", "amount": 4995, "gateway": "CREDITCARD", "description": "Forty red tulips",
    "gateway_info": {"card_number": "4111111111111111", "card_expiry_date": "3012", "card_cvc": "123"},
}  # fmt: skip


class Failed(Exception):
    """What a package did not do."""


def run(*words, cwd=None, env=None, stdin=""):
    """Standard output of a command that has to succeed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MSP_")}
    done = subprocess.run([*map(str, words)], cwd=cwd, env={**clean, **(env or {})}, input=stdin, capture_output=True, text=True,
                          errors="replace", timeout=LIMIT_S, check=False)  # fmt: skip
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, words))}: exit code {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def require(what, condition):
    if not condition:
        raise Failed(what)


def paid_by_client(output):
    """What each client's example prints."""
    for wanted in ("created ", "PAYMENT_STATE_PAID", "refunded 1500 "):
        require(f"the example did not print {wanted!r}:\n{output}", wanted in output)


def paid_by_msp(bin_dir, server, order_id):
    """The same payment by the command-line client."""
    order = json.dumps({**ORDER, "order_id": order_id})
    msp = bin_dir / "msp"
    run(msp, "--server", server, "order", "create", "-f", "-", stdin=order)
    # The exit code is 0 only for paid.
    run(msp, "--server", server, "order", "watch", order_id, "--timeout", 60)
    refund = ("--amount", 1500, "--currency", "EUR", "--refund-order-id", f"{order_id}-r1")
    reply = json.loads(run(msp, "--server", server, "order", "refund", order_id, *refund))
    require(f"the refund is another one: {reply}", reply["refund"]["amount"] == 1500)


@contextlib.contextmanager
def services(bin_dir):
    """msp-sandbox and msp-server in front of it, from one package; yields the service's address."""
    with environment.program(bin_dir / "msp-sandbox", "--strict-types", "--quiet") as sandbox:
        with environment.service(bin_dir, sandbox["api_url"]) as server:
            yield server


class CleanRoot:
    """A Debian of its own, in which commands run by chroot; `bin_dir` has its programs as ones that run there.

    Each command has a mount namespace of its own with /proc and /dev in it, which ends with the command.
    """

    ENTER = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" "$@"'

    def __init__(self, base, folder):
        self.root = folder / "root"
        self.root.mkdir()
        run("tar", "--numeric-owner", "-xf", base, "-C", self.root)
        self.bin_dir = folder / "bin"
        self.bin_dir.mkdir()

    def run(self, *words, stdin=""):
        return run("unshare", "--mount", "sh", "-c", self.ENTER, self.root, *words, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root",
                   "DEBIAN_FRONTEND": "noninteractive"}, stdin=stdin)  # fmt: skip

    def take(self, file):
        shutil.copy(file, self.root / "tmp")
        return f"/tmp/{file.name}"

    def script(self, path, command):
        """A program here that runs the command there."""
        path.write_text(f"#!/bin/sh\nexec unshare --mount sh -c '{self.ENTER}' {self.root} {command} \"$@\"\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    def programs(self, inside):
        for name in ("msp", "msp-sandbox", "msp-server"):
            self.script(self.bin_dir / name, f"{inside}/{name}")
        return self.bin_dir


class Paths:
    """A newcomer's path each. `folder` is empty; what is returned is said beside the time."""

    def __init__(self, options):
        self.dist, self.base, self.cache, self.helm = options.dist, options.base, options.cache, options.helm
        self.bin_dir = None  # Of the sandbox's wheel, once it is installed: the other side for the clients.

    def one(self, pattern):
        found = sorted(self.dist.glob(pattern))
        require(f"{pattern}: {len(found)} files in {self.dist}", len(found) == 1)
        return found[0]

    def sums(self, folder):
        named = set()
        for line in (self.dist / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
            digest, name = line.split("  ")
            named.add(name)
            require(f"{name} has another sum", hashlib.sha256((self.dist / name).read_bytes()).hexdigest() == digest)
        others = {path.name for path in self.dist.iterdir()} - named - {"SHA256SUMS"}
        require(f"without a sum: {others}", not others)
        return f"{len(named)} files, {self.release()} names in release.yaml"

    def release(self):
        """The release workflow publishes files of SHA256SUMS, tested before, and builds none of them again."""
        text = (ROOT / ".github/workflows/release.yaml").read_text(encoding="utf-8")
        build, publish = text.split("\n  publish:\n")
        order = [build.find(step) for step in ("./run package", "./run test-packages --no-build", "sha256sum", "upload-artifact")]
        require(f"release.yaml: packed, tested, checked and uploaded at {order}", -1 not in order and order == sorted(order))
        again = re.findall(r"npm (?:ci|run|pack)\b|helm package|-m build|buildah|docker build|go build|mvn .*\bpackage\b", publish)
        require(f"release.yaml builds what it publishes again: {again}", not again)
        shell = publish.replace('"', "").replace("$jar", "multisafepay-grpc-$version").replace("$version", VERSION)
        names = set(re.findall(r"build/dist/([\w.*+-]+)", shell)) - {"*", "SHA256SUMS"}
        # The archives of the images are made by ./run package --image only.
        missing = [name for name in names if not name.endswith("-oci.tar") and not list(self.dist.glob(name))]
        require(f"release.yaml publishes what is not in build/dist: {missing}", names and not missing)
        return len(names)

    def deb(self, folder):
        clean = CleanRoot(self.base, folder)
        clean.run("apt-get", "update")
        clean.run("apt-get", "install", "-y", "--no-install-recommends", clean.take(self.one("multisafepay-grpc_*.deb")))
        bin_dir = clean.programs("/usr/bin")
        with services(bin_dir) as server:
            paid_by_msp(bin_dir, server, "first-deb")
        for name in ("msp", "msp-sandbox", "msp-server"):
            require(f"no manual page of {name}", (clean.root / f"usr/share/man/man1/{name}.1.gz").exists())
        for file in ("usr/share/bash-completion/completions/msp", "usr/share/zsh/vendor-completions/_msp"):
            require(f"no {file}", (clean.root / file).exists())
        drop_ins = clean.root / "usr/share/doc/multisafepay-grpc/examples"
        examples = {path.stem: path.read_text(encoding="utf-8") for path in drop_ins.iterdir()}
        installed = (clean.root / "usr/lib/systemd/system" / unit.NAME).read_text(encoding="utf-8")
        said = self.verified(folder, bin_dir, installed, examples)
        self.settings_of_unit(clean, bin_dir, installed, examples)
        clean.run("apt-get", "purge", "-y", "multisafepay-grpc")
        require("purge leaves /etc/multisafepay-grpc", not (clean.root / "etc/multisafepay-grpc").exists())
        return said + " by systemd-analyze security"

    def verified(self, folder, bin_dir, installed, examples):
        """What systemd says of the unit and of the drop-ins; its rating."""
        # The clean root has no systemd, and this machine has no msp-server: its own program stands in for the name.
        file, drop_ins = folder / unit.NAME, folder / f"{unit.NAME}.d"
        file.write_text(installed.replace("/usr/bin/msp-server", str(bin_dir / "msp-server")), encoding="utf-8")
        rating = run("systemd-analyze", "security", "--offline=yes", file).splitlines()[-1]
        drop_ins.mkdir()
        for name in (None, *examples):
            if name:
                (drop_ins / f"{name}.conf").write_text(examples[name], encoding="utf-8")
            said = subprocess.run(["systemd-analyze", "verify", "--man=no", file], capture_output=True, text=True, check=False)
            require(f"systemd rejects the unit with {name}: {said.stderr}", said.returncode == 0 and unit.NAME not in said.stderr)
        return rating.split(": ")[-1].encode("ascii", "ignore").decode().strip()

    def settings_of_unit(self, clean, bin_dir, installed, examples):
        """Each setting that docs/packages.md has: the program as the unit's user, with the unit's environment and files."""
        require(f"other drop-ins: {set(examples)}", set(examples) == {"sandbox", "sites", "socket", "tls"})
        etc = clean.root / "etc/multisafepay-grpc"
        file = etc / "msp-server.env"
        shipped = file.read_text(encoding="utf-8")
        before = set(etc.iterdir())

        def given(*drop_ins, lines=""):
            file.write_text(f"{shipped}{lines}\n", encoding="utf-8")
            made = unit.Unit(installed, *(examples[name] for name in drop_ins))
            require(f"{drop_ins}: the assertions fail for {made.missing(clean.root)}", not made.missing(clean.root))
            made.prepare(clean.root)
            return made

        missing = unit.Unit(installed).missing(clean.root)
        require(f"a start without a key fails for {missing}", missing == ["/etc/multisafepay-grpc/api_key"])
        inside = given("sandbox", "socket", lines="MSP_AUDIT_LOG_FILE=/var/log/msp/audit.log")
        script = clean.script(bin_dir / "msp-server-of-unit", inside.command(clean.root))
        with environment.program(script, "--ops_listen=127.0.0.1:0", "--drain_delay_ms=0") as event:
            require(f"it listens on {event['listen']}", event["listen"] == "unix:/run/msp/msp-server.sock")
            paid_by_msp(bin_dir, event["listen"], "first-socket")
            health = ("/usr/bin/msp", "health", "--server", event["listen"])
            clean.run(*unit.as_user(unit.USER + 1, unit.GROUP), *health)
            try:
                clean.run(*unit.as_user(unit.USER + 1, unit.USER + 1), *health)
            except Failed:
                pass
            else:
                raise Failed("a user outside the group can connect to the socket")
        require("no audit log", "first-socket" in (clean.root / "var/log/msp/audit.log").read_text(encoding="utf-8"))
        sites = {"sites": [{"name": "shop", "key_file": "shop.key"}]}
        for name, text in (("api_key", environment.KEY), ("shop.key", environment.KEY), ("sites.json", json.dumps(sites))):
            (etc / name).write_text(text, encoding="utf-8")
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=pay",
            "-days", "2", "-keyout", etc / "tls.key", "-out", etc / "tls.crt")  # fmt: skip
        added = set(etc.iterdir()) - before
        for path in added:
            path.chmod(0o600)
        for drop_ins in ((), ("sites",), ("tls",), ("sites", "tls")):
            clean.run("sh", "-c", given(*drop_ins, lines="MSP_API_URL=test").command(clean.root) + " --check")
        for path in added:
            path.unlink()
        file.write_text(shipped, encoding="utf-8")

    def sandbox(self, folder):
        """pip and no network in a root that has only Python; then the same wheel here, for the clients."""
        clean = CleanRoot(self.base, folder)
        # The glibc that README and docs/packages.md name.
        wheel = clean.take(self.one("multisafepay_sandbox-*-manylinux_2_35_*.whl"))
        clean.run("python3", "-m", "venv", "/venv")
        clean.run("/venv/bin/pip", "install", "-q", "--no-index", wheel)
        licences = {path.name for path in clean.root.glob("venv/lib/python3*/site-packages/multisafepay_sandbox/licenses/*")}
        require(f"licences that are missing: {licences}", {"libcurl4", "libssl3", "libgrpc++-dev"} <= licences)
        bin_dir = clean.programs("/venv/bin")
        with services(bin_dir) as server:
            paid_by_msp(bin_dir, server, "first-wheel")
        # The service with the stand-in inside it, as the README has it.
        inside = ("--api_url=sandbox", "--listen=127.0.0.1:0", "--drain_delay_ms=0", "--ops_listen=127.0.0.1:0")
        with environment.program(bin_dir / "msp-server", *inside) as event:
            paid_by_msp(bin_dir, event["listen"], "first-inside")
        return "a root with Python alone, no network"

    def python(self, folder):
        run("/usr/bin/python3", "-m", "venv", "venv", cwd=folder)
        run("venv/bin/pip", "install", "-q", self.one("multisafepay_grpc-*.whl"), cwd=folder)
        shutil.copy(ROOT / "client/python/examples/pay.py", folder)
        said = self.pay(folder, "venv/bin/python", "pay.py", "first-python")
        # The source distribution in the wheel's place, with the same dependencies.
        source = self.one("multisafepay_grpc-*.tar.gz")
        run("venv/bin/pip", "install", "-q", "--force-reinstall", "--no-deps", source, cwd=folder)
        imports = "import multisafepay_grpc as msp, multisafepay_grpc.v1.order_service_pb2_grpc; print(msp.__file__)"
        where = run("venv/bin/python", "-I", "-c", imports, cwd=folder).strip()
        require(f"the source distribution is at {where}", where.startswith(str(folder / "venv")))
        return said + ", and imported from the source distribution"

    def node(self, folder):
        """TypeScript, so that the package's types are used as well."""
        run("npm", "init", "-y", cwd=folder)
        run("npm", "pkg", "set", "type=module", cwd=folder)
        run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", self.one("multisafepay-grpc-npm-*.tgz"),
            "typescript@5", "@types/node@20", cwd=folder)  # fmt: skip
        shutil.copy(ROOT / "client/node/examples/pay.ts", folder)
        run("npx", "--no-install", "tsc", "--strict", "--target", "es2022", "--module", "nodenext", "pay.ts", cwd=folder)
        return self.pay(folder, "node", "pay.js", "first-node")

    def go(self, folder):
        """As by a module proxy: the commands of docs/packages.md, which make a folder in the form of one beside the zip."""
        shutil.copy(self.one("multisafepay-grpc-go-*.zip"), folder)
        module = "github.com/multisafepay-grpc/multisafepay-grpc/client/go"
        text = (ROOT / "docs/packages.md").read_text(encoding="utf-8")
        commands = re.search(r"### Go before a release\n.*?^```sh\n(.*?)^```", text, re.M | re.S).group(1)
        env = {"GOENV": str(folder / "env"), "GOFLAGS": "-mod=mod", "GOMODCACHE": str(self.fresh("go-modules", module))}
        # Whence this machine takes other modules; a variable would take precedence over what the commands set.
        (folder / "env").write_text(f"GOPROXY={run('go', 'env', 'GOPROXY').strip()}\n", encoding="utf-8")
        bare = ("env", "-u", "GOPROXY", "-u", "GONOSUMDB")
        run(*bare, "bash", "-euc", commands, cwd=folder, env=env)
        env |= {name: run(*bare, "go", "env", name, env=env).strip() for name in ("GOPROXY", "GONOSUMDB")}
        require(f"GOPROXY is {env['GOPROXY']}", env["GOPROXY"].startswith((folder / "proxy").as_uri()))
        shop = folder / "shop"
        shop.mkdir()
        run("go", "mod", "init", "example.com/shop", cwd=shop, env=env)
        run("go", "get", f"{module}@v{VERSION}", cwd=shop, env=env)
        shutil.copy(ROOT / "client/go/examples/pay/main.go", shop)
        run("go", "mod", "tidy", cwd=shop, env=env)
        run("go", "build", "-o", "pay", ".", cwd=shop, env=env)
        return self.pay(shop, "./pay", "first-go")

    def java(self, folder):
        """A Maven project that has the package from a repository of files."""
        jar, pom = self.one(f"multisafepay-grpc-{VERSION}.jar"), self.one("multisafepay-grpc-*.pom")
        repository = folder / "repository/com/multisafepay/multisafepay-grpc" / VERSION
        repository.mkdir(parents=True)
        shutil.copy(jar, repository)
        shutil.copy(pom, repository)
        for kind in ("sources", "javadoc"):
            names = run("unzip", "-l", self.one(f"multisafepay-grpc-{VERSION}-{kind}.jar"))
            require(f"the jar of {kind} has no Client", "com/multisafepay/grpc/Client." in names)
        source = folder / "src/main/java/com/multisafepay/grpc/examples"
        source.mkdir(parents=True)
        shutil.copy(ROOT / "client/java/src/test/java/com/multisafepay/grpc/examples/Pay.java", source)
        project = (HERE / "pom.xml").read_text(encoding="utf-8").replace("@VERSION@", VERSION)
        (folder / "pom.xml").write_text(project, encoding="utf-8")
        local = self.fresh("maven", "com/multisafepay")
        maven = ("mvn", "-q", "-B", f"-Dmaven.repo.local={local}")
        run(*maven, "package", "dependency:build-classpath", "-Dmdep.outputFile=classpath", cwd=folder)
        classpath = f"target/classes:{(folder / 'classpath').read_text().strip()}"
        return self.pay(folder, "java", "-cp", classpath, "com.multisafepay.grpc.examples.Pay", "first-java")

    def cpp(self, folder):
        """By CMake, and by pkg-config alone."""
        run("tar", "-xzf", self.one("multisafepay-grpc-cpp-*.tar.gz"), "-C", folder)
        prefix = next(folder.glob("multisafepay-grpc-cpp-*"))
        shutil.copytree(HERE / "cpp", folder / "shop")
        shop = folder / "shop"
        run("cmake", "-S", shop, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={prefix}", f"-DWANTED={VERSION}")
        run("cmake", "--build", folder / "build")
        said = self.pay(folder, folder / "build/pay", "first-cpp")
        env = {"PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}
        flags = run("pkg-config", "--cflags", "--libs", "multisafepay-grpc", env=env).split()
        compiler = [flag for flag in flags if not flag.startswith(("-l", "-L"))]
        run("g++", "-std=c++20", *compiler, "pay.cc", "-o", "pay", *flags, cwd=shop)
        self.pay(shop, "./pay", "first-pkg-config")
        return said + ", CMake and pkg-config"

    def dev(self, folder):
        """The library's Debian package: what it needs is in Debian's own lists, and a project finds it and pays with it."""
        clean = CleanRoot(self.base, folder)
        package = clean.take(self.one("libmultisafepay-grpc-dev_*.deb"))
        clean.run("apt-get", "update")
        said = clean.run("apt-get", "install", "--simulate", "--no-install-recommends", package)
        require(f"libgrpc++-dev does not come along:\n{said}", "Inst libgrpc++-dev" in said)
        listed = clean.run("dpkg", "--contents", package)
        for file in ("lib/libmultisafepay_grpc.a", "lib/cmake/multisafepay_grpc/multisafepay_grpc-config.cmake"):
            require(f"no {file}", f"./usr/{file}" in listed)
        # Its dependencies are on this machine.
        run("dpkg", "-x", self.one("libmultisafepay-grpc-dev_*.deb"), folder / "installed")
        prefix = f"-DCMAKE_PREFIX_PATH={folder}/installed/usr"
        run("cmake", "-S", HERE / "cpp", "-B", folder / "build", prefix, f"-DWANTED={VERSION}")
        run("cmake", "--build", folder / "build")
        found = re.search(r"^multisafepay_grpc_DIR:PATH=(.*)$", (folder / "build/CMakeCache.txt").read_text(), re.M).group(1)
        require(f"another package was found: {found}", found.startswith(str(folder / "installed")))
        return self.pay(folder, folder / "build/pay", "first-dev")

    def php(self, folder):
        """By Composer from a folder of archives; google/protobuf is Debian's, since no index of PHP packages is asked."""
        if not (ROOT / "client/php").is_dir():
            require("an archive of a client that is not there", not list(self.dist.glob("multisafepay-grpc-php-*")))
            return "no client/php in this tree"
        self.one(f"multisafepay-grpc-php-{VERSION}.zip")
        debian = "/usr/share/php"
        project = {
            "repositories": [{"type": "artifact", "url": str(self.dist)}, {"packagist.org": False}],
            "require": {"multisafepay-grpc/multisafepay-grpc": VERSION}, "replace": {"google/protobuf": "3.21.12"},
            "autoload": {"psr-4": {"Google\\Protobuf\\": f"{debian}/Google/Protobuf/",
                                   "GPBMetadata\\Google\\Protobuf\\": f"{debian}/GPBMetadata/Google/Protobuf/"}},
        }  # fmt: skip
        (folder / "composer.json").write_text(json.dumps(project), encoding="utf-8")
        composer = {"COMPOSER_ALLOW_SUPERUSER": "1", "COMPOSER_HOME": str(folder / "home")}
        run("composer", "install", "--no-interaction", "--no-progress", cwd=folder, env=composer)
        # The example names the clone's loader, and says what a project of one's own has in its place.
        example = (ROOT / "client/php/examples/pay.php").read_text(encoding="utf-8")
        own = example.replace("/../autoload.php", "/vendor/autoload.php")
        require("the example loads something else than before", own != example)
        (folder / "pay.php").write_text(own, encoding="utf-8")
        return self.pay(folder, "php", "-d", "include_path=", "pay.php", "first-php")

    def chart(self, folder):
        require("no helm was given", self.helm)
        text = run(self.helm, "template", "pay", self.one("multisafepay-grpc-chart-*.tgz"), "--set", "sandbox.enabled=true")
        require("the chart makes no Deployment", "kind: Deployment" in text)
        return "rendered"

    def schema(self, folder):
        descriptors = self.one("multisafepay-v1.binpb")
        order = 'order_id: "first-schema" amount: 4995\n'
        words = ("--descriptor_set_in", descriptors, "--encode", "multisafepay.v1.CreateOrderRequest",
                 "multisafepay/v1/order_service.proto")  # fmt: skip
        require("protoc encodes no order by it", "first-schema" in run("protoc", *words, stdin=order))
        return "an order encoded by protoc"

    def image(self, folder):
        """The OCI archives, where ./run package --image has made them: both images, complete, with their version."""
        archives = {"multisafepay-grpc": "msp-server", "multisafepay-grpc-sandbox": "msp-sandbox"}
        made = [name for name in archives if (self.dist / f"{name}-{VERSION}-oci.tar").exists()]
        if not made and not list(self.dist.glob("*-oci.tar")):
            return "no archives of images were made"
        require(f"archives of {made} alone", made == list(archives))
        for name, program in archives.items():
            with tarfile.open(self.dist / f"{name}-{VERSION}-oci.tar") as archive:

                def blob(digest, archive=archive):
                    data = archive.extractfile("blobs/" + digest.replace(":", "/")).read()
                    require(f"{name}: a blob has another sum", f"sha256:{hashlib.sha256(data).hexdigest()}" == digest)
                    return data

                (entry,) = json.load(archive.extractfile("index.json"))["manifests"]
                tag = entry.get("annotations", {}).get("org.opencontainers.image.ref.name")
                require(f"{name}: its tag is {tag}", tag == VERSION)
                manifest = json.loads(blob(entry["digest"]))
                config = json.loads(blob(manifest["config"]["digest"]))["config"]
                files = set()
                for layer in manifest["layers"]:
                    with tarfile.open(fileobj=io.BytesIO(blob(layer["digest"]))) as layer_files:
                        files |= {file.removeprefix("./") for file in layer_files.getnames()}
            require(f"{name}: the user is {config['User']}", config["User"] == "65532:65532")
            require(f"{name}: it runs {config['Entrypoint']}", config["Entrypoint"] == [f"/usr/bin/{program}"])
            label = config["Labels"]["org.opencontainers.image.version"]
            require(f"{name}: its label has version {label}", label == VERSION)
            require(f"{name}: no {program} in it", f"usr/bin/{program}" in files)
        return "both images"

    def fresh(self, name, ours):
        """A cache of fetched packages without ours in it."""
        folder = self.cache / name
        shutil.rmtree(folder / ours, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def pay(self, folder, *words):
        started = time.monotonic()
        with services(self.programs()) as server:
            output = run(*words, cwd=folder, env={"MSP_SERVER": server})
        paid_by_client(output)
        return f"paid in {time.monotonic() - started:.1f} s"

    def programs(self):
        require("the sandbox's wheel could not be installed", self.bin_dir)
        return self.bin_dir


PATHS = ("sums", "deb", "sandbox", "python", "node", "go", "java", "cpp", "dev", "php", "chart", "schema", "image")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("dist", "base", "cache"):
        parser.add_argument(name, type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--helm")
    parser.add_argument("--only", nargs="+", choices=PATHS, default=PATHS)
    options = parser.parse_args()
    paths, passed, failed = Paths(options), 0, 0
    with tempfile.TemporaryDirectory(prefix="msp-packages-") as top:
        # The wheel, for the other side of every client; not timed.
        venv = pathlib.Path(top, "venv")
        try:
            run("/usr/bin/python3", "-m", "venv", venv)
            run(venv / "bin/pip", "install", "-q", "--no-index", paths.one("multisafepay_sandbox-*.whl"))
            paths.bin_dir = venv / "bin"
        except Failed as error:
            print(error)
        for name in options.only:
            folder = pathlib.Path(top, name)
            folder.mkdir()
            started = time.monotonic()
            try:
                said = getattr(paths, name)(folder)
            except (Failed, OSError, RuntimeError, subprocess.TimeoutExpired, StopIteration) as error:
                failed += 1
                print(f"FAILED  {name}: {error}", flush=True)
            else:
                passed += 1
                print(f"ok      {name:<8} {time.monotonic() - started:6.1f} s  {said}", flush=True)
            run("chmod", "-R", "u+w", folder)
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
