# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A session with NATS: one connection, one deadline, and failures that say why."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..deadline import Deadline
from ..errors import ConnectFailed, NatsOpsError, ServerRefused, TimedOut
from . import tls
from .causes import explained
from .options import ConnectionOptions
from .transport import GuardedTransport

if TYPE_CHECKING:
    import ssl

    from nats.aio.client import Client
    from nats.aio.msg import Msg

CLOSE_SECONDS = 2.0  # nats-py's close() can hang after a failed TLS handshake
# A server's stale-connection default is 2 pings at 2 minutes; a dead tunnel must be noticed within a task's time.
PING_SECONDS = 5
TRICKLE = 2_000  # bytes; what comes besides any answer (pongs, news of the cluster) is less


class NoResponders(NatsOpsError):
    """Nobody listens on a request's subject. What that means, only the asker knows."""


class Session:
    """An open connection with the deadline of its task. Made by open_session()."""

    def __init__(self, client: Client, deadline: Deadline, server: str, transport: GuardedTransport) -> None:
        self.client = client
        self._transport = transport
        self.deadline = deadline
        self.server = server
        self._denials: list[str] = []
        self._denied = asyncio.Event()

    @property
    def server_info(self) -> Mapping[str, Any]:
        """What the server said of itself when the connection was opened (the INFO message of the protocol)."""
        return dict(self.client._server_info)  # nats-py has no public way to it

    @property
    def received(self) -> int:
        """Bytes that have come since the connection was opened. An answer that trickles in is no silence."""
        return self._transport.received

    @property
    def max_payload(self) -> int:
        """The largest message that the server takes, in bytes, headers included."""
        return int(self.client.max_payload)

    def closed(self) -> ConnectFailed:
        """The error for a connection that the server has closed for good."""
        said = str(self.client.last_error or "").removeprefix("nats: ").strip("'\" ")
        if "authentication expired" in said.lower():
            return ConnectFailed(f"The credentials for {self.server} have expired on the way.", "Issue new ones.")
        why = f": {said}" if said else ""
        return ConnectFailed(f"The connection to {self.server} was closed by the server{why}.", "Run again.")

    def note_error(self, error: Exception) -> None:
        """Takes an error that the server sends outside of any answer: a refused permission, above all."""
        said = str(error).lower()
        # A consumer that may not be deleted is dropped by the server when nobody has used it for a while.
        if "permissions violation" in said and ".consumer.delete." not in said:
            self._denials.append(str(error).removeprefix("nats: ").strip("'"))
            self._denied.set()

    def forget_denials(self) -> None:
        """To be called before what raise_if_denied() is to look at."""
        self._denied.clear()

    def raise_if_denied(self, subject: str = "") -> None:
        """Raises ServerRefused where the server has refused a permission since forget_denials().

        Args:
            subject: Where something was sent to; named as it is, since nats-py gives the server's words, subjects
                included, in small letters.
        """
        if not self._denied.is_set():
            return
        said = self._denials[-1]
        what = f"to publish to {subject}" if subject and subject.lower() in said else f"({said})"
        raise ServerRefused(f"The server denies this user {what}.", "Grant the permission, or connect as another user.")

    async def publish(self, subject: str, payload: bytes, headers: Mapping[str, str]) -> None:
        """Sends a message to which nobody answers.

        Raises:
            ConnectFailed: The connection is gone.
        """
        from nats import errors

        try:
            await self.client.publish(subject, payload, headers=dict(headers))
        except errors.Error as error:
            raise ConnectFailed(f"The connection to {self.server} was lost ({error}).", "Run again.") from error

    async def ask(
        self, subject: str, payload: bytes = b"", headers: Mapping[str, str] | None = None, seconds: float = 5.0
    ) -> Msg:
        """Sends one request and waits for its answer.

        Args:
            subject: Where to.
            payload: The message.
            headers: Its headers.
            seconds: The longest to wait, within the deadline.

        Raises:
            NoResponders: Nobody listens there.
            ServerRefused: This user may not send there, or not receive the answer.
            TimedOut: No answer in time; the request may or may not have been carried out.
            ConnectFailed: The connection is gone for good.
        """
        from nats import errors

        self.forget_denials()
        wait = self.deadline.left(seconds)
        request = asyncio.ensure_future(
            self.client.request(
                subject, payload, timeout=self.deadline.left() + wait, headers=dict(headers) if headers else None
            )
        )
        denied = asyncio.ensure_future(self._denied.wait())
        try:
            # A refused permission comes beside the answer that never arrives.
            await self._first_of({request, denied}, seconds)
            if denied.done() and not request.done():
                self.raise_if_denied(subject)
            return await request
        except errors.NoRespondersError as error:
            raise NoResponders(f"Nobody answers on {subject}.") from error
        except (errors.TimeoutError, TimeoutError) as error:
            raise TimedOut(f"{self.server} did not answer on {subject} within {wait:.1f} seconds.") from error
        except errors.MaxPayloadError as error:
            raise ServerRefused(
                f"The message is larger than the {self.max_payload} bytes that the server takes."
            ) from error
        except errors.ConnectionClosedError as error:
            raise self.closed() from error
        finally:
            for task in (request, denied):
                task.cancel()
            await asyncio.gather(request, denied, return_exceptions=True)

    async def _first_of(self, tasks: set[asyncio.Future[Any]], seconds: float) -> None:
        """Waits until one of them is done; TimeoutError when nothing to speak of has come for so many seconds."""
        while True:
            received = self.received
            done, _rest = await asyncio.wait(
                tasks, timeout=self.deadline.left(seconds), return_when=asyncio.FIRST_COMPLETED
            )
            if done:
                return
            if self.received - received < TRICKLE or self.deadline.passed:
                raise TimeoutError


