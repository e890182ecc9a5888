# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job of the module nats_release_plan: only looks, and says what the role is to do."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Never

from ..deadline import Deadline
from ..errors import BadInput
from ..kube import options as kube_options
from ..kube.api import KubeApi
from ..run import Job, Plan
from . import chart as charts
from . import cluster
from .names import checked_namespace, checked_release
from .plan import ReleasePlan, Seen, Wanted, deployed_from, plan, release_values, servers, volumes
from .values import check, secrets, switched_on


class ReleasePlanJob(Job[Seen, Never]):
    """Compares the wanted release with the one that is there."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        super().__init__(params)
        self._kubeconfig = params.get("kubeconfig") or None
        self._context = params.get("context") or None
        self.deployed = deployed_from(params.get("deployed"))
        # What is to go away is called what the release's own values made it.
        self._values: Mapping[str, Any] = (
            params.get("values") or {} if params["state"] == "present" else self.deployed.values
        )
        self.wanted = self._wanted(params)
        self.repository = (
            charts.repository_step(
                self.wanted.ref, params.get("chart_repo_url") or "", params.get("repositories") or (), "chart_repo_url"
            )
            if self.wanted.ref
            else charts.RepositoryStep(needed=False)
        )
        self._planned: ReleasePlan | None = None

    @classmethod
    def secrets(cls, params: Mapping[str, Any]) -> Iterable[str]:
        """What the values, wanted and deployed, and the kubeconfig hide."""
        deployed = release_values(params.get("deployed") or {})
        return secrets(params.get("values")) | secrets(deployed) | kube_options.secrets(params.get("kubeconfig"))

    @contextlib.asynccontextmanager
    async def open(self, deadline: Deadline) -> AsyncIterator[None]:
        """Reads the kubeconfig; there is nothing to close."""
        self._deadline = deadline
        self._api = await KubeApi.open(self._kubeconfig, self._context, deadline)
        yield

    async def look(self) -> Seen:
        """Reads what the cluster has."""
        return await cluster.look(self._api, self.wanted, self._deadline)

    def plan(self, seen: Seen) -> Plan[Never]:
        """No operations: the role carries them out."""
        planned = self._planned = plan(self.wanted, self.deployed, seen)
        return Plan(
            refusals=planned.refusals,
            diffs=(planned.diff,) if planned.would_change else (),
            warnings=planned.warnings,
        )

    def result(self, seen: Seen, plan: Plan[Never], *, check_mode: bool) -> dict[str, Any]:
        """All that the role acts on."""
        planned, wanted, names = self._planned, self.wanted, self.wanted.names
        if planned is None:  # plan() comes before result()
            raise AssertionError
        return {
            "action": planned.action.value,
            "would_change": planned.would_change,
            "differences": list(planned.differences),
            "state": self.deployed.state.value,
            "create_namespace": planned.create_namespace,
            "deployed": {
                "chart": f"{self.deployed.chart}-{self.deployed.chart_version}" if self.deployed.chart else "",
                "chart_version": self.deployed.chart_version,
                "app_version": self.deployed.app_version,
                "revision": self.deployed.revision,
            },
            "chart": {
                "kind": wanted.ref.kind.value if wanted.ref else None,
                "name": wanted.local_name or (wanted.ref.name if wanted.ref else ""),
                "version": wanted.version or None,
            },
            "repository": {
                "needed": self.repository.needed,
                "present": self.repository.present,
                "name": self.repository.alias,
                "url": self.repository.url,
                "chart": self.repository.chart,
            },
            "names": {
                "fullname": names.fullname,
                "namespace": names.namespace,
                "stateful_set": names.stateful_set,
                "service": names.service,
                "url": names.url,
                "url_fqdn": names.url_fqdn,
            },
            "servers": servers(wanted.values),
            "jetstream": switched_on(wanted.values, "config", "jetstream", "enabled", default=False),
            "volumes": self._volumes(seen),
            "kubernetes_version": seen.kubernetes_version,
            "storage_classes": None
            if seen.storage_classes is None
            else [asdict(item) for item in seen.storage_classes],
        }

    def _volumes(self, seen: Seen) -> list[str] | None:
        """The claims that will be wanted; where the release is to go, those that are there."""
        if not self.wanted.present:
            return None if seen.claims is None else sorted(seen.claims)
        numbers = range(servers(self.wanted.values))
        return [f"{item.claim}-{number}" for item in volumes(self.wanted) for number in numbers]

    def _wanted(self, params: Mapping[str, Any]) -> Wanted:
        present = params["state"] == "present"
        ref, metadata = None, {}
        if present:
            check(self._values, "values")
            text = str(params.get("chart_ref") or "")
            path = _there(text)
            ref = charts.parse_ref(text, path)
            metadata = dict(charts.read_metadata(path)) if ref.is_local and path else {}
        return Wanted(
            present=present,
            release=checked_release(params["release"]),
            namespace=checked_namespace(params["namespace"]),
            create_namespace=bool(params.get("create_namespace")),
            ref=ref,
            chart_version=str(params.get("chart_version") or ""),
            values=self._values,
            needs_jetstream=bool(params.get("needs_jetstream")),
            helm_version=str(params["helm_version"]),
            kubernetes_core_version=str(params["kubernetes_core_version"]),
            plain_http=bool(params.get("plain_http")),
            local_version=str(metadata.get("version") or ""),
            local_name=str(metadata.get("name") or ""),
        )


def _there(text: str) -> Path | None:
    """The file or folder that a chart reference names, where there is one."""
    if not text or "://" in text:
        return None
    try:
        path = Path(text).expanduser()
        return path if path.exists() else None
    except (OSError, RuntimeError, ValueError) as error:
        raise BadInput(f"'chart_ref' is {text!r}, which cannot be looked up: {error}.", "Correct the path.") from error
