# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many requests under way at once, with one subscription for all their answers: a round trip a window, not a request."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import ConnectFailed, NatsOpsError, TimedOut
from .connect import NoResponders, Session
from .jetstream import PAUSE_SECONDS, JetStream, decoded, nobody_answered
from .server_errors import PASSING, refusal

if TYPE_CHECKING:
    from nats.aio.msg import Msg

# Enough to hide a round trip of 50 ms at 20,000 requests a second; a stream's leader queues 10,000 API requests at most.
WINDOW_REQUESTS = 1000
WINDOW_BYTES = 4 * 1024 * 1024
# Answers come in a steady flow; when none came for so long, those that are missing are not on their way any more.
SILENCE_SECONDS = 3.0
_LOOK_SECONDS = 0.25

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Request:
    """One request: where to, what, and its headers."""

    subject: str
    payload: bytes = b""
    headers: Mapping[str, str] | None = None


async def exchange(
    session: Session, requests: Iterable[Request], answered: Callable[[int, Msg], bool], silence: float = SILENCE_SECONDS
) -> tuple[int, set[int]]:
    """Sends requests and gathers their answers, of which at most a window is awaited at any time.

    Args:
        session: The connection.
        requests: Drawn one by one, when the window has room.
        answered: Called with a request's number, from 0, and its answer; a false result stops the sending. Those under
            way are still waited for.
        silence: Seconds without any answer after which the rest is given up, within the session's deadline.

    Returns:
        How many requests were sent, and the numbers of those among them that were not answered: they may have been
        carried out.

    Raises:
        ServerRefused: This user may not send there.
    """
    from nats import errors

    sizes: dict[int, int] = {}  # of the requests under way
    progress = asyncio.Event()
    loop = asyncio.get_running_loop()
    heard, under_way, going_on, sent = loop.time(), 0, True, 0

    async def take(message: Msg) -> None:
        nonlocal heard, under_way, going_on
        number = int(message.subject.rpartition(".")[2])
        if number in sizes:
            under_way -= sizes.pop(number)
            going_on = answered(number, message) and going_on
        heard = loop.time()
        progress.set()

    async def room(most: int, most_bytes: int) -> bool:
        while len(sizes) > most or under_way > most_bytes:
            if loop.time() - heard > silence or session.deadline.passed:
                return False
            progress.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(progress.wait(), _LOOK_SECONDS)
            session.raise_if_denied()
        return True

    inbox = session.client.new_inbox()
    subscription = await session.client.subscribe(f"{inbox}.*", cb=take)
    session.forget_denials()
    try:
        for number, request in enumerate(requests):
            if len(sizes) >= WINDOW_REQUESTS or under_way >= WINDOW_BYTES:
                # Down to half, so that sending and waiting do not alternate a message at a time.
                if not await room(WINDOW_REQUESTS // 2, WINDOW_BYTES // 2):
                    break
            if not going_on:
                break
            sizes[number] = len(request.payload)
            under_way += len(request.payload)
            if len(sizes) == 1:
                heard = loop.time()
            headers = dict(request.headers) if request.headers else None
            sent = number + 1
            await session.client.publish(request.subject, request.payload, f"{inbox}.{number}", headers)
        await room(0, 0)
    except errors.OutboundBufferLimitError:
        pass  # the connection is down; what is under way is not answered
    except errors.ConnectionClosedError as error:
        raise ConnectFailed(f"The connection to {session.server} was closed by the server.", "Run again.") from error
    finally:
        if not session.client.is_closed:
            await subscription.unsubscribe()
    return sent, set(sizes)


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
    while waiting:
        asked, waiting = waiting, []
        passing, failure = await _round(session, asked, request, settle, doing, waiting, unheard)
        if failure:
            raise failure
        if waiting:
            if session.deadline.left() <= PAUSE_SECONDS:
                raise passing
            await asyncio.sleep(PAUSE_SECONDS)


async def _round(
    session: Session,
    items: Sequence[Item],
    request: Callable[[Item], Request],
    settle: Callable[[Item, dict[str, Any]], None],
    doing: str,
    waiting: list[Item],
    unheard: list[Item] | None,
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
            passing = nobody_answered(doing)
            waiting.append(item)
            return False
        except NatsOpsError as error:
            failure = failure or error
            return False
        return True

    sent, lost = await exchange(session, map(request, items), answered)
    if unheard is None:
        waiting += [items[number] for number in lost]
    else:
        unheard += [items[number] for number in lost]
    waiting += items[sent:]
    return passing, failure
