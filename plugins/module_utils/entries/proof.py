# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether what was read back is what was written. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .model import PUT, Entry
from .plan import Write

SHOWN = 5


def problems(
    bucket: str, written: Iterable[tuple[Write, int]], read: Mapping[str, Entry], seconds: float, bucket_ttl: float = 0
) -> list[str]:
    """In words, what was read back and is not as it was written; empty where all is well.

    Args:
        bucket: The bucket's name.
        written: The writes, with the revisions that the server gave them.
        read: What was read back from the stream's leader.
        seconds: How long ago the first write was, at most: what lives shorter may be gone.
        bucket_ttl: Seconds that everything in the bucket lives, 0 for ever.
    """
    found: list[str] = []
    more = 0
    for write, revision in written:
        entry = read.get(write.key)
        lives = min((ttl for ttl in (write.ttl, bucket_ttl) if ttl), default=0)
        # What has expired is gone, or a marker, or an earlier revision has come to light.
        if lives and lives <= seconds and (entry is None or entry.marker or entry.revision < revision):
            continue
        problem = _problem(bucket, write, revision, entry)
        if problem and len(found) < SHOWN:
            found.append(problem)
        elif problem:
            more += 1
    return [*found, f"And {more} more keys."] if more else found


def _problem(bucket: str, write: Write, revision: int, entry: Entry | None) -> str:
    where = f"Key '{write.key}' of bucket '{bucket}' was written at revision {revision}"
    if entry is None:
        return f"{where} and is not there."
    if entry.revision != revision:
        return f"{where}, and reads back at revision {entry.revision} ({entry.operation})."
    if write.made(entry):
        return ""
    if write.operation == PUT:
        return f"{where}, and reads back with another value ({len(entry.value)} bytes, {entry.operation})."
    return f"{where} as deleted, and reads back with a value."
