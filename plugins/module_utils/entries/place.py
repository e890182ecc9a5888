# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a bucket's entries are read and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..buckets.store import Bucket
from ..buckets.subjects import Subjects, of
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


def place_of(jetstream: JetStream, bucket: Bucket) -> Place:
    """Where the entries of a bucket are that is there."""
    return place_by_config(jetstream, bucket.name, bucket.config)


def place_by_config(jetstream: JetStream, name: str, config: Mapping[str, Any]) -> Place:
    """Where the entries of a bucket are, or will be, whose stream has this configuration."""
    own = of(name, config, jetstream.write_prefix)
    return Place(jetstream, name, own, mirror=bool(config.get("mirror")))
