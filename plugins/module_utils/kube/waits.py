# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting that always ends: a scope bound to the task's deadline, and blocking calls that cannot hold the process."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from ..deadline import Deadline
from ..errors import TimedOut

T = TypeVar("T")


@contextlib.asynccontextmanager
async def within(deadline: Deadline, what: str, mend: str = "") -> AsyncIterator[None]:
    """Bound the body by the deadline.

    Args:
        deadline: Of the task.
        what: Who is waited for, as the start of a sentence: "The Kubernetes API server X".
        mend: See NatsOpsError.

    Raises:
        TimedOut: The deadline passed. A TimeoutError of the operating system (ETIMEDOUT) goes through as it is.
    """
    late = TimedOut(f"{what} did not answer in time (timeout {deadline.seconds:g} s).", mend)
    if deadline.passed:  # do not begin: a connection cancelled in its first moment is one that asyncio may forget
        raise late
    scope = asyncio.timeout(deadline.left())
    try:
        async with scope:
            yield
    except TimeoutError as error:
        if not scope.expired():
            raise
        raise late from error


async def in_thread(call: Callable[[], T]) -> T:
    """Run a blocking call beside the loop, in a thread that may be left behind.

    asyncio.to_thread does not serve: a name server, or a credential plugin that waits for a browser, would then hold
    up the end of the process for as long as it pleases, since the loop joins its executor's threads.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: T | None = None
        failure: BaseException | None = None
        try:
            result = call()
        except BaseException as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="natsops-blocking-call", daemon=True).start()
    return await future
