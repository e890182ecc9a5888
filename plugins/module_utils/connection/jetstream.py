# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JetStream API as JSON, over a session.

Plain JSON rather than nats-py's StreamConfig: an update replaces the whole configuration, and a class that does not
know a field of a newer server would wipe it. Durations stay whole nanoseconds as well.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import NatsOpsError, ServerRefused, TimedOut
from .connect import NoResponders, Session
from .options import DEFAULT_PREFIX
from .server_errors import PASSING, refusal

if TYPE_CHECKING:
    from nats.aio.msg import Msg

PAUSE_SECONDS = 0.25
# After a restart JetStream's subscriptions come a moment after the client port.
STARTING_SECONDS = 5.0
# Under another prefix: a leaf node that has lost its hub dials again every second.
FAR_SECONDS = 2.5


class JetStream:
    """Requests to the JetStream API, repeated while a cluster is still finding itself.

    Every request of ours may be repeated: reads, and creates, updates and deletes whose second answer is as good.

    Args:
        session: The connection.
        prefix: Of the API's subjects, with a dot at its end.
    """

    def __init__(self, session: Session, prefix: str = DEFAULT_PREFIX) -> None:
        self.session = session
        self.prefix = prefix

    @property
    def write_prefix(self) -> str:
        """What comes before a key's subject where it is written to, so that it gets to the same JetStream.

        Servers map `$JS.<domain>.API.$KV.>` to `$KV.>` (nats-server generateJSMappingTable; as nats.go does).
        """
        return "" if self.prefix == DEFAULT_PREFIX else self.prefix

    def nobody_answered(self, doing: str) -> ServerRefused:
        """The error for a request on a subject where nobody listens, though JetStream is on."""
        if self.prefix != DEFAULT_PREFIX:
            return self._nobody_far_off(doing)
        return ServerRefused(
            f"Nobody answered when {doing}: JetStream is starting, has lost its quorum, or is not there for this "
            "account.",
            "Look at the servers' health.",
        )

    def _nobody_far_off(self, doing: str) -> ServerRefused:
        nobody = f"Nobody answered under {self.prefix}> when {doing}"
        server = self.session.server
        if not (domain := re.fullmatch(r"\$JS\.([^.]+)\.API\.", self.prefix)):
            return ServerRefused(f"{nobody}: {server} imports nothing there for this account.", "Check 'api_prefix'.")
        own = self.session.server_info.get("domain")
        return ServerRefused(
            f"{nobody}: {server}{f' (domain {own!r})' if own else ''} reaches no JetStream domain {domain[1]!r}.",
            "Check 'domain', and the leaf node's connection.",
        )

    async def request(
        self, verb: str, payload: Mapping[str, Any] | None = None, *, doing: str, seconds: float = 5.0
    ) -> dict[str, Any]:
        """One request to the API.

        Args:
            verb: The subject after the prefix, such as `STREAM.INFO.KV_test`.
            payload: Sent as JSON; nothing where None.
            doing: What this is for, as in "creating bucket 'test'", for messages.
            seconds: How long one attempt waits before the next.

        Raises:
            ServerRefused: The server's answer is an error; its `code` is JetStream's.
            TimedOut: No answer by the deadline.
        """
        body = json.dumps(payload).encode() if payload is not None else b""
        return await self.ask(f"{self.prefix}{verb}", body, doing=doing, seconds=seconds)

    async def ask(
        self,
        subject: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        doing: str,
        seconds: float = 5.0,
        repeat_unheard: bool = True,
    ) -> dict[str, Any]:
        """One request whose answer is JSON, repeated until the deadline while the answer is a passing one.

        Args:
            subject: Where to.
            body: The message.
            headers: Its headers.
            doing: What this is for.
            seconds: How long one attempt waits.
            repeat_unheard: Ask again when no answer came. Not for a write that is not to happen twice.
        """
        deadline = self.session.deadline
        unheard_until = deadline.left() - (STARTING_SECONDS if self.prefix == DEFAULT_PREFIX else FAR_SECONDS)
        while True:
            try:
                answer = decoded(await self.session.ask(subject, body, headers, seconds=seconds), doing)
            except NoResponders as error:
                if self.prefix == DEFAULT_PREFIX and not self.session.server_info.get("jetstream"):
                    raise _jetstream_off(self.session.server, doing) from error
                last: NatsOpsError = self.nobody_answered(doing)
                if deadline.left() < unheard_until:
                    raise last from error
            except TimedOut as error:
                if not repeat_unheard:
                    raise
                last = TimedOut(f"The server did not answer when {doing}.", "Look at the servers' health.")
                last.__cause__ = error
                seconds *= 2  # a large answer takes its time on a slow line
            else:
                problem = answer.get("error")
                if not problem:
                    return answer
                last = refusal(problem, doing)
                if problem.get("err_code") not in PASSING:
                    raise last
            if deadline.left() <= PAUSE_SECONDS:
                raise last
            await asyncio.sleep(PAUSE_SECONDS)


def decoded(message: Msg, doing: str) -> dict[str, Any]:
    """The JSON object of an answer, `error` and all.

    Raises:
        NoResponders: Nobody listens there (NATS ADR-22 status 503).
        ServerRefused: It is no JSON object.
    """
    if not message.data and (message.headers or {}).get("Status") == "503":
        raise NoResponders(f"Nobody answered when {doing}.")
    try:
        answer = json.loads(message.data)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ServerRefused(f"The server's answer when {doing} is not JetStream's.", "Check what listens there.")
    return answer


def _jetstream_off(server: str, doing: str) -> ServerRefused:
    return ServerRefused(
        f"JetStream is off on {server}, and key/value needs it ({doing}).",
        "Switch it on: config.jetstream.enabled: true in the chart's values, or 'jetstream {}' in nats.conf.",
    )
