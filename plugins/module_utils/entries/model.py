# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries and values: what a key holds, and what a user wants it to hold."""

from __future__ import annotations

import base64
import json
import os
import stat
from dataclasses import dataclass
from typing import Any

from ..errors import BadInput

PUT, DELETE, PURGE = "PUT", "DEL", "PURGE"


@dataclass(frozen=True, slots=True)
class Entry:
    """One revision of a key.

    Attributes:
        key: Its name.
        value: The bytes; empty for a tombstone.
        revision: The stream's sequence.
        operation: PUT, DEL or PURGE.
        created: When, as the server writes it (RFC 3339).
        ttl: How long it lives by its own header, in whole seconds; 0 where that is not limited.
        marker: Why the server itself wrote this tombstone (ADR-43: MaxAge for an expired key, Remove, Purge); empty
            where a client wrote it.
        size: Bytes of the value, also where the value itself was not asked for.
        reverted_to: The revision whose value this was to have again, where we wrote it for that; 0 otherwise.
    """

    key: str
    value: bytes
    revision: int
    operation: str = PUT
    created: str = ""
    ttl: int = 0
    marker: str = ""
    size: int = 0
    reverted_to: int = 0

    @property
    def live(self) -> bool:
        """Whether the key has a value; an empty one counts."""
        return self.operation == PUT


@dataclass(frozen=True, slots=True)
class Value:
    """What a key is to hold.

    Attributes:
        data: The bytes to store.
        structured: It came as a mapping, list, number or boolean: stored as JSON, and compared as JSON.
    """

    data: bytes
    structured: bool = False

    def same_as(self, stored: bytes) -> bool:
        """Whether stored bytes are this value already."""
        if self.data == stored:
            return True
        if not self.structured:
            return False
        try:
            return canonical_json(json.loads(stored)) == self.data
        except (ValueError, RecursionError):
            return False


def canonical_json(value: Any) -> bytes:
    """JSON in one form only: sorted keys, no spaces, UTF-8, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def parse_value(value: Any, option: str = "value") -> Value:
    """The value that an option holds: text as it is, everything else as canonical JSON.

    Raises:
        BadInput: It cannot be written as JSON or as UTF-8. The message does not show it: it may be secret.
    """
    try:
        if isinstance(value, str):
            return Value(value.encode())
        return Value(canonical_json(value), structured=True)
    except UnicodeEncodeError as error:
        raise BadInput(
            f"'{option}' holds text that is not Unicode (a lone surrogate).", "Give text that can be written as UTF-8."
        ) from error
    except (TypeError, ValueError, RecursionError) as error:
        raise BadInput(
            f"'{option}' of type {type(value).__name__} cannot be written as JSON ({_reason(error)}).",
            "Give text, a number, a boolean, a list or a mapping.",
        ) from error


def parse_base64(text: str, option: str) -> Value:
    """The value whose bytes an option holds in base64.

    Raises:
        BadInput: It is not base64.
    """
    try:
        return Value(base64.b64decode("".join(text.split()), validate=True))
    except ValueError as error:  # of which UnicodeEncodeError is one
        raise BadInput(f"'{option}' is not base64.", "Write the bytes with the filter b64encode.") from error


def read_file(path: str, option: str) -> Value:
    """The value that a file holds, byte by byte.

    Raises:
        BadInput: It cannot be read.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would be waited for, for ever
            raise BadInput(f"'{option}' {path!r} is not a file.", "Give a file.")
        with open(path, "rb") as file:
            return Value(file.read())
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise BadInput(
            f"'{option}' {path!r} cannot be read: {getattr(error, 'strerror', None) or error}.",
            "Give a file that is there, on the machine on which the module runs.",
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return (
        "it holds NaN or infinity" if "Out of range" in str(error) else "it holds something that JSON has no form for"
    )


def shown(value: bytes) -> dict[str, Any]:
    """A value as results hold it: `value` where it is text, else `value_base64`."""
    try:
        return {"value": value.decode()}
    except UnicodeDecodeError:
        return {"value": None, "value_base64": base64.b64encode(value).decode()}


def for_result(entry: Entry | None, key: str, *, values: bool = True) -> dict[str, Any]:
    """The form in which modules and lookups return an entry, everywhere the same.

    Args:
        entry: None where the key was never written.
        key: Its name.
        values: Whether the value is to be seen.
    """
    if entry is None:
        entry = Entry(key, b"", 0, operation="")
    return {
        "key": entry.key,
        **(shown(entry.value) if values and entry.live else {"value": None}),
        "size": entry.size,
        "revision": entry.revision or None,
        "operation": entry.operation or None,
        "marker": entry.marker or None,
        "ttl": entry.ttl,
        "created": entry.created or None,
    }
