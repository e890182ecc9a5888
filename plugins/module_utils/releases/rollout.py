# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judges whether a release is really ready, and says in words what is missing. Pure.

Ready pods are not enough: with two of three servers dead, readiness and liveness stayed "ok" while the key/value store
gave 503. `/healthz` with no query sees that (chart 2.14.2, server 2.15).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .names import CLIENT_PORT, MONITOR_PORT

Object = Mapping[str, Any]

SERVER_CONTAINER = "nats"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is missing until the release is ready; nothing where it is."""

    missing: tuple[str, ...]

    @property
    def done(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


@dataclass(frozen=True, slots=True)
class Health:
    """What a server answers to /healthz.

    Args:
        ok: Whether it is well.
        error: Its own words, where it is not.
    """

    ok: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, as its /varz tells.

    Args:
        pod: In which it runs.
        name: Its own name.
        version: Of the server.
        cluster: The cluster's name; None for a single server.
        jetstream: Whether it is on.
        file_store: Bytes that it may use on disk.
        memory_store: Bytes that it may use in memory.
        config_digest: Of the configuration that it runs with (server 2.11 and newer).
    """

    pod: str
    name: str
    version: str
    cluster: str | None
    jetstream: bool
    file_store: int
    memory_store: int
    config_digest: str | None


@dataclass(frozen=True, slots=True)
class Monitor:
    """Where a pod's monitor listens.

    Args:
        port: Of the container.
        tls: Whether it speaks TLS, which a port-forward by pod name cannot check.
    """

    port: int
    tls: bool


def judge(stateful_sets: Sequence[Object], pods: Sequence[Object], deployments: Sequence[Object]) -> Judgement:
    """What the API's objects say.

    Args:
        stateful_sets: Of the release's servers.
        pods: Of the release, servers and nats-box.
        deployments: Of the release's nats-box.
    """
    missing: list[str] = []
    if not stateful_sets:
        missing.append("there is no StatefulSet of this release")
    for item in stateful_sets:
        missing += _stateful_set(item, owned(pods, item))
    for item in deployments:
        missing += _deployment(item, pods)
    return Judgement(tuple(missing))


def judge_health(answers: Mapping[str, Health]) -> Judgement:
    """What the servers say, by pod."""
    bad = {pod: answer.error for pod, answer in answers.items() if not answer.ok}
    return Judgement(tuple(f"the server in pod {pod} is not well: {error}" for pod, error in bad.items()))


def health(status: int, body: bytes) -> Health:
    """Reads an answer of /healthz: 200 and `{"status": "ok"}`, or 503 with `error` or `errors`."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = {}
    if not isinstance(answer, dict):
        answer = {}
    if status == 200 and answer.get("status", "ok") == "ok":
        return Health(ok=True)
    errors = answer.get("errors") or []
    text = answer.get("error") or "; ".join(str(item.get("error", item)) for item in errors if isinstance(item, dict))
    return Health(ok=False, error=f"{text or answer.get('status') or 'no reason given'} (HTTP {status})")


def server(pod: str, body: bytes) -> Server:
    """Reads an answer of /varz.

    Raises:
        ValueError: It is none.
    """
    answer = json.loads(body)
    if not isinstance(answer, dict):
        raise ValueError("not a mapping")  # noqa: TRY004 # as json.loads says of other nonsense
    config = (answer.get("jetstream") or {}).get("config") or {}
    return Server(
        pod=pod,
        name=str(answer.get("server_name") or answer.get("server_id") or ""),
        version=str(answer.get("version") or ""),
        cluster=(answer.get("cluster") or {}).get("name"),
        jetstream=bool(config),
        file_store=int(config.get("max_storage") or 0),
        memory_store=int(config.get("max_memory") or 0),
        config_digest=answer.get("config_digest"),
    )


def monitor(pod: Object) -> Monitor | None:
    """Where the pod's monitor listens; None where it is off."""
    for container in (pod.get("spec") or {}).get("containers") or []:
        if container.get("name") != SERVER_CONTAINER:
            continue
        for port in container.get("ports") or []:
            if port.get("name") == "monitor" or port.get("containerPort") == MONITOR_PORT:
                probe: Object = next((container[p] for p in ("startupProbe", "readinessProbe") if container.get(p)), {})
                scheme = str((probe.get("httpGet") or {}).get("scheme", "HTTP"))
                return Monitor(int(port["containerPort"]), tls=scheme.upper() == "HTTPS")
    return None


