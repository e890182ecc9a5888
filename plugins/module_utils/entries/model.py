# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries and values: what a key holds, and what a user wants it to hold."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from ..errors import BadInput

PUT, DELETE, PURGE = "PUT", "DEL", "PURGE"


@dataclass(frozen=True, slots=True)
class Entry:
    """The newest revision of a key, as the stream's leader holds it.

    Attributes:
        key: Its name.
        value: The bytes; empty for a tombstone.
        revision: The stream's sequence.
        operation: PUT, DEL or PURGE (an expired key shows as PURGE).
        created: When, as the server writes it (RFC 3339).
    """

    key: str
    value: bytes
    revision: int
    operation: str = PUT
    created: str = ""

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
        BadInput: It cannot be written as JSON or as UTF-8.
    """
    try:
        if isinstance(value, str):
            return Value(value.encode())
        if isinstance(value, bytes):
            return Value(value)
        return Value(canonical_json(value), structured=True)
    except UnicodeEncodeError as error:
        raise BadInput(
            f"'{option}' holds text that is not Unicode (a lone surrogate).", "Give text that can be written as UTF-8."
        ) from error
    except (TypeError, ValueError, RecursionError) as error:
        raise BadInput(
            f"'{option}' of type {type(value).__name__} cannot be written as JSON: {error}.",
            "Give text, a number, a boolean, a list or a mapping.",
        ) from error


def shown(value: bytes) -> dict[str, Any]:
    """A value as results hold it: `value` where it is text, else `value_base64`."""
    try:
        return {"value": value.decode()}
    except UnicodeDecodeError:
        return {"value": None, "value_base64": base64.b64encode(value).decode()}


def for_result(entry: Entry | None, key: str) -> dict[str, Any]:
    """The form in which modules and lookups return an entry, everywhere the same."""
    if entry is None:
        return {"key": key, "value": None, "revision": None, "operation": None, "created": None}
    return {
        "key": entry.key,
        **(shown(entry.value) if entry.live else {"value": None}),
        "revision": entry.revision,
        "operation": entry.operation,
        "created": entry.created or None,
    }
