# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Buckets as a server holds them: read, made, changed, deleted, listed. Every answer is the stream's leader's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..connection.jetstream import JetStream
from ..connection.server_errors import NOT_FOUND
from ..errors import ChangeRefused, ServerRefused
from ..names import bucket_name, key_subject, stream_name
from ..units import seconds
from . import settings
from .sight import servers_in_sight

PREFIX = stream_name("")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket as it was at one moment.

    Attributes:
        name: Without the stream's prefix.
        config: The stream's whole configuration, as the server gave it.
        state: The stream's state.
        cluster: Leader and replicas; empty on a single server of older versions.
        created: When, as the server writes it (RFC 3339).
        origins: The state of its mirror or its sources.
    """

    name: str
    config: Mapping[str, Any]
    state: Mapping[str, Any]
    cluster: Mapping[str, Any]
    created: str
    origins: Sequence[Mapping[str, Any]] = ()

    @property
    def settings(self) -> dict[str, Any]:
        """The canonical settings."""
        return settings.read(self.config)

    def for_result(self) -> dict[str, Any]:
        """The form in which modules and lookups return a bucket, everywhere the same."""
        return described(self.name, self.settings) | {
            "created": self.created,
            "state": {
                "values": self.state.get("messages", 0),
                "bytes": self.state.get("bytes", 0),
                "first_revision": self.state.get("first_seq", 0),
                "last_revision": self.state.get("last_seq", 0),
                "keys": self.state.get("num_subjects", 0),
            },
            "cluster": {
                "name": self.cluster.get("name"),
                "leader": self.cluster.get("leader"),
                "replicas": [
                    {
                        "name": replica.get("name"),
                        "current": replica.get("current", False),
                        "offline": replica.get("offline", False),
                        "lag": replica.get("lag", 0),
                        "active": seconds(replica.get("active", 0)),
                    }
                    for replica in self.cluster.get("replicas") or []
                ],
            },
            "origins": [
                {
                    "name": bucket_name(origin.get("name", "")),
                    "lag": origin.get("lag", 0),
                    # A server writes -1 nanoseconds for never.
                    "active": -1 if origin.get("active", -1) < 0 else seconds(origin["active"]),
                    "error": (origin.get("error") or {}).get("description"),
                }
                for origin in self.origins
            ],
        }


def described(name: str, canonical: settings.Settings) -> dict[str, Any]:
    """Name and settings as results hold them, of a bucket that is there or would be."""
    return {"name": name, "stream": stream_name(name), **settings.given_back(canonical)}


async def find(jetstream: JetStream, name: str) -> Bucket | None:
    """The bucket of that name, or None.

    Raises:
        ChangeRefused: There is a stream of the bucket's name that is no bucket.
        ServerRefused, TimedOut: as JetStream.request().
    """
    try:
        answer = await jetstream.request(f"STREAM.INFO.{stream_name(name)}", doing=f"looking at bucket '{name}'")
    except ServerRefused as error:
        if error.code == NOT_FOUND:
            return None
        raise
    bucket = _bucket(name, answer)
    if not _is_bucket(bucket):
        raise ChangeRefused(
            f"The stream '{stream_name(name)}' exists and is no key/value bucket: its subjects are "
            f"{bucket.config.get('subjects')}.",
            "Use another bucket name.",
        )
    return bucket


async def listed(jetstream: JetStream) -> list[Bucket]:
    """All buckets of the account, by name. Asks page by page, as many as the server says there are."""
    found: list[Bucket] = []
    offset = 0
    while True:
        # Not by subject: a mirror has none of its own.
        answer = await jetstream.request("STREAM.LIST", {"offset": offset}, doing="listing the buckets")
        streams = answer.get("streams") or []
        found += [_bucket(bucket_name(name), s) for s in streams if (name := s["config"]["name"]).startswith(PREFIX)]
        offset += len(streams)
        if not streams or offset >= answer.get("total", 0):
            return sorted((bucket for bucket in found if _is_bucket(bucket)), key=lambda bucket: bucket.name)


async def create(jetstream: JetStream, name: str, config: Mapping[str, Any]) -> None:
    """Makes a bucket. The same request again is answered in the same way."""
    with _told_better(jetstream):
        await jetstream.request(f"STREAM.CREATE.{stream_name(name)}", config, doing=f"creating bucket '{name}'")


async def update(jetstream: JetStream, name: str, config: Mapping[str, Any]) -> None:
    """Gives a bucket a whole new configuration."""
    with _told_better(jetstream):
        await jetstream.request(f"STREAM.UPDATE.{stream_name(name)}", config, doing=f"changing bucket '{name}'")


@contextlib.contextmanager
def _told_better(jetstream: JetStream) -> Iterator[None]:
    """Adds to a server's refusal of settings what we know of that server."""
    try:
        yield
    except ServerRefused as error:
        version = jetstream.session.server_info.get("version", "")
        if more := settings.refused_words(error, version, servers(jetstream)):
            raise ServerRefused(f"{error.message} {more}", error.mend, error.code) from error
        raise


async def delete(jetstream: JetStream, name: str) -> None:
    """Deletes a bucket with all that is in it. One that is gone already is as good."""
    try:
        await jetstream.request(f"STREAM.DELETE.{stream_name(name)}", doing=f"deleting bucket '{name}'")
    except ServerRefused as error:
        if error.code != NOT_FOUND:
            raise


def servers(jetstream: JetStream) -> int | None:
    """How many servers there are to hold a bucket, at most; None where nobody can say."""
    # Behind a prefix other servers hold the buckets than those we are connected to.
    return None if jetstream.write_prefix else servers_in_sight(jetstream.session.server_info)


def _bucket(name: str, answer: Mapping[str, Any]) -> Bucket:
    return Bucket(
        name=name,
        config=answer["config"],
        state=answer.get("state") or {},
        cluster=answer.get("cluster") or {},
        created=str(answer.get("created", "")),
        origins=[answer["mirror"]] if answer.get("mirror") else answer.get("sources") or [],
    )


def _is_bucket(bucket: Bucket) -> bool:
    mirror = bucket.config.get("mirror") or {}
    return key_subject(bucket.name, ">") in (bucket.config.get("subjects") or []) or mirror.get("name", "").startswith(
        PREFIX
    )