def client_service(services: Sequence[Object]) -> tuple[str, int] | None:
    """Name and port of the service for clients; the headless one is for the servers among themselves."""
    for item in services:
        spec = item.get("spec") or {}
        if spec.get("clusterIP") == "None":
            continue
        ports = spec.get("ports") or []
        chosen = next((port for port in ports if port.get("name") == "nats"), ports[0] if ports else {})
        return name(item), int(chosen.get("port", CLIENT_PORT))
    return None


def notes(stateful_sets: Sequence[Object]) -> Iterator[str]:
    """What a user should know of a StatefulSet that is not rolled by Kubernetes alone."""
    for item in stateful_sets:
        kind, partition = _strategy(item)
        if kind == "OnDelete":
            yield f"StatefulSet {name(item)} has the update strategy OnDelete: a pod takes up a change when deleted."
        elif partition:
            yield f"StatefulSet {name(item)} has the partition {partition}: pods below that number keep what they run."


def chart(stateful_sets: Sequence[Object]) -> tuple[str, str]:
    """The chart (name and version, as `helm list` writes it) and its app version, which the chart's labels tell."""
    labels = _labels(stateful_sets[0]) if stateful_sets else {}
    return str(labels.get("helm.sh/chart", "")), str(labels.get("app.kubernetes.io/version", ""))


def owned(pods: Sequence[Object], stateful_set: Object) -> list[Object]:
    """The pods of a StatefulSet, by number."""
    found = [
        pod
        for pod in pods
        if any(
            owner.get("kind") == "StatefulSet" and owner.get("name") == name(stateful_set)
            for owner in (pod.get("metadata") or {}).get("ownerReferences") or []
        )
    ]
    return sorted(found, key=lambda pod: (_ordinal(name(pod)), name(pod)))


def component(item: Object) -> str:
    """The chart's component that an object belongs to."""
    return str(_labels(item).get("app.kubernetes.io/component", ""))


def is_ready(pod: Object) -> bool:
    """Whether a pod is Ready, and stays."""
    if (pod.get("metadata") or {}).get("deletionTimestamp"):
        return False
    return any(
        condition.get("type") == "Ready" and condition.get("status") == "True"
        for condition in (pod.get("status") or {}).get("conditions") or []
    )


def trouble(pod: Object) -> str:
    """Why a pod is not Ready, in words."""
    if (pod.get("metadata") or {}).get("deletionTimestamp"):
        return "it is being stopped"
    status = pod.get("status") or {}
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"it finds no node: {_text(condition.get('message') or condition.get('reason'))}"
    if status.get("reason") and status.get("phase") == "Failed":
        return f"it failed: {_text(status.get('message') or status['reason'])}"
    found = [
        text
        for item in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
        if (text := _container_trouble(item))
    ]
    if found:
        return "; ".join(found)
    return f"it is {str(status.get('phase') or 'not started').lower()} and has not become ready yet"


def name(item: Object) -> str:
    """An object's name."""
    return str((item.get("metadata") or {}).get("name", ""))


def revision(pod: Object) -> str:
    """The revision of its StatefulSet that a pod is of."""
    return str(_labels(pod).get("controller-revision-hash", ""))


def restarts(pod: Object) -> int:
    """How often the pod's containers were started again."""
    return sum(int(item.get("restartCount", 0)) for item in (pod.get("status") or {}).get("containerStatuses") or [])


