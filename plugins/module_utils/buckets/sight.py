# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many servers there are to hold a bucket, as far as a connection shows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def servers_in_sight(info: Mapping[str, Any]) -> int | None:
    """The most servers that can hold a bucket: 1 for a single server, None where nobody can say.

    Args:
        info: What the server that we are connected to says of itself (the protocol's INFO).
    """
    # Without JetStream of its own it passes requests on, to servers that its INFO does not show.
    if not info.get("jetstream"):
        return None
    if not info.get("cluster"):
        return 1
    # Addresses for clients: a server may have several, and with no_advertise none.
    return len(set(info.get("connect_urls") or ())) or None
