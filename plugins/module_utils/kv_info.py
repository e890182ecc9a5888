# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job of the module nats_kv_info: what buckets there are. Only looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Never

from .buckets import store as buckets
from .connection.job import NatsJob
from .names import checked_bucket
from .run import Plan


class KvInfoJob(NatsJob[Sequence[buckets.Bucket], Never]):
    """Reads one bucket, or all of them."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.bucket = None if params.get("bucket") is None else checked_bucket(params["bucket"])
        super().__init__(params)

    async def look(self) -> Sequence[buckets.Bucket]:
        """Reads."""
        if self.bucket is None:
            return await buckets.listed(self.jetstream)
        found = await buckets.find(self.jetstream, self.bucket)
        return [found] if found else []

    def plan(self, seen: Sequence[buckets.Bucket]) -> Plan[Never]:
        """Nothing to do."""
        return Plan()

    def result(self, seen: Sequence[buckets.Bucket], plan: Plan[Never], *, check_mode: bool) -> dict[str, Any]:
        """`buckets`, by name, and the server that answered."""
        info = self.session.server_info
        return {
            "buckets": [bucket.for_result() for bucket in seen],
            "server": {
                "name": info.get("server_name"),
                "version": info.get("version"),
                "cluster": info.get("cluster"),
            },
        }
