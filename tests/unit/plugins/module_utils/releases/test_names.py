# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.natsops.nats.plugins.module_utils.errors import BadInput
from ansible_collections.natsops.nats.plugins.module_utils.releases import names


@pytest.mark.parametrize(
    ("release", "given", "fullname"),
    [
        ("gsas", {}, "gsas-nats"),
        ("nats", {}, "nats"),
        ("my-nats-two", {}, "my-nats-two"),
        ("gsas", {"nameOverride": "bus"}, "gsas-bus"),
        ("the-bus", {"nameOverride": "bus"}, "the-bus"),
        ("gsas", {"fullnameOverride": "broker"}, "broker"),
        ("gsas", {"fullnameOverride": "", "nameOverride": None}, "gsas-nats"),
        ("gsas", {"fullnameOverride": "x" * 62 + "-y"}, "x" * 62),
        ("a" * 53, {"nameOverride": "b" * 20}, "a" * 53 + "-" + "b" * 9),
    ],
)
def test_fullname(release: str, given: dict[str, object], fullname: str) -> None:
    assert names.fullname(release, given) == fullname


def test_names_of_the_workshops_release() -> None:
    found = names.names("gsas", "default", {})
    assert (found.service, found.stateful_set, found.namespace) == ("gsas-nats", "gsas-nats", "default")
    assert found.url == "nats://gsas-nats:4222"
    assert found.url_fqdn == "nats://gsas-nats.default.svc:4222"
    assert found.claims == ("gsas-nats-js-gsas-nats", "gsas-nats-resolver-gsas-nats")


def test_names_that_the_values_set() -> None:
    found = names.names(
        "gsas",
        "default",
        {
            "namespaceOverride": "bus",
            "service": {"name": "clients"},
            "statefulSet": {"name": "servers"},
            "config": {"nats": {"port": 4333}, "jetstream": {"fileStore": {"pvc": {"name": "store"}}}},
        },
    )
    assert found.url_fqdn == "nats://clients.bus.svc:4333"
    assert found.claims[0] == "store-servers"


@pytest.mark.parametrize("name", ["nats", "a", "a.b-c", "x" * 53])
def test_release_names_that_helm_takes(name: str) -> None:
    assert names.checked_release(name) == name


@pytest.mark.parametrize("name", ["", "Nats", "-a", "a-", "a_b", "a..b", "x" * 54, "a\n"])
def test_release_names_that_helm_refuses(name: str) -> None:
    with pytest.raises(BadInput, match="'release' is"):
        names.checked_release(name)


@pytest.mark.parametrize("name", ["", "A", "a.b", "x" * 64, "a/b"])
def test_namespaces_that_kubernetes_refuses(name: str) -> None:
    with pytest.raises(BadInput, match="'namespace' is"):
        names.checked_namespace(name)
