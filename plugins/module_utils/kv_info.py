# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job of the module nats_kv_info: what buckets there are, and what is in them. Only looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Never

from .buckets import store as buckets
from .connection.job import NatsJob
from .entries import reading
from .entries.model import Entry, for_result
from .entries.place import place_of
from .errors import BadInput
from .names import checked_bucket, checked_filter
from .run import Plan

NONE, KEYS, VALUES, HISTORY = "none", "keys", "values", "history"


@dataclass(frozen=True, slots=True)
class Seen:
    """A bucket, and its entries where they were asked for."""

    bucket: buckets.Bucket
    entries: Sequence[Entry] | None


class KvInfoJob(NatsJob[Sequence[Seen], Never]):
    """Reads one bucket, or all of them."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.bucket = None if params.get("bucket") is None else checked_bucket(params["bucket"])
        self.what: str = params["entries"]
        self.pattern = checked_filter(params["filter"], self.bucket or "")
        self.deleted: bool = params["deleted"] or self.what == HISTORY
        if self.what == NONE and (self.pattern != ">" or self.deleted):
            option = "deleted" if self.deleted else "filter"
            raise BadInput(
                f"'{option}' is given, and 'entries' is '{NONE}'.", f"Set 'entries: {KEYS}', or leave it out."
            )
        super().__init__(params)

    async def look(self) -> Sequence[Seen]:
        """Reads."""
        if self.bucket is None:
            found = await buckets.listed(self.jetstream)
        else:
            one = await buckets.find(self.jetstream, self.bucket)
            found = [one] if one else []
        return [Seen(bucket, None if self.what == NONE else await self._entries(bucket)) for bucket in found]

    def plan(self, seen: Sequence[Seen]) -> Plan[Never]:
        """Nothing to do."""
        return Plan()

    def result(self, seen: Sequence[Seen], plan: Plan[Never], *, check_mode: bool) -> dict[str, Any]:
        """`buckets`, by name, and the server that answered."""
        info = self.session.server_info
        return {
            "buckets": [self._shown(one) for one in seen],
            "server": {
                "name": info.get("server_name"),
                "version": info.get("version"),
                "cluster": info.get("cluster"),
            },
        }

    async def _entries(self, bucket: buckets.Bucket) -> list[Entry]:
        place, history = place_of(self.jetstream, bucket), self.what == HISTORY
        found: dict[Any, Entry] = {}
        async for entry in reading.watch(place, self.pattern, values=self.what != KEYS, history=history):
            # A key that is written while it is read comes twice.
            found[entry.revision if history else entry.key] = entry
        entries = (found[name] for name in sorted(found))
        return [entry for entry in entries if entry.live or self.deleted]

    def _shown(self, one: Seen) -> dict[str, Any]:
        shown = one.bucket.for_result()
        if one.entries is not None:
            shown["entries"] = [for_result(e, e.key, values=self.what != KEYS) for e in one.entries]
        return shown
