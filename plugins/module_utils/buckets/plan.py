# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do so that a bucket is as wanted. Pure."""

from __future__ import annotations

import operator
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


def present(
    found: Bucket | None, wanted: WantedBucket, servers: int | None = None, origin: Bucket | None = None
) -> Plan[BucketOperation]:
    """The operation that makes or changes the bucket, or the reasons why not.

    Args:
        found: The bucket as it is.
        wanted: The bucket as it is to be.
        servers: How many there are to hold it, at most; None where nobody can say.
        origin: What a new mirror mirrors, where that is there and in the same domain.
    """
    header = f"bucket {wanted.name}"
    config = config_after(found, wanted)
    after = settings.shown(settings.read(config))
    replicas = int(wanted.settings.get("replicas", 1))
    if found is None:
        refusals = _single_server(wanted, replicas, servers) + _other_than_origin(wanted, origin)
        warnings = _beyond_sight(replicas, servers) + _origin_missing(wanted, origin)
        return Plan((CreateBucket(config),), refusals, (Diff(header, {}, after),), warnings)
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


def origin_beside(wanted: WantedBucket) -> str | None:
    """The bucket of the same domain that a mirror mirrors."""
    mirror = wanted.settings.get("mirror")
    return mirror["bucket"] if mirror and not mirror["api_prefix"] else None


def as_origin(origin: Bucket | None) -> settings.Settings:
    """What a new mirror takes over from its origin where nothing else is given, since each drops entries by itself."""
    if origin is None:
        return {}
    have = origin.settings
    history = {"history": have["history"]} if have["history"] in range(1, settings.MAX_HISTORY + 1) else {}
    return {"ttl": have["ttl"]} | history | ({"allow_msg_ttl": True} if have["allow_msg_ttl"] else {})


def _other_than_origin(wanted: WantedBucket, origin: Bucket | None) -> tuple[ChangeRefused, ...]:
    """A server lets a mirror answer direct reads of an origin in the same domain, whether asked to or not. One that
    does not hold the same then says of some of the reads that there is no such key, or gives what has long expired."""
    beside = origin_beside(wanted)
    if beside is None or (origin and not origin.settings["allow_direct"]):
        return ()
    mirror = wanted.settings["mirror"]
    answers = f"The mirror would answer reads of its origin '{beside}', which is in the same domain"
    found = [
        ChangeRefused(
            f"'mirror.{part}' of bucket '{wanted.name}' is given. {answers}, and know only a part of the keys.",
            f"Leave 'mirror.{part}' out, or copy that part by 'sources' in the place of 'mirror'.",
        )
        for part, whole in origins.WHOLE.items()
        if mirror[part] != whole
    ]
    have = origin.settings if origin else wanted.settings
    for name, wrong in (("ttl", operator.ne), ("history", operator.lt)):
        if name in wanted.settings and wrong(wanted.settings[name], have[name]):
            given, other = settings.shown(wanted.settings)[name], settings.shown(have)[name]
            found.append(
                ChangeRefused(
                    f"'{name}' of bucket '{wanted.name}' is {given!r}, and its origin's is {other!r}. {answers}, "
                    "and hold other entries.",
                    f"Leave '{name}' out: it is then the origin's.",
                )
            )
    return tuple(found)


def _origin_missing(wanted: WantedBucket, origin: Bucket | None) -> tuple[str, ...]:
    name = origin_beside(wanted)
    if name is None or origin:
        return ()
    return (f"Bucket '{wanted.name}' is to mirror the bucket '{name}', which is not there.",)


def absent(found: Bucket | None, *, allow_data_loss: bool) -> Plan[BucketOperation]:
    """The operation that deletes the bucket, if it is there. One that holds something is only deleted on the user's
    word: `entries` that are empty by mistake look like a bucket that is to go."""
    if found is None:
        return Plan()
    stored = int(found.state.get("messages", 0))
    refusals: tuple[ChangeRefused, ...] = ()
    if stored and not allow_data_loss:
        refusals = (
            ChangeRefused(
                f"Bucket '{found.name}' holds {stored} values, and would be deleted with all of them, since neither "
                "'key' nor 'entries' nor 'src' is given.",
                "Set 'allow_data_loss: true' for this run, or name the keys that are meant.",
            ),
        )
    diffs = (Diff(f"bucket {found.name}", settings.shown(found.settings) | {"values": stored}, {}),)
    return Plan((DeleteBucket(),), refusals, diffs)


def config_after(found: Bucket | None, wanted: WantedBucket) -> Mapping[str, Any]:
    """The stream's configuration as it will be."""
    if found is None:
        return settings.creation(wanted.name, wanted.settings)
    return settings.written(found.config, wanted.settings)
