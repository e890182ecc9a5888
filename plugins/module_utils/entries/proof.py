# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether what was read back is what was written. Pure."""

from __future__ import annotations

from ..buckets import settings
from .plan import Found, Wanted


def problem(after: Found, wanted: Wanted, revision: int | None) -> str:
    """In words, what was read back and is not as it was written; empty where all is well.

    Args:
        after: What was read back from the stream's leader.
        wanted: What was asked for.
        revision: That of the write to the key, None where the key was not written.
    """
    name, key, entry = wanted.bucket, wanted.key, after.entry
    if key is None and not wanted.present:
        return f"Bucket '{name}' was deleted and is there again." if after.bucket else ""
    if after.bucket is None:
        return f"Bucket '{name}' was written and is not there."
    if wanted.present and (wrong := settings.differing(after.bucket.settings, wanted.settings)):
        names = ", ".join(f"'{setting.name}'" for setting in wrong)
        return f"Bucket '{name}' does not have the settings that it was given: {names}."
    if key is None or revision is None:
        return ""
    where = f"Key '{key}' of bucket '{name}' was written at revision {revision}"
    if entry is None:
        return f"{where} and is not there."
    if entry.revision != revision:
        return f"{where}, and reads back at revision {entry.revision} ({entry.operation})."
    if wanted.present and (not entry.live or wanted.value is None or entry.value != wanted.value.data):
        return f"{where}, and reads back with another value ({len(entry.value)} bytes, {entry.operation})."
    if not wanted.present and entry.live:
        return f"{where} as deleted, and reads back with a value."
    return ""
