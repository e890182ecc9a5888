# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job of the module nats_rollout: waits until a release is really ready, or until it is gone. Changes nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Never

from ..deadline import Deadline
from ..errors import BadInput, ConnectFailed, NatsOpsError, ServerRefused, TimedOut
from ..kube import options as kube_options
from ..kube.api import KubeApi
from ..kube.podhttp import http_get
from ..run import Job, Plan
from . import rollout
from .chart import split_chart
from .cluster import allowed_objects, namespaced, objects, release_selector
from .names import BOX_COMPONENT, box_selector, checked_namespace, checked_release, server_selector, url
from .rollout import Health, Judgement, Monitor, Object, Server

_PAUSE = 1.0  # seconds between two looks
_ANSWER = 10.0  # seconds that one server has for its answer


@dataclass(frozen=True, slots=True)
class Seen:
    """The release as it was at the last look."""

    stateful_sets: tuple[Object, ...] = ()
    deployments: tuple[Object, ...] = ()
    pods: tuple[Object, ...] = ()
    services: tuple[Object, ...] = ()
    claims: tuple[Object, ...] | None = ()
    servers: tuple[Server, ...] = ()
    monitored: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def server_pods(self) -> list[Object]:
        """The servers' pods, by number."""
        return [pod for item in self.stateful_sets for pod in rollout.owned(self.pods, item)]


