# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The quickstart's playbooks, and the virtual environment in which the checkout is the installed collection."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

TOP = Path(__file__).parents[2]


def shell(script: str, cwd: Path = Path("/"), **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script of bash in which the venv of these tests is activated."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "VIRTUAL_ENV"))}
    return subprocess.run(
        ["bash", "-c", f'. "{sys.prefix}/bin/activate"\n{script}'],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**clean, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml", **environment},
        timeout=180,
        check=False,
    )


def test_the_workshops_transcript_on_an_embedded_server(tmp_path: Path) -> None:
    started = shell(f"ansible-playbook quickstart/server.yml -e quickstart_state={tmp_path}", cwd=TOP)
    try:
        assert started.returncode == 0, started.stdout
        (server,) = yaml.safe_load((tmp_path / "connection.yml").read_text())["quickstart_connection"]["servers"]
        assert server.startswith("nats://127.0.0.1:")
        told = shell(f"ansible-playbook quickstart/transcript.yml -e @{tmp_path}/connection.yml", cwd=TOP)
        assert told.returncode == 0, told.stdout
        assert "No Key-Value buckets found" in told.stdout
        assert "test > foo revision: 1  verified: True" in told.stdout
        again = shell(f"ansible-playbook quickstart/transcript.yml -e @{tmp_path}/connection.yml", cwd=TOP)
        assert "changed=0" in again.stdout, again.stdout
        assert "test > foo revision: 1  verified: True" in again.stdout
    finally:
        pid = tmp_path / "server" / "nats.pid"
        if pid.exists():
            os.kill(int(pid.read_text()), 15)


@pytest.mark.parametrize(("target", "words"), [("foo", "TARGET is 'foo'"), ("kind", "TARGET=kind cannot be had")])
def test_a_target_that_cannot_be_had_is_refused(target: str, words: str, tmp_path: Path) -> None:
    # A PATH on which there is neither docker nor kind.
    for program in ("bash", "dirname", "mkdir"):
        (tmp_path / program).symlink_to(
            f"/bin/{program}" if Path(f"/bin/{program}").exists() else f"/usr/bin/{program}"
        )
    done = subprocess.run(
        ["/bin/bash", str(TOP / "quickstart" / "run")],
        capture_output=True,
        text=True,
        env={"PATH": str(tmp_path), "TARGET": target},
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert words in done.stderr


def test_the_checkout_comes_before_a_stale_copy_in_the_home_directory(tmp_path: Path) -> None:
    stale = tmp_path / ".ansible" / "collections" / "ansible_collections" / "natsops" / "nats" / "playbooks"
    stale.mkdir(parents=True)
    (stale / "deploy.yml").write_text("- hosts: localhost\n  tasks: []\n")
    listed = shell("ansible-playbook natsops.nats.deploy --list-tasks", cwd=tmp_path, HOME=str(tmp_path))
    assert listed.returncode == 0, listed.stderr
    assert str(stale) not in listed.stdout
    assert "natsops.nats.nats : Preflight" in listed.stdout
    assert os.path.samefile(TOP, Path(sys.prefix) / "collections/ansible_collections/natsops/nats")
