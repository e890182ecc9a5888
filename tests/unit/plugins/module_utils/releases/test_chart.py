# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from ansible_collections.natsops.nats.plugins.module_utils.errors import BadInput, ChangeRefused
from ansible_collections.natsops.nats.plugins.module_utils.releases import chart
from ansible_collections.natsops.nats.plugins.module_utils.releases.chart import ChartKind, ChartRef

CHART_YAML = "apiVersion: v2\nname: nats\nversion: 2.14.2\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nats/nats", ChartRef("nats/nats", ChartKind.REPOSITORY, alias="nats", name="nats")),
        ("oci://host:5000/charts/nats", ChartRef("oci://host:5000/charts/nats", ChartKind.OCI, name="nats")),
        ("oci://host/charts/nats:2.14.2", ChartRef("oci://host/charts/nats:2.14.2", ChartKind.OCI, name="nats")),
        ("https://host/nats-2.14.2.tgz", ChartRef("https://host/nats-2.14.2.tgz", ChartKind.URL)),
    ],
)
def test_references(text: str, expected: ChartRef) -> None:
    assert chart.parse_ref(text, None) == expected


def test_what_is_on_disk_comes_first(tmp_path: Path) -> None:
    file = tmp_path / "nats.tgz"
    file.touch()
    assert chart.parse_ref("nats/nats", tmp_path).kind is ChartKind.FOLDER
    assert chart.parse_ref(str(file), file).kind is ChartKind.ARCHIVE
    assert chart.parse_ref(str(file), file).is_local


@pytest.mark.parametrize("text", ["", "nats", "./nats", "/charts/nats", "~/nats", "nats-2.14.2.tgz", "a b/c"])
def test_references_to_nothing_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match="'chart_ref' is"):
        chart.parse_ref(text, None)


def test_metadata_of_folder_and_archive(tmp_path: Path) -> None:
    folder = tmp_path / "nats"
    (folder / "charts" / "sub").mkdir(parents=True)
    (folder / "charts" / "sub" / "Chart.yaml").write_text("name: sub\nversion: 1.0.0\n")
    (folder / "Chart.yaml").write_text(CHART_YAML)
    packed = tmp_path / "nats.tgz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(folder / "charts", "nats/charts")
        archive.add(folder / "Chart.yaml", "nats/Chart.yaml")
    for path in (folder, packed):
        assert chart.read_metadata(path)["version"] == "2.14.2"


def test_no_chart_there(tmp_path: Path) -> None:
    text = tmp_path / "x.tgz"
    text.write_text("no archive")
    for path in (tmp_path, text):
        with pytest.raises(BadInput, match="cannot be read"):
            chart.read_metadata(path)
    (tmp_path / "Chart.yaml").write_text("a: b\n")
    with pytest.raises(BadInput, match="names no chart"):
        chart.read_metadata(tmp_path)


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("nats-2.14.2", "nats", "2.14.2"),
        ("nats-account-server-0.8.0", "nats-account-server", "0.8.0"),
        ("nats-1.0.0-rc.1+x", "nats", "1.0.0-rc.1+x"),
        ("redis", "redis", ""),
    ],
)
def test_name_and_version_apart(text: str, name: str, version: str) -> None:
    assert chart.split_chart(text) == (name, version)


@pytest.mark.parametrize(
    ("version", "pinned"),
    [("2.14.2", True), ("v2.14.2", True), ("2.14.2-rc.1", True), ("", False), ("2.14", False), ("^2.14.2", False),
     (">=2.0.0", False), ("2.x.x", False)],
)  # fmt: skip
def test_pinned(version: str, pinned: bool) -> None:
    assert chart.is_pinned(version) is pinned


REF = chart.parse_ref("nats/nats", None)
URL = "https://nats-io.github.io/k8s/helm/charts"


@pytest.mark.parametrize("there", [URL, f"{URL}/"])
def test_a_slash_at_the_end_makes_no_other_repository(there: str) -> None:
    step = chart.repository_step(REF, f"{URL}/", [{"name": "nats", "url": there}])
    assert step == chart.RepositoryStep(needed=True, present=True, alias="nats", url=URL, chart="nats")


def test_a_repository_that_helm_does_not_know() -> None:
    step = chart.repository_step(REF, URL, [{"name": "other", "url": URL}])
    assert step.needed
    assert not step.present


def test_an_alias_for_another_address_is_refused_and_tells_no_password() -> None:
    with pytest.raises(ChangeRefused, match="helm repo remove nats") as caught:
        chart.repository_step(REF, URL, [{"name": "nats", "url": "https://me:pa55@mirror/charts"}])
    assert "pa55" not in str(caught.value)
    assert "mirror/charts" in str(caught.value)


def test_no_repository_without_an_address() -> None:
    with pytest.raises(BadInput, match="nats_chart_repo_url"):
        chart.repository_step(REF, "", [])
    assert not chart.repository_step(chart.parse_ref("oci://h/nats", None), "", []).needed
