# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a bucket that was read back is as it was made. Pure."""

from __future__ import annotations

from . import settings
from .store import Bucket


def problem(after: Bucket | None, name: str, present: bool | None, wanted: settings.Settings) -> str:
    """In words, what is not as it was written; empty where all is well.

    Args:
        after: What was read back from the stream's leader.
        name: The bucket's.
        present: Whether it is to be there; None where that does not matter.
        wanted: The settings that were given.
    """
    if present is False:
        return f"Bucket '{name}' was deleted and is there again." if after else ""
    if after is None:
        return f"Bucket '{name}' was written and is not there."
    if present and (wrong := settings.differing(after.settings, wanted)):
        names = ", ".join(
            f"'{setting.name}'" + (f" (needs nats-server {setting.since})" if setting.since else "")
            for setting in wrong
        )
        return f"Bucket '{name}' does not have the settings that it was given: {names}."
    return ""