class RolloutJob(Job[Seen, Never]):
    """Looks again and again until nothing is missing."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        super().__init__(params)
        if not params["timeout"] > 0:
            raise BadInput(
                f"'timeout' {params['timeout']:g} is not a time to wait.", "Give a number of seconds above 0."
            )
        self._kubeconfig = params.get("kubeconfig") or None
        self._context = params.get("context") or None
        self.release = checked_release(params["release"])
        self.namespace = checked_namespace(params["namespace"])
        self.gone = params["state"] == "gone"

    @classmethod
    def secrets(cls, params: Mapping[str, Any]) -> Iterable[str]:
        """What the kubeconfig hides."""
        return kube_options.secrets(params.get("kubeconfig"))

    @contextlib.asynccontextmanager
    async def open(self, deadline: Deadline) -> AsyncIterator[None]:
        """Reads the kubeconfig; there is nothing to close."""
        self._deadline = deadline
        self._api = await KubeApi.open(self._kubeconfig, self._context, self._deadline)
        yield

    async def look(self) -> Seen:
        """Waits.

        Raises:
            TimedOut: Something is still missing at the deadline: it says what.
            ServerRefused: We may not look at all, so that waiting cannot help.
        """
        missing: tuple[str, ...] = ("nothing was seen of it",)
        while True:
            try:
                seen, judgement = await self._once()
                if judgement.done:
                    return seen
                missing = judgement.missing
            except TimedOut as error:
                if not self._deadline.passed:
                    missing = (error.message,)
                elif missing == ("nothing was seen of it",):
                    raise
            except ServerRefused as error:
                if error.code in (401, 403):
                    raise
                missing = (error.message,)
            except ConnectFailed as error:
                missing = (error.message,)
            if self._deadline.left() <= _PAUSE:
                raise self._late(missing)
            await asyncio.sleep(_PAUSE)

    def plan(self, seen: Seen) -> Plan[Never]:
        """Nothing to do, and what the user should know."""
        return Plan(warnings=seen.warnings)

    def result(self, seen: Seen, plan: Plan[Never], *, check_mode: bool) -> dict[str, Any]:
        """The release as it was found."""
        service = rollout.client_service(seen.services)
        versions = sorted({server.version for server in seen.servers if server.version})
        by_pod = {server.pod: server for server in seen.servers}
        boxes = [pod for pod in seen.pods if rollout.component(pod) == BOX_COMPONENT and rollout.is_ready(pod)]
        chart, app_version = rollout.chart(seen.stateful_sets)
        return {
            "release": self.release,
            "namespace": self.namespace,
            "chart": chart or None,
            "chart_version": split_chart(chart)[1] or None,
            "app_version": app_version or None,
            "service": service[0] if service else None,
            "url": url(*service) if service else None,
            "url_fqdn": url(f"{service[0]}.{self.namespace}.svc", service[1]) if service else None,
            "pods": [rollout.name(pod) for pod in seen.server_pods],
            "servers": [_server(pod, by_pod.get(rollout.name(pod))) for pod in seen.server_pods],
            "server_version": versions[0] if len(versions) == 1 else (", ".join(versions) or None),
            "jetstream": _jetstream(seen.servers) if seen.monitored else None,
            "monitored": seen.monitored,
            "nats_box": {"deployed": bool(seen.deployments), "pod": rollout.name(boxes[0]) if boxes else None},
            "volumes": None if seen.claims is None else sorted(rollout.name(item) for item in seen.claims),
        }

    async def _once(self) -> tuple[Seen, Judgement]:
        pods = tuple(await self._list("", "pods", release_selector(self.release)))
        claims = await self._allowed("", "persistentvolumeclaims", server_selector(self.release))
        seen = Seen(pods=pods, claims=None if claims is None else tuple(claims))
        if self.gone:
            return seen, Judgement(tuple(f"pod {rollout.name(pod)} is still there" for pod in pods))
        seen = replace(
            seen,
            stateful_sets=tuple(await self._list("apps", "statefulsets", server_selector(self.release))),
            deployments=tuple(await self._allowed("apps", "deployments", box_selector(self.release)) or ()),
            services=tuple(await self._allowed("", "services", server_selector(self.release)) or ()),
        )
        judgement = rollout.judge(seen.stateful_sets, seen.pods, seen.deployments)
        if not judgement.done:
            return seen, judgement
        return await self._ask_servers(seen)

    async def _ask_servers(self, seen: Seen) -> tuple[Seen, Judgement]:
        warnings = list(rollout.notes(seen.stateful_sets))
        monitors = {rollout.name(pod): rollout.monitor(pod) for pod in seen.server_pods}
        usable = {pod: monitor for pod, monitor in monitors.items() if monitor and not monitor.tls}
        if len(usable) < len(monitors) or not monitors:
            why = "is served with TLS" if any(monitor for monitor in monitors.values()) else "is switched off"
            warnings.append(
                f"The monitor port {why}, so the servers were not asked whether they are well; all pods are Ready."
                if monitors
                else "The release has no servers: its StatefulSet is scaled to 0."
            )
            return replace(seen, warnings=tuple(warnings)), Judgement(())
        try:
            asked = await asyncio.gather(*(self._ask(pod, monitor) for pod, monitor in usable.items()))
        except ServerRefused as error:
            said = f"The servers could not be asked whether they are well, all pods are Ready: {error.message}"
            return replace(seen, warnings=(*warnings, said)), Judgement(())
        answers = dict(zip(usable, asked, strict=True))
        judgement = rollout.judge_health({pod: answer for pod, (answer, _unused) in answers.items()})
        servers = tuple(server for _unused, server in answers.values() if server)
        return replace(seen, servers=servers, monitored=True, warnings=tuple(warnings)), judgement

    async def _ask(self, pod: str, monitor: Monitor) -> tuple[Health, Server | None]:
        """Asks one server. What fails here is an answer too: waiting may help."""
        deadline = Deadline(self._deadline.left(_ANSWER))
        try:
            status, body = await http_get(self._api, self.namespace, pod, monitor.port, "/healthz", deadline)
            well = rollout.health(status, body)
            _unused, body = await http_get(self._api, self.namespace, pod, monitor.port, "/varz", deadline)
            return well, rollout.server(pod, body)
        except ServerRefused as error:
            if error.code == 403:
                raise
            return Health(ok=False, error=error.message), None
        except NatsOpsError as error:
            return Health(ok=False, error=error.message), None
        except ValueError as error:
            return Health(ok=False, error=f"its /varz cannot be read: {error}"), None

    async def _list(self, group: str, plural: str, selector: str) -> list[Object]:
        return await objects(self._api, namespaced(group, self.namespace, plural), selector, self._deadline)

    async def _allowed(self, group: str, plural: str, selector: str) -> list[Object] | None:
        return await allowed_objects(self._api, namespaced(group, self.namespace, plural), selector, self._deadline)

    def _late(self, missing: Sequence[str]) -> TimedOut:
        what = "gone" if self.gone else "ready"
        return TimedOut(
            f"The release {self.release!r} in the namespace {self.namespace!r} is not {what} after "
            f"{self._deadline.seconds:g} seconds: {'; '.join(missing)}.",
            f"Look at it: kubectl --namespace {self.namespace} describe pods "
            f"--selector app.kubernetes.io/instance={self.release}",
        )


def _server(pod: Object, server: Server | None) -> dict[str, Any]:
    return {
        "pod": rollout.name(pod),
        "node": (pod.get("spec") or {}).get("nodeName"),
        "restarts": rollout.restarts(pod),
        "name": server.name if server else None,
        "version": server.version if server else None,
        "cluster": server.cluster if server else None,
        "jetstream": server.jetstream if server else None,
        "config_digest": server.config_digest if server else None,
    }


def _jetstream(servers: Sequence[Server]) -> dict[str, Any]:
    """What a bucket can be kept in: file storage where there is some."""
    on = bool(servers) and all(server.jetstream for server in servers)
    file = any(server.file_store for server in servers)
    return {"enabled": on, "storage": ("file" if file else "memory") if on else None}
