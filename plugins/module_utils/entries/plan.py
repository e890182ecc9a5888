# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do so that a bucket's entries are as wanted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..buckets.settings import StreamConfig
from ..errors import ChangeRefused
from ..run import HIDDEN, Diff, Plan
from ..units import SECOND
from . import messages
from .model import DELETE, PURGE, PUT, Entry, Value, shown
from .wanted import WantedEntry

# nats-server maxBatchSize: messages of one atomic batch (ADR-50)
BATCH_MOST = 1000
BATCH_API_LEVEL = 2  # of nats-server 2.12
REFUSALS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class WantedEntries:
    """What the user asked for.

    Attributes:
        bucket: The bucket's name.
        entries: What each named key is to be.
        exclusive: Whether keys that are not named are to be gone.
        pattern: The filter for `exclusive` and `compact`.
        purge: Whether `exclusive` takes earlier revisions as well.
        compact: Nanoseconds; tombstones older than that are to be gone. None to leave them.
        atomic: All writes or none.
        sensitive: Values are never to be shown.
        allow_data_loss: The user's word, for this run.
    """

    bucket: str
    entries: tuple[WantedEntry, ...] = ()
    exclusive: bool = False
    pattern: str = ">"
    purge: bool = False
    compact: int | None = None
    atomic: bool = False
    sensitive: bool = False
    allow_data_loss: bool = False


@dataclass(frozen=True, slots=True)
class FoundEntries:
    """What was there.

    Attributes:
        known: The newest revision of the named keys. Its value is left out where it is the wanted one already.
        same: The named keys that hold the wanted value.
        others: The entries, with a value, that the filter takes in and nobody named.
        markers: Tombstones that are old enough for `compact`, with their revisions.
        odd: Keys that the filter takes in and whose names are none, such as `a.*`: removing one would remove others.
        reverted: What was found at the revisions to go back to.
        kept: How many revisions are kept of keys that are to be purged and have no value any more.
        max_payload: The largest message that the server takes.
        api_level: What the server's JetStream can do, 0 where that was not asked for.
    """

    known: Mapping[str, Entry] = field(default_factory=dict)
    same: frozenset[str] | set[str] = frozenset()
    others: Mapping[str, Entry] = field(default_factory=dict)
    markers: Mapping[str, int] = field(default_factory=dict)
    odd: frozenset[str] | set[str] = frozenset()
    reverted: Mapping[int, Entry | None] = field(default_factory=dict)
    kept: Mapping[str, int] = field(default_factory=dict)
    max_payload: int = 1024 * 1024
    api_level: int = 0


class EntryOperation:
    """One step of a plan: one of the following."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Write(EntryOperation):
    """Write a revision of a key.

    Attributes:
        key: The key.
        operation: PUT, DEL or PURGE.
        change: What that means: created, updated, deleted or purged.
        value: The bytes, of a PUT.
        ttl: Whole seconds, 0 for no limit.
        expected: The key's newest revision for the server to compare; None to leave that.
        revert: The revision whose value this is again, 0 where it is not that.
    """

    key: str
    operation: str
    change: str
    value: bytes = b""
    ttl: int = 0
    expected: int | None = None
    revert: int = 0

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the message."""
        return messages.write_headers(self.operation, ttl=self.ttl, expected=self.expected, revert=self.revert)

    def made(self, entry: Entry | None) -> bool:
        """Whether an entry is what this makes of the key."""
        if entry is None or entry.operation != self.operation:
            return False
        # A server may raise a ttl to that of the bucket's limit markers.
        ttl = entry.ttl == self.ttl or entry.ttl >= self.ttl > 0
        return self.operation != PUT or (entry.value == self.value and ttl)


@dataclass(frozen=True, slots=True)
class Compact(EntryOperation):
    """Remove a key's tombstone and all that is behind it, up to this revision."""

    key: str
    revision: int


def plan(found: FoundEntries, wanted: WantedEntries, config: StreamConfig) -> Plan[EntryOperation]:
    """The operations that turn what was found into what is wanted, or the reasons why not.

    Args:
        found: What was there.
        wanted: What is asked for.
        config: The stream's configuration as it will be by then.
    """
    writes: list[Write] = []
    refusals: list[ChangeRefused] = []
    for entry in wanted.entries:
        try:
            write = _present(found, wanted, config, entry) if entry.present else _absent(found, wanted, entry)
            if write:
                writes.append(write)
        except ChangeRefused as refusal:
            refusals.append(refusal)
    operation, change = (PURGE, "purged") if wanted.purge else (DELETE, "deleted")
    # What another writer puts there in the meantime was not meant.
    writes += [Write(key, operation, change, expected=entry.revision) for key, entry in sorted(found.others.items())]
    refusals += [large for write in writes if (large := _too_large(found, wanted, config, write))]
    refusals += _refusals(found, wanted, config, writes)
    rewritten = {write.key for write in writes}
    compacts = [Compact(key, revision) for key, revision in sorted(found.markers.items()) if key not in rewritten]
    if compacts and config.get("mirror"):
        refusals.append(ChangeRefused(f"Bucket '{wanted.bucket}' is a mirror.", "Use 'compact' on its origin."))
    return Plan(
        (*writes, *compacts),
        _not_too_many(refusals),
        diffs=_diffs(found, wanted, writes, compacts),
        warnings=_warnings(found, wanted, config, writes),
    )


