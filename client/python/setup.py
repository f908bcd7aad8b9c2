# SPDX-License-Identifier: Apache-2.0

"""Makes the stubs from the schema before the package is built; everything else is in pyproject.toml.

The schema's Python package is multisafepay_grpc.v1 and not multisafepay.v1, since MultiSafepay's own SDK for REST owns the
name `multisafepay`.
"""

import pathlib
import re
from importlib import resources

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE / "src" / "multisafepay_grpc" / "v1"
OURS = re.compile(r"^from multisafepay\.v1 import", re.M)


def schema():
    """The folder of the schema: the repository's, or the copy inside a source distribution."""
    for folder in (HERE / "proto", HERE.parent.parent / "proto"):
        if (folder / "multisafepay" / "v1").is_dir():
            return folder
    raise SystemExit("setup: no proto/multisafepay/v1 beside the package or above it")


def generate():
    from grpc_tools import protoc

    root = schema()
    files = sorted((root / "multisafepay" / "v1").glob("*.proto"))
    made = OUT.parent / "_made"
    made.mkdir(exist_ok=True)
    wellknown = str(resources.files("grpc_tools") / "_proto")
    words = ["protoc", f"-I{root}", f"-I{wellknown}", f"--python_out={made}", f"--pyi_out={made}", f"--grpc_python_out={made}"]
    if protoc.main([*words, *map(str, files)]) != 0:
        raise SystemExit("setup: protoc failed")
    for file in (made / "multisafepay" / "v1").iterdir():
        text = OURS.sub("from multisafepay_grpc.v1 import", file.read_text(encoding="utf-8"))
        (OUT / file.name).write_text(text, encoding="utf-8")
        file.unlink()
    for folder in (made / "multisafepay" / "v1", made / "multisafepay", made):
        folder.rmdir()
    names = "".join(f"from multisafepay_grpc.v1.{file.stem}_pb2 import *  # noqa: F403\n" for file in files)
    (OUT / "__init__.py").write_text('"""Messages and stubs, made from the schema."""\n\n' + names, encoding="utf-8")


class Build(build_py):
    def run(self):
        generate()
        super().run()


class Source(sdist):
    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        for file in (schema() / "multisafepay" / "v1").glob("*.proto"):
            to = pathlib.Path(base_dir) / "proto" / "multisafepay" / "v1" / file.name
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(file.read_bytes())


# A source distribution has no file of this package: they are made.
OUT.mkdir(exist_ok=True)
setup(cmdclass={"build_py": Build, "sdist": Source})
