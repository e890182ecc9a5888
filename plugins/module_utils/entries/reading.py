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

from ..connection.connect import TRICKLE
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
# A batch is made as large as is good for this many bytes, going by the sizes that were seen last, and what has arrived
# and was not looked at yet never holds more than the second number. A server could be asked itself for no more than so
# many bytes, but then leaves out a message after each batch (last per subject with a history above 1; seen on 2.15.1).
BATCH_BYTES = 4 * 1024 * 1024
HELD_BYTES = 64 * 1024 * 1024
BATCH_LEAST, BATCH_FIRST, BATCH_MOST = 4, 1000, 5000
WAIT_SECONDS = 2.0  # for a batch that does not fill up
SILENCE_SECONDS = 4.0  # twice as much after every interruption: a large value takes its time on a slow line
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
    pace = _Pace()
    while True:
        try:
            async for entry in _read_through(place, pattern, values, history, pace):
                yield entry
            return
        except _Interrupted as error:
            if place.jetstream.session.deadline.left() <= PAUSE_SECONDS:
                mend = "Raise 'timeout', or look at the servers' health."
                if place.jetstream.write_prefix:
                    mend += " An account that exports its JetStream needs 'response_type: stream' for it."
                raise TimedOut(f"Reading bucket '{place.bucket}' was not done in time: {error}.", mend) from error
            pace.silence *= 2
            await asyncio.sleep(PAUSE_SECONDS)


class _Pace:
    """How much is asked for at once, and how long is waited for it."""

    def __init__(self) -> None:
        self.batch = BATCH_FIRST
        self.silence = SILENCE_SECONDS

    def seen(self, count: int, size: int) -> None:
        """Goes by the last messages and their bytes; grows slowly, since the next ones may be larger."""
        fits = BATCH_BYTES * count // max(size, 1)
        self.batch = max(BATCH_LEAST, min(fits, 4 * self.batch, BATCH_MOST))

    def too_much(self) -> None:
        """More has arrived than may be held."""
        self.batch = max(BATCH_LEAST, self.batch // 16)


class _Interrupted(Exception):
    """The consumer is gone, or has left something out: the reading begins anew."""


async def _read_through(place: Place, pattern: str, values: bool, history: bool, pace: _Pace) -> AsyncIterator[Entry]:
    aim = await newest(place, pattern)
    if aim is None:
        return
    pace.seen(1, aim.size)
    seen, pending = 0, 0
    async with _consumer(place, pattern, values, history, pace) as consumer:
        while True:
            count = size = 0
            async for message in consumer.batch():
                mark = _Mark.of(message.reply)
                count += 1
                size += len(message.data)
                consumer.position += 1
                if mark.position != consumer.position:
                    raise _Interrupted("the server left out a message")
                seen, pending = mark.revision, mark.pending
                key = place.subjects.key(message.subject)
                if key is not None:
                    yield messages.delivered(key, message.data, message.headers or {}, seen, mark.nanoseconds)
                if not pending and seen >= aim.revision:
                    return
            if count:
                pace.seen(count, size)
                continue
            # What was the newest may have been purged since, or a replica may lag.
            aim = await newest(place, pattern)
            if aim is None or (aim.revision <= seen and not pending):
                return
            raise _Interrupted(f"{pending} entries, up to revision {aim.revision}, have not come")


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

    def __init__(self, place: Place, name: str, pace: _Pace) -> None:
        self.position = 0
        self._subject = f"{place.jetstream.prefix}CONSUMER.MSG.NEXT.{place.stream}.{name}"
        self._arrived: deque[Msg] = deque()
        self._held = 0  # bytes in it
        self._overflow = False
        self._news = asyncio.Event()
        self._session = session = place.jetstream.session
        self.inbox = session.client.new_inbox()
        self._pulls = 0
        self._pace = pace
        self._wait = max(int(session.deadline.left(WAIT_SECONDS) * SECOND), SECOND // 10)

    async def take(self, message: Msg) -> None:
        """For the subscription."""
        if self._held > HELD_BYTES:
            self._overflow = True  # what comes now is dropped, and the reading begins anew
        else:
            self._arrived.append(message)
            self._held += len(message.data)
        self._news.set()

    async def batch(self) -> AsyncIterator[Msg]:
        """The messages of one batch, until it is full, nothing more is there, or its time is over."""
        from nats import errors

        self._pulls += 1
        inbox = f"{self.inbox}.{self._pulls}"
        size = self._pace.batch
        pull = json.dumps({"batch": size, "expires": self._wait}).encode()
        try:
            await self._session.client.publish(self._subject, pull, reply=inbox)
        except errors.Error as error:
            raise _Interrupted("the connection was lost") from error
        count = 0
        while count < size:
            await self._news_from_the_server()
            message = self._arrived.popleft()
            self._held -= len(message.data)
            if message.reply:
                count += 1
                yield message
            elif message.subject == inbox and _ends_batch(message):
                return

    async def _news_from_the_server(self) -> None:
        while not self._arrived:
            if self._overflow:
                self._pace.too_much()
                raise _Interrupted("more came at once than may be held")
            self._news.clear()
            received = self._session.received
            try:
                # A server ends a batch by a message of its own; if not even that comes, nobody is there.
                await asyncio.wait_for(self._news.wait(), self._pace.silence)
            except TimeoutError as error:
                self._session.raise_if_denied()
                if self._session.received - received > TRICKLE:
                    continue  # on its way, slowly
                raise _Interrupted("the server stopped answering") from error


def _ends_batch(message: Msg) -> bool:
    """Whether a status message ends a batch; a heartbeat does not.

    Raises:
        _Interrupted: The consumer is gone.
    """
    headers = message.headers or {}
    status, said = headers.get("Status", ""), headers.get("Description", "").lower()
    if status == "100":
        return False
    if status in ("404", "408") or (status == "409" and "batch completed" in said):
        return True
    raise _Interrupted(f"the server said {status} {said}".strip())


@contextlib.asynccontextmanager
async def _consumer(place: Place, pattern: str, values: bool, history: bool, pace: _Pace) -> AsyncIterator[_Consumer]:
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
    consumer = _Consumer(place, made["name"], pace)
    subscription = await session.client.subscribe(f"{consumer.inbox}.*", cb=consumer.take)
    try:
        yield consumer
    finally:
        # What fails here leaves nothing behind: the server drops the consumer by itself.
        with contextlib.suppress(Exception):
            await subscription.unsubscribe()
            await session.client.publish(f"{place.jetstream.prefix}CONSUMER.DELETE.{place.stream}.{made['name']}")
