# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tarball of the collection: what is in it, and that it works from an empty collections path."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).parents[2]
# What a user gets. Whatever else lands at the top of the checkout has to be put here, or in build_ignore of galaxy.yml.
SHIPPED = {
    "CHANGELOG.rst",
    "CONTRIBUTING.md",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "changelogs",
    "docs",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
    "requirements.yml",
    "roles",
    "values.yaml",
}


def run(*command: str, **environment: str) -> str:
    """Runs a program of the venv away from the checkout.

    Raises:
        AssertionError: It failed.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    done = subprocess.run(
        [str(Path(sys.executable).with_name(command[0])), *command[1:]],
        capture_output=True,
        text=True,
        env={**clean, "ANSIBLE_NOCOLOR": "1", **environment},
        cwd="/",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    run("ansible-galaxy", "collection", "build", str(TOP), "--output-path", str(folder))
    return next(folder.glob("natsops-nats-*.tar.gz"))


@pytest.fixture(scope="module")
def installed(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty collections path into which the tarball was installed; its dependency is in the `ansible` package."""
    folder = tmp_path_factory.mktemp("collections")
    run("ansible-galaxy", "collection", "install", str(tarball), "-p", str(folder), "--no-deps", "--force")
    assert (folder / "ansible_collections" / "natsops" / "nats" / "MANIFEST.json").exists()
    return folder


def test_nothing_but_the_collection_is_in_it(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        names = archive.getnames()
    assert {name.split("/")[0] for name in names} <= SHIPPED
    litter = [name for name in names if any(part.startswith(".") or part == "__pycache__" for part in name.split("/"))]
    assert litter == []


def test_what_the_collection_needs_is_in_it(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        names = set(archive.getnames())
    wanted = {
        "LICENSE",
        "values.yaml",
        "meta/runtime.yml",
        "meta/execution-environment.yml",
        "plugins/modules/nats_kv.py",
    }
    assert wanted <= names


def test_the_modules_document_themselves(installed: Path) -> None:
    listed = run("ansible-doc", "-t", "module", "-l", "natsops.nats", ANSIBLE_COLLECTIONS_PATH=str(installed))
    modules = {line.split()[0] for line in listed.splitlines() if line}
    assert {"natsops.nats.nats_kv", "natsops.nats.nats_kv_info"} <= modules
    shown = run("ansible-doc", "-t", "module", *sorted(modules), ANSIBLE_COLLECTIONS_PATH=str(installed))
    assert str(installed) in shown, "another copy of the collection was documented"


@pytest.mark.parametrize("playbook", ["deploy", "verify", "uninstall"])
def test_the_playbooks_are_found_by_their_names(installed: Path, playbook: str) -> None:
    run("ansible-playbook", f"natsops.nats.{playbook}", "--syntax-check", ANSIBLE_COLLECTIONS_PATH=str(installed))


def test_a_module_of_it_works(installed: Path, server: Any, tmp_path: Path) -> None:
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(
        """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  module_defaults:
    group/natsops.nats.nats:
      servers: "{{ server }}"
  tasks:
    - natsops.nats.nats_kv: {bucket: tarball, key: foo, value: bar}
      register: put
    - ansible.builtin.assert:
        that: put is changed and put.entry.revision == 1 and put.verified
"""
    )
    run("ansible-playbook", str(playbook), "-e", f"server={server.url}", ANSIBLE_COLLECTIONS_PATH=str(installed))
