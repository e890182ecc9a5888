# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.natsops.nats.plugins.module_utils.releases import rollout


def stateful_set(**more: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "gsas-nats",
            "generation": 2,
            "labels": {"helm.sh/chart": "nats-2.14.2", "app.kubernetes.io/version": "2.14.2"},
        },
        "spec": {"replicas": 2, **more},
        "status": {"observedGeneration": 2, "updateRevision": "r2"},
    }


def pod(
    number: int, revision: str = "r2", ready: bool = True, component: str = "nats", **status: Any
) -> dict[str, Any]:
    name = f"gsas-nats-{number}" if component == "nats" else "gsas-nats-box-1"
    return {
        "metadata": {
            "name": name,
            "labels": {"controller-revision-hash": revision, "app.kubernetes.io/component": component},
            "ownerReferences": [{"kind": "StatefulSet", "name": "gsas-nats"}] if component == "nats" else [],
        },
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": str(ready)}], **status},
    }


def box(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "gsas-nats-box", "generation": 1, "labels": {"app.kubernetes.io/component": "nats-box"}},
        "spec": {"replicas": 1},
        "status": {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1, **status},
    }


def missing(sets: list[Any], pods: list[Any], boxes: list[Any] | None = None) -> str:
    return "; ".join(rollout.judge(sets, pods, boxes or []).missing)


def test_ready() -> None:
    assert rollout.judge([stateful_set()], [pod(1), pod(0)], [box()]).done
    assert [rollout.name(item) for item in rollout.owned([pod(10), pod(2)], stateful_set())] == [
        "gsas-nats-2",
        "gsas-nats-10",
    ]
    assert rollout.chart([stateful_set()]) == ("nats-2.14.2", "2.14.2")


def test_no_release() -> None:
    assert "no StatefulSet" in missing([], [])


def test_a_change_that_is_not_taken_up() -> None:
    late = stateful_set()
    late["status"]["observedGeneration"] = 1
    assert "has not taken up its change" in missing([late], [pod(0), pod(1)])


def test_pods_of_the_revision_before() -> None:
    assert (
        missing([stateful_set()], [pod(0, "r1"), pod(1)]) == "pod gsas-nats-0 still runs the revision before the change"
    )


def test_too_few_and_too_many_pods() -> None:
    assert "has 1 of 2 pods" in missing([stateful_set()], [pod(0)])
    assert "pod security" in missing([stateful_set()], [])
    assert "still has 3 pods" in missing([stateful_set()], [pod(0), pod(1), pod(2)])
    assert rollout.judge([stateful_set(replicas=0)], [], []).done


def test_what_kubernetes_does_not_roll() -> None:
    by_hand = stateful_set(updateStrategy={"type": "OnDelete"})
    assert rollout.judge([by_hand], [pod(0, "r1"), pod(1, "r1")], []).done
    assert "OnDelete" in next(rollout.notes([by_hand]))
    partition = stateful_set(updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 1}})
    assert rollout.judge([partition], [pod(0, "r1"), pod(1)], []).done
    assert "pod gsas-nats-1" in missing([partition], [pod(0, "r1"), pod(1, "r1")])
    assert "partition 1" in next(rollout.notes([partition]))
    assert not list(rollout.notes([stateful_set()]))


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (
            {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes: insufficient memory"}]},
            "it finds no node: 0/1 nodes: insufficient memory",
        ),
        (
            {
                "containerStatuses": [
                    {"name": "nats", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such tag"}}}
                ]
            },
            "container nats: ImagePullBackOff: no such tag",
        ),
        (
            {
                "containerStatuses": [
                    {
                        "name": "nats",
                        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                        "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
                    }
                ]
            },
            "container nats: CrashLoopBackOff (it ended with exit code 137, OOMKilled)",
        ),
        (
            {"initContainerStatuses": [{"name": "prep", "state": {"terminated": {"exitCode": 2, "reason": "Error"}}}]},
            "container prep ended with exit code 2",
        ),
        (
            {"containerStatuses": [{"name": "nats", "ready": False, "state": {"running": {}}}]},
            "runs and is not ready yet",
        ),
        (
            {
                "containerStatuses": [{"name": "nats", "state": {"waiting": {"reason": "ContainerCreating"}}}],
                "phase": "Pending",
            },
            "it is pending",
        ),
        ({"phase": "Failed", "reason": "Evicted", "message": "disk pressure"}, "it failed: disk pressure"),
    ],
)
def test_why_a_pod_is_not_ready(status: dict[str, Any], said: str) -> None:
    bad = pod(0, ready=False)
    bad["status"] = status
    assert said in missing([stateful_set(replicas=1)], [bad])


