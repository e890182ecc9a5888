# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reference to a chart: what kind it is, and what of it can be known before Helm is asked."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from ..errors import BadInput, ChangeRefused
from .values import masked

_ALIAS_AND_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._/-]*")
# A version after the chart's name, as `helm list` writes it: nats-2.14.2, nats-1.0.0-rc.1+build.
_NAME_AND_VERSION = re.compile(r"(?P<name>.+?)-(?P<version>v?\d+(\.\d+){0,2}([-+].*)?)")
_RANGE = re.compile(r"[\^~<>=*|xX ,]")


class ChartKind(Enum):
    """Where a chart comes from."""

    REPOSITORY = "repository"
    OCI = "oci"
    FOLDER = "folder"
    ARCHIVE = "archive"
    URL = "url"


@dataclass(frozen=True, slots=True)
class ChartRef:
    """A reference, taken apart.

    Args:
        text: As Helm takes it.
        kind: Where it leads.
        alias: Of the repository; "" for other kinds.
        name: The chart's name; "" where only Helm can find it out.
    """

    text: str
    kind: ChartKind
    alias: str = ""
    name: str = ""

    @property
    def is_local(self) -> bool:
        """Whether it is a file or a folder of this machine."""
        return self.kind in (ChartKind.FOLDER, ChartKind.ARCHIVE)


@dataclass(frozen=True, slots=True)
class RepositoryStep:
    """What is to be done about the Helm repository.

    Args:
        needed: Whether the chart comes from one at all.
        present: Whether it is in Helm's list already, with the same address.
        alias: Its name in Helm's list.
        url: Without a trailing slash, on which kubernetes.core 6.2 fails.
        chart: The chart's name in it.
    """

    needed: bool
    present: bool = False
    alias: str = ""
    url: str = ""
    chart: str = ""


def parse_ref(text: str, exists: Path | None, option: str = "chart_ref") -> ChartRef:
    """Takes a reference apart; the order is Helm's: what is there on disk comes first.

    Args:
        text: What the user gave.
        exists: The file or folder of that name, where there is one.
        option: To name in errors.

    Raises:
        BadInput: It is empty, or a path at which nothing is, or no reference at all.
    """
    if not text:
        raise BadInput(f"'{option}' is empty.", "Give a chart, such as nats/nats, oci://host/charts/nats or a path.")
    if text.startswith("oci://"):
        last = text.rstrip("/").rpartition("/")[2]
        return ChartRef(text, ChartKind.OCI, name=re.split(r"[:@]", last)[0])
    if re.match(r"https?://", text):
        return ChartRef(text, ChartKind.URL)
    if exists is not None:
        return ChartRef(text, ChartKind.FOLDER if exists.is_dir() else ChartKind.ARCHIVE)
    if text.startswith((".", "/", "~")) or text.endswith((".tgz", ".tar.gz")):
        raise BadInput(
            f"'{option}' is the path {text!r}, and nothing is there.", "Correct the path, or put the chart there."
        )
    if not _ALIAS_AND_NAME.fullmatch(text):
        raise BadInput(
            f"'{option}' is {text!r}: no path, and no chart of a repository either.",
            "Write repository/chart, such as nats/nats, or oci://host/charts/nats, or a path.",
        )
    alias, _slash, name = text.partition("/")
    return ChartRef(text, ChartKind.REPOSITORY, alias=alias, name=name)


def read_metadata(path: Path) -> Mapping[str, Any]:
    """Chart.yaml of a folder or of an archive.

    Raises:
        BadInput: There is none that can be read.
    """
    import yaml

    try:
        text = (path / "Chart.yaml").read_text(encoding="utf-8") if path.is_dir() else _from_archive(path)
        read = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, tarfile.TarError, yaml.YAMLError, KeyError) as error:
        raise BadInput(
            f"The chart at {path} cannot be read: {error}.",
            "Give the folder that holds Chart.yaml, or its packed .tgz.",
        ) from error
    if not isinstance(read, dict) or not read.get("name") or not read.get("version"):
        raise BadInput(
            f"Chart.yaml of the chart at {path} names no chart and version.", "Give the folder of a Helm chart."
        )
    return read


def split_chart(text: str) -> tuple[str, str]:
    """Name and version out of what `helm list` says, such as nats-2.14.2."""
    match = _NAME_AND_VERSION.fullmatch(text)
    return (match["name"], match["version"]) if match else (text, "")


def is_pinned(version: str) -> bool:
    """Whether a version is one version, and no range."""
    return bool(re.fullmatch(r"v?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]*)?", version)) and not _RANGE.search(
        version.partition("-")[0]
    )


def same_version(one: str, other: str) -> bool:
    """Whether two versions are the same; Helm lets a leading v be left out."""
    return one.removeprefix("v") == other.removeprefix("v")


def without_slash(url: str) -> str:
    """A repository's URL as kubernetes.core takes it and compares it."""
    return url.rstrip("/")


def repository_step(
    ref: ChartRef, url: str, known: Sequence[Mapping[str, Any]], option: str = "nats_chart_repo_url"
) -> RepositoryStep:
    """What is to be done so that Helm knows the chart's repository.

    Args:
        ref: The chart.
        url: The repository's address.
        known: Helm's list (`helm repo list --output json`).
        option: To name in errors.

    Raises:
        BadInput: No address is given, or it is none.
        ChangeRefused: The alias stands for another address.
    """
    if ref.kind is not ChartKind.REPOSITORY:
        return RepositoryStep(needed=False)
    wanted = without_slash(url)
    if not re.match(r"https?://[^/]|file://", wanted):
        raise BadInput(
            f"'{option}' is {masked(url)!r}, which is no address of a Helm repository.",
            "Give an http or https URL; for a registry give the chart itself as oci://...",
        )
    there = next((str(item.get("url", "")) for item in known if item.get("name") == ref.alias), None)
    if there is not None and without_slash(there) != wanted:
        raise ChangeRefused(
            f"Helm knows a repository {ref.alias!r} at {masked(there)}, not at {masked(wanted)}.",
            f"Use another alias (nats_chart_ref: my-{ref.alias}/{ref.name}), set {option} to that address, or remove "
            f"it: helm repo remove {ref.alias}",
        )
    return RepositoryStep(needed=True, present=there is not None, alias=ref.alias, url=wanted, chart=ref.name)


def _from_archive(path: Path) -> str:
    """Chart.yaml stands one folder deep in a packed chart; those of subcharts stand deeper."""
    with tarfile.open(path) as archive:
        for member in archive:
            parts = member.name.removeprefix("./").split("/")
            if len(parts) == 2 and parts[1] == "Chart.yaml":
                file = archive.extractfile(member)
                if file is not None:
                    return file.read(1024 * 1024).decode("utf-8")
    raise KeyError("it holds no Chart.yaml")
