# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job of the module nats_kv: a bucket and its entries as wanted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .buckets import plan as bucket_plan
from .buckets import proof as bucket_proof
from .buckets import settings
from .buckets import store as buckets
from .buckets.plan import CreateBucket, DeleteBucket, UpdateBucket, WantedBucket
from .connection.job import NatsJob
from .connection.options import SECRET
from .entries import looking, model, sources, writing
from .entries import plan as entry_plan
from .entries.place import place_by_config, place_of
from .entries.plan import Compact, FoundEntries, WantedEntries, Write
from .entries.proof import problems
from .entries.wanted import PRESENT, WantedEntry, from_items, from_params, without_doubles
from .errors import BadInput, ChangeRefused, VerifyFailed
from .names import checked_bucket, checked_filter, matches
from .run import Plan
from .units import SECOND, parse_duration

HIDDEN_PARAMETERS = ("value", "value_base64", "entries")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked for.

    Attributes:
        bucket: The bucket and its settings.
        entries: Its entries.
        key: The one key that was named by an option of its own.
        bucket_present: Whether the bucket is to be there: true, false, or None where that does not matter.
    """

    bucket: WantedBucket
    entries: WantedEntries
    key: str | None
    bucket_present: bool | None


@dataclass(frozen=True, slots=True)
class Found:
    """What was there: the bucket, its entries, and the origin of a mirror that is to be made."""

    bucket: buckets.Bucket | None
    entries: FoundEntries
    origin: buckets.Bucket | None = None


def wanted_from_params(params: Mapping[str, Any]) -> Wanted:
    """What the module's parameters ask for.

    Raises:
        BadInput: naming option, value and mend.
    """
    name, state = checked_bucket(params["bucket"]), params["state"]
    given = settings.parse(params)
    listed = params["entries"] is not None or params["src"] is not None
    own = from_params(params, name)
    if own and listed:
        raise BadInput("'key' is given together with 'entries' or 'src'.", "Put it among the entries.")
    entries = (own,) if own else _listed(params, name)
    pattern = checked_filter(params["filter"], name)
    _check_scope(params, entries, listed, pattern)
    compact = None if params["compact"] is None else parse_duration(params["compact"], "compact")
    present: bool | None = True if state == PRESENT or any(entry.present for entry in entries) else None
    if state != PRESENT and not own and not listed:
        present = False
    return Wanted(
        WantedBucket(name, given, params["allow_data_loss"]),
        WantedEntries(
            bucket=name,
            entries=entries,
            exclusive=params["exclusive"],
            pattern=pattern,
            purge=params["purge"],
            compact=compact,
            atomic=params["atomic"],
            sensitive=params["sensitive"],
            allow_data_loss=params["allow_data_loss"],
        ),
        own.key if own else None,
        present,
    )


def _listed(params: Mapping[str, Any], bucket: str) -> tuple[WantedEntry, ...]:
    shape = {"state": params["state"], "purge": params["purge"]}
    found: list[WantedEntry] = []
    if params["entries"] is not None:
        found += from_items(params["entries"], bucket, **shape)
    if params["src"] is not None:
        found += sources.read(params["src"], bucket, separator=params["src_separator"], **shape)
    return without_doubles(found, "src" if params["entries"] is None else "entries")


def _check_scope(params: Mapping[str, Any], entries: Iterable[WantedEntry], listed: bool, pattern: str) -> None:
    """What `exclusive`, `compact` and `filter` go with."""
    absent = params["state"] != PRESENT
    if params["exclusive"]:
        if not listed:
            raise BadInput(
                "'exclusive' is given without 'entries' and 'src'.", "List the keys that are to stay, or leave it out."
            )
        if absent:
            raise BadInput("'exclusive' is given with 'state: absent'.", "Leave one of them out.")
        outside = next((entry.key for entry in entries if not matches(pattern, entry.key)), None)
        if outside is not None:
            raise BadInput(
                f"'filter' {pattern!r} does not take in the key {outside!r}, which is listed.",
                "Widen the filter, or put the key into a task of its own.",
            )
    elif pattern != ">" and params["compact"] is None:
        raise BadInput("'filter' is given without 'exclusive' and 'compact'.", "It says what these two may remove.")
    if absent and not listed and params["key"] is None:
        for option in ("compact", "purge", "atomic"):
            if params[option] not in (None, False):
                raise BadInput(
                    f"'{option}' is given, and the bucket is to be absent: no 'key', 'entries' or 'src' is given.",
                    "Name the keys that are meant, or leave it out.",
                )


class KvJob(NatsJob[Found, Any]):
    """Makes a bucket and its entries as wanted, and reads them back."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.wanted = wanted_from_params(params)
        super().__init__(params)
        self.wants_proof: bool = params["verify"]
        self._after: buckets.Bucket | None = None
        self._entry: model.Entry | None = None
        self._written: dict[str, tuple[Write, int]] = {}
        self._compacted: list[Compact] = []
        self._unknown: list[str] = []
        self._began = 0.0

    @classmethod
    def secrets(cls, params: Mapping[str, Any]) -> Iterable[str]:
        """All of them: the module hides from Ansible's own masking the values that it would mask as well."""
        return {*super().secrets(params), *(params[name] for name in SECRET if params.get(name))}

    @classmethod
    def hidden(cls, params: Mapping[str, Any]) -> Iterable[str]:
        """With `sensitive`, the options that hold values."""
        return HIDDEN_PARAMETERS if params["sensitive"] else ()

    async def look(self) -> Found:
        """Reads the bucket and the entries that matter."""
        bucket = self._after = await buckets.find(self.jetstream, self.wanted.bucket.name)
        if bucket is None or self.wanted.bucket_present is False:
            limits = FoundEntries(max_payload=self.session.max_payload)
            if self.wanted.entries.atomic:
                limits = replace(limits, api_level=await looking.api_level(self.jetstream))
            beside = bucket_plan.origin_beside(self.wanted.bucket) if bucket is None else None
            return Found(bucket, limits, await buckets.find(self.jetstream, beside) if beside else None)
        found = await looking.found(
            place_of(self.jetstream, bucket),
            self.wanted.entries,
            stored=int(bucket.state.get("num_subjects", 0)),
            keep_values=self.diff_mode or self.wanted.key is not None,
        )
        if self.wanted.key is not None:
            self._entry = found.known.get(self.wanted.key)
        return Found(bucket, found)

    def plan(self, seen: Found) -> Plan[Any]:
        """Compares."""
        if self.wanted.bucket_present is False:
            return bucket_plan.absent(seen.bucket, allow_data_loss=self.wanted.bucket.allow_data_loss)
        if self.wanted.bucket_present is None and seen.bucket is None:
            return Plan()
        wanted = self._bucket_for(seen)
        config = bucket_plan.config_after(seen.bucket, wanted)
        own: Plan[Any] = Plan()
        if self.wanted.bucket_present:
            own = bucket_plan.present(seen.bucket, wanted, buckets.servers(self.jetstream), seen.origin)
        entries = entry_plan.plan(seen.entries, self.wanted.entries, config)
        return Plan(
            operations=own.operations + entries.operations,
            refusals=own.refusals + entries.refusals + self._unseen(seen, config),
            diffs=own.diffs + entries.diffs,
            warnings=own.warnings + entries.warnings,
        )

    async def apply(self, plan: Plan[Any], applied: list[str]) -> None:
        """Carries the plan out."""
        name = self.wanted.bucket.name
        writes, compacts = _of(plan, Write), _of(plan, Compact)
        self._began = time.monotonic()
        config = self._after.config if self._after else {}
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
        if not writes and not compacts:
            return
        place = place_by_config(self.jetstream, name, config)
        write = writing.write_together if self.wanted.entries.atomic else writing.write_each
        try:
            if writes:
                await write(place, writes, self._done, self._unknown)
            await writing.compact(place, compacts, self._compacted.append)
        finally:
            applied += self._words(len(writes))

    async def verify(self, plan: Plan[Any]) -> None:
        """Reads back from the stream's leader. What was looked at and not changed was read from there already."""
        if not plan.operations:
            return
        name = self.wanted.bucket.name
        bucket = self._after = await buckets.find(self.jetstream, name)
        found = []
        if problem := bucket_proof.problem(bucket, name, self.wanted.bucket_present, self.wanted.bucket.settings):
            found.append(problem)
        if bucket and self._written and (self.wants_proof or self.wanted.key):
            read = await looking.read_back(
                place_of(self.jetstream, bucket), self._written, stored=int(bucket.state.get("num_subjects", 0))
            )
            since, ttl = time.monotonic() - self._began, bucket.settings["ttl"] / SECOND
            found += problems(name, self._written.values(), read, since, ttl)
            if self.wanted.key is not None:
                self._entry = read.get(self.wanted.key, self._entry)
        if bucket and self.wants_proof and _of(plan, UpdateBucket):
            found += await self._dropped(bucket)
        if found and self.wants_proof:
            raise VerifyFailed(
                " ".join(found), "Another writer may be at work on it: run again, or look with 'nats kv watch'."
            )

    async def _dropped(self, bucket: buckets.Bucket) -> list[str]:
        """In words, the keys that were as wanted until the bucket's new settings let them go."""
        place, stored = place_of(self.jetstream, bucket), int(bucket.state.get("num_subjects", 0))
        seen = await looking.found(place, self.wanted.entries, stored=stored, keep_values=False)
        left = entry_plan.plan(seen, self.wanted.entries, bucket.config).operations
        gone = sorted(write.key for write in left if isinstance(write, Write) and write.key not in self._written)
        if not gone:
            return []
        return [
            f"{len(gone)} keys that were as wanted are so no more since the bucket was changed, such as '{gone[0]}'."
        ]

    def failure(self) -> dict[str, Any]:
        """Which entries had been written, and of which nobody knows."""
        return {"entries": self._changed(), "unknown": sorted(self._unknown)}

    def result(self, seen: Found, plan: Plan[Any], *, check_mode: bool) -> dict[str, Any]:
        """`bucket`, `entry`, `entries`, `summary` and `verified`; in check mode as they would be."""
        writes, compacts = _of(plan, Write), _of(plan, Compact)
        changes = Counter(write.change for write in writes)
        summary = {name: changes[name] for name in ("created", "updated", "deleted", "purged")} | {
            "compacted": len(compacts),
            "unchanged": len(self.wanted.entries.entries) - len({w.key for w in writes} - seen.entries.others.keys()),
        }
        expected = check_mode and bool(plan.operations)
        entries = self._changed()
        if expected:
            entries = [_changed(write, None) for write in writes]
        return {
            "bucket": self._bucket_expected(seen) if expected else self._after and self._after.for_result(),
            "entry": self._entry_result(writes if expected else []),
            "entries": entries,
            "summary": summary,
            "verified": self.wants_proof and not check_mode,
        }

    def _unseen(self, seen: Found, config: Mapping[str, Any]) -> tuple[ChangeRefused, ...]:
        """Refuses to decide on entries that will only be there once the bucket is."""
        entries = self.wanted.entries
        depends = (config.get("mirror") and entries.entries) or (config.get("sources") and entries.exclusive)
        if seen.bucket is not None or not depends:
            return ()
        return (
            ChangeRefused(
                f"Bucket '{entries.bucket}' is not there yet, and will get entries from another one: nobody can say "
                "now what is to be written or removed then.",
                "Make the bucket in a task of its own, before that of its entries.",
            ),
        )

    def _bucket_for(self, seen: Found) -> WantedBucket:
        """The bucket as wanted; a new one allows what its entries need, and a new mirror is as its origin."""
        if self.wanted.bucket_present is None:
            return replace(self.wanted.bucket, settings={})
        if seen.bucket is not None:
            return self.wanted.bucket
        needs = dict(bucket_plan.as_origin(seen.origin))
        if self.wanted.entries.atomic:
            needs["allow_atomic"] = True
        if any(entry.ttl for entry in self.wanted.entries.entries):
            needs["allow_msg_ttl"] = True
        return replace(self.wanted.bucket, settings=needs | dict(self.wanted.bucket.settings))

    def _done(self, write: Write, revision: int) -> None:
        self._written[write.key] = (write, revision)

    def _words(self, asked: int) -> list[str]:
        words = []
        if len(self._written) == 1:
            ((write, revision),) = self._written.values()
            change = "written" if write.operation == model.PUT else write.change
            words.append(f"key '{write.key}' {change} at revision {revision}")
        elif self._written:
            of = f" of {asked}" if asked > len(self._written) else ""
            words.append(f"{len(self._written)}{of} entries written (listed in 'entries')")
        if self._compacted:
            words.append(f"{len(self._compacted)} old markers removed")
        if self._unknown:
            words.append(f"perhaps {len(self._unknown)} more, of which no answer came (listed in 'unknown')")
        return words

    def _changed(self) -> list[dict[str, Any]]:
        return [_changed(write, revision) for write, revision in self._written.values()]

    def _bucket_expected(self, seen: Found) -> dict[str, Any] | None:
        if self.wanted.bucket_present is False:
            return None
        config = bucket_plan.config_after(seen.bucket, self._bucket_for(seen))
        return buckets.described(self.wanted.bucket.name, settings.read(config))

    def _entry_result(self, expected: list[Write]) -> dict[str, Any] | None:
        key = self.wanted.key
        if key is None:
            return None
        entry = self._entry
        if expected:
            write = expected[0]
            entry = model.Entry(key, write.value, 0, write.operation, ttl=write.ttl, size=len(write.value))
        return model.for_result(entry, key, values=not self.wanted.entries.sensitive)


def _of(plan: Plan[Any], kind: type[Any]) -> list[Any]:
    return [operation for operation in plan.operations if isinstance(operation, kind)]


def _changed(write: Write, revision: int | None) -> dict[str, Any]:
    return {"key": write.key, "change": write.change, "operation": write.operation, "revision": revision}
