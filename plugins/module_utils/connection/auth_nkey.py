# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authentication by an NKey: the seed itself, or a file that holds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import BadInput
from .files import readable_file, required_nkeys

NAME = "NKey"
SPEC: dict[str, dict[str, Any]] = {
    "nkey_seed": {"type": "str", "no_log": True},
    "nkey_file": {"type": "path"},
}
ENVIRONMENT = {"nkey_file": "NATS_NKEY"}


def validate(params: Mapping[str, Any]) -> None:
    """Raises BadInput where both are given, the file cannot be read, or what is there is no seed of a user."""
    if params.get("nkey_seed") is not None and params.get("nkey_file") is not None:
        raise BadInput("'nkey_seed' and 'nkey_file' are both given.", "Give one of them.")
    option = "nkey_seed" if params.get("nkey_seed") is not None else "nkey_file"
    seed = _seed(params)
    nkeys = required_nkeys(option)
    try:
        pair = nkeys.from_seed(bytearray(seed.encode()))
        kind = pair.public_key[:1]
        pair.wipe()
    except Exception as error:  # the package raises half a dozen types here
        raise BadInput(f"'{option}' does not hold a valid NKey seed.", "A user's seed begins with SU.") from error
    if kind != b"U":
        raise BadInput(f"'{option}' holds an NKey seed that is not a user's.", "A user's seed begins with SU.")


def connect_arguments(params: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments for nats-py's connect()."""
    return {"nkeys_seed_str": _seed(params)}


def _seed(params: Mapping[str, Any]) -> str:
    seed = params.get("nkey_seed")
    if seed is None:
        seed = readable_file(params["nkey_file"], "nkey_file")
    return str(seed).strip()
