# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.natsops.nats.plugins.module_utils.releases import chart, plan
from ansible_collections.natsops.nats.plugins.module_utils.releases.plan import (
    Action,
    Seen,
    State,
    StorageClass,
    Wanted,
)

VALUES: dict[str, Any] = {"config": {"jetstream": {"enabled": True, "fileStore": {"pvc": {"size": "10Gi"}}}}}
WANTED = Wanted(
    present=True,
    release="gsas",
    namespace="default",
    create_namespace=True,
    ref=chart.parse_ref("nats/nats", None),
    chart_version="2.14.2",
    values=VALUES,
    needs_jetstream=True,
    helm_version="v3.17.2",
    kubernetes_core_version="6.2.0",
)
STANDARD = StorageClass("standard", default=True, expandable=False, provisioner="p")
SLOW = StorageClass("slow", default=False, expandable=False, provisioner="p")
SEEN = Seen("v1.34.4", "Active", (STANDARD,), frozenset())


def status(state: str = "deployed", **more: Any) -> dict[str, Any]:
    """As helm_info returns it."""
    return {"status": state, "chart": "nats-2.14.2", "app_version": "2.14.2", "revision": "3", "values": VALUES, **more}


def planned(found: dict[str, Any] | None, wanted: Wanted = WANTED, seen: Seen = SEEN) -> plan.ReleasePlan:
    return plan.plan(wanted, plan.deployed_from(found), seen)


def refusal(**kwargs: Any) -> str:
    found = planned(kwargs.pop("found", None), **kwargs).refusals
    assert len(found) == 1, found
    assert found[0].mend
    return str(found[0])


def test_the_status_is_read() -> None:
    found = plan.deployed_from(status())
    assert (found.state, found.chart, found.chart_version, found.revision) == (State.DEPLOYED, "nats", "2.14.2", 3)
    for nothing in (None, {}):
        assert plan.deployed_from(nothing).state is State.ABSENT
    assert plan.deployed_from(status("odd")).state is State.UNKNOWN
    assert plan.deployed_from(status(values=None)).values == {}
    assert plan.deployed_from(status(values=None, release_values=VALUES)).values == VALUES


def test_a_second_run_is_an_empty_plan() -> None:
    found = planned(status())
    assert found.action is Action.NONE
    assert not found.would_change
    assert not found.refusals
    assert found.diff.before == found.diff.after


@pytest.mark.parametrize(
    ("found", "action", "change"),
    [
        (None, Action.INSTALL, True),
        (status("failed"), Action.RETRY, True),
        (status("failed", values={}), Action.UPGRADE, True),
        (status("uninstalled"), Action.REPLACE, True),
        (status("superseded"), Action.NONE, False),
        (status(values={}), Action.UPGRADE, True),
        (status(chart="nats-2.14.1"), Action.UPGRADE, True),
    ],
)
def test_actions(found: dict[str, Any] | None, action: Action, change: bool) -> None:
    result = planned(found)
    assert (result.action, result.would_change) == (action, change)
    assert (result.diff.before != result.diff.after) is change


def test_which_differences() -> None:
    assert planned(status(values={}, chart="nats-2.0.0")).differences == ("chart_version", "values")


def test_an_unpinned_version_is_for_helm_to_tell() -> None:
    result = planned(status(), replace(WANTED, chart_version=""))
    assert result.action is Action.UPGRADE
    assert not result.would_change


def test_a_local_chart_is_the_version_that_it_is() -> None:
    local = replace(
        WANTED, ref=chart.ChartRef("/c/nats", chart.ChartKind.FOLDER), local_name="nats", local_version="2.15.0"
    )
    result = planned(status(), local)
    assert result.differences == ("chart_version",)
    assert "/c/nats is version 2.15.0" in result.warnings[0]


@pytest.mark.parametrize(
    ("state", "mend"),
    [
        ("pending-install", "helm uninstall gsas --namespace default"),
        ("pending-upgrade", "helm rollback gsas --namespace default"),
        ("pending-rollback", "helm rollback gsas --namespace default"),
        ("uninstalling", "helm uninstall gsas"),
        ("weird", "helm status gsas"),
    ],
)
def test_what_a_killed_run_left_is_refused_with_a_mend(state: str, mend: str) -> None:
    assert mend in refusal(found=status(state))


def test_another_chart_under_the_name_is_refused() -> None:
    found = status(chart="redis-19.0.0")
    assert "is of the chart 'redis'" in refusal(found=found)
    absent = replace(WANTED, present=False, ref=None)
    assert "is not taken for a NATS" in refusal(found=found, wanted=absent)
    fork = replace(WANTED, ref=chart.parse_ref("ours/nats-fork", None))
    assert not planned(status(chart="nats-fork-2.14.2"), fork).refusals


