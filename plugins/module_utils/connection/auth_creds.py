# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authentication by credentials: a user's JWT and its NKey seed, as `nsc` writes them into a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import BadInput
from .files import readable_file, required_nkeys

NAME = "credentials"
SPEC: dict[str, dict[str, Any]] = {
    "creds_file": {"type": "path"},
    "creds": {"type": "str", "no_log": True},
}
ENVIRONMENT = {"creds_file": "NATS_CREDS"}

_PARTS = ("BEGIN NATS USER JWT", "BEGIN USER NKEY SEED")


def validate(params: Mapping[str, Any]) -> None:
    """Raises BadInput where both are given, the file cannot be read, or what is there is no credentials."""
    if params.get("creds") is not None and params.get("creds_file") is not None:
        raise BadInput("'creds' and 'creds_file' are both given.", "Give one of them.")
    option = "creds" if params.get("creds") is not None else "creds_file"
    text = params["creds"] if option == "creds" else readable_file(params["creds_file"], option)
    lines = [line.strip() for line in text.splitlines()]
    shown = "'creds'" if option == "creds" else f"'creds_file' {params['creds_file']!r}"
    for part in _PARTS:
        number = next((n for n, line in enumerate(lines) if part in line), None)
        if number is None or number + 1 >= len(lines) or not lines[number + 1]:
            raise BadInput(
                f"{shown} does not hold credentials: there is no line {part!r} with what it announces.",
                "Give what 'nsc generate creds' writes.",
            )
    required_nkeys(option)


def secret_lines(text: str) -> Iterable[str]:
    """The parts of credentials that must not be printed, each by itself."""
    return (line.strip() for line in text.splitlines() if line.strip() and not line.startswith(("-", "*")))


def connect_arguments(params: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments for nats-py's connect()."""
    if params.get("creds") is None:
        return {"user_credentials": params["creds_file"]}
    try:
        from nats.aio.client import RawCredentials
    except ImportError:  # connect.py says what is missing
        return {}
    # nats-py takes the line after each announcement as it is, blanks included.
    return {"user_credentials": RawCredentials("\n".join(line.strip() for line in params["creds"].splitlines()) + "\n")}