def test_a_pod_that_goes_is_not_ready() -> None:
    going = pod(0)
    going["metadata"]["deletionTimestamp"] = "now"
    assert "it is being stopped" in missing([stateful_set(replicas=1)], [going])


def test_nats_box() -> None:
    fine = [stateful_set()], [pod(0), pod(1)]
    assert "0 of 1 pods available" in missing(*fine, [box(availableReplicas=0)])
    own = pod(0, ready=False, component="nats-box", containerStatuses=[
        {"name": "nats-box", "state": {"waiting": {"reason": "ErrImagePull"}}}
    ])  # fmt: skip
    assert "container nats-box: ErrImagePull" in missing(
        [stateful_set()], [pod(0), pod(1), own], [box(availableReplicas=0)]
    )
    forbidden = [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]
    assert "cannot make its pods: exceeded quota" in missing(*fine, [box(availableReplicas=0, conditions=forbidden)])


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b'{"status":"ok"}', rollout.Health(ok=True)),
        (200, b"{}", rollout.Health(ok=True)),
        (503, b'{"status":"unavailable","status_code":503,"error":"JetStream not current"}',
         rollout.Health(ok=False, error="JetStream not current (HTTP 503)")),
        (503, b'{"status":"error","errors":[{"type":"STREAM","error":"stream X lags"}]}',
         rollout.Health(ok=False, error="stream X lags (HTTP 503)")),
        (404, b"not json", rollout.Health(ok=False, error="no reason given (HTTP 404)")),
    ],
)  # fmt: skip
def test_health(status: int, body: bytes, expected: rollout.Health) -> None:
    assert rollout.health(status, body) == expected
    judged = rollout.judge_health({"gsas-nats-0": expected})
    assert judged.done is expected.ok
    assert expected.ok or expected.error in judged.missing[0]


def test_varz() -> None:
    body = {
        "server_name": "gsas-nats-0", "version": "2.14.2", "cluster": {"name": "c"}, "config_digest": "sha256:1",
        "jetstream": {"config": {"max_storage": 10, "max_memory": 5}},
    }  # fmt: skip
    found = rollout.server("gsas-nats-0", json.dumps(body).encode())
    assert found == rollout.Server("gsas-nats-0", "gsas-nats-0", "2.14.2", "c", True, 10, 5, "sha256:1")
    assert not rollout.server("p", b'{"jetstream": {}}').jetstream
    for nonsense in (b"[]", b"<html>"):
        with pytest.raises(ValueError, match=r".+"):
            rollout.server("p", nonsense)


def container(**more: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "reloader"}, {"name": "nats", **more}]}}


def test_where_the_monitor_listens() -> None:
    port = {"ports": [{"name": "nats", "containerPort": 4222}, {"name": "monitor", "containerPort": 8333}]}
    assert rollout.monitor(container(**port)) == rollout.Monitor(8333, tls=False)
    probe = {"startupProbe": {"httpGet": {"scheme": "HTTPS"}}}
    assert rollout.monitor(container(**port, **probe)) == rollout.Monitor(8333, tls=True)
    assert rollout.monitor(container(ports=[{"name": "nats", "containerPort": 4222}])) is None
    assert rollout.monitor({}) is None


def test_the_service_for_clients() -> None:
    headless = {"metadata": {"name": "h"}, "spec": {"clusterIP": "None", "ports": [{"name": "nats", "port": 4222}]}}
    clients = {
        "metadata": {"name": "c"},
        "spec": {"clusterIP": "10.0.0.1", "ports": [{"name": "ws", "port": 8080}, {"name": "nats", "port": 4333}]},
    }
    assert rollout.client_service([headless, clients]) == ("c", 4333)
    assert rollout.client_service([headless]) is None
