# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a bucket's entries are read and written."""

from __future__ import annotations

from dataclasses import dataclass

from ..buckets.subjects import Subjects
from ..connection.jetstream import JetStream
from ..names import stream_name


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket on a server.

    Attributes:
        jetstream: Whom to ask.
        bucket: Its name.
        subjects: Of its keys: a mirror's are those of its origin.
        mirror: Whether it gets its entries from another bucket, and later than that one.
    """

    jetstream: JetStream
    bucket: str
    subjects: Subjects
    mirror: bool = False

    @property
    def stream(self) -> str:
        """The stream behind it."""
        return stream_name(self.bucket)