def _stateful_set(item: Object, pods: Sequence[Object]) -> Iterator[str]:
    who = f"StatefulSet {name(item)}"
    status = item.get("status") or {}
    if int(status.get("observedGeneration") or 0) < int((item.get("metadata") or {}).get("generation") or 0):
        yield f"{who} has not taken up its change yet"
        return
    wanted = int((item.get("spec") or {}).get("replicas", 1))
    if len(pods) < wanted:
        yield (
            f"{who} has {len(pods)} of {wanted} pods"
            + ("" if pods else "; a quota or the namespace's pod security may forbid them (kubectl describe tells)")
        )
    elif len(pods) > wanted:
        yield f"{who} still has {len(pods)} pods, of which {wanted} are to stay"
    kind, partition = _strategy(item)
    target = str(status.get("updateRevision", ""))
    for pod in pods:
        if not is_ready(pod):
            yield f"pod {name(pod)} is not ready: {trouble(pod)}"
        elif kind != "OnDelete" and _ordinal(name(pod)) >= partition and target and revision(pod) != target:
            yield f"pod {name(pod)} still runs the revision before the change"


def _deployment(item: Object, pods: Sequence[Object]) -> Iterator[str]:
    who = f"Deployment {name(item)}"
    status = item.get("status") or {}
    if int(status.get("observedGeneration") or 0) < int((item.get("metadata") or {}).get("generation") or 0):
        yield f"{who} has not taken up its change yet"
        return
    wanted = int((item.get("spec") or {}).get("replicas", 1))
    if int(status.get("updatedReplicas") or 0) >= wanted and int(status.get("availableReplicas") or 0) >= wanted:
        return
    for condition in status.get("conditions") or []:
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            yield f"{who} cannot make its pods: {_text(condition.get('message'))}"
            return
    own = [pod for pod in pods if component(pod) == component(item) and not is_ready(pod)]
    for pod in own:
        yield f"pod {name(pod)} is not ready: {trouble(pod)}"
    if not own:
        yield f"{who} has {int(status.get('availableReplicas') or 0)} of {wanted} pods available"


def _container_trouble(item: Object) -> str:
    who = f"container {item.get('name')}"
    state = item.get("state") or {}
    if waiting := state.get("waiting"):
        reason = str(waiting.get("reason") or "waiting")
        if reason in ("ContainerCreating", "PodInitializing"):
            return ""
        ended = (item.get("lastState") or {}).get("terminated")
        text = f"{who}: {reason}" + (f": {_text(waiting['message'])}" if waiting.get("message") else "")
        return f"{text} (it {_ended(ended)})" if ended else text
    if ended := state.get("terminated"):
        return "" if int(ended.get("exitCode", 0)) == 0 else f"{who} {_ended(ended)}"
    if not item.get("ready") and "running" in state:
        ended = (item.get("lastState") or {}).get("terminated")
        return f"{who} runs and is not ready yet" + (f" (before, it {_ended(ended)})" if ended else "")
    return ""


def _ended(ended: Mapping[str, Any]) -> str:
    reason = ended.get("reason")
    text = f"ended with exit code {ended.get('exitCode')}" + (f", {reason}" if reason and reason != "Error" else "")
    return text + (f": {_text(ended['message'])}" if ended.get("message") else "")


def _strategy(item: Object) -> tuple[str, int]:
    strategy = (item.get("spec") or {}).get("updateStrategy") or {}
    return str(strategy.get("type", "RollingUpdate")), int((strategy.get("rollingUpdate") or {}).get("partition") or 0)


def _labels(item: Object) -> Mapping[str, Any]:
    return (item.get("metadata") or {}).get("labels") or {}


def _ordinal(pod: str) -> int:
    number = pod.rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def _text(value: object) -> str:
    """One line, not too long."""
    text = " ".join(str(value).split())
    return text if len(text) <= 400 else f"{text[:400]}..."