def _present(found: FoundEntries, wanted: WantedEntries, config: StreamConfig, entry: WantedEntry) -> Write | None:
    known = found.known.get(entry.key)
    same_ttl = known is not None and (entry.ttl in (None, known.ttl) or _raised(config, entry.ttl, known.ttl))
    # The revision to go back to may have been trimmed by going back to it.
    same = known is not None and (entry.key in found.same or 0 < (entry.revert or 0) == known.reverted_to)
    if known and known.live and same and same_ttl:
        return None
    value = entry.value or _reverted(found, wanted, entry)
    change = "updated" if known and known.live else "created"
    expected = _expected(wanted, entry, known)
    return Write(entry.key, PUT, change, value.data, entry.ttl or 0, expected, entry.revert or 0)


def _raised(config: StreamConfig, ttl: int | None, have: int) -> bool:
    """Whether a time to live is what a server makes of a wanted one that is shorter than that of its limit markers, in
    a bucket with history (measured on 2.15)."""
    marker = config.get("subject_delete_marker_ttl", 0) // SECOND
    return 0 < (ttl or 0) < marker == have and bool(config.get("max_msgs_per_subject", 1) > 1)


def _absent(found: FoundEntries, wanted: WantedEntries, entry: WantedEntry) -> Write | None:
    known = found.known.get(entry.key)
    # Deleting a key that is not there would still write a tombstone.
    if known is None or not (known.live or (entry.purge and found.kept.get(entry.key, 0) > 1)):
        return None
    operation, change = (PURGE, "purged") if entry.purge else (DELETE, "deleted")
    return Write(entry.key, operation, change, ttl=entry.ttl or 0, expected=_expected(wanted, entry, known))


def _reverted(found: FoundEntries, wanted: WantedEntries, entry: WantedEntry) -> Value:
    earlier = found.reverted.get(entry.revert or 0)
    where = f"Key '{entry.key}' of bucket '{wanted.bucket}' cannot go back to revision {entry.revert}"
    if earlier is None or earlier.key != entry.key:
        whose = f"it is one of key '{earlier.key}'" if earlier else "it is not in the bucket (any more)"
        raise ChangeRefused(f"{where}: {whose}.", "Look at the key's history (nats_kv_info with 'entries: history').")
    if not earlier.live:
        raise ChangeRefused(f"{where}: the key was deleted by it.", "Use 'state: absent', or another revision.")
    return Value(earlier.value)


def _expected(wanted: WantedEntries, entry: WantedEntry, known: Entry | None) -> int | None:
    """The revision for the server to compare, which may have a tombstone where the key is only not to exist."""
    if entry.revision is None:
        return None
    have = known.revision if known else 0
    if entry.revision == 0 and not (known and known.live):
        return have
    if entry.revision != have:
        where = f"Key '{entry.key}' of bucket '{wanted.bucket}'"
        is_at = f"is at revision {have}{'' if known and known.live else ' (deleted)'}" if known else "is not there"
        must = f"at revision {entry.revision}" if entry.revision else "missing"
        raise ChangeRefused(f"{where} {is_at}, and is to be {must} to be written.", "Read it again and decide anew.")
    return have


def _too_large(found: FoundEntries, wanted: WantedEntries, config: StreamConfig, write: Write) -> ChangeRefused | None:
    """Found out before anything is changed, since the bucket would be made first, and others written."""
    batch = messages.batch_headers("0" * 32, BATCH_MOST, last=True) if wanted.atomic else {}
    headers = messages.headers_size(write.headers | batch)  # servers count them in
    size = len(write.value) + headers
    if write.operation == PUT:
        what = f"'value' of key '{write.key}' has {len(write.value)} bytes"
        what += f" and {headers} of headers" if headers else ""
    else:
        what = f"The marker that removes key '{write.key}' has {headers} bytes"
    if size > found.max_payload:
        mend = "Raise max_payload (config.merge.max_payload in the chart's values), or store less."
        return ChangeRefused(f"{what}, more than the {found.max_payload} that the server takes in one message.", mend)
    most = config.get("max_msg_size", -1)
    if 0 < most < size:
        return ChangeRefused(
            f"{what}, more than the 'max_value_size' {most} of bucket '{wanted.bucket}'.",
            "Raise 'max_value_size', or store less.",
        )
    return None


