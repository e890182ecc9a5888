# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many requests under way at once, with one subscription for all their answers: a round trip a window, not a request."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import ConnectFailed
from .connect import Session

if TYPE_CHECKING:
    from nats.aio.msg import Msg

# Enough to hide a round trip of 50 ms at 20,000 requests a second; a stream's leader queues 10,000 API requests at most.
WINDOW_REQUESTS = 1000
WINDOW_BYTES = 4 * 1024 * 1024
# Answers come in a steady flow; when none came for so long, those that are missing are not on their way any more.
SILENCE_SECONDS = 3.0
_LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Request:
    """One request: where to, what, and its headers."""

    subject: str
    payload: bytes = b""
    headers: Mapping[str, str] | None = None


async def exchange(
    session: Session, requests: Iterable[Request], answered: Callable[[int, Msg], bool], silence: float = SILENCE_SECONDS
) -> set[int]:
    """Sends requests and gathers their answers, of which at most a window is awaited at any time.

    Args:
        session: The connection.
        requests: Drawn one by one, when the window has room.
        answered: Called with a request's number, from 0, and its answer; a false result stops the sending. Those under
            way are still waited for.
        silence: Seconds without any answer after which the rest is given up, within the session's deadline.

    Returns:
        The numbers of the requests that were sent and not answered. They may have been carried out.

    Raises:
        ServerRefused: This user may not send there.
    """
    from nats import errors

    sizes: dict[int, int] = {}  # of the requests under way
    progress = asyncio.Event()
    loop = asyncio.get_running_loop()
    heard, under_way, going_on = loop.time(), 0, True

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
            await session.client.publish(request.subject, request.payload, f"{inbox}.{number}", headers)
        await room(0, 0)
    except errors.OutboundBufferLimitError:
        pass  # the connection is down; what is under way is not answered
    except errors.ConnectionClosedError as error:
        raise ConnectFailed(f"The connection to {session.server} was closed by the server.", "Run again.") from error
    finally:
        if not session.client.is_closed:
            await subscription.unsubscribe()
    return set(sizes)
