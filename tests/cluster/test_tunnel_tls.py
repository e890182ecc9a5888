# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS and credentials through the tunnel, to NATS that has them: the certificate is the service's."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jwts import Operator
from pki import Pki

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Lab

PROBE = {"initialDelaySeconds": 1, "periodSeconds": 1}
Outcome = dict[str, Any]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"), "secured-nats", "first-nats")


@pytest.fixture(scope="module")
def operator() -> Operator:
    return Operator()


@pytest.fixture(scope="module")
def releases(lab: Lab, pki: Pki, operator: Operator, install: Callable[..., None], tmp_path_factory: Any) -> None:
    """`secured` asks for TLS and credentials, `first` for TLS before all else."""
    folder: Path = pki.folder
    lab.kubectl("create", "secret", "tls", "certificate", f"--cert={folder}/server.pem", f"--key={folder}/server.key")
    for name, tls, more in (("secured", {}, operator.settings()), ("first", {"handshake_first": True}, {})):
        values = {
            "config": {
                "jetstream": {
                    "enabled": True,
                    "fileStore": {"enabled": False},
                    "memoryStore": {"enabled": True, "maxSize": "64Mi"},
                },
                "nats": {"tls": {"enabled": True, "secretName": "certificate", "merge": tls}},
                "merge": more,
            },
            "container": {"merge": {"startupProbe": PROBE, "readinessProbe": PROBE}},
            "natsBox": {"enabled": False},
        }
        path = tmp_path_factory.mktemp(name) / "values.yaml"
        path.write_text(yaml.safe_dump(values))
        install(lab.namespace, name, path)


@pytest.fixture
def kv(lab: Lab, releases: None) -> Callable[..., Outcome]:
    """nats_kv through the tunnel, as Ansible runs it."""

    def run(release: str, **params: Any) -> Outcome:
        kubernetes = {"kubeconfig": lab.kubeconfig, "namespace": lab.namespace, "release": release}
        common = {"bucket": "test", "storage": "memory", "kubernetes": kubernetes, "_ansible_remote_tmp": "/tmp"}
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "ansible_collections.natsops.nats.plugins.modules.nats_kv"],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": common | params}),
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
        assert not done.stderr, done.stderr
        outcome: Outcome = json.loads(done.stdout.strip().splitlines()[-1])
        return outcome | {"seconds": time.monotonic() - begun, "output": done.stdout}

    return run


def test_the_name_of_the_service_and_credentials(kv: Callable[..., Outcome], pki: Pki, operator: Operator) -> None:
    ca, creds = f"{pki.folder}/ca.pem", operator.credentials()
    outcome = kv("secured", tls_ca_file=ca, creds=creds, entries={f"k{number}": "v" for number in range(100)})
    assert outcome.get("verified"), outcome["msg"]
    assert not any(line in outcome["output"] for line in creds.splitlines() if line.startswith(("SU", "ey")))
    assert kv("secured", tls_ca_file=ca, creds=creds, tls_hostname="nats.test").get("verified")

    for params, words in (
        ({"creds": creds}, "The certificate of secured-nats:4222 is not accepted"),
        ({"creds": creds, "tls_ca_file": ca, "tls_hostname": "other"}, "not valid for 'other'"),
        ({"tls_ca_file": ca}, "secured-nats:4222 asks for authentication"),
        ({"tls_ca_file": ca, "creds": operator.revoked}, "secured-nats:4222 refused the credentials"),
        ({"tls_ca_file": ca, "creds": creds, "tls_first": True}, "handshake_first"),
    ):
        refused = kv("secured", **params)
        assert refused.get("failed") and words in refused["msg"], refused
        assert refused["seconds"] < 8


def test_tls_first(kv: Callable[..., Outcome], pki: Pki) -> None:
    ca = f"{pki.folder}/ca.pem"
    assert kv("first", tls_ca_file=ca, tls_first=True, key="k", value="v").get("verified")
    refused = kv("first", tls_ca_file=ca)
    assert refused.get("failed") and "first-nats:4222 wants TLS from the first byte on" in refused["msg"], refused
    assert refused["seconds"] < 8


def test_no_plain_text_where_tls_is_asked_for(kv: Callable[..., Outcome], lab: Lab, pki: Pki) -> None:
    for params, words in (({}, "offers no TLS"), ({"tls_first": True}, "handshake_first")):
        refused = kv(lab.release, tls_ca_file=f"{pki.folder}/ca.pem", user="u", password="wr0ng-word", **params)
        assert refused.get("failed") and words in refused["msg"], refused
