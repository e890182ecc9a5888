# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is of the wanted entries, gathered in one reading and with no more of it kept than the plan needs."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..connection.jetstream import JetStream
from ..errors import TimedOut
from ..names import is_key
from . import reading
from .model import Entry, Value
from .place import Place
from .plan import FoundEntries, WantedEntries, Write
from .wanted import WantedEntry

_CAUGHT_UP_SECONDS = 0.05


async def found(place: Place, wanted: WantedEntries, *, stored: int, keep_values: bool) -> FoundEntries:
    """Reads what the plan needs to know.

    Args:
        place: The bucket.
        wanted: What is asked for.
        stored: How many keys the bucket holds.
        keep_values: Whether values that differ are needed as well, for a diff or a result.

    Raises:
        ServerRefused, TimedOut: as JetStream.request().
    """
    reverted = {
        revision: await reading.at_revision(place, revision)
        for revision in {entry.revert for entry in wanted.entries if entry.revert is not None}
    }
    sight = _Sight(wanted, reverted, keep_values)
    if wanted.exclusive or wanted.compact is not None:
        if wanted.compact is not None:
            sight.old = await _server_time(place) - datetime.timedelta(microseconds=wanted.compact // 1000)
        async for entry in reading.watch(place, wanted.pattern, values=wanted.exclusive):
            sight.scan(entry)
    if sight.values and not wanted.exclusive:
        await reading.latest(place, sight.values, sight.take, stored)
    kept: dict[str, int] = {}
    dead = [e.key for e in wanted.entries if e.purge and e.key in sight.known and not sight.known[e.key].live]
    if dead:
        counts = await reading.counted(place, dead[0] if len(dead) == 1 else ">")
        kept = {key: counts.get(key, 0) for key in dead}
    return FoundEntries(
        known=sight.known,
        same=sight.same,
        others=sight.others,
        markers=sight.markers,
        odd=sight.odd,
        reverted=reverted,
        kept=kept,
        max_payload=place.jetstream.session.max_payload,
        api_level=await api_level(place.jetstream) if wanted.atomic else 0,
    )


async def read_back(place: Place, written: Mapping[str, tuple[Write, int]], *, stored: int) -> dict[str, Entry]:
    """The newest revisions of the keys that were written.

    Args:
        place: The bucket.
        written: The writes by key, with their revisions.
        stored: How many keys the bucket holds.
    """
    await _caught_up(place, max(revision for _unused, revision in written.values()))
    read: dict[str, Entry] = {}

    def visit(entry: Entry) -> None:
        have = read.get(entry.key)
        if have is None or have.revision <= entry.revision:
            read[entry.key] = entry

    await reading.latest(place, written.keys(), visit, stored)
    return read


async def api_level(jetstream: JetStream) -> int:
    """What the server's JetStream can do (ADR-44); 0 for servers that do not say."""
    answer = await jetstream.request("INFO", doing="asking what the server can do")
    return int((answer.get("api") or {}).get("level", 0))


class _Sight:
    """What is seen of a bucket while it is read."""

    def __init__(self, wanted: WantedEntries, reverted: Mapping[int, Entry | None], keep_values: bool) -> None:
        # Where a key goes back to a revision that cannot be used, the plan says so.
        self.values: dict[str, Value | None] = {
            entry.key: _again(entry, reverted[entry.revert]) if entry.revert else entry.value
            for entry in wanted.entries
        }
        self.known: dict[str, Entry] = {}
        self.same: set[str] = set()
        self.others: dict[str, Entry] = {}
        self.markers: dict[str, int] = {}
        self.odd: set[str] = set()
        self.old: datetime.datetime | None = None
        self._exclusive = wanted.exclusive
        self._keep_values = keep_values

    def take(self, entry: Entry) -> None:
        """Sees a wanted key."""
        have = self.known.get(entry.key)
        if have and have.revision > entry.revision:
            return
        value = self.values[entry.key]
        if entry.live and value is not None and value.same_as(entry.value):
            self.same.add(entry.key)
        else:
            self.same.discard(entry.key)
        self.known[entry.key] = entry if self._keep_values else replace(entry, value=b"")

    def scan(self, entry: Entry) -> None:
        """Sees some key of the filter."""
        key = entry.key
        if not is_key(key):
            self.odd.add(key)
            return
        if self.old and not entry.live and _moment(entry.created) <= self.old:
            self.markers[key] = entry.revision
        else:
            self.markers.pop(key, None)
        if not self._exclusive:
            return
        if key in self.values:
            self.take(entry)
        elif entry.live:
            self.others[key] = entry if self._keep_values else replace(entry, value=b"")
        else:
            self.others.pop(key, None)


def _again(wanted: WantedEntry, earlier: Entry | None) -> Value | None:
    usable = earlier is not None and earlier.key == wanted.key and earlier.live
    return Value(earlier.value) if earlier and usable else None


async def _server_time(place: Place) -> datetime.datetime:
    """The server's own, which has nothing to do with the clock here."""
    answer = await place.jetstream.request(f"STREAM.INFO.{place.stream}", doing=f"looking at bucket '{place.bucket}'")
    return _moment(answer["ts"])


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


async def _caught_up(place: Place, revision: int) -> None:
    """A mirror gets what was written to its origin a moment later."""
    if not place.mirror:
        return
    while True:
        answer: dict[str, Any] = await place.jetstream.request(
            f"STREAM.INFO.{place.stream}", doing=f"looking at bucket '{place.bucket}'"
        )
        if answer["state"]["last_seq"] >= revision:
            return
        if place.jetstream.session.deadline.left() <= _CAUGHT_UP_SECONDS:
            raise TimedOut(
                f"The mirror '{place.bucket}' has not shown revision {revision} of its origin in time.",
                "Look at its origin and its lag (nats_kv_info).",
            )
        await asyncio.sleep(_CAUGHT_UP_SECONDS)
