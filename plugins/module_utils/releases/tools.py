# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which versions of Helm and of kubernetes.core go together. Measured; the table is all that has to be kept up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import ChangeRefused

Version = tuple[int, int, int]

# Older ones know no OCI registries without a switch, and no `helm uninstall --wait`.
OLDEST_HELM: Version = (3, 8, 0)
PLAIN_HTTP_HELM: Version = (3, 13, 0)


@dataclass(frozen=True, slots=True)
class Pair:
    """A major version of Helm, and the oldest kubernetes.core that works with it.

    Args:
        helm_major: Of Helm.
        kubernetes_core: The oldest.
        why: What goes wrong with an older one.
    """

    helm_major: int
    kubernetes_core: Version
    why: str


TABLE = (
    Pair(3, (6, 2, 0), "it is the oldest that natsops.nats is tried with"),
    Pair(4, (6, 5, 0), "older ones call Helm with options that Helm 4 no longer has (--all, --atomic)"),
)


def parse_version(text: str) -> Version | None:
    """Reads v3.17.2+gcc0bbbd, v4.3, 6.2.0; None where there is no version in it."""
    match = re.search(r"v?(\d+)\.(\d+)(?:\.(\d+))?", text)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


def written(version: Version) -> str:
    """As people write it."""
    return ".".join(str(number) for number in version)


def refusals(helm: str, kubernetes_core: str, *, plain_http: bool = False) -> Iterator[ChangeRefused]:
    """Why these two cannot be used together, if they cannot.

    Args:
        helm: What `helm version --short` says.
        kubernetes_core: The collection's version; "" where it is not installed.
        plain_http: Whether the chart is fetched from a registry without TLS.
    """
    found = parse_version(helm)
    if found is None:
        yield ChangeRefused(
            f"The version of Helm cannot be read from {helm!r}.", "Set nats_helm_binary to a Helm 3 or 4."
        )
        return
    if not kubernetes_core:
        yield ChangeRefused(
            "The collection kubernetes.core is not installed.",
            "ansible-galaxy collection install 'kubernetes.core:>=6.2.0'",
        )
        return
    core = parse_version(kubernetes_core)
    if core is None:
        yield ChangeRefused(
            f"The version of kubernetes.core cannot be read from {kubernetes_core!r}.",
            "Install a released version of it.",
        )
        return
    if found < OLDEST_HELM:
        yield ChangeRefused(
            f"Helm is {written(found)}; needed is {written(OLDEST_HELM)} or newer.",
            "Upgrade Helm, or set nats_helm_binary to a newer one.",
        )
    elif plain_http and found < PLAIN_HTTP_HELM:
        needed = written(PLAIN_HTTP_HELM)
        yield ChangeRefused(
            f"Helm is {written(found)}; nats_chart_plain_http needs {needed} or newer.", "Upgrade Helm."
        )
    pair = next((pair for pair in TABLE if pair.helm_major == found[0]), TABLE[-1])
    if found >= OLDEST_HELM and core < pair.kubernetes_core:
        yield ChangeRefused(
            f"Helm {written(found)} needs kubernetes.core {written(pair.kubernetes_core)} or newer, and "
            f"{written(core)} is installed: {pair.why}.",
            f"ansible-galaxy collection install 'kubernetes.core:>={written(pair.kubernetes_core)}'"
            + (", or set nats_helm_binary to a Helm 3." if found[0] > 3 else "."),
        )


def warnings(helm: str) -> Iterator[str]:
    """What the user should know of a Helm that is newer than the table."""
    found = parse_version(helm)
    if found and found[0] > TABLE[-1].helm_major:
        yield f"Helm {written(found)} is newer than what natsops.nats was tried with (Helm {TABLE[-1].helm_major})."
