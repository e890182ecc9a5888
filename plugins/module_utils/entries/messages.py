# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an entry travels: the headers that say what it is (NATS ADR-8, ADR-43), in both directions. Pure."""

from __future__ import annotations

import base64
import datetime
import re
from collections.abc import Mapping
from typing import Any

from .model import DELETE, PURGE, PUT, Entry

OPERATION = "KV-Operation"
MARKER = "Nats-Marker-Reason"
TTL = "Nats-TTL"
ROLLUP = "Nats-Rollup"
SIZE = "Nats-Msg-Size"  # in the place of a value that was not asked for
EXPECTED = "Nats-Expected-Last-Subject-Sequence"
REVERTED = "Natsops-Reverted-To"  # our own

# ADR-43: a marker that the server writes counts as the operation that it stands for.
_MARKERS = {"MaxAge": PURGE, "Purge": PURGE, "Remove": DELETE}
_SECONDS = {"h": 3600, "m": 60, "s": 1}


def write_headers(operation: str, *, ttl: int = 0, expected: int | None = None, revert: int = 0) -> dict[str, str]:
    """The headers of a write.

    Args:
        operation: PUT, DEL or PURGE.
        ttl: Whole seconds that the entry is to live, 0 for no limit of its own.
        expected: The key's newest revision if the write is to happen, 0 for none; None where it does not matter.
        revert: The revision whose value this is again. It may be gone by the next run, which then finds it here.
    """
    headers = {} if operation == PUT else {OPERATION: operation}
    if operation == PURGE:
        headers[ROLLUP] = "sub"
    if ttl:
        headers[TTL] = f"{ttl}s"
    if expected is not None:
        headers[EXPECTED] = str(expected)
    if revert:
        headers[REVERTED] = str(revert)
    return headers


def batch_headers(batch: str, number: int, last: bool) -> dict[str, str]:
    """What a message of an atomic batch has besides (ADR-50)."""
    headers = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
    return headers | {"Nats-Batch-Commit": "1"} if last else headers


def headers_size(headers: Mapping[str, str]) -> int:
    """Bytes that headers take on the wire (NATS ADR-4); servers count them into a message's size."""
    if not headers:
        return 0
    return len("NATS/1.0\r\n\r\n") + sum(len(f"{name}: {value}\r\n".encode()) for name, value in headers.items())


def delivered(key: str, data: bytes, headers: Mapping[str, str], revision: int, nanoseconds: int) -> Entry:
    """The entry in a message that a consumer delivered, at a time in nanoseconds since 1970."""
    whole, rest = divmod(nanoseconds, 1_000_000_000)
    moment = datetime.datetime.fromtimestamp(whole, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{rest:09}".rstrip("0") if rest else ""
    return _entry(key, data, headers, revision, f"{moment}{fraction}Z")


def stored(key: str, message: Mapping[str, Any]) -> Entry:
    """The entry in the answer to STREAM.MSG.GET."""
    data = base64.b64decode(message.get("data") or "")
    return _entry(key, data, _decoded(message.get("hdrs")), int(message["seq"]), str(message.get("time", "")))


def _entry(key: str, data: bytes, headers: Mapping[str, str], revision: int, created: str) -> Entry:
    marker = headers.get(MARKER, "")
    operation = _MARKERS.get(marker, PURGE) if marker else headers.get(OPERATION, PUT)
    size = int(headers[SIZE]) if SIZE in headers else len(data)
    reverted = headers.get(REVERTED, "")
    to = int(reverted) if reverted.isdecimal() else 0
    return Entry(key, data, revision, operation, created, _ttl(headers.get(TTL, "")), marker, size, to)


def _ttl(text: str) -> int:
    """Whole seconds, as servers count; 0 for `never`, for none, and for what is written in no known way."""
    if text.isdecimal():
        return int(text)
    parts = re.findall(r"(\d+(?:\.\d+)?)(h|m|s)", text)
    return int(sum(float(number) * _SECONDS[unit] for number, unit in parts))


def _decoded(encoded: str | None) -> dict[str, str]:
    """The headers of a stored message (NATS ADR-4: a version line, then `name: value` lines)."""
    lines = base64.b64decode(encoded or "").decode("utf-8", "replace").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip(): value.strip() for name, _unused, value in pairs}
