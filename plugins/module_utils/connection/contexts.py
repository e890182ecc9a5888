# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nats CLI's contexts: a JSON file each, which holds connection options under names of its own (nats CLI 0.5.1)."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import BadInput
from .files import readable_file

# The context's fields that are options of ours by another name.
_SAME = {
    "user": "user",
    "password": "password",
    "token": "token",
    "jetstream_domain": "domain",
    "jetstream_api_prefix": "api_prefix",
    "inbox_prefix": "inbox_prefix",
}
# Fields that hold a file's place or its content, with the options for the one and the other.
_LOCATED: Mapping[str, tuple[str, str]] = {
    "creds": ("creds_file", "creds"),
    "nkey": ("nkey_file", "nkey_seed"),
    "ca": ("tls_ca_file", ""),
    "cert": ("tls_cert_file", ""),
    "key": ("tls_key_file", ""),
}
# They say nothing of the connection, or only of events, which we do not take.
_IGNORED = frozenset(
    {"description", "url", "tls_first", "user_jwt", "user_seed", "color_scheme", "jetstream_event_prefix"}
)
SECRETS = ("password", "token", "creds", "nkey_seed")
_EMBEDDED = "data:;base64,"


def folder(environment: Mapping[str, str]) -> Path:
    """Where the CLI keeps its contexts."""
    home = environment.get("XDG_CONFIG_HOME") or os.path.join(
        environment.get("HOME") or os.path.expanduser("~"), ".config"
    )
    return Path(home, "nats", "context")


def load(name: str, option: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """The options that a context holds, by our names; `servers` is a list of URLs.

    Args:
        name: Of the context, or the path of its file if there is a `/` in it.
        option: What the user gave it by, for messages.
        environment: The process's variables.

    Raises:
        BadInput: There is no such context, it cannot be read, or it asks for what this collection cannot do. The
            message never holds what is in it.
    """
    path = _path(name, option, environment)
    try:
        stored = json.loads(readable_file(str(path), option))
    except ValueError as error:
        raise BadInput(
            f"'{option}' {name!r}: {str(path)!r} is not JSON.", "Write it anew with 'nats context save'."
        ) from error
    if not isinstance(stored, dict):
        raise BadInput(f"'{option}' {name!r}: {str(path)!r} is no context.", "Write it with 'nats context save'.")
    given = {field: value for field, value in stored.items() if value}
    where = f"'{option}' {name!r}"
    for field in given.keys() - _SAME.keys() - _LOCATED.keys() - _IGNORED:
        raise BadInput(f"{where} has {field!r}, which this collection cannot honour.", "Use another context.")
    found: dict[str, Any] = {ours: str(given[theirs]) for theirs, ours in _SAME.items() if theirs in given}
    for field, (as_file, as_content) in _LOCATED.items():
        if field in given:
            found |= _located(str(given[field]), as_file, as_content, f"{where}, {field!r},", environment)
    if "user_jwt" in given or "user_seed" in given:
        found["creds"] = _credentials(given, where, environment)
    if "url" in given:
        found["servers"] = [str(given["url"])]
    if "tls_first" in given:
        found["tls_first"] = True
    return found


def _path(name: str, option: str, environment: Mapping[str, str]) -> Path:
    if "/" in name:
        return Path(name).expanduser()
    place = folder(environment)
    path = place / f"{name}.json"
    if not path.is_file():
        there = sorted(file.stem for file in place.glob("*.json"))
        raise BadInput(
            f"'{option}' {name!r} is not a context in {str(place)!r}.",
            f"There are {', '.join(there)}." if there else "Make it with 'nats context save', or give its file's path.",
        )
    return path


def _located(text: str, as_file: str, as_content: str, where: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The option for a place as the CLI writes it: a path, `file://`, embedded data, or a variable."""
    if text.startswith(_EMBEDDED) and as_content:
        try:
            return {as_content: base64.b64decode(text.removeprefix(_EMBEDDED), validate=True).decode()}
        except ValueError as error:
            raise BadInput(f"{where} holds embedded data that cannot be read.", "Save the context again.") from error
    if text.startswith("env://"):
        variable = text.removeprefix("env://")
        if not environment.get(variable):
            raise BadInput(f"{where} is in the variable {variable}, which is not set.", "Set it.")
        return {as_content or as_file: environment[variable]}
    if ("://" in text and not text.startswith("file://")) or text.startswith("data:"):
        kind = text.partition(":")[0]
        raise BadInput(f"{where} is given as {kind!r}, which this collection cannot read.", "Give it as a file.")
    return {as_file: os.path.expanduser(text.removeprefix("file://"))}


def _credentials(given: Mapping[str, Any], where: str, environment: Mapping[str, str]) -> str:
    """JWT and seed, which may be kept apart, as the text of a credentials file."""
    parts = {}
    for field in ("user_jwt", "user_seed"):
        if field not in given:
            raise BadInput(f"{where} has no {field!r}, but its counterpart.", "Give both.")
    for field, title in (("user_jwt", "NATS USER JWT"), ("user_seed", "USER NKEY SEED")):
        found = _located(str(given[field]), "file", "content", f"{where}, {field!r},", environment)
        text = found["content"] if "content" in found else readable_file(found["file"], field)
        parts[title] = text.strip()
    return "\n".join(f"-----BEGIN {title}-----\n{text}\n------END {title}------\n" for title, text in parts.items())
