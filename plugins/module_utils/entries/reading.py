# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries read from a server, one or many.

Every read that decides something or proves something asks the stream's leader: a replica may lag. A key by itself is
asked for from the leader. Many keys come from one consumer, which may live on a replica; it is read until it has shown
what the leader said beforehand is the newest, so it is never behind what the leader held when the reading began.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..connection.jetstream import PAUSE_SECONDS
from ..connection.pipeline import Request, ask_each
from ..connection.server_errors import NO_MESSAGE, refusal
from ..errors import ServerRefused, TimedOut
from ..units import SECOND
from . import messages
from .model import Entry
from .place import Place

if TYPE_CHECKING:
    from nats.aio.msg import Msg

# A key asked for by itself costs a server about as much as this many keys of a consumer.
ALONE_COSTS = 4
FEW = 16
BATCH = 5000
BATCH_BYTES = 16 * 1024 * 1024
WAIT_SECONDS = 2.0  # for a batch that does not fill up
IDLE_SECONDS = 30  # after which a server drops a consumer that nobody deleted


async def newest(place: Place, pattern: str) -> Entry | None:
    """The newest revision, tombstones included, of the key, or of all the keys that a filter takes in.

    Raises:
        ServerRefused, TimedOut: as JetStream.request().
    """
    try:
        answer = await place.jetstream.request(
            f"STREAM.MSG.GET.{place.stream}",
            {"last_by_subj": place.subjects.read(pattern)},
            doing=f"reading key '{pattern}' of bucket '{place.bucket}'",
        )
    except ServerRefused as error:
        if error.code == NO_MESSAGE:
            return None
        raise
    return _stored(place, answer["message"])


async def latest(
    place: Place, keys: Collection[str], visit: Callable[[Entry], None], stored: int | None = None
) -> None:
    """The newest revision of each of the keys that has one, in whichever way costs the server less.

    Args:
        place: The bucket.
        keys: Which.
        visit: Called with each, perhaps more than once: the highest revision counts.
        stored: How many keys the bucket holds; without it, each key is asked for by itself.
    """
    if stored is None or len(keys) <= FEW or len(keys) * ALONE_COSTS < stored:
        await _each(place, keys, visit)
        return
    wanted = keys if isinstance(keys, (set, frozenset, dict)) else frozenset(keys)
    async for entry in watch(place):
        if entry.key in wanted:
            visit(entry)


async def at_revision(place: Place, revision: int) -> Entry | None:
    """The entry of one revision, or None where it is not kept (any more) or belongs to no key of the bucket."""
    try:
        answer = await place.jetstream.request(
            f"STREAM.MSG.GET.{place.stream}",
            {"seq": revision},
            doing=f"reading revision {revision} of bucket '{place.bucket}'",
        )
    except ServerRefused as error:
        if error.code == NO_MESSAGE:
            return None
        raise
    return _stored(place, answer["message"])


async def counted(place: Place, pattern: str = ">") -> dict[str, int]:
    """How many revisions are kept of each key that a filter takes in, page by page."""
    found: dict[str, int] = {}
    while True:
        answer = await place.jetstream.request(
            f"STREAM.INFO.{place.stream}",
            {"subjects_filter": place.subjects.read(pattern), "offset": len(found)},
            doing=f"counting the revisions in bucket '{place.bucket}'",
        )
        subjects = answer["state"].get("subjects") or {}
        found |= {key: count for s, count in subjects.items() if (key := place.subjects.key(s)) is not None}
        if not subjects or len(found) >= answer.get("total", 0):
            return found


async def _each(place: Place, keys: Collection[str], visit: Callable[[Entry], None]) -> None:
    subject = f"{place.jetstream.prefix}STREAM.MSG.GET.{place.stream}"
    doing = f"reading {len(keys)} keys of bucket '{place.bucket}'"

    def settle(key: str, answer: dict[str, Any]) -> None:
        if error := answer.get("error"):
            if error.get("err_code") != NO_MESSAGE:
                raise refusal(error, doing)
        elif entry := _stored(place, answer["message"]):
            visit(entry)

    def request(key: str) -> Request:
        return Request(subject, json.dumps({"last_by_subj": place.subjects.read(key)}).encode())

    await ask_each(place.jetstream, list(keys), request, settle, doing=doing)


def _stored(place: Place, message: dict[str, Any]) -> Entry | None:
    key = place.subjects.key(message["subject"])
    return None if key is None else messages.stored(key, message)


async def watch(
    place: Place, pattern: str = ">", *, values: bool = True, history: bool = False
) -> AsyncIterator[Entry]:
    """All the entries that a filter takes in, tombstones included, with no more than a batch of them in memory.

    At least as new as what the leader held when the reading began. A key that is written meanwhile, or a connection
    that is lost, may bring it twice: the highest revision counts.

    Args:
        place: The bucket.
        pattern: A filter, `>` for all.
        values: Whether the values are wanted; without them only their sizes come.
        history: All revisions that are kept rather than the newest of each key.

    Raises:
        ServerRefused, TimedOut: as JetStream.request().
    """
    while True:
        try:
            async for entry in _read_through(place, pattern, values, history):
                yield entry
            return
        except _Interrupted as error:
            if place.jetstream.session.deadline.left() <= PAUSE_SECONDS:
                mend = "Raise 'timeout', or look at the servers' health."
                if place.jetstream.write_prefix:
                    mend += " An account that exports its JetStream needs 'response_type: stream' for it."
                raise TimedOut(f"Reading bucket '{place.bucket}' was not done in time: {error}.", mend) from error
            await asyncio.sleep(PAUSE_SECONDS)


