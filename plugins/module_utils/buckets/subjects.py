# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The subjects on which a bucket's keys are read and written (NATS ADR-8; as nats.go binds them). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..names import bucket_name, key_subject


@dataclass(frozen=True, slots=True)
class Subjects:
    """Keys and subjects of a bucket.

    Attributes:
        read_prefix: Of the messages in the bucket's stream.
        write_prefix: Where to publish, so that they get there.
    """

    read_prefix: str
    write_prefix: str

    def read(self, key: str) -> str:
        """The subject under which a key, or what a filter takes in, is stored."""
        return self.read_prefix + key

    def write(self, key: str) -> str:
        """The subject to publish a key's entries to."""
        return self.write_prefix + key

    def key(self, subject: str) -> str | None:
        """The key of a stored message, None where it is no entry of the bucket."""
        return subject.removeprefix(self.read_prefix) if subject.startswith(self.read_prefix) else None


def of(bucket: str, config: Mapping[str, Any], js_write_prefix: str = "") -> Subjects:
    """The subjects of a bucket.

    Args:
        bucket: Its name.
        config: Its stream's configuration.
        js_write_prefix: What a JetStream domain puts before the subjects of writes.
    """
    mirror = config.get("mirror")
    if not mirror:
        own = key_subject(bucket, "")
        return Subjects(own, js_write_prefix + own)
    origin = key_subject(bucket_name(mirror["name"]), "")
    api = (mirror.get("external") or {}).get("api")
    return Subjects(_stored_under(mirror) or origin, (f"{api}." if api else js_write_prefix) + origin)


def _stored_under(mirror: Mapping[str, Any]) -> str:
    """The prefix that a mirror gives its keys, where it was made with a transform of subjects (we make none)."""
    for transform in mirror.get("subject_transforms") or []:
        tokens = transform.get("dest", "").split(".")
        if tokens[0] == "$KV" and len(tokens) > 2:
            return key_subject(tokens[1], "")
    return ""
