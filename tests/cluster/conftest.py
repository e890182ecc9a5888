# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real cluster with NATS in it: the one that NATSOPS_TEST_KUBECONFIG names, else a kind cluster made for the tests.

With kind: KIND_NODE_IMAGE (optional) and NATS_CHART_REPO_URL say where the images and the chart come from.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

RELEASE = "tunnel"
SERVICE = "tunnel-nats"
CLUSTER = "natsops-test-tunnel"
PROBE = {"initialDelaySeconds": 1, "periodSeconds": 1}  # the chart's own, in tens of seconds, make the tests slow
VALUES = {
    "config": {
        "cluster": {"enabled": True, "replicas": 3},
        "jetstream": {"enabled": True, "fileStore": {"enabled": True, "pvc": {"size": "1Gi"}}},
        "merge": {"max_payload": "<< 16MB >>"},
    },
    "container": {"merge": {"startupProbe": PROBE, "readinessProbe": PROBE}},
    "natsBox": {"enabled": False},
}


@dataclass(frozen=True)
class Lab:
    """A namespace of a cluster with the release in it."""

    kubeconfig: str
    namespace: str
    release: str = RELEASE
    service: str = SERVICE

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return subprocess.run(
            ["kubectl", "--kubeconfig", self.kubeconfig, "--namespace", self.namespace, *arguments],
            check=True, capture_output=True, text=True, timeout=180, input=stdin,
        ).stdout  # fmt: skip

    def pods(self) -> set[str]:
        found = json.loads(self.kubectl("get", "pods", "-l", "app.kubernetes.io/component=nats", "-o", "json"))
        return {item["metadata"]["name"] for item in found["items"]}

    def wait_ready(self) -> None:
        self.kubectl("rollout", "status", "statefulset", SERVICE, "--timeout=120s")

    def config(self) -> dict[str, Any]:
        return dict(yaml.safe_load(Path(self.kubeconfig).read_text()))

    def config_with_token(self, token: str) -> dict[str, Any]:
        config = self.config()
        (context,) = (item for item in config["contexts"] if item["name"] == config["current-context"])
        config["users"] = [{"name": context["context"]["user"], "user": {"token": token}}]
        return config


@pytest.fixture(scope="session")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    given = os.environ.get("NATSOPS_TEST_KUBECONFIG")
    missing = [
        tool for tool in ("kubectl", "helm", *([] if given else ["kind", "docker"])) if shutil.which(tool) is None
    ]
    if missing:
        pytest.skip(f"NO CLUSTER TESTS: not in PATH: {', '.join(missing)}")
    if given:
        yield given
        return
    path = str(tmp_path_factory.mktemp("kind") / "kubeconfig")
    kind = ["kind", "create", "cluster", "--name", CLUSTER, "--kubeconfig", path, "--wait", "120s"]
    image = os.environ.get("KIND_NODE_IMAGE")
    made = subprocess.run(
        [*kind, *(["--image", image] if image else [])], check=False, capture_output=True, text=True, timeout=300
    )
    try:
        if made.returncode:
            pytest.skip(f"NO CLUSTER TESTS: kind cannot make a cluster here: {made.stderr.strip()[-500:]}")
        yield path
    finally:
        delete = ["kind", "delete", "cluster", "--name", CLUSTER, "--kubeconfig", path]
        subprocess.run(delete, check=False, capture_output=True)


@pytest.fixture(scope="session")
def install(kubeconfig: str) -> Callable[[str, str, Path], None]:
    """Installs a release of the chart into a namespace, by a values file, and waits for it."""
    repository = os.environ.get("NATS_CHART_REPO_URL", "https://nats-io.github.io/k8s/helm/charts/")

    def install(namespace: str, release: str, values: Path) -> None:
        installed = subprocess.run(
            ["helm", "--kubeconfig", kubeconfig, "--namespace", namespace, "install", release, "nats",
             "--repo", repository.rstrip("/"), "--values", str(values), "--wait", "--timeout", "3m"],
            check=False, capture_output=True, text=True, timeout=200,
        )  # fmt: skip
        assert installed.returncode == 0, installed.stderr

    return install


@pytest.fixture(scope="session")
def lab(
    kubeconfig: str, install: Callable[[str, str, Path], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    lab = Lab(kubeconfig, f"natsops-test-{uuid.uuid4().hex[:8]}")
    values = tmp_path_factory.mktemp("helm") / "values.yaml"
    values.write_text(yaml.safe_dump(VALUES))
    lab.kubectl("create", "namespace", lab.namespace)
    try:
        install(lab.namespace, RELEASE, values)
        yield lab
    finally:
        lab.kubectl("delete", "namespace", lab.namespace, "--wait=false")
