# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares the release that is wanted with the one that is there, and says what to do. Pure.

Here the sorting of changes grows (in place, by restart, refused, destroys data): one function a guard, each of which
yields its refusals and warnings from a Wanted and a Seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ..errors import ChangeRefused
from ..run import Diff
from . import chart as charts
from . import tools
from .names import CHART, ReleaseNames, names
from .values import at, masked_pair, switched_on

_CLASS_ANNOTATIONS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


class State(Enum):
    """What the release is, in the words of Helm, and `absent` for none."""

    ABSENT = "absent"
    DEPLOYED = "deployed"
    FAILED = "failed"
    PENDING_INSTALL = "pending-install"
    PENDING_UPGRADE = "pending-upgrade"
    PENDING_ROLLBACK = "pending-rollback"
    SUPERSEDED = "superseded"
    UNINSTALLED = "uninstalled"
    UNINSTALLING = "uninstalling"
    UNKNOWN = "unknown"


class Action(Enum):
    """What is to be done.

    none: nothing. install: there is no release. upgrade: there is one, and it differs, or only Helm can tell whether
    it does. retry: the last run failed, with what is wanted now; kubernetes.core 6.2 would take that for done.
    replace: only the history of an uninstalled release is there, over which Helm before 3.16 upgrades nothing.
    uninstall: there is one and none is wanted.
    """

    NONE = "none"
    INSTALL = "install"
    UPGRADE = "upgrade"
    RETRY = "retry"
    REPLACE = "replace"
    UNINSTALL = "uninstall"


@dataclass(frozen=True, slots=True)
class Deployed:
    """The release that is there, as helm_info tells it."""

    state: State
    chart: str = ""
    chart_version: str = ""
    app_version: str = ""
    revision: int = 0
    updated: str = ""
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def exists(self) -> bool:
        """Whether its objects are there, or may be."""
        return self.state not in (State.ABSENT, State.UNINSTALLED)


@dataclass(frozen=True, slots=True)
class StorageClass:
    """A StorageClass, as far as volumes of NATS care."""

    name: str
    default: bool
    expandable: bool
    provisioner: str


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume that a server wants.

    Args:
        claim: The stem of its claims' names; the pod's number is added.
        storage_class: None for the default one.
        option: The value that names the class, for messages.
    """

    claim: str
    storage_class: str | None
    option: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What the cluster has. None where it may not be looked at.

    Args:
        kubernetes_version: Of the API server, such as v1.34.4.
        namespace_phase: Active, Terminating, or "" where there is no such namespace.
        storage_classes: All of them.
        claims: Names of the volume claims in the namespace of the release's objects; only of the release's own where
            it is to go.
        free_volumes: The class names ("" for none) of volumes that are made and not taken; only looked at where a
            class is missing.
    """

    kubernetes_version: str
    namespace_phase: str | None
    storage_classes: tuple[StorageClass, ...] | None
    claims: frozenset[str] | None
    free_volumes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asks for.

    Args:
        present: Whether there is to be a release at all.
        release: Its name.
        namespace: Its namespace.
        create_namespace: Whether a missing namespace is made.
        ref: The chart.
        chart_version: As asked for; of a local chart, what its Chart.yaml says. "" for the newest.
        local_version: What Chart.yaml of a local chart says; "" for other charts.
        local_name: Likewise.
        values: Merged.
        needs_jetstream: Whether the key/value store will be verified.
        helm_version: What `helm version --short` says.
        kubernetes_core_version: Of the collection.
        plain_http: Whether the chart comes from a registry without TLS.
    """

    present: bool
    release: str
    namespace: str
    create_namespace: bool
    ref: charts.ChartRef | None
    chart_version: str
    values: Mapping[str, Any] = field(repr=False)
    needs_jetstream: bool
    helm_version: str
    kubernetes_core_version: str
    plain_http: bool = False
    local_version: str = ""
    local_name: str = ""

    @property
    def names(self) -> ReleaseNames:
        """What the objects will be called."""
        return names(self.release, self.namespace, self.values)

    @property
    def version(self) -> str:
        """The chart's version, where it is known before Helm is asked; else ""."""
        return self.local_version or (self.chart_version if charts.is_pinned(self.chart_version) else "")


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """What is to be done about a release, or why it is not."""

    action: Action
    deployed: Deployed
    differences: tuple[str, ...]
    create_namespace: bool
    refusals: tuple[ChangeRefused, ...]
    warnings: tuple[str, ...]
    diff: Diff

    @property
    def would_change(self) -> bool:
        """Whether anything changes. An upgrade without a difference is for Helm to tell."""
        return self.action is not Action.NONE and not (self.action is Action.UPGRADE and not self.differences)


