# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nats CLI's contexts: a JSON file each, which holds connection options under names of its own (nats CLI 0.5.1)."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import BadInput
from .files import readable_file

# The context's fields that are options of ours by another name.
_SAME = {
    "user": "user",
    "jetstream_domain": "domain",
    "jetstream_api_prefix": "api_prefix",
    "inbox_prefix": "inbox_prefix",
}
# Fields that hold a path, or where else the content is, with the options for the one and the other.
_LOCATED: Mapping[str, tuple[str, str]] = {
    "creds": ("creds_file", "creds"),
    "nkey": ("nkey_file", "nkey_seed"),
    "ca": ("tls_ca_file", ""),
    "cert": ("tls_cert_file", ""),
    "key": ("tls_key_file", ""),
}
# Fields that hold a secret itself, or where else it is.
_LITERAL = ("password", "token", "user_jwt", "user_seed")
# They say nothing of the connection, or only of events, which we do not take.
_IGNORED = frozenset({"name", "description", "url", "tls_first", "color_scheme", "jetstream_event_prefix"})
_BASE64 = re.compile(r"data:[^,]*;base64,(.*)", re.IGNORECASE | re.DOTALL)
_ELSEWHERE = re.compile(r"(env|file|op|nsc|data):", re.IGNORECASE)


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
    given = _stored(name, option, environment)
    where = f"'{option}' {name!r}"
    for field in given.keys() - _SAME.keys() - _LOCATED.keys() - _IGNORED - set(_LITERAL):
        raise BadInput(f"{where} has {field!r}, which this collection cannot honour.", "Use another context.")
    found: dict[str, Any] = {ours: str(given[theirs]) for theirs, ours in _SAME.items() if theirs in given}
    for field, (as_file, as_content) in _LOCATED.items():
        if field in given:
            kind, text = _resolved(str(given[field]), f"{where}, {field!r},", environment)
            if kind == "content" and not as_content:
                raise BadInput(f"{where}, {field!r}, is not given as a path.", "Give it as a file.")
            found |= {as_content: text} if kind == "content" else {as_file: _expanded(text, environment)}
    literal = {
        field: _literal(str(given[field]), field, f"{where}, {field!r},", environment)
        for field in _LITERAL
        if field in given
    }
    found |= {field: literal[field] for field in ("password", "token") if field in literal}
    if "user_jwt" in literal or "user_seed" in literal:
        found["creds"] = _credentials(literal, where)
    if "url" in given:
        found["servers"] = [str(given["url"])]
    if "tls_first" in given:
        found["tls_first"] = True
    return found


def secrets(name: str, environment: Mapping[str, str]) -> tuple[set[str], str]:
    """Everything secret in a context, of which the rest may be of no use, and its URLs, which may hold more."""
    found: set[str] = set()
    try:
        given = {field: str(value) for field, value in _stored(name, "", environment).items()}
    except BadInput:
        return found, ""
    for field in given.keys() & {*_LITERAL, "creds", "nkey"}:
        with contextlib.suppress(BadInput):
            kind, text = _resolved(given[field], "", environment)
            if kind == "content":
                found |= {given[field], text}
            elif field in _LITERAL:
                found.add(_literal(given[field], field, "", environment))
    return found, given.get("url", "")


def _stored(name: str, option: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a context that are not empty."""
    path = _path(name, option, environment)
    try:
        stored = json.loads(readable_file(str(path), option))
    except ValueError as error:
        raise BadInput(
            f"'{option}' {name!r}: {str(path)!r} is not JSON.", "Write it anew with 'nats context save'."
        ) from error
    if not isinstance(stored, dict):
        raise BadInput(f"'{option}' {name!r}: {str(path)!r} is no context.", "Write it with 'nats context save'.")
    return {field: value for field, value in stored.items() if value}


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


def _resolved(text: str, where: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """What a field says: ("content", what it leads to), ("file", path), or ("", the text itself, as it names no place).

    The CLI's places are `env://`, `file://`, `data:` for what `--embed` made, and two that need its helpers.
    """
    if not (scheme := _ELSEWHERE.match(text)):
        return "", text
    rest = text[scheme.end() :].removeprefix("//")
    match scheme[1].lower():
        case "file":
            return "file", rest
        case "env":
            if not environment.get(rest):
                raise BadInput(f"{where} is in the variable {rest}, which is not set.", "Set it.")
            return "content", environment[rest]
        case "data":
            try:
                if embedded := _BASE64.fullmatch(text):
                    return "content", base64.b64decode(embedded[1], validate=True).decode()
            except ValueError:
                pass
            raise BadInput(f"{where} holds embedded data that cannot be read.", "Save the context again.")
    raise BadInput(f"{where} is given as {scheme[1]!r}, which this collection cannot read.", "Give it as a file.")


def _expanded(path: str, environment: Mapping[str, str]) -> str:
    """A path with `$NAME`, `${NAME}` and a leading `~` as the CLI takes them: what is not set is empty."""
    text = re.sub(r"\$(?:(\w+)|\{(\w+)\})", lambda name: environment.get(name[1] or name[2], ""), path)
    return os.path.expanduser(text)


def _literal(text: str, field: str, where: str, environment: Mapping[str, str]) -> str:
    kind, found = _resolved(text, where, environment)
    # `nats context save --jwt /path` writes the path bare. Neither JWTs nor seeds have a slash in them.
    if kind == "file" or (not kind and field.startswith("user_") and "/" in text):
        kind, found = "file", readable_file(_expanded(found, environment), field)
    return found.rstrip("\r\n") if kind else found


def _credentials(literal: Mapping[str, str], where: str) -> str:
    """JWT and seed, which are kept apart, as the text of a credentials file."""
    parts = {"user_jwt": "NATS USER JWT", "user_seed": "USER NKEY SEED"}
    for field in parts.keys() - literal.keys():
        raise BadInput(f"{where} has no {field!r}, but its counterpart.", "Give both.")
    return "\n".join(
        f"-----BEGIN {title}-----\n{literal[field].strip()}\n------END {title}------\n"
        for field, title in parts.items()
    )
