# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The byte stream under nats-py: TCP that is never used in plain text where TLS was asked for.

nats-py upgrades to TLS only when the server says so; against a server without TLS it would send the credentials in
plain text, whatever URL or SSL context it was given. The transport is the last place that sees the bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, cast
from urllib.parse import ParseResult

from ..errors import NatsOpsError
from .tls_first import TlsFirstWanted, answers_tls

if TYPE_CHECKING:
    import ssl

try:
    from nats.aio.transport import TcpTransport
except ImportError:  # connect.py says so when a connection is asked for
    TcpTransport = object  # type: ignore[assignment, misc]


_FAILED_SECONDS = 0.1
# A server greets in a round trip or two. Half of a short connect_timeout, so that there is time for looking.
_SILENCE_SECONDS = 1.0
_PROBE_SECONDS = 1.0


class PlainTextRefused(OSError):
    """TLS was asked for and the server does not offer it. An OSError, so that nats-py tries its other servers."""


class PlainTextHeard(OSError):
    """The server said something in plain text that was to be said in TLS. An OSError, as above."""


class GuardedTransport(TcpTransport):
    """TcpTransport that refuses to write in plain text where TLS is demanded, and remembers whom it dialled.

    Args:
        tls_demanded: Refuse to send anything before the upgrade to TLS.
    """

    def __init__(self, tls_demanded: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.dialled = ""
        self.received = 0  # bytes, to tell a slow line from a dead one
        self._tls_demanded = tls_demanded
        self._in_tls = False
        self._failed = False
        self._greeted = False
        self._silence = _SILENCE_SECONDS
        self._address: tuple[str | None, int | None] = None, None
        self._tls_first_at: set[str] = set()

    def __bool__(self) -> bool:
        # nats-py puts a transport of its own in the place of one that is false.
        return True

    async def connect(self, uri: ParseResult, buffer_size: int, connect_timeout: int) -> None:
        """Dials; called by nats-py for every attempt, reconnects included."""
        self._in_tls = self._failed = self._greeted = False
        self._silence = min(_SILENCE_SECONDS, connect_timeout / 2)
        self.dialled, self._address = uri.netloc, (uri.hostname, uri.port)
        if self.dialled in self._tls_first_at:
            raise TlsFirstWanted
        await self.dial(uri, buffer_size, connect_timeout)

    async def dial(self, uri: ParseResult, buffer_size: int, connect_timeout: float) -> None:
        """Opens the byte stream itself; a tunnel opens another one."""
        await super().connect(uri, buffer_size, connect_timeout)  # type: ignore[arg-type]

    @contextlib.asynccontextmanager
    async def another(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Another byte stream to where the latest dial led; closed at the end."""
        reader, writer = await asyncio.open_connection(*self._address)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    async def read(self, buffer_size: int) -> bytes:
        """Reads what has arrived; called by nats-py all the time."""
        data: bytes = await super().read(buffer_size)
        self.received += len(data)
        return data

    async def readline(self) -> bytes:
        """Reads a line of the handshake; the first one is the server's greeting.

        Raises:
            TlsFirstWanted: There is none, as the server waits for TLS.
        """
        line = asyncio.ensure_future(super().readline())  # type: ignore[no-untyped-call]
        try:
            if not self._greeted and not self._in_tls:
                await asyncio.wait({line}, timeout=self._silence)
                self._greeted = line.done() and bool(await line)
                if not self._greeted and await self._tls_first_wanted():
                    self._tls_first_at.add(self.dialled)
                    raise TlsFirstWanted
            return bytes(await line)
        finally:
            line.cancel()

    async def _tls_first_wanted(self) -> bool:
        with contextlib.suppress(OSError, TimeoutError, NatsOpsError):
            async with asyncio.timeout(_PROBE_SECONDS), self.another() as (reader, writer):
                return await answers_tls(reader, writer)
        return False

    async def connect_tls(
        self, uri: str | ParseResult, ssl_context: ssl.SSLContext, buffer_size: int, connect_timeout: int
    ) -> None:
        """Upgrades the open connection to TLS."""
        # nats-py makes a new protocol for the stream, which asyncio then warns about on stderr at every end.
        host = uri if isinstance(uri, str) else uri.hostname
        if self._io_writer is None:
            raise AssertionError
        if await self._unread():
            raise PlainTextHeard
        try:
            await asyncio.wait_for(
                self._io_writer.start_tls(ssl_context, server_hostname=host), timeout=connect_timeout
            )
        except BaseException:
            # After a failed handshake wait_closed() may never return, and nats-py calls it without a bound. Where it
            # does, it tells of the failure again, and asyncio prints that on stderr if nobody has heard it.
            self._io_writer.transport.abort()
            self._failed = True
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._io_writer.wait_closed(), _FAILED_SECONDS)
            raise
        self._in_tls = True

    async def _unread(self) -> bool:
        """Whether something has come in plain text, which would be taken for something that came in TLS."""
        if self._io_reader is None or self._io_writer is None:
            raise AssertionError
        cast(asyncio.Transport, self._io_writer.transport).pause_reading()  # start_tls() takes it up again
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0):
                return bool(await self._io_reader.read(1))
        return False

    async def wait_closed(self) -> None:
        """Waits until the stream is closed."""
        if not self._failed:
            await super().wait_closed()  # type: ignore[no-untyped-call]

    @property
    def url(self) -> str:
        """The URL to give to nats-py, where the transport and not the user knows it."""
        return ""

    @property
    def host(self) -> str:
        """The name that the server's certificate is to hold, where the transport and not the URL knows it."""
        return ""

    async def aclose(self) -> None:
        """Leaves nothing open, whatever state it is in. May be called again."""
        self.close()  # type: ignore[no-untyped-call]
        await self.wait_closed()

    def adopt(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Takes a stream that dial() opened."""
        self._bare_io_reader = self._io_reader = reader
        self._bare_io_writer = self._io_writer = writer

    def write(self, payload: bytes) -> None:
        """Queues bytes for sending."""
        self._check()
        super().write(payload)  # type: ignore[no-untyped-call]

    def writelines(self, payload: list[bytes]) -> None:
        """Queues bytes for sending."""
        self._check()
        super().writelines(payload)  # type: ignore[no-untyped-call]

    def _check(self) -> None:
        if self._tls_demanded and not self._in_tls:
            raise PlainTextRefused("the server offers no TLS")
