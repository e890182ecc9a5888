# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authentication by user and password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import BadInput

NAME = "user and password"
SPEC: dict[str, dict[str, Any]] = {
    "user": {"type": "str"},
    "password": {"type": "str", "no_log": True},
}
ENVIRONMENT = {"user": "NATS_USER", "password": "NATS_PASSWORD"}


def validate(params: Mapping[str, Any]) -> None:
    """Raises BadInput where the options given cannot be used together."""
    for given, missing in (("user", "password"), ("password", "user")):
        if params.get(given) is not None and params.get(missing) is None:
            raise BadInput(
                f"'{given}' is given without '{missing}'.", f"Set '{missing}' (or {ENVIRONMENT[missing]}) too."
            )


def connect_arguments(params: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments for nats-py's connect()."""
    return {"user": params["user"], "password": params["password"]}
