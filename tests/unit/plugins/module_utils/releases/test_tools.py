# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.natsops.nats.plugins.module_utils.releases import tools


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v3.17.2+gcc0bbbd", (3, 17, 2)),
        ("v4.3", (4, 3, 0)),
        ("6.2.0", (6, 2, 0)),
        ("7.0.0-dev1", (7, 0, 0)),
        ("*", None),
    ],
)
def test_versions(text: str, version: tuple[int, int, int] | None) -> None:
    assert tools.parse_version(text) == version


@pytest.mark.parametrize(
    ("helm", "core"),
    [("v3.17.2", "6.2.0"), ("v3.8.0", "6.6.0"), ("v4.3", "6.5.0"), ("v4.3.1", "7.0.0"), ("v5.0.0", "6.5.0")],
)
def test_pairs_that_go_together(helm: str, core: str) -> None:
    assert not list(tools.refusals(helm, core))


@pytest.mark.parametrize(
    ("helm", "core", "said"),
    [
        ("v4.3", "6.2.0", "Helm 4.3.0 needs kubernetes.core 6.5.0 or newer, and 6.2.0 is installed"),
        ("v4.0.0", "6.4.9", "or set nats_helm_binary to a Helm 3"),
        ("v3.17.2", "5.4.0", "Helm 3.17.2 needs kubernetes.core 6.2.0"),
        ("v3.7.2", "6.2.0", "Helm is 3.7.2; needed is 3.8.0"),
        ("v2.17.0", "6.2.0", "Helm is 2.17.0"),
        ("what", "6.2.0", "cannot be read from 'what'"),
        ("v3.17.2", "", "is not installed"),
        ("v3.17.2", "*", "cannot be read from '*'"),
    ],
)
def test_pairs_that_do_not(helm: str, core: str, said: str) -> None:
    found = list(tools.refusals(helm, core))
    assert len(found) == 1
    assert said in str(found[0])
    assert found[0].mend


def test_plain_http_wants_a_newer_helm() -> None:
    assert "3.13.0" in str(next(iter(tools.refusals("v3.12.0", "6.2.0", plain_http=True))))
    assert not list(tools.refusals("v3.13.0", "6.2.0", plain_http=True))


def test_a_helm_of_the_future_is_told() -> None:
    assert list(tools.warnings("v5.0.0"))
    assert not list(tools.warnings("v4.3"))
