# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries written to a server: many at a time, or all or none. Every write is acknowledged, and one whose
acknowledgement was lost is looked for before it is sent again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from ..connection.connect import NoResponders
from ..connection.jetstream import decoded
from ..connection.pipeline import SLOWEST_LINE, Request, ask_each
from ..connection.server_errors import NOT_FOUND, WRONG_REVISION, refusal
from ..errors import NatsOpsError, ServerRefused, TimedOut
from . import messages, reading
from .model import Entry
from .place import Place
from .plan import Compact, Write

Done = Callable[[Write, int], None]
# A server gives a batch up when nothing of it has come for ten seconds.
BATCH_LOOKS, BATCH_LOOK_SECONDS = 10, 1.0


async def write_each(place: Place, writes: Sequence[Write], done: Done, unknown: list[str]) -> None:
    """Writes entries, each by itself.

    Args:
        place: The bucket.
        writes: In any order; no key twice.
        done: Called with each write that the server has, and its revision.
        unknown: Takes the keys of which nobody can say whether they were written, where an error is raised.

    Raises:
        ServerRefused, TimedOut, ConnectFailed: what was done by then is done.
    """
    doing = f"writing to bucket '{place.bucket}'"
    waiting = list(writes)
    again: set[str] = set()  # keys that were sent before, and may have been written by that
    while waiting:
        unheard, overtaken = await _round(place, waiting, again, done, unknown, doing)
        try:
            waiting = await _unwritten(place, unheard, done)
            lost = await _unwritten(place, list(overtaken), done)
        except NatsOpsError:
            unknown += [write.key for write in unheard]
            raise
        if lost:
            raise overtaken[lost[0]]
        again |= {write.key for write in waiting}
        if waiting and place.jetstream.session.deadline.passed:
            unknown += [write.key for write in waiting]
            raise TimedOut(
                f"No acknowledgement came when {doing}: it is unknown whether {len(waiting)} entries were written.",
                "Run again: what is there is then read first.",
            )


async def _round(
    place: Place, writes: Sequence[Write], again: set[str], done: Done, unknown: list[str], doing: str
) -> tuple[list[Write], dict[Write, NatsOpsError]]:
    """Sends writes; those that were not answered, and those that were sent again and met a newer revision: maybe their
    own."""
    unheard: list[Write] = []
    overtaken: dict[Write, NatsOpsError] = {}

    def settle(write: Write, answer: dict[str, Any]) -> None:
        if error := answer.get("error"):
            refused = refusal(error, f"writing key '{write.key}' of bucket '{place.bucket}'")
            if error.get("err_code") not in WRONG_REVISION or write.key not in again:
                raise refused
            overtaken[write] = refused
        else:
            done(write, int(answer["seq"]))

    def request(write: Write) -> Request:
        return Request(place.subjects.write(write.key), write.value, write.headers)

    try:
        await ask_each(place.jetstream, writes, request, settle, doing=doing, unheard=unheard)
    except NatsOpsError:
        with contextlib.suppress(NatsOpsError):
            unheard = await _unwritten(place, unheard, done)
        unknown += [write.key for write in unheard]
        raise
    return unheard, overtaken


async def write_together(place: Place, writes: Sequence[Write], done: Done, unknown: list[str]) -> None:
    """Writes all entries or none, in one atomic batch (ADR-50). See write_each().

    Args:
        place: A bucket that allows it.
        writes: At most as many as a batch takes.
        done: See write_each().
        unknown: See write_each().
    """
    doing = f"writing {len(writes)} entries to bucket '{place.bucket}' at once"
    sent = 0
    while True:
        sent += 1
        try:
            last = await _batch(place, writes, doing)
        except (TimedOut, ServerRefused) as error:
            unsure = isinstance(error, TimedOut) or (error.code in WRONG_REVISION and sent > 1)
            if not unsure:
                raise
            if await _landed(place, writes, done):
                return
            if not isinstance(error, TimedOut):
                raise
            if place.jetstream.session.deadline.passed:
                unknown += [write.key for write in writes]
                raise TimedOut(
                    f"No acknowledgement came when {doing}: it is unknown whether all were written, or none.",
                    "Run again: what is there is then read first.",
                ) from error
            continue
        for number, write in enumerate(writes):
            done(write, last - len(writes) + 1 + number)  # a batch's revisions follow each other
        return


async def _landed(place: Place, writes: Sequence[Write], done: Done) -> bool:
    """Whether a batch that was not acknowledged is there after all. It may still be on its way: looks for a while."""
    deadline = place.jetstream.session.deadline
    for _look in range(BATCH_LOOKS):
        landed: list[tuple[Write, int]] = []
        with contextlib.suppress(NatsOpsError):
            if not await _unwritten(place, writes, lambda *one, landed=landed: landed.append(one)):
                for write, revision in landed:
                    done(write, revision)
                return True
        if deadline.passed:
            break
        await asyncio.sleep(deadline.left(BATCH_LOOK_SECONDS))
    return False


async def compact(place: Place, compacts: Sequence[Compact], done: Callable[[Compact], None]) -> None:
    """Removes tombstones with what is behind them. What was written to a key since stays."""
    doing = f"removing old markers from bucket '{place.bucket}'"
    subject = f"{place.jetstream.prefix}STREAM.PURGE.{place.stream}"

    def settle(item: Compact, answer: dict[str, Any]) -> None:
        if error := answer.get("error"):
            if error.get("err_code") != NOT_FOUND:
                raise refusal(error, doing)
        else:
            done(item)

    def request(item: Compact) -> Request:
        # `seq` keeps what is at it and above.
        body = {"filter": place.subjects.read(item.key), "seq": item.revision + 1}
        return Request(subject, json.dumps(body).encode())

    await ask_each(place.jetstream, compacts, request, settle, doing=doing)


async def _unwritten(place: Place, writes: Sequence[Write], done: Done) -> list[Write]:
    """The writes that the server does not have; calls `done` for those that it has after all."""
    if not writes:
        return []
    entries: dict[str, Entry] = {}
    await reading.latest(place, {write.key for write in writes}, lambda entry: entries.update({entry.key: entry}))
    left = []
    for write in writes:
        if write.made(entries.get(write.key)):
            done(write, entries[write.key].revision)
        else:
            left.append(write)
    return left


async def _batch(place: Place, writes: Sequence[Write], doing: str) -> int:
    """Sends one batch; the revision of its last write."""
    session, batch = place.jetstream.session, uuid.uuid4().hex
    last = len(writes)
    patience = 5.0 + sum(len(write.value) for write in writes) / SLOWEST_LINE
    for number, write in enumerate(writes, start=1):
        headers = write.headers | messages.batch_headers(batch, number, number == last)
        subject = place.subjects.write(write.key)
        if number not in (1, last):
            await session.publish(subject, write.value, headers)
            continue
        # The first one is answered as well, so that a refusal comes before the others are sent.
        try:
            message = await session.ask(subject, write.value, headers, seconds=patience)
        except NoResponders as error:
            raise place.jetstream.nobody_answered(doing) from error
        if message.data:
            answer = decoded(message, doing)
            if problem := answer.get("error"):
                raise refusal(problem, doing)
            if number == last:
                return int(answer["seq"])
    raise AssertionError
