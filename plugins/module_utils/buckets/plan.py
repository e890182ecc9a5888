# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do so that a bucket is as wanted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..run import Diff, Plan
from . import settings
from .store import Bucket


@dataclass(frozen=True, slots=True)
class WantedBucket:
    """What the user asked for.

    Attributes:
        name: The bucket's.
        settings: The settings that were given, canonical.
        allow_data_loss: The user's word, for this run.
    """

    name: str
    settings: settings.Settings
    allow_data_loss: bool


class BucketOperation:
    """One step of a plan: one of the following."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class CreateBucket(BucketOperation):
    """Make the bucket with this configuration."""

    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UpdateBucket(BucketOperation):
    """Give the bucket this whole configuration."""

    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeleteBucket(BucketOperation):
    """Delete the bucket with all that is in it."""


def present(found: Bucket | None, wanted: WantedBucket) -> Plan[BucketOperation]:
    """The operation that makes or changes the bucket, or the reasons why not."""
    header = f"bucket {wanted.name}"
    config = config_after(found, wanted)
    after = settings.shown(settings.read(config))
    if found is None:
        return Plan((CreateBucket(config),), diffs=(Diff(header, {}, after),))
    have = found.settings
    if not settings.differing(have, wanted.settings):
        return Plan()
    refusals = settings.refusals(
        wanted.name, have, wanted.settings, found.state, allow_data_loss=wanted.allow_data_loss
    )
    return Plan((UpdateBucket(config),), refusals, diffs=(Diff(header, settings.shown(have), after),))


def absent(found: Bucket | None) -> Plan[BucketOperation]:
    """The operation that deletes the bucket, if it is there."""
    if found is None:
        return Plan()
    before = settings.shown(found.settings) | {"values": found.state.get("messages", 0)}
    return Plan((DeleteBucket(),), diffs=(Diff(f"bucket {found.name}", before, {}),))


def config_after(found: Bucket | None, wanted: WantedBucket) -> Mapping[str, Any]:
    """The stream's configuration as it will be."""
    if found is None:
        return settings.creation(wanted.name, wanted.settings)
    return settings.written(found.config, wanted.settings)
