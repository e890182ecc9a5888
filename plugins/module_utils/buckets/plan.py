# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do so that a bucket is as wanted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ChangeRefused
from ..run import Diff, Plan
from . import origins, settings
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


def present(found: Bucket | None, wanted: WantedBucket, servers: int | None = None) -> Plan[BucketOperation]:
    """The operation that makes or changes the bucket, or the reasons why not.

    Args:
        found: The bucket as it is.
        wanted: The bucket as it is to be.
        servers: How many there are to hold it, at most; None where nobody can say.
    """
    header = f"bucket {wanted.name}"
    config = config_after(found, wanted)
    after = settings.shown(settings.read(config))
    replicas = int(wanted.settings.get("replicas", 1))
    if found is None:
        refusals = _single_server(wanted, replicas, servers) + _part_of_origin(wanted)
        diffs = (Diff(header, {}, after),)
        return Plan((CreateBucket(config),), refusals, diffs, _beyond_sight(replicas, servers))
    have = found.settings
    if not settings.differing(have, wanted.settings):
        return Plan()
    refusals = settings.refusals(
        wanted.name, have, wanted.settings, found.state, allow_data_loss=wanted.allow_data_loss
    )
    diffs = (Diff(header, settings.shown(have), after),)
    if replicas <= have["replicas"]:
        return Plan((UpdateBucket(config),), refusals, diffs)
    refusals += _single_server(wanted, replicas, servers)
    return Plan((UpdateBucket(config),), refusals, diffs, _beyond_sight(replicas, servers))


def _single_server(wanted: WantedBucket, replicas: int, servers: int | None) -> tuple[ChangeRefused, ...]:
    if replicas == 1 or servers != 1:
        return ()
    return (
        ChangeRefused(
            f"'replicas' {replicas} of bucket '{wanted.name}' needs a cluster, and this is a single server.",
            "Set 'replicas: 1', or deploy a cluster (config.cluster.enabled in the chart's values).",
        ),
    )


def _beyond_sight(replicas: int, servers: int | None) -> tuple[str, ...]:
    if servers is None or servers == 1 or replicas <= servers:
        return ()
    return (f"'replicas' is {replicas}, and the server names only {servers} addresses of servers in its cluster.",)


def _part_of_origin(wanted: WantedBucket) -> tuple[ChangeRefused, ...]:
    """A server lets the mirrors of an account answer direct reads of their origin, whether asked to or not, and a
    mirror that holds but a part of it then says of half of the reads that there is no such key."""
    mirror = wanted.settings.get("mirror")
    if not mirror or mirror["api_prefix"]:
        return ()
    part = next((name for name, whole in origins.WHOLE.items() if mirror[name] != whole), None)
    if part is None:
        return ()
    return (
        ChangeRefused(
            f"'mirror.{part}' of bucket '{wanted.name}' is given, and its origin '{mirror['bucket']}' is in the same "
            "domain: the mirror would answer some of the reads of its origin, and know only a part of the keys.",
            f"Leave 'mirror.{part}' out, or copy that part by 'sources' in the place of 'mirror'.",
        ),
    )


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