def test_tools_are_refused() -> None:
    assert "kubernetes.core 6.5.0" in refusal(wanted=replace(WANTED, helm_version="v4.3"))
    absent = replace(WANTED, present=False, ref=None, helm_version="v4.3")
    assert "kubernetes.core 6.5.0" in refusal(wanted=absent, found=status())


def test_namespaces() -> None:
    missing = replace(SEEN, namespace_phase="")
    assert planned(None, seen=missing).create_namespace
    assert not planned(None).create_namespace
    assert not planned(None, seen=replace(SEEN, namespace_phase=None)).create_namespace
    assert "no namespace 'default'" in refusal(seen=missing, wanted=replace(WANTED, create_namespace=False))
    assert "being deleted" in refusal(seen=replace(SEEN, namespace_phase="Terminating"))


def test_a_volume_wants_a_class() -> None:
    assert "no default StorageClass; there are: slow" in refusal(
        seen=replace(SEEN, storage_classes=(SLOW,), free_volumes=frozenset())
    )
    assert "none at all" in refusal(seen=replace(SEEN, storage_classes=(), free_volumes=frozenset({"manual"})))


def with_pvc(**pvc: Any) -> Wanted:
    return replace(WANTED, values={"config": {"jetstream": {"enabled": True, "fileStore": {"pvc": pvc}}}})


def test_a_named_class_must_be_there() -> None:
    none_free = replace(SEEN, free_volumes=frozenset())
    assert "names the StorageClass 'fast'" in refusal(wanted=with_pvc(storageClassName="fast"), seen=none_free)
    assert "'fast'" in refusal(wanted=with_pvc(merge={"spec": {"storageClassName": "fast"}}), seen=none_free)
    assert not planned(None, with_pvc(storageClassName="standard")).refusals
    assert not planned(
        None, with_pvc(storageClassName="fast"), replace(SEEN, free_volumes=frozenset({"fast"}))
    ).refusals


@pytest.mark.parametrize(
    "wanted",
    [
        with_pvc(enabled=False),
        replace(WANTED, values={"config": {"jetstream": {"enabled": True, "fileStore": {"enabled": False}}}}),
        replace(WANTED, values={}, needs_jetstream=False),
    ],
)
def test_no_volume_wants_no_class(wanted: Wanted) -> None:
    assert not planned(None, wanted, replace(SEEN, storage_classes=())).refusals


def test_volumes_that_are_there_want_no_class() -> None:
    seen = replace(SEEN, storage_classes=(), free_volumes=frozenset())
    assert not planned(None, seen=replace(seen, claims=frozenset({"gsas-nats-js-gsas-nats-0"}))).refusals
    three = replace(WANTED, values={"config": {**VALUES["config"], "cluster": {"enabled": True, "replicas": 3}}})
    assert planned(None, three, replace(seen, claims=frozenset({"gsas-nats-js-gsas-nats-0"}))).refusals


def test_what_may_not_be_looked_at_is_a_warning() -> None:
    result = planned(None, seen=Seen("", None, None, None))
    assert not result.refusals
    assert "may not be listed" in result.warnings[0]
    there = Seen("", None, None, frozenset({"gsas-nats-js-gsas-nats-0"}))
    assert not planned(status(), seen=there).warnings
    result = planned(None, seen=replace(SEEN, storage_classes=()))
    assert not result.refusals
    assert "no default StorageClass" in result.warnings[0]


def test_jetstream_off_is_refused_where_it_is_to_be_verified() -> None:
    off = replace(WANTED, values={})
    assert "nats_verify: false" in refusal(wanted=off)
    assert not planned(None, replace(off, needs_jetstream=False)).refusals


def test_absence() -> None:
    absent = replace(WANTED, present=False, ref=None, create_namespace=True)
    assert planned(status(), absent).action is Action.UNINSTALL
    assert planned(status("pending-install"), absent).action is Action.UNINSTALL
    assert not planned(status("pending-install"), absent).refusals
    assert planned(status("uninstalled"), absent).action is Action.NONE
    result = planned(None, absent, replace(SEEN, namespace_phase=""))
    assert not result.would_change
    assert not result.create_namespace


def test_the_diff_hides_secrets() -> None:
    wanted = replace(
        WANTED, values={**VALUES, "config": {**VALUES["config"], "merge": {"authorization": {"token": "s3cr3t"}}}}
    )
    diff = planned(status(), wanted).diff
    assert "s3cr3t" not in str(diff)
    assert diff.header == "release default/gsas"
