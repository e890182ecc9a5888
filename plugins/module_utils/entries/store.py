# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries as a server holds them. Reads go to the stream's leader: a direct read may come from a replica that lags."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from ..connection.jetstream import JetStream
from ..connection.server_errors import NO_MESSAGE
from ..errors import ServerRefused, TimedOut
from ..names import key_subject, stream_name
from .model import DELETE, PURGE, PUT, Entry

OPERATION = "KV-Operation"
MARKER = "Nats-Marker-Reason"


async def get(jetstream: JetStream, bucket: str, key: str) -> Entry | None:
    """The newest revision of a key, tombstones included, or None where there is none.

    Raises:
        ServerRefused, TimedOut: as JetStream.request().
    """
    try:
        answer = await jetstream.request(
            f"STREAM.MSG.GET.{stream_name(bucket)}",
            {"last_by_subj": key_subject(bucket, key)},
            doing=f"reading key '{key}' of bucket '{bucket}'",
        )
    except ServerRefused as error:
        if error.code == NO_MESSAGE:
            return None
        raise
    return _entry(key, answer["message"])


async def put(jetstream: JetStream, bucket: str, key: str, value: bytes) -> int:
    """Writes a value and waits until the server says that it has it.

    When the acknowledgement is lost, the key is read back before anything is written again: the value may be there.

    Returns:
        The revision.
    """
    return await _write(jetstream, bucket, key, value, {}, PUT)


async def delete(jetstream: JetStream, bucket: str, key: str) -> int:
    """Puts a tombstone on a key; its earlier revisions stay as far as the bucket's history goes.

    Returns:
        The tombstone's revision.
    """
    return await _write(jetstream, bucket, key, b"", {OPERATION: DELETE}, DELETE)


async def _write(
    jetstream: JetStream, bucket: str, key: str, value: bytes, headers: Mapping[str, str], operation: str
) -> int:
    doing = f"writing key '{key}' of bucket '{bucket}'"
    while True:
        try:
            answer = await jetstream.ask(key_subject(bucket, key), value, headers, doing=doing, repeat_unheard=False)
            return int(answer["seq"])
        except TimedOut as error:
            if jetstream.session.deadline.passed:
                raise TimedOut(
                    f"No acknowledgement came when {doing}: it is unknown whether it was written.",
                    "Run again: what is there is then read first.",
                ) from error
        entry = await get(jetstream, bucket, key)
        if entry and entry.operation == operation and entry.value == value:
            return entry.revision


def _entry(key: str, message: Mapping[str, Any]) -> Entry:
    headers = _headers(message.get("hdrs"))
    operation = headers.get(OPERATION, PUT)
    if MARKER in headers:
        operation = PURGE
    return Entry(
        key=key,
        value=base64.b64decode(message.get("data") or ""),
        revision=int(message["seq"]),
        operation=operation,
        created=str(message.get("time", "")),
    )


def _headers(encoded: str | None) -> dict[str, str]:
    """The headers of a stored message (NATS ADR-4: a version line, then `name: value` lines)."""
    lines = base64.b64decode(encoded or "").decode("utf-8", "replace").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip(): value.strip() for name, _unused, value in pairs}
