# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authentication by a token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import BadInput

NAME = "token"
SPEC: dict[str, dict[str, Any]] = {"token": {"type": "str", "no_log": True}}
ENVIRONMENT = {"token": "NATS_TOKEN"}


def validate(params: Mapping[str, Any]) -> None:
    """Raises BadInput where the token cannot be used."""
    if not params["token"]:
        raise BadInput("'token' is empty.", "Give the token, or leave the option out.")


def connect_arguments(params: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments for nats-py's connect()."""
    return {"token": params["token"]}
