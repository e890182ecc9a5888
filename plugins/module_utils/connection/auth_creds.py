# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authentication by a credentials file: a user's JWT and its NKey seed, as `nsc` writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import BadInput
from .files import readable_file, required_nkeys

NAME = "credentials file"
SPEC: dict[str, dict[str, Any]] = {"creds_file": {"type": "path"}}
ENVIRONMENT = {"creds_file": "NATS_CREDS"}

_PARTS = ("BEGIN NATS USER JWT", "BEGIN USER NKEY SEED")


def validate(params: Mapping[str, Any]) -> None:
    """Raises BadInput where the file cannot be read or is no credentials file."""
    text = readable_file(params["creds_file"], "creds_file")
    missing = [part for part in _PARTS if part not in text]
    if missing:
        raise BadInput(
            f"'creds_file' {params['creds_file']!r} is not a credentials file: it has no line '{missing[0]}'.",
            "Give a file as 'nsc generate creds' writes it.",
        )
    required_nkeys("creds_file")


def connect_arguments(params: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments for nats-py's connect()."""
    return {"user_credentials": params["creds_file"]}
