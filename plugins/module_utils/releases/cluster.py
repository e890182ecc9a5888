# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads of a cluster what the plan of a release and the judgement of a rollout need. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..deadline import Deadline
from ..errors import ServerRefused
from ..kube.api import KubeApi
from .names import BOX_COMPONENT, COMPONENT_LABEL, INSTANCE_LABEL, SERVER_COMPONENT, server_selector
from .plan import Seen, StorageClass, Wanted, storage_class, without_class

Object = Mapping[str, Any]


async def objects(api: KubeApi, path: str, selector: str, deadline: Deadline) -> list[Object]:
    """All objects of a list, page by page.

    Raises:
        ServerRefused, ConnectFailed, TimedOut: See KubeApi.get.
    """
    query = {"limit": "500"} | ({"labelSelector": selector} if selector else {})
    found: list[Object] = []
    while True:
        page = await api.get(path, query, deadline)
        found += page.get("items") or []
        token = (page.get("metadata") or {}).get("continue")
        if not token:
            return found
        query["continue"] = token


async def allowed_objects(api: KubeApi, path: str, selector: str, deadline: Deadline) -> list[Object] | None:
    """As objects(), and None where they may not be listed."""
    try:
        return await objects(api, path, selector, deadline)
    except ServerRefused as error:
        if error.code != 403:
            raise
        return None


def namespaced(group: str, namespace: str, plural: str) -> str:
    """The path of a list: group "" for the core."""
    return f"{f'/apis/{group}' if group else '/api'}/v1/namespaces/{namespace}/{plural}"


def release_selector(release: str) -> str:
    """The label selector of a release's servers and nats-box."""
    return f"{INSTANCE_LABEL}={release},{COMPONENT_LABEL} in ({SERVER_COMPONENT},{BOX_COMPONENT})"


async def look(api: KubeApi, wanted: Wanted, deadline: Deadline) -> Seen:
    """What the plan of a release needs of the cluster.

    Raises:
        ConnectFailed: The cluster cannot be reached.
        ServerRefused: It refuses us altogether; single things that may not be looked at are None.
        TimedOut: The deadline passed.
    """
    version = await _version(api, deadline)
    phase = await _namespace_phase(api, wanted.namespace, deadline)
    claims = await allowed_objects(
        api,
        namespaced("", wanted.names.namespace, "persistentvolumeclaims"),
        "" if wanted.present else server_selector(wanted.release),
        deadline,
    )
    if not wanted.present:
        return Seen(version, phase, None, None if claims is None else frozenset(_name(item) for item in claims))
    classes = await allowed_objects(api, "/apis/storage.k8s.io/v1/storageclasses", "", deadline)
    found: tuple[StorageClass, ...] | None = None if classes is None else tuple(storage_class(item) for item in classes)
    seen = Seen(version, phase, found, None if claims is None else frozenset(_name(item) for item in claims))
    if not without_class(wanted, seen):
        return seen
    volumes = await allowed_objects(api, "/api/v1/persistentvolumes", "", deadline)
    free = None if volumes is None else frozenset(_class(item) for item in volumes if _phase(item) == "Available")
    return Seen(seen.kubernetes_version, phase, found, seen.claims, free)


async def _version(api: KubeApi, deadline: Deadline) -> str:
    try:
        return str((await api.get("/version", None, deadline)).get("gitVersion", ""))
    except ServerRefused as error:
        if error.code != 403:
            raise
        return ""


async def _namespace_phase(api: KubeApi, namespace: str, deadline: Deadline) -> str | None:
    try:
        return _phase(await api.get(f"/api/v1/namespaces/{namespace}", None, deadline)) or "Active"
    except ServerRefused as error:
        if error.code == 404:
            return ""
        if error.code == 403:
            return None
        raise


def _name(item: Object) -> str:
    return str((item.get("metadata") or {}).get("name", ""))


def _phase(item: Object) -> str:
    return str((item.get("status") or {}).get("phase", ""))


def _class(item: Object) -> str:
    return str((item.get("spec") or {}).get("storageClassName") or "")