def _refusals(
    found: FoundEntries, wanted: WantedEntries, config: StreamConfig, writes: list[Write]
) -> list[ChangeRefused]:
    """What stands against all the writes together."""
    refusals = []
    name = wanted.bucket
    if any(write.ttl for write in writes) and not config.get("allow_msg_ttl"):
        refusals.append(
            ChangeRefused(
                f"Bucket '{name}' does not allow keys with a time to live of their own.",
                "Set 'allow_msg_ttl: true' (it cannot be switched off again), or leave the ttl out.",
            )
        )
    keeps_none = wanted.exclusive and not any(entry.present for entry in wanted.entries)
    if keeps_none and found.others and not wanted.allow_data_loss:
        refusals.append(
            ChangeRefused(
                f"'exclusive' with no key to keep would remove all {len(found.others)} keys of bucket '{name}' "
                f"that '{wanted.pattern}' takes in.",
                "Check that the entries are not empty by mistake, or set 'allow_data_loss: true' for this run.",
            )
        )
    if wanted.atomic and writes:
        refusals += _against_atomic(found, name, config, len(writes))
    return refusals


def _against_atomic(found: FoundEntries, name: str, config: StreamConfig, count: int) -> list[ChangeRefused]:
    if found.api_level < BATCH_API_LEVEL:
        return [
            ChangeRefused(
                f"The server cannot write all or none: its JetStream API level is {found.api_level}, and atomic "
                f"batches need {BATCH_API_LEVEL} (nats-server 2.12).",
                "Upgrade the server, or leave 'atomic' out.",
            )
        ]
    if config.get("mirror"):
        return [ChangeRefused(f"Bucket '{name}' is a mirror, and takes no batches.", "Write to its origin.")]
    if not config.get("allow_atomic"):
        return [ChangeRefused(f"Bucket '{name}' does not allow atomic batches.", "Set 'allow_atomic: true'.")]
    if count > BATCH_MOST:
        return [
            ChangeRefused(
                f"{count} entries are to be written at once, and an atomic batch takes {BATCH_MOST}.",
                "Split them over several tasks, or leave 'atomic' out.",
            )
        ]
    return []


def _not_too_many(refusals: list[ChangeRefused]) -> tuple[ChangeRefused, ...]:
    if len(refusals) <= REFUSALS_SHOWN:
        return tuple(refusals)
    return (*refusals[:REFUSALS_SHOWN], ChangeRefused(f"And {len(refusals) - REFUSALS_SHOWN} more of the kind."))


def _warnings(found: FoundEntries, wanted: WantedEntries, config: StreamConfig, writes: list[Write]) -> tuple[str, ...]:
    warnings = []
    if found.odd:
        warnings.append(
            f"Bucket '{wanted.bucket}' has {len(found.odd)} keys by names that no client can use, such as "
            f"{min(found.odd)!r}; they are left alone."
        )
    marker = config.get("subject_delete_marker_ttl", 0) // SECOND
    short = [write.key for write in writes if 0 < write.ttl < marker]
    if short and config.get("max_msgs_per_subject", 1) > 1:
        # Measured on 2.15: nothing tells the client.
        warnings.append(
            f"The server raises the ttl of {len(short)} keys (such as '{short[0]}') to the bucket's "
            f"'limit_marker_ttl' of {marker} s, since the bucket keeps a history."
        )
    return tuple(warnings)


def _diffs(
    found: FoundEntries, wanted: WantedEntries, writes: list[Write], compacts: list[Compact]
) -> tuple[Diff, ...]:
    if not writes and not compacts:
        return ()
    header = f"bucket {wanted.bucket}"
    before = {write.key: _before(found, wanted, write) for write in writes}
    after = {write.key: _after(wanted, write) for write in writes}
    before |= {compact.key: {"deleted": f"marker at revision {compact.revision}"} for compact in compacts}
    if len(before) == 1:
        (key,) = before
        return (Diff(f"{header}, key {key}", before[key], after.get(key, {})),)
    return (
        Diff(
            f"{header}, entries",
            {key: flat for key, parts in before.items() if (flat := _flat(parts)) is not None},
            {key: flat for key, parts in after.items() if (flat := _flat(parts)) is not None},
        ),
    )


def _before(found: FoundEntries, wanted: WantedEntries, write: Write) -> dict[str, Any]:
    known = found.known.get(write.key) or found.others.get(write.key)
    if known is None or not known.live:
        return {"deleted": f"marker at revision {known.revision}"} if known and write.operation == PURGE else {}
    # A value that was the wanted one already was not kept.
    value = write.value if write.key in found.same else known.value
    return _parts(value, known.ttl, HIDDEN if wanted.sensitive else None)


def _after(wanted: WantedEntries, write: Write) -> dict[str, Any]:
    if write.operation != PUT:
        return {}
    return _parts(write.value, write.ttl, f"{HIDDEN[:-1]}, {write.change})" if wanted.sensitive else None)


def _parts(value: bytes, ttl: int, hidden: str | None) -> dict[str, Any]:
    return ({"value": hidden} if hidden else shown(value)) | ({"ttl": f"{ttl}s"} if ttl else {})


def _flat(parts: dict[str, Any]) -> Any:
    """One line an entry where there is but its value to show."""
    return (parts["value"] if set(parts) == {"value"} else parts) if parts else None
