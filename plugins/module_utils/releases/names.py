# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the objects of a release are called (chart 2.14.2, templates/_helpers.tpl), and where clients find them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import BadInput
from .values import at

CHART = "nats"
CLIENT_PORT = 4222
MONITOR_PORT = 8222
NAME_LABEL = "app.kubernetes.io/name"
INSTANCE_LABEL = "app.kubernetes.io/instance"
COMPONENT_LABEL = "app.kubernetes.io/component"
SERVER_COMPONENT = "nats"
BOX_COMPONENT = "nats-box"

_MAX_NAME = 63  # of a Kubernetes name; the chart cuts there
_MAX_RELEASE = 53  # Helm's own limit
_RELEASE = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class ReleaseNames:
    """The names of a release's objects.

    Args:
        release: The Helm release.
        namespace: Of the objects; not the release's own where the values say `namespaceOverride`.
        fullname: The stem of all names.
        stateful_set: Of the servers.
        service: Of the clients.
        client_port: Its port.
        claims: Stems of the volumes' claims, to which the pod's number is added.
    """

    release: str
    namespace: str
    fullname: str
    stateful_set: str
    service: str
    client_port: int
    claims: tuple[str, ...]

    @property
    def url(self) -> str:
        """Where a client in the same namespace connects."""
        return url(self.service, self.client_port)

    @property
    def url_fqdn(self) -> str:
        """Where a client in any namespace connects. Without the cluster's domain, which only the cluster knows."""
        return url(f"{self.service}.{self.namespace}.svc", self.client_port)


def url(host: str, port: int = CLIENT_PORT) -> str:
    """The address as a NATS client takes it."""
    return f"nats://{host}:{port}"


def names(release: str, namespace: str, values: Mapping[str, Any]) -> ReleaseNames:
    """What the chart will call a release's objects with these values."""
    stem = fullname(release, values)
    stateful_set = str(at(values, "statefulSet", "name", default=stem))
    return ReleaseNames(
        release=release,
        namespace=str(at(values, "namespaceOverride", default="") or namespace),
        fullname=stem,
        stateful_set=stateful_set,
        service=str(at(values, "service", "name", default=stem)),
        client_port=int(at(values, "service", "ports", "nats", "port", default=0) or _nats_port(values)),
        claims=tuple(
            f"{at(values, *path, 'name', default=f'{stem}-{suffix}')}-{stateful_set}"
            for path, suffix in (
                (("config", "jetstream", "fileStore", "pvc"), "js"),
                (("config", "resolver", "pvc"), "resolver"),
            )
        ),
    )


def fullname(release: str, values: Mapping[str, Any]) -> str:
    """The stem of all names: fullnameOverride, or the release's name with "nats" in it, cut at 63 characters."""
    override = at(values, "fullnameOverride", default="")
    if override:
        return _cut(str(override))
    name = str(at(values, "nameOverride", default="") or CHART)
    return _cut(release if name in release else f"{release}-{name}")


def checked_release(name: str, option: str = "release") -> str:
    """The name, where Helm takes it for a release.

    Raises:
        BadInput: It does not (Helm: DNS-1123 names of at most 53 characters).
    """
    if len(name) > _MAX_RELEASE or not _RELEASE.fullmatch(name):
        raise BadInput(
            f"'{option}' is {name!r}, which no Helm release can be called.",
            f"Use at most {_MAX_RELEASE} small letters, digits, dots and inner hyphens.",
        )
    return name


def checked_namespace(name: str, option: str = "namespace") -> str:
    """The name, where Kubernetes takes it for a namespace.

    Raises:
        BadInput: It does not (DNS-1123 label).
    """
    if len(name) > _MAX_NAME or not _NAMESPACE.fullmatch(name):
        raise BadInput(
            f"'{option}' is {name!r}, which no namespace can be called.",
            f"Use at most {_MAX_NAME} small letters, digits and inner hyphens.",
        )
    return name


def server_selector(release: str) -> str:
    """The label selector of a release's servers, their StatefulSet, services and claims."""
    return f"{INSTANCE_LABEL}={release},{COMPONENT_LABEL}={SERVER_COMPONENT}"


def box_selector(release: str) -> str:
    """The label selector of a release's nats-box."""
    return f"{INSTANCE_LABEL}={release},{COMPONENT_LABEL}={BOX_COMPONENT}"


def _nats_port(values: Mapping[str, Any]) -> int:
    return int(at(values, "config", "nats", "port", default=CLIENT_PORT))


def _cut(name: str) -> str:
    """As the chart does: trunc 63, trimSuffix "-" (one hyphen)."""
    return name[:_MAX_NAME].removesuffix("-")
