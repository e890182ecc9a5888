# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.natsops.nats.plugins.module_utils.errors import ConnectFailed
from ansible_collections.natsops.nats.plugins.module_utils.kube.endpoints import (
    PodTarget,
    by_service,
    choose,
    no_such_release,
    no_such_service,
    targets,
)

NATS = {"name": "nats", "port": 4222, "protocol": "TCP"}


def endpoint(pod: str, ready: bool | None = True, kind: str = "Pod") -> dict[str, Any]:
    return {
        "addresses": ["10.0.0.1"],
        "conditions": {"ready": ready} if ready is not None else {},
        "nodeName": "node-1",
        "targetRef": {"kind": kind, "name": pod, "namespace": "ns"},
    }


def a_slice(*endpoints: dict[str, Any], ports: list[dict[str, Any]] | None = None, **labels: str) -> dict[str, Any]:
    return {
        "metadata": {
            "namespace": "ns",
            "labels": {name.replace("__", "/").replace("_", "-"): value for name, value in labels.items()},
        },
        "addressType": "IPv4",
        "endpoints": list(endpoints) or None,
        "ports": [NATS] if ports is None else ports,
    }


def test_only_ready_pods_each_once_by_name() -> None:
    first = a_slice(endpoint("b"), endpoint("c", ready=False), endpoint("node", kind="Node"), {"addresses": ["::1"]})
    second = a_slice(endpoint("a", ready=None), endpoint("b"))
    assert targets([first, second], 4222) == [
        PodTarget("a", "ns", 4222, "node-1"),
        PodTarget("b", "ns", 4222, "node-1"),
    ]


@pytest.mark.parametrize(
    ("port", "ports", "wanted"),
    [
        (4222, [{"name": "monitor", "port": 8222}, {"name": "nats", "port": 4333}], 4333),
        (4222, [{"name": "nats", "port": 4333}, {"name": "other", "port": 4222}], 4333),
        (4222, [{"name": "client", "port": 4222}, {"name": "monitor", "port": 8222}], 4222),
        (8222, [{"name": "nats", "port": 4222}, {"name": "monitor", "port": 8222}], 8222),
        (443, [{"name": None, "port": 4222}], 4222),
        (443, [{"name": "nats", "port": 4222}, {"name": "monitor", "port": 8222}], None),
        (4222, [{"name": "nats", "port": 4222, "protocol": "UDP"}], None),
        (4222, [], None),
    ],
)
def test_which_port(port: int, ports: list[dict[str, Any]], wanted: int | None) -> None:
    found = targets([a_slice(endpoint("a"), ports=ports)], port)
    assert [target.port for target in found] == ([wanted] if wanted else [])


def test_slices_may_differ_in_their_target_port() -> None:
    slices = [a_slice(endpoint("a")), a_slice(endpoint("b"), ports=[{"name": "nats", "port": 5222}])]
    assert [target.port for target in targets(slices, 4222)] == [4222, 5222]


@pytest.mark.parametrize(
    ("slices", "port", "said"),
    [
        ([{"metadata": {"namespace": "ns"}, "endpoints": None, "ports": None}], 4222, "No pod stands behind"),
        ([a_slice(endpoint("x-0", ready=False), endpoint("x-1", ready=False))], 4222, "is ready: x-0, x-1"),
        ([a_slice(endpoint("x-0"), ports=[NATS, {"name": "m", "port": 8222}])], 99, "listen on: m 8222, nats 4222"),
    ],
)
def test_why_there_is_no_target(slices: list[dict[str, Any]], port: int, said: str) -> None:
    with pytest.raises(ConnectFailed) as caught:
        choose("x", "ns", slices, port)
    assert said in caught.value.message
    assert "'x'" in caught.value.message and "'ns'" in caught.value.message
    assert caught.value.mend


def test_headless_services_do_not_count() -> None:
    plain = a_slice(endpoint("a"), kubernetes_io__service_name="x")
    plain["metadata"]["labels"] = {"kubernetes.io/service-name": "x"}
    headless = a_slice(endpoint("a"))
    headless["metadata"]["labels"] = {"kubernetes.io/service-name": "x-headless", "service.kubernetes.io/headless": ""}
    assert by_service([plain, headless]) == {"x": [plain]}


def test_a_missing_service_names_those_there_are() -> None:
    slices = [{"metadata": {"labels": {"kubernetes.io/service-name": name}}} for name in ("gsas-nats", "kubernetes")]
    error = no_such_service("gsas-nat", "ns", slices)
    assert "there are: gsas-nats, kubernetes" in error.message
    assert "'gsas-nats'" in error.mend
    assert "none at all" in no_such_service("x", "ns", []).message


def test_a_missing_release_names_those_there_are() -> None:
    slices = [{"metadata": {"labels": {"app.kubernetes.io/instance": "gsas"}}}] * 2
    error = no_such_release("gsaz", "ns", slices)
    assert "there are: gsas." in error.message
    assert "'gsas'" in error.mend
