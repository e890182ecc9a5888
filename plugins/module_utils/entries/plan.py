# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do so that a bucket and a key are as wanted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..buckets import plan as bucket_plan
from ..buckets import settings
from ..buckets.store import Bucket
from ..errors import ChangeRefused
from ..run import Diff, Plan
from .model import Entry, Value, shown


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked for.

    Attributes:
        bucket: Its name.
        settings: The bucket's settings that were given, canonical.
        key: The key, or None where only the bucket is meant.
        value: What the key is to hold; None where it is to be absent.
        present: Whether the key (or the bucket, without a key) is to be there.
        allow_data_loss: The user's word, for this run.
    """

    bucket: str
    settings: settings.Settings
    key: str | None
    value: Value | None
    present: bool
    allow_data_loss: bool

    @property
    def wanted_bucket(self) -> bucket_plan.WantedBucket:
        """The part that is about the bucket."""
        return bucket_plan.WantedBucket(self.bucket, self.settings, self.allow_data_loss)


@dataclass(frozen=True, slots=True)
class Found:
    """What was there."""

    bucket: Bucket | None
    entry: Entry | None
    max_payload: int


class EntryOperation:
    """One step of a plan: one of the following."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class PutEntry(EntryOperation):
    """Write this value to the key."""

    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class DeleteEntry(EntryOperation):
    """Put a tombstone on the key."""

    key: str


def plan(found: Found, wanted: Wanted) -> Plan[Any]:
    """The operations that turn what was found into what is wanted, in order, or the reasons why not."""
    if wanted.key is None:
        return (
            bucket_plan.present(found.bucket, wanted.wanted_bucket)
            if wanted.present
            else bucket_plan.absent(found.bucket)
        )
    if wanted.value is None:
        return _entry_absent(found.entry, wanted, wanted.key)
    return _joined(
        bucket_plan.present(found.bucket, wanted.wanted_bucket), _entry_present(found, wanted, wanted.key, wanted.value)
    )


def settings_after(found: Bucket | None, wanted: Wanted) -> settings.Settings:
    """All canonical settings of the bucket as they will be."""
    return settings.read(bucket_plan.config_after(found, wanted.wanted_bucket))


def _entry_present(found: Found, wanted: Wanted, key: str, value: Value) -> Plan[Any]:
    entry = found.entry
    if entry and entry.live and value.same_as(entry.value):
        return Plan()
    return Plan(
        (PutEntry(key, value.data),),
        _too_large(found, wanted, len(value.data)),
        diffs=(Diff(_entry_header(wanted), _entry_shown(entry), shown(value.data)),),
    )


def _entry_absent(entry: Entry | None, wanted: Wanted, key: str) -> Plan[Any]:
    # Deleting a key that is not there would still write a tombstone.
    if entry is None or not entry.live:
        return Plan()
    return Plan((DeleteEntry(key),), diffs=(Diff(_entry_header(wanted), _entry_shown(entry), {}),))


def _too_large(found: Found, wanted: Wanted, size: int) -> tuple[ChangeRefused, ...]:
    """Found out before anything is changed, since the bucket would be made first."""
    most = settings_after(found.bucket, wanted)["max_value_size"]
    value = f"'value' of key '{wanted.key}' has {size} bytes, more than"
    if size > found.max_payload:
        mend = "Raise max_payload (config.merge.max_payload in the chart's values), or store less."
        return (ChangeRefused(f"{value} the {found.max_payload} that the server takes in one message.", mend),)
    if 0 <= most < size:
        mend = "Raise 'max_value_size', or store less."
        return (ChangeRefused(f"{value} the 'max_value_size' {most} of bucket '{wanted.bucket}'.", mend),)
    return ()


def _entry_shown(entry: Entry | None) -> Mapping[str, Any]:
    return shown(entry.value) if entry and entry.live else {}


def _entry_header(wanted: Wanted) -> str:
    return f"bucket {wanted.bucket}, key {wanted.key}"


def _joined(*plans: Plan[Any]) -> Plan[Any]:
    return Plan(
        operations=tuple(o for plan in plans for o in plan.operations),
        refusals=tuple(r for plan in plans for r in plan.refusals),
        diffs=tuple(d for plan in plans for d in plan.diffs),
    )