class _Interrupted(Exception):
    """The consumer is gone, or has left something out: the reading begins anew."""


async def _read_through(place: Place, pattern: str, values: bool, history: bool) -> AsyncIterator[Entry]:
    aim = await newest(place, pattern)
    if aim is None:
        return
    seen = 0
    async with _consumer(place, pattern, values, history) as consumer:
        while True:
            count = 0
            async for message in consumer.batch():
                mark = _Mark.of(message.reply)
                count += 1
                consumer.position += 1
                if mark.position != consumer.position:
                    raise _Interrupted("the server left out a message")
                seen = mark.revision
                key = place.subjects.key(message.subject)
                if key is not None:
                    yield messages.delivered(key, message.data, message.headers or {}, seen, mark.nanoseconds)
                if not mark.pending and seen >= aim.revision:
                    return
            if not count:
                # What was the newest may have been purged since, or a replica may lag.
                aim = await newest(place, pattern)
                if aim is None or aim.revision <= seen:
                    return
                raise _Interrupted(f"revision {aim.revision} has not reached the replica that is read")


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a delivered message stands."""

    revision: int
    position: int
    nanoseconds: int
    pending: int

    @staticmethod
    def of(reply: str) -> _Mark:
        # $JS.ACK.[domain.account.]stream.consumer.deliveries.revision.position.time.pending[.token] (ADR-15)
        tokens = reply.split(".")
        first = 5 if len(tokens) < 11 else 7
        revision, position, nanoseconds, pending = (int(token) for token in tokens[first : first + 4])
        return _Mark(revision, position, nanoseconds, pending)


class _Consumer:
    """A consumer of our own, read batch by batch."""

    def __init__(self, place: Place, name: str) -> None:
        self.position = 0
        self._subject = f"{place.jetstream.prefix}CONSUMER.MSG.NEXT.{place.stream}.{name}"
        self._arrived: deque[Msg] = deque()
        self._news = asyncio.Event()
        self._session = session = place.jetstream.session
        self.inbox = session.client.new_inbox()
        self._pulls = 0
        wait = max(int(session.deadline.left(WAIT_SECONDS) * SECOND), SECOND // 10)
        most = max(BATCH_BYTES, 2 * session.max_payload)
        self._pull = json.dumps({"batch": BATCH, "max_bytes": most, "expires": wait}).encode()

    async def take(self, message: Msg) -> None:
        """For the subscription."""
        self._arrived.append(message)
        self._news.set()

    async def batch(self) -> AsyncIterator[Msg]:
        """The messages of one batch, until it is full, nothing more is there, or its time is over."""
        from nats import errors

        self._pulls += 1
        inbox = f"{self.inbox}.{self._pulls}"
        try:
            await self._session.client.publish(self._subject, self._pull, reply=inbox)
        except errors.Error as error:
            raise _Interrupted("the connection was lost") from error
        count = 0
        while count < BATCH:
            while not self._arrived:
                self._news.clear()
                try:
                    # A server ends a batch by a message of its own; if not even that comes, nobody is there.
                    await asyncio.wait_for(self._news.wait(), WAIT_SECONDS * 2)
                except TimeoutError as error:
                    self._session.raise_if_denied()
                    raise _Interrupted("the server stopped answering") from error
            message = self._arrived.popleft()
            if message.reply:
                count += 1
                yield message
            elif message.subject == inbox and _ends_batch(message):
                return


def _ends_batch(message: Msg) -> bool:
    """Whether a status message ends a batch; a heartbeat does not.

    Raises:
        _Interrupted: The consumer is gone.
    """
    headers = message.headers or {}
    status, said = headers.get("Status", ""), headers.get("Description", "").lower()
    if status == "100":
        return False
    if status in ("404", "408") or (status == "409" and ("batch completed" in said or "maxbytes" in said)):
        return True
    raise _Interrupted(f"the server said {status} {said}".strip())


@contextlib.asynccontextmanager
async def _consumer(place: Place, pattern: str, values: bool, history: bool) -> AsyncIterator[_Consumer]:
    config: dict[str, Any] = {
        "deliver_policy": "all" if history else "last_per_subject",
        "ack_policy": "none",
        "filter_subject": place.subjects.read(pattern),
        "mem_storage": True,
        "num_replicas": 1,
        "inactive_threshold": IDLE_SECONDS * SECOND,
    }
    if not values:
        config["headers_only"] = True
    session, doing = place.jetstream.session, f"reading bucket '{place.bucket}'"
    made = await place.jetstream.request(
        f"CONSUMER.CREATE.{place.stream}", {"stream_name": place.stream, "config": config}, doing=doing
    )
    consumer = _Consumer(place, made["name"])
    subscription = await session.client.subscribe(f"{consumer.inbox}.*", cb=consumer.take)
    try:
        yield consumer
    finally:
        # What fails here leaves nothing behind: the server drops the consumer by itself.
        with contextlib.suppress(Exception):
            await subscription.unsubscribe()
            await session.client.publish(f"{place.jetstream.prefix}CONSUMER.DELETE.{place.stream}.{made['name']}")
