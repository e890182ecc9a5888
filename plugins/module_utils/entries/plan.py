# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do so that a bucket and a key are as wanted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Found:
    """What was there."""

    bucket: Bucket | None
    entry: Entry | None
    max_payload: int


class Operation:
    """One step of a plan: one of the following."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class CreateBucket(Operation):
    """Make the bucket with this configuration."""

    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UpdateBucket(Operation):
    """Give the bucket this whole configuration."""

    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeleteBucket(Operation):
    """Delete the bucket with all that is in it."""


@dataclass(frozen=True, slots=True)
class PutEntry(Operation):
    """Write this value to the key."""

    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class DeleteEntry(Operation):
    """Put a tombstone on the key."""

    key: str


def plan(found: Found, wanted: Wanted) -> Plan[Operation]:
    """The operations that turn what was found into what is wanted, in order, or the reasons why not."""
    if wanted.key is None:
        return _bucket_present(found.bucket, wanted) if wanted.present else _bucket_absent(found.bucket, wanted)
    if wanted.value is None:
        return _entry_absent(found.entry, wanted, wanted.key)
    return _joined(_bucket_present(found.bucket, wanted), _entry_present(found, wanted, wanted.key, wanted.value))


def settings_after(found: Bucket | None, wanted: Wanted) -> settings.Settings:
    """All canonical settings of the bucket as they will be."""
    config = (
        settings.written(found.config, wanted.settings) if found else settings.creation(wanted.bucket, wanted.settings)
    )
    return settings.read(config)


def _bucket_present(found: Bucket | None, wanted: Wanted) -> Plan[Operation]:
    after = settings.shown(settings_after(found, wanted))
    if found is None:
        config = settings.creation(wanted.bucket, wanted.settings)
        return Plan((CreateBucket(config),), diffs=(Diff(_bucket_header(wanted), {}, after),))
    have = found.settings
    refusals = settings.refusals(wanted.bucket, have, wanted.settings, allow_data_loss=wanted.allow_data_loss)
    if not settings.differing(have, wanted.settings):
        return Plan()
    config = settings.written(found.config, wanted.settings)
    return Plan((UpdateBucket(config),), refusals, diffs=(Diff(_bucket_header(wanted), settings.shown(have), after),))


def _bucket_absent(found: Bucket | None, wanted: Wanted) -> Plan[Operation]:
    if found is None:
        return Plan()
    before = settings.shown(found.settings) | {"values": found.state.get("messages", 0)}
    return Plan((DeleteBucket(),), diffs=(Diff(_bucket_header(wanted), before, {}),))


def _entry_present(found: Found, wanted: Wanted, key: str, value: Value) -> Plan[Operation]:
    entry = found.entry
    if entry and entry.live and value.same_as(entry.value):
        return Plan()
    return Plan(
        (PutEntry(key, value.data),),
        _too_large(found, wanted, len(value.data)),
        diffs=(Diff(_entry_header(wanted), _entry_shown(entry), shown(value.data)),),
    )


def _entry_absent(entry: Entry | None, wanted: Wanted, key: str) -> Plan[Operation]:
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


def _bucket_header(wanted: Wanted) -> str:
    return f"bucket {wanted.bucket}"


def _entry_header(wanted: Wanted) -> str:
    return f"bucket {wanted.bucket}, key {wanted.key}"


def _joined(*plans: Plan[Operation]) -> Plan[Operation]:
    return Plan(
        operations=tuple(o for plan in plans for o in plan.operations),
        refusals=tuple(r for plan in plans for r in plan.refusals),
        diffs=tuple(d for plan in plans for d in plan.diffs),
    )
