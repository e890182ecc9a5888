# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pods stand behind a service, and which of their ports: read from EndpointSlices alone.

They need one right only (list on endpointslices of discovery.k8s.io), name the pods, say which are ready, and hold the
target port as a number. They do not hold the Service's port number: targets() says how it is matched.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..deadline import Deadline
from ..errors import ConnectFailed, ServerRefused
from .api import KubeApi
from .options import DEFAULT_PORT, KubernetesOptions

SERVICE_LABEL = "kubernetes.io/service-name"
HEADLESS_LABEL = "service.kubernetes.io/headless"
INSTANCE_LABEL = "app.kubernetes.io/instance"
COMPONENT = "app.kubernetes.io/component=nats"  # of the nats chart; a slice carries its Service's labels

Slice = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PodTarget:
    """A pod that can be dialled.

    Args:
        pod: Its name.
        namespace: Its namespace.
        port: The port that the container listens on, not the Service's.
        node: Where it runs, if known.
    """

    pod: str
    namespace: str
    port: int
    node: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A service and the ready pods behind it.

    Args:
        name: The Service's name: the host of the NATS URL, so that TLS is checked against it.
        namespace: Its namespace.
        targets: Ready pods, by name. Never empty.
    """

    name: str
    namespace: str
    targets: tuple[PodTarget, ...]


def targets(slices: Iterable[Slice], port: int) -> list[PodTarget]:
    """The ready pods of one service, each once, by name.

    Which port of a slice belongs to the Service's port N: for 4222 the one named "nats" (so does the chart name it);
    else the one whose number is N (so it is in the chart); else the only one there is (a Service that maps 443, say).

    Args:
        slices: EndpointSlice objects of one service; those of IPv4 and IPv6 name the same pods.
        port: The Service's port.
    """
    found: dict[str, PodTarget] = {}
    for item in slices:
        number = _target_port(item, port)
        if number is None:
            continue
        for pod, ready, endpoint in _pods(item):
            if ready:
                namespace = endpoint["targetRef"].get("namespace") or item["metadata"]["namespace"]
                found.setdefault(pod, PodTarget(pod, namespace, number, endpoint.get("nodeName")))
    return [found[pod] for pod in sorted(found)]


async def find(api: KubeApi, options: KubernetesOptions, deadline: Deadline) -> Service:
    """Look the service up, by its name or by the Helm release that it belongs to.

    Raises:
        ConnectFailed: No such service or release (with those that there are), no ready pod, or no such port.
        ServerRefused: Not allowed to look.
        TimedOut: The deadline passed.
    """
    namespace = options.namespace or api.namespace
    if options.service is not None:
        slices = await _list(api, namespace, f"{SERVICE_LABEL}={options.service}", deadline)
        if not slices:
            raise no_such_service(options.service, namespace, await _list(api, namespace, "", deadline))
        return choose(options.service, namespace, slices, options.port)
    release = str(options.release)
    slices = await _list(api, namespace, f"{INSTANCE_LABEL}={release},{COMPONENT}", deadline)
    services = by_service(slices)
    if not services:
        raise no_such_release(release, namespace, await _list(api, namespace, COMPONENT, deadline))
    if len(services) > 1:
        services = {name: items for name, items in services.items() if targets(items, options.port)} or services
    if len(services) > 1:
        raise ConnectFailed(
            f"The release {release!r} in the namespace {namespace!r} has several services: {', '.join(services)}.",
            "Set kubernetes.service to the one that is meant, and leave out kubernetes.release.",
        )
    name, items = next(iter(services.items()))
    return choose(name, namespace, items, options.port)


def choose(name: str, namespace: str, slices: Sequence[Slice], port: int) -> Service:
    """The service with its ready pods.

    Raises:
        ConnectFailed: There is none, or the service has no such port.
    """
    chosen = targets(slices, port)
    if chosen:
        return Service(name, namespace, tuple(chosen))
    pods = {pod: ready for item in slices for pod, ready, _unused in _pods(item)}
    where = f"the service {name!r} in the namespace {namespace!r}"
    if not pods:
        raise ConnectFailed(
            f"No pod stands behind {where}.", "Check that the release is installed and not scaled to 0."
        )
    if any(pods.values()):
        ports = sorted({f"{item.get('name') or ''} {item['port']}".strip() for one in slices for item in _ports(one)})
        raise ConnectFailed(
            f"No port of {where} goes with kubernetes.port {port}; its pods listen on: {', '.join(ports) or 'none'}.",
            "Set kubernetes.port to one of them.",
        )
    raise ConnectFailed(
        f"No pod behind {where} is ready: {', '.join(sorted(pods))}.",
        f"Look at them: kubectl --namespace {namespace} describe pod {min(pods)}",
    )


def by_service(slices: Iterable[Slice]) -> dict[str, list[Slice]]:
    """Slices by the name of their service; headless services, which publish pods that are not ready, are left out."""
    found: dict[str, list[Slice]] = {}
    for item in slices:
        labels = _labels(item)
        if HEADLESS_LABEL not in labels and SERVICE_LABEL in labels:
            found.setdefault(labels[SERVICE_LABEL], []).append(item)
    return dict(sorted(found.items()))


def no_such_service(name: str, namespace: str, slices: Iterable[Slice]) -> ConnectFailed:
    """The error for a service that is not there.

    Args:
        name: What was asked for.
        namespace: Where.
        slices: All of the namespace.
    """
    return _missing("service", name, namespace, {_labels(item).get(SERVICE_LABEL) for item in slices})


def no_such_release(name: str, namespace: str, slices: Iterable[Slice]) -> ConnectFailed:
    """As no_such_service(), with all NATS slices of the namespace."""
    return _missing("release", name, namespace, {_labels(item).get(INSTANCE_LABEL) for item in slices})


def _missing(kind: str, name: str, namespace: str, there: set[str | None]) -> ConnectFailed:
    names = sorted(item for item in there if item)
    what = "NATS service of a release called" if kind == "release" else "service"
    message = f"There is no {what} {name!r} in the namespace {namespace!r}"
    if not names:
        nothing = "no NATS service at all" if kind == "release" else "none at all"
        return ConnectFailed(f"{message}, and {nothing}.", "Check kubernetes.namespace and kubernetes.context.")
    close = difflib.get_close_matches(name, names, 1)
    hint = f"Is {close[0]!r} meant? " if close else ""
    shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return ConnectFailed(f"{message}; there are: {shown}.", f"{hint}Check kubernetes.{kind} and kubernetes.namespace.")


async def _list(api: KubeApi, namespace: str, selector: str, deadline: Deadline) -> list[Slice]:
    path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    query = {"limit": "500"} | ({"labelSelector": selector} if selector else {})
    items: list[Slice] = []
    try:
        while True:
            page = await api.get(path, query, deadline)
            items += page.get("items") or []
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return items
            query["continue"] = token
    except ServerRefused as error:
        if error.code != 403:
            raise
        raise ServerRefused(
            error.message,
            f"The tunnel needs a role in the namespace {namespace!r} that allows list on endpointslices "
            "(API group discovery.k8s.io), and get and create on pods/portforward.",
            code=403,
        ) from error


def _labels(item: Slice) -> Mapping[str, str]:
    return (item.get("metadata") or {}).get("labels") or {}


def _ports(item: Slice) -> list[Mapping[str, Any]]:
    return [port for port in item.get("ports") or [] if port.get("port") and port.get("protocol", "TCP") == "TCP"]


def _target_port(item: Slice, port: int) -> int | None:
    ports = _ports(item)
    named = [entry for entry in ports if entry.get("name") == "nats"] if port == DEFAULT_PORT else []
    same = [entry for entry in ports if entry["port"] == port]
    chosen = named or same or (ports if len(ports) == 1 else [])
    return int(chosen[0]["port"]) if chosen else None


def _pods(item: Slice) -> Iterator[tuple[str, bool, Mapping[str, Any]]]:
    """Name, readiness and entry of each pod. By the API's rule an unknown readiness means ready."""
    for endpoint in item.get("endpoints") or []:
        reference = endpoint.get("targetRef") or {}
        if reference.get("kind") == "Pod" and reference.get("name"):
            ready = (endpoint.get("conditions") or {}).get("ready")
            yield reference["name"], ready is not False, endpoint