def deployed_from(status: Mapping[str, Any] | None) -> Deployed:
    """The release out of what kubernetes.core.helm_info returns as `status`; None and {} mean that there is none."""
    if not status:
        return Deployed(State.ABSENT)
    text = str(status.get("status", "")).lower()
    state = next((state for state in State if state.value == text), State.UNKNOWN)
    name, version = charts.split_chart(str(status.get("chart", "")))
    revision = str(status.get("revision", ""))
    return Deployed(
        state=state,
        chart=name,
        chart_version=version,
        app_version=str(status.get("app_version") or ""),
        revision=int(revision) if revision.isdigit() else 0,
        updated=str(status.get("updated", "")),
        values=release_values(status),
    )


def release_values(status: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values out of a status: kubernetes.core 6.5 and newer also say `release_values`, and 8 drops `values`."""
    return status.get("release_values") or status.get("values") or {}


def storage_class(item: Mapping[str, Any]) -> StorageClass:
    """Out of the API's object."""
    metadata = item.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    return StorageClass(
        name=str(metadata.get("name", "")),
        default=any(annotations.get(name) == "true" for name in _CLASS_ANNOTATIONS),
        expandable=bool(item.get("allowVolumeExpansion")),
        provisioner=str(item.get("provisioner", "")),
    )


def volumes(wanted: Wanted) -> tuple[Volume, ...]:
    """The volumes that each server will want (chart 2.14.2: both are on, below a switch that is off)."""
    values = wanted.values
    found = []
    js, resolver = ("config", "jetstream"), ("config", "resolver")
    stems = wanted.names.claims
    if (
        switched_on(values, *js, "enabled", default=False)
        and switched_on(values, *js, "fileStore", "enabled", default=True)
        and switched_on(values, *js, "fileStore", "pvc", "enabled", default=True)
    ):
        found.append(_volume(values, (*js, "fileStore", "pvc"), stems[0]))
    if switched_on(values, *resolver, "enabled", default=False) and switched_on(
        values, *resolver, "pvc", "enabled", default=True
    ):
        found.append(_volume(values, (*resolver, "pvc"), stems[1]))
    return tuple(found)


def servers(values: Mapping[str, Any]) -> int:
    """How many servers the values ask for."""
    if not switched_on(values, "config", "cluster", "enabled", default=False):
        return 1
    return int(at(values, "config", "cluster", "replicas", default=3))


def without_class(wanted: Wanted, seen: Seen) -> tuple[Volume, ...]:
    """Volumes that are wanted, not there yet, and for which there is no StorageClass."""
    if seen.storage_classes is None:
        return ()
    classes = {item.name for item in seen.storage_classes}
    has_default = any(item.default for item in seen.storage_classes)
    return tuple(
        volume
        for volume in volumes(wanted)
        if not _all_there(volume, wanted, seen)
        and not (has_default if volume.storage_class is None else volume.storage_class in classes)
    )


def plan(wanted: Wanted, deployed: Deployed, seen: Seen) -> ReleasePlan:
    """What to do about the release that the user wants, the one that Helm has, and the cluster as it is."""
    differences = _differences(wanted, deployed)
    action = _action(wanted, deployed, differences)
    refusals: list[ChangeRefused] = []
    warnings: list[str] = []
    for guard in _GUARDS if wanted.present else _GUARDS_OF_ABSENCE:
        for finding in guard(wanted, deployed, seen):
            if isinstance(finding, ChangeRefused):
                refusals.append(finding)
            else:
                warnings.append(finding)
    return ReleasePlan(
        action=action,
        deployed=deployed,
        differences=differences,
        create_namespace=wanted.present and wanted.create_namespace and seen.namespace_phase == "",
        refusals=tuple(refusals),
        warnings=tuple(warnings),
        diff=_diff(wanted, deployed, action),
    )


Guard = Callable[[Wanted, Deployed, Seen], Iterator["ChangeRefused | str"]]


def _guard_tools(wanted: Wanted, deployed: Deployed, seen: Seen) -> Iterator[ChangeRefused | str]:
    yield from tools.refusals(wanted.helm_version, wanted.kubernetes_core_version, plain_http=wanted.plain_http)
    yield from tools.warnings(wanted.helm_version)


def _guard_namespace(wanted: Wanted, deployed: Deployed, seen: Seen) -> Iterator[ChangeRefused | str]:
    if seen.namespace_phase == "" and not wanted.create_namespace:
        yield ChangeRefused(
            f"There is no namespace {wanted.namespace!r}.", "Make it, or set nats_create_namespace: true."
        )
    elif seen.namespace_phase == "Terminating":
        yield ChangeRefused(
            f"The namespace {wanted.namespace!r} is being deleted.", "Wait until it is gone, or use another one."
        )


def _guard_pending(wanted: Wanted, deployed: Deployed, seen: Seen) -> Iterator[ChangeRefused | str]:
    """Helm refuses these with 'another operation is in progress', and nothing more."""
    where = f"--namespace {wanted.namespace}"
    begun = f" since {deployed.updated}" if deployed.updated else ""
    said = (
        f"The release {wanted.release!r} is '{deployed.state.value}'{begun}: another run is under way, or was killed."
    )
    match deployed.state:
        case State.PENDING_INSTALL:
            yield ChangeRefused(said, f"When no other run is under way: helm uninstall {wanted.release} {where}")
        case State.PENDING_UPGRADE | State.PENDING_ROLLBACK:
            yield ChangeRefused(
                said,
                f"When no other run is under way: helm rollback {wanted.release} {where} "
                f"(helm history {wanted.release} {where} shows the revisions).",
            )
        case State.UNINSTALLING:
            yield ChangeRefused(said, f"When no other run is under way: helm uninstall {wanted.release} {where}")
        case State.UNKNOWN:
            yield ChangeRefused(
                f"The release {wanted.release!r} is in a state that natsops.nats does not know.",
                f"Look at it: helm status {wanted.release} {where}",
            )


def _guard_other_chart(wanted: Wanted, deployed: Deployed, seen: Seen) -> Iterator[ChangeRefused | str]:
    if not deployed.exists or not deployed.chart:
        return
    expected = (wanted.local_name or (wanted.ref.name if wanted.ref else "")) if wanted.present else ""
    if deployed.chart not in (expected, CHART):
        what = f"deployed with {wanted.ref.text!r}" if wanted.present and wanted.ref else "taken for a NATS"
        yield ChangeRefused(
            f"The release {wanted.release!r} in the namespace {wanted.namespace!r} is of the chart {deployed.chart!r}, "
            f"and is not {what}.",
            "Choose another nats_release_name.",
        )


def _guard_chart_version(wanted: Wanted, deployed: Deployed, seen: Seen) -> Iterator[ChangeRefused | str]:
    asked, there = wanted.chart_version, wanted.local_version
    if asked and there and not charts.same_version(asked, there):
        where = wanted.ref.text if wanted.ref else ""
        yield f"The chart at {where} is version {there}: chart_version {asked} counts for repositories and registries."


def _guard_jetstream(wanted: Wanted, deployed: Deployed, seen: Seen) -> Iterator[ChangeRefused | str]:
    if wanted.needs_jetstream and not switched_on(wanted.values, "config", "jetstream", "enabled", default=False):
        yield ChangeRefused(
            "The values leave JetStream off, so that there is no key/value store to verify.",
            "Set config.jetstream.enabled: true in nats_values or in a file of nats_values_files, or set "
            "nats_verify: false.",
        )


def _guard_storage(wanted: Wanted, deployed: Deployed, seen: Seen) -> Iterator[ChangeRefused | str]:
    """A claim without a class stays pending for ever (nats-io/k8s issue 327)."""
    if seen.storage_classes is None:
        if not all(_all_there(volume, wanted, seen) for volume in volumes(wanted)):
            yield "The storage classes may not be listed, so it is not known whether there is one for the volumes."
        return
    there = ", ".join(item.name for item in seen.storage_classes) or "none at all"
    for volume in without_class(wanted, seen):
        if volume.storage_class is None:
            said = f"The servers want a volume, and the cluster has no default StorageClass; there are: {there}."
        else:
            named = volume.storage_class
            said = f"{volume.option} names the StorageClass {named!r}, which is not there; there are: {there}."
        if seen.free_volumes is None:
            yield f"{said} Whether there are volumes made by hand may not be looked at."
        elif (volume.storage_class or "") not in seen.free_volumes:
            yield ChangeRefused(
                said,
                f"Set {volume.option} to one of them, or mark one as the default, or, where data may die with the pod, "
                f"{volume.option.rpartition('.')[0]}.enabled: false.",
            )


_GUARDS: Sequence[Guard] = (
    _guard_tools,
    _guard_namespace,
    _guard_pending,
    _guard_other_chart,
    _guard_chart_version,
    _guard_jetstream,
    _guard_storage,
)
_GUARDS_OF_ABSENCE: Sequence[Guard] = (_guard_tools, _guard_other_chart)


def _action(wanted: Wanted, deployed: Deployed, differences: Sequence[str]) -> Action:
    if not wanted.present:
        return Action.UNINSTALL if deployed.exists else Action.NONE
    if deployed.state is State.ABSENT:
        return Action.INSTALL
    if deployed.state is State.UNINSTALLED:
        return Action.REPLACE
    if deployed.state is State.FAILED and not differences:
        return Action.RETRY
    if differences or not wanted.version:
        return Action.UPGRADE
    return Action.NONE


def _differences(wanted: Wanted, deployed: Deployed) -> tuple[str, ...]:
    """Which of chart, version and values differ. A version that only Helm can find out counts as no difference."""
    if not wanted.present or not deployed.exists:
        return ()
    found = []
    expected = wanted.local_name or (wanted.ref.name if wanted.ref else "")
    if expected and deployed.chart != expected:
        found.append("chart")
    if wanted.version and not charts.same_version(wanted.version, deployed.chart_version):
        found.append("chart_version")
    if deployed.values != wanted.values:
        found.append("values")
    return tuple(found)


def _diff(wanted: Wanted, deployed: Deployed, action: Action) -> Diff:
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    values_before, values_after = masked_pair(dict(deployed.values), dict(wanted.values))
    if deployed.exists:
        before = {"chart": f"{deployed.chart}-{deployed.chart_version}", "values": values_before}
    if wanted.present:
        name = wanted.local_name or (wanted.ref.name if wanted.ref else "") or deployed.chart or CHART
        version = wanted.version or wanted.chart_version or "(newest)"
        if not wanted.version and deployed.exists and action is not Action.INSTALL:
            version = deployed.chart_version  # what Helm finds out may differ
        after = {"chart": f"{name}-{version.removeprefix('v')}", "values": values_after}
    if action is Action.RETRY:
        before["state"], after["state"] = deployed.state.value, State.DEPLOYED.value
    return Diff(f"release {wanted.namespace}/{wanted.release}", before, after)


def _volume(values: Mapping[str, Any], path: tuple[str, ...], claim: str) -> Volume:
    merged = at(values, *path, "merge", "spec", "storageClassName")
    named = merged if merged is not None else at(values, *path, "storageClassName")
    option = ".".join((*path, "storageClassName"))
    return Volume(claim, str(named) if named else None, option)


def _all_there(volume: Volume, wanted: Wanted, seen: Seen) -> bool:
    """Whether every server's claim is there already, so that no class is asked for one."""
    if seen.claims is None:
        return False
    return all(f"{volume.claim}-{number}" in seen.claims for number in range(servers(wanted.values)))
