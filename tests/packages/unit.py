# SPDX-License-Identifier: Apache-2.0

"""msp-server.service with drop-ins, as systemd reads them: what it asserts, and the environment and files that it gives the service.

Where systemd does not run, `prepare` makes these files in a root, with their owner and mode, and `command` runs the program as the
unit's user. It is no sandbox: what systemd forbids beyond the user's own rights is not forbidden here.
"""

import os
import pathlib
import shlex
import shutil

USER, GROUP = 64000, 64002  # Of the service; the group of a drop-in with Group=.
LISTS = ("AssertPathExists", "LoadCredential", "Environment", "EnvironmentFile")
NAME = "msp-server.service"


class Unit:
    """The unit's text and those of its drop-ins: a list is reset by an empty assignment, the last of other assignments counts."""

    def __init__(self, *texts):
        self.lists, self.values = {name: [] for name in LISTS}, {}
        for line in "\n".join(texts).splitlines():
            name, equals, value = line.strip().partition("=")
            if not equals or name.startswith(("#", ";")):
                continue
            if name not in LISTS:
                self.values[name] = value
            elif value:
                self.lists[name].append(value)
            else:
                self.lists[name] = []
        self.folder = f"/run/credentials/{NAME}"
        self.group = GROUP if "Group" in self.values else USER

    def missing(self, root):
        """The paths whose assertions fail: systemd then names them and does not start the service."""
        return [path for path in self.lists["AssertPathExists"] if not (root / path.lstrip("/")).exists()]

    def prepare(self, root):
        """The credentials and folders, as the service sees them; nothing else in the root belongs to its user."""
        folder = root / self.folder.lstrip("/")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for credential in self.lists["LoadCredential"]:
            name, _, path = credential.partition(":")
            shutil.copyfile(root / path.lstrip("/"), folder / name)
            self.own(folder / name, 0o400)
        self.own(folder, 0o500)
        for setting, parent in (("RuntimeDirectory", "run"), ("LogsDirectory", "var/log")):
            made = root / parent / self.values[setting]
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir()
            self.own(made, int(self.values[f"{setting}Mode"], 8))

    def own(self, path, mode):
        os.chown(path, USER, self.group)
        os.chmod(path, mode)

    def environment(self, root):
        """The file's lines take precedence over Environment=."""
        lines = [value.replace("%d", self.folder) for value in self.lists["Environment"]]
        for file in self.lists["EnvironmentFile"]:
            path = pathlib.Path(root, file.removeprefix("-").lstrip("/"))
            lines += [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
        return dict(line.split("=", 1) for line in lines)

    def command(self, root, user=USER):
        """As words of a shell: the program of ExecStart= within the root."""
        given = [f"{name}={value}" for name, value in self.environment(root).items()]
        return shlex.join([*as_user(user, self.group), "env", "-i", *given, *self.values["ExecStart"].split()])


def as_user(user, group):
    return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs", "--inh-caps=-all"]
