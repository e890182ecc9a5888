# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job of the module nats_kv: a bucket, and a key in it, as wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .buckets import settings
from .buckets import store as buckets
from .buckets.plan import CreateBucket, DeleteBucket, UpdateBucket
from .connection.job import NatsJob
from .entries import model
from .entries import store as entries
from .entries.plan import DeleteEntry, Found, PutEntry, Wanted, plan, settings_after
from .entries.proof import problem
from .errors import BadInput, VerifyFailed
from .names import checked_bucket, checked_key
from .run import Plan


def wanted_from_params(params: Mapping[str, Any]) -> Wanted:
    """What the module's parameters ask for.

    Raises:
        BadInput: naming option, value and mend.
    """
    bucket = checked_bucket(params["bucket"])
    key, value, present = params.get("key"), params.get("value"), params["state"] == "present"
    if key is None and value is not None:
        raise BadInput("'value' is given without 'key'.", "Say which key is to hold it.")
    if key is not None and present and value is None:
        raise BadInput(
            f"'key' '{key}' is given without 'value'.",
            "Give the value (an empty text is one), or 'state: absent' to delete the key.",
        )
    return Wanted(
        bucket=bucket,
        settings=settings.parse(params),
        key=None if key is None else checked_key(key, bucket),
        value=model.parse_value(value) if present and value is not None else None,
        present=present,
        allow_data_loss=params["allow_data_loss"],
    )


class KvJob(NatsJob[Found, Any]):
    """Makes a bucket and a key as wanted, and reads them back."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.wanted = wanted_from_params(params)
        super().__init__(params)
        self.wants_proof: bool = params["verify"]
        self.revision: int | None = None
        self.after = Found(None, None, 0)

    async def look(self) -> Found:
        """Reads the bucket, and the key where one is meant."""
        self.after = await self._read()
        return self.after

    def plan(self, seen: Found) -> Plan[Any]:
        """Compares."""
        return plan(seen, self.wanted)

    async def apply(self, plan: Plan[Any], applied: list[str]) -> None:
        """Carries the plan out."""
        name = self.wanted.bucket
        for operation in plan.operations:
            match operation:
                case CreateBucket(config):
                    await buckets.create(self.jetstream, name, config)
                    applied.append(f"bucket '{name}' created")
                case UpdateBucket(config):
                    await buckets.update(self.jetstream, name, config)
                    applied.append(f"bucket '{name}' changed")
                case DeleteBucket():
                    await buckets.delete(self.jetstream, name)
                    applied.append(f"bucket '{name}' deleted")
                case PutEntry(key, value):
                    self.revision = await entries.put(self.jetstream, name, key, value)
                    applied.append(f"key '{key}' written at revision {self.revision}")
                case DeleteEntry(key):
                    self.revision = await entries.delete(self.jetstream, name, key)
                    applied.append(f"key '{key}' deleted at revision {self.revision}")

    async def verify(self, plan: Plan[Any]) -> None:
        """Reads back from the stream's leader. What was looked at and not changed was read from there already."""
        if not plan.operations:
            return
        self.after = await self._read()
        if self.wants_proof and (found := problem(self.after, self.wanted, self.revision)):
            raise VerifyFailed(found, "Another writer may be at work on it: run again, or look with 'nats kv watch'.")

    def result(self, seen: Found, plan: Plan[Any], *, check_mode: bool) -> dict[str, Any]:
        """`bucket`, `entry` and `verified`; in check mode as they would be."""
        if check_mode and plan.operations:
            return self._expected(seen)
        entry = None
        if self.wanted.key is not None:
            entry = model.for_result(self.after.entry, self.wanted.key)
        return {
            "bucket": self.after.bucket.for_result() if self.after.bucket else None,
            "entry": entry,
            "verified": self.wants_proof and not check_mode,
        }

    async def _read(self) -> Found:
        bucket = await buckets.find(self.jetstream, self.wanted.bucket)
        entry = None
        if bucket and self.wanted.key is not None:
            entry = await entries.get(self.jetstream, self.wanted.bucket, self.wanted.key)
        return Found(bucket, entry, self.session.max_payload)

    def _expected(self, seen: Found) -> dict[str, Any]:
        wanted, entry = self.wanted, None
        bucket_stays = wanted.present or (wanted.key is not None and seen.bucket is not None)
        if wanted.key is not None:
            operation = model.PUT if wanted.present else model.DELETE
            value = model.shown(wanted.value.data) if wanted.value else {"value": None}
            entry = {"key": wanted.key, **value, "revision": None, "operation": operation, "created": None}
        bucket = None
        if bucket_stays:
            changes = wanted if wanted.present else Wanted(wanted.bucket, {}, None, None, True, False)
            bucket = buckets.described(wanted.bucket, settings_after(seen.bucket, changes))
        return {"bucket": bucket, "entry": entry, "verified": False}
