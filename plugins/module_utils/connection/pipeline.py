# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many requests under way at once, with one subscription for all their answers: not a round trip for each."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import NatsOpsError, TimedOut
from .connect import TRICKLE, NoResponders, Session
from .jetstream import PAUSE_SECONDS, JetStream, decoded
from .server_errors import PASSING, refusal

if TYPE_CHECKING:
    from nats.aio.msg import Msg

# Enough to hide a round trip of 50 ms at 20,000 requests a second; a server queues at most 10,000 API requests.
WINDOW_REQUESTS = 1000
WINDOW_BYTES = 4 * 1024 * 1024
# Answers come in a steady flow; when none came for so long, those that are missing are not on their way any more.
SILENCE_SECONDS = 3.0
SLOWEST_LINE = 100_000  # bytes a second, for which more patience is added
_LOOK_SECONDS = 0.25

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Request:
    """One request: where to, what, and its headers."""

    subject: str
    payload: bytes = b""
    headers: Mapping[str, str] | None = None


async def exchange(
    session: Session,
    requests: Iterable[Request],
    answered: Callable[[int, Msg], bool],
    silence: float = SILENCE_SECONDS,
) -> tuple[int, set[int]]:
    """Sends requests and gathers their answers, of which at most a window is awaited at any time.

    Args:
        session: The connection.
        requests: Drawn one by one, when the window has room.
        answered: Called with a request's number, from 0, and its answer; a false result stops the sending. Those under
            way are still waited for.
        silence: Seconds without any answer after which the rest is given up, within the session's deadline; longer the
            more bytes are under way.

    Returns:
        How many requests were sent, and the numbers of those among them that were not answered: they may have been
        carried out.

    Raises:
        ServerRefused: This user may not send there.
        ConnectFailed: The connection is closed for good.
    """
    from nats import errors

    window = _Window(session, answered, silence)
    inbox = session.client.new_inbox()
    session.forget_denials()
    subscription = None
    try:
        subscription = await session.client.subscribe(f"{inbox}.*", cb=window.take)
        for number, request in enumerate(requests):
            if not await window.opens(len(request.payload)):
                break
            window.enter(number, len(request.payload))
            headers = dict(request.headers) if request.headers else None
            await session.client.publish(request.subject, request.payload, f"{inbox}.{number}", headers)
        await window.room(0, 0)
    except errors.OutboundBufferLimitError:
        pass  # the connection is down: what is under way is not answered
    except errors.ConnectionClosedError as error:
        raise session.closed() from error
    finally:
        if subscription and not session.client.is_closed:
            await subscription.unsubscribe()
    return window.sent, set(window.sizes)


class _Window:
    """The requests under way, and whether more may be sent."""

    def __init__(self, session: Session, answered: Callable[[int, Msg], bool], silence: float) -> None:
        self.sent = 0
        self.sizes: dict[int, int] = {}  # bytes of the requests under way
        self._under_way = 0  # their sum
        self._session = session
        self._answered = answered
        self._silence = silence
        self._going_on = True
        self._progress = asyncio.Event()
        self._heard = time.monotonic()
        self._received = session.received

    def enter(self, number: int, size: int) -> None:
        """Counts a request that is about to be sent."""
        if not self.sizes:
            self._heard = time.monotonic()
        self.sent = number + 1
        self.sizes[number] = size
        self._under_way += size

    async def take(self, message: Msg) -> None:
        """For the subscription: an answer."""
        number = int(message.subject.rpartition(".")[2])
        if number in self.sizes:
            self._under_way -= self.sizes.pop(number)
            self._going_on = self._answered(number, message) and self._going_on
        self._heard = time.monotonic()
        self._progress.set()

    async def opens(self, size: int) -> bool:
        """Waits until one more request may be sent; False where it may not any more."""
        if len(self.sizes) >= WINDOW_REQUESTS or (self.sizes and self._under_way + size > WINDOW_BYTES):
            # Down to half, so that sending and waiting do not alternate a message at a time.
            return await self.room(WINDOW_REQUESTS // 2, WINDOW_BYTES // 2) and self._going_on
        return self._going_on

    async def room(self, most: int, most_bytes: int) -> bool:
        """Waits until no more requests and bytes than these are under way; False where answers stay away."""
        while len(self.sizes) > most or self._under_way > most_bytes:
            if self._session.received - self._received > TRICKLE:
                self._received, self._heard = self._session.received, time.monotonic()
            silence = self._silence + self._under_way / SLOWEST_LINE
            if time.monotonic() - self._heard > silence or self._session.deadline.passed:
                return False
            self._progress.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._progress.wait(), _LOOK_SECONDS)
            self._session.raise_if_denied()
        return True


async def ask_each(
    jetstream: JetStream,
    items: Sequence[Item],
    request: Callable[[Item], Request],
    settle: Callable[[Item, dict[str, Any]], None],
    *,
    doing: str,
    unheard: list[Item] | None = None,
) -> None:
    """Asks JetStream for each item, many at a time; answers that are passing ones are asked for again.

    Args:
        jetstream: Whom to ask.
        items: What to ask about.
        request: The request for an item.
        settle: Called with each item and its JSON answer, `error` and all, that is no passing one. Where it raises a
            NatsOpsError, nothing more is sent, what is under way is waited for, and the error is raised then.
        doing: What this is for, for messages.
        unheard: Takes the items whose request was not answered, for writes that are not to happen twice. Without it
            they are asked for again.

    Raises:
        ServerRefused, TimedOut: as JetStream.ask(). What was settled stays so.
    """
    session = jetstream.session
    waiting: list[Item] = list(items)
    silence = SILENCE_SECONDS
    while waiting:
        asked, waiting = waiting, []
        passing, failure = await _round(jetstream, asked, request, settle, doing, waiting, unheard, silence)
        silence *= 2  # a large answer takes its time on a slow line
        if failure:
            raise failure
        if waiting:
            if session.deadline.left() <= PAUSE_SECONDS:
                raise passing
            await asyncio.sleep(PAUSE_SECONDS)


async def _round(
    jetstream: JetStream,
    items: Sequence[Item],
    request: Callable[[Item], Request],
    settle: Callable[[Item, dict[str, Any]], None],
    doing: str,
    waiting: list[Item],
    unheard: list[Item] | None,
    silence: float,
) -> tuple[NatsOpsError, NatsOpsError | None]:
    """One round of ask_each(): the reason why items are waiting to be asked for again, and the failure that ends it."""
    passing: NatsOpsError = TimedOut(f"The server did not answer when {doing}.", "Look at the servers' health.")
    failure: NatsOpsError | None = None

    def answered(number: int, message: Msg) -> bool:
        nonlocal passing, failure
        item = items[number]
        try:
            answer = decoded(message, doing)
            if answer.get("error", {}).get("err_code") in PASSING:
                passing = refusal(answer["error"], doing)
                waiting.append(item)
                return False
            settle(item, answer)
        except NoResponders:
            passing = jetstream.nobody_answered(doing)
            waiting.append(item)
            return False
        except NatsOpsError as error:
            failure = failure or error
            return False
        return True

    sent, lost = await exchange(jetstream.session, map(request, items), answered, silence)
    if unheard is None:
        waiting += [items[number] for number in lost]
    else:
        unheard += [items[number] for number in lost]
    waiting += items[sent:]
    return passing, failure