@contextlib.asynccontextmanager
async def open_session(options: ConnectionOptions, deadline: Deadline) -> AsyncIterator[Session]:
    """Connects, and closes whatever happens.

    Raises:
        ConnectFailed: with the cause, for every server that was tried.
        ServerRefused: The Kubernetes API refused the tunnel.
        BadInput: a TLS file cannot be used.
    """
    try:
        from nats.aio.client import Client
    except ImportError as error:
        raise ConnectFailed(
            "The Python package 'nats-py' is not installed for the Python that runs this module.",
            "Install it there (pip install nats-py), or point ansible_python_interpreter at a Python that has it.",
        ) from error
    context = tls.context(options.tls)
    transport = await _transport(options, deadline)
    client = Client()
    client._transport = transport  # nats-py has no option for it; the same attribute since 2.2
    try:
        yield await _connected(client, options, deadline, transport, context)
    finally:
        for closing in (client.close(), transport.aclose()):
            with contextlib.suppress(Exception):
                await asyncio.wait_for(closing, CLOSE_SECONDS)


async def _transport(options: ConnectionOptions, deadline: Deadline) -> GuardedTransport:
    if options.kubernetes is None:
        return GuardedTransport(options.tls_demanded)
    from ..kube.api import KubeApi
    from .tunnel import TunnelTransport

    api = await KubeApi.open(options.kubernetes.kubeconfig, options.kubernetes.context, deadline)
    tunnel = TunnelTransport(api, options.kubernetes, deadline, options.tls_demanded)
    await tunnel.resolve()
    return tunnel


async def _connected(
    client: Client,
    options: ConnectionOptions,
    deadline: Deadline,
    transport: GuardedTransport,
    context: ssl.SSLContext,
) -> Session:
    from nats.errors import NoServersError

    urls = list(options.servers) or [transport.url]
    session = Session(client, deadline, " or ".join(urlsplit(url).netloc for url in urls), transport)
    causes: dict[str, NatsOpsError] = {}

    def cause(error: BaseException) -> NatsOpsError:
        wanted = bool(session.server_info.get("tls_verify")) and not options.tls["tls_cert_file"]
        return explained(error, transport.dialled or session.server, options.auth_name, certificate_wanted=wanted)

    async def note(error: Exception) -> None:
        if client.is_connected:
            session.note_error(error)
        elif transport.dialled not in causes or not isinstance(error, ConnectionError):
            # A server that refuses the credentials may cut the connection before its words are read: a first attempt's
            # words count more than a second one's cut.
            causes[transport.dialled] = cause(error)

    try:
        await client.connect(
            servers=urls,
            name="natsops.nats",
            error_cb=note,
            # With allow_reconnect off nats-py needs over 30 s to fail; like this, one more try a server and no pause.
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            # A third, so that a mute server leaves time for the others and for saying so.
            connect_timeout=min(5.0, deadline.left() / 3),  # type: ignore[arg-type]
            ping_interval=PING_SECONDS,
            dont_randomize=True,
            tls=context,
            tls_handshake_first=options.tls_first,
            inbox_prefix=options.inbox_prefix,
            # Through a tunnel the name is the service's, and not that of a peer that a server advertises.
            tls_hostname=options.tls.get("tls_hostname") or transport.host or None,
            **options.auth_arguments,
        )
    except asyncio.CancelledError:
        if causes:
            raise _together(causes) from None
        raise
    except NoServersError as error:
        raise (_together(causes) if causes else cause(error)) from error
    except Exception as error:
        raise cause(error) from error
    # From here on a lost connection is taken up again until the deadline ends the task.
    client.options["max_reconnect_attempts"] = -1
    client.options["reconnect_time_wait"] = 0.2
    return session


def _together(causes: Mapping[str, NatsOpsError]) -> NatsOpsError:
    """One error for all servers that were tried."""
    errors = list(causes.values())
    if len(errors) == 1:
        return errors[0]
    mends = dict.fromkeys(error.mend for error in errors if error.mend)
    return ConnectFailed(" ".join(error.message for error in errors), " ".join(mends))
