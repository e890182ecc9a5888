# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A port-forward to one pod: a websocket to the API server, seen from here as an ordinary asyncio connection.

The API server's framing (v4.channel.k8s.io, one port): each frame begins with a channel's number, 0 for data and 1 for
error text; the first frame of each channel holds the port's number and is skipped. The websocket itself is the
websockets package's: the kubernetes package's own port-forward can hang at the start and knows no deadline.

There is no half-close: once our side closes, an answer under way is lost. NATS and HTTP/1.0 do not mind.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator
from typing import Any

from ..deadline import Deadline
from ..errors import ConnectFailed, ServerRefused
from .api import KubeApi
from .endpoints import PodTarget
from .waits import within

_PROTOCOL = "v4.channel.k8s.io"
_CHUNK = 256 * 1024  # bytes of data in a frame; the API server takes up to 16 MiB
_DATA, _ERROR = 0, 1
_PING_SECONDS = 20.0  # both between pings and until an answer; an idle connection is cut after hours otherwise
_CLOSE_SECONDS = 1.0
_LIMIT = 64 * 1024

_quiet = logging.getLogger(f"{__name__}.websocket")  # the library's log would hold the Authorization header
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False
_quiet.setLevel(logging.CRITICAL + 1)


class PortForward:
    """An open port-forward. Make it with open(); close it with aclose(), or use it in `async with`.

    Attributes:
        target: The pod.
        reader: What the pod sends.
        writer: To the pod. Closing it closes the port-forward, in the background.
    """

    def __init__(self, target: PodTarget, websocket: Any, inner: socket.socket) -> None:
        self.target = target
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter
        self._websocket = websocket
        self._inner = inner
        self._error = ""
        self._pump: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, api: KubeApi, target: PodTarget, deadline: Deadline, limit: int = _LIMIT) -> PortForward:
        """Open a port-forward.

        Args:
            api: The cluster.
            target: Pod and port.
            deadline: For the opening; it does not end the port-forward.
            limit: Of the reader's buffer, bytes.

        Raises:
            ConnectFailed: No connection to the API server, or no such pod, or one that does not run.
            ServerRefused: The API server refused (401, 403, 500 ...).
            TimedOut: The deadline passed.
        """
        websocket = await _dial(api, target, deadline)
        # The end for asyncio must be a real socket: nats-py upgrades it to TLS in place.
        inner, outer = socket.socketpair()
        try:
            inner.setblocking(False)
            outer.setblocking(False)
            forward = cls(target, websocket, inner)
            forward.reader, forward.writer = await asyncio.open_connection(sock=outer, limit=limit)
        except BaseException:
            inner.close()
            outer.close()
            _abort(websocket)
            raise
        forward._pump = asyncio.create_task(forward._run(), name=f"natsops port-forward to {target.pod}")
        return forward

    @property
    def error(self) -> str:
        """Why the port-forward ended, where the API server or the network said so; empty while all is well."""
        return self._error

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._pump is None or self._pump.done()

    async def aclose(self) -> None:
        """Close both sides and wait until nothing is left, a second or two at most. May be called again."""
        if not self.writer.transport.is_closing():
            self.writer.transport.abort()
        if self._pump is None:
            return
        try:
            await asyncio.wait([self._pump], timeout=2 * _CLOSE_SECONDS)
        finally:
            if not self._pump.done():
                self._pump.cancel()
        await asyncio.wait([self._pump])

    async def __aenter__(self) -> PortForward:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _run(self) -> None:
        """Pump both ways until either side ends, then close both. Never raises but for a cancellation."""
        ways = [asyncio.create_task(self._from_pod()), asyncio.create_task(self._to_pod())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            try:
                await asyncio.gather(*ways, return_exceptions=True)
                self._inner.close()  # before the goodbye below, so that our reader sees the end at once
                with contextlib.suppress(Exception):
                    await self._websocket.close()
            finally:
                self._inner.close()
                _abort(self._websocket)

    async def _from_pod(self) -> None:
        loop = asyncio.get_running_loop()
        begun: set[int] = set()
        try:
            async for message in self._websocket:
                frame = message.encode() if isinstance(message, str) else message
                if not frame:
                    continue
                channel = frame[0]
                if channel not in begun:
                    begun.add(channel)
                elif channel == _DATA:
                    await loop.sock_sendall(self._inner, memoryview(frame)[1:])
                elif channel == _ERROR and len(frame) > 1:
                    # The end of the data follows, and with it the end of the loop.
                    self._error = said(frame[1:].decode("utf-8", "replace"), self.target.port)
        except OSError:
            pass  # our own side has closed
        except Exception as error:
            self._error = self._error or f"the connection to the API server broke: {error or type(error).__name__}"

    async def _to_pod(self) -> None:
        loop = asyncio.get_running_loop()
        prefix = bytes([_DATA])
        try:
            while data := await loop.sock_recv(self._inner, _CHUNK):
                await self._websocket.send(prefix + data)
        except OSError:
            pass
        except Exception as error:
            self._error = self._error or f"the connection to the API server broke: {error or type(error).__name__}"


@contextlib.asynccontextmanager
async def open_stream(
    api: KubeApi, namespace: str, pod: str, port: int, deadline: Deadline
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A stream to any port of a pod: `async with open_stream(...) as (reader, writer)`. See PortForward.open()."""
    async with await PortForward.open(api, PodTarget(pod, namespace, port), deadline) as forward:
        yield forward.reader, forward.writer


def said(text: str, port: int) -> str:
    """The error text of a port-forward, in fewer words where we know them."""
    if "connection refused" in text:
        return f"nothing listens on port {port} of the pod (connection refused)"
    return " ".join(text.split())[:500]


def _abort(websocket: Any) -> None:
    with contextlib.suppress(Exception):
        websocket.transport.abort()


async def _dial(api: KubeApi, target: PodTarget, deadline: Deadline) -> Any:
    try:
        from websockets.asyncio.client import connect
        from websockets.exceptions import InvalidStatus, WebSocketException
    except ImportError as error:
        raise ConnectFailed(
            f"The option kubernetes needs the Python package websockets, which cannot be imported: {error}.",
            "Install websockets 15 or newer for the Python that runs the module.",
        ) from error

    class Connect(connect):
        """Follows no redirect: it would lead the credentials elsewhere, and an API server sends none."""

        def process_redirect(self, exc: Exception) -> Exception | str:
            return exc

    path = f"/api/v1/namespaces/{target.namespace}/pods/{target.pod}/portforward"
    headers = await api.headers(deadline)
    agent = headers.pop("User-Agent", None)
    tls: dict[str, Any] = {"ssl": api.ssl_context, "server_hostname": api.server_hostname} if api.ssl_context else {}
    try:
        async with within(deadline, f"The port-forward to the pod {target.pod} through {api.name}"):
            websocket = await Connect(
                api.url(path, {"ports": str(target.port)}, websocket=True),
                proxy=api.proxy,
                subprotocols=[_PROTOCOL],  # type: ignore[list-item]
                additional_headers=headers,
                user_agent_header=agent,
                compression=None,
                max_size=None,
                open_timeout=None,  # the deadline stands above
                ping_interval=_PING_SECONDS,
                ping_timeout=_PING_SECONDS,
                close_timeout=_CLOSE_SECONDS,
                logger=_quiet,
                **tls,
            )
    except InvalidStatus as error:
        raise _refusal(api, target, error.response.status_code, bytes(error.response.body or b"")) from error
    except (OSError, WebSocketException, ValueError, EOFError) as error:
        raise api.failed(error, f" for the port-forward to the pod {target.pod}") from error
    if websocket.subprotocol != _PROTOCOL:
        _abort(websocket)
        raise ConnectFailed(
            f"{api.name} does not speak {_PROTOCOL}, which a port-forward needs.",
            "Look for a proxy in front of the API server that does not let websockets through.",
        )
    return websocket


def _refusal(api: KubeApi, target: PodTarget, status: int, body: bytes) -> ServerRefused:
    """404: the pod has gone; 400: it does not run yet; 500: it has ended; the API's message says so."""
    mend = ""
    if status == 403:
        # Up to Kubernetes 1.34 get is enough, from 1.35 on both are asked for; the reason can be empty.
        mend = f"The role needs the verbs get and create on pods/portforward in the namespace {target.namespace!r}."
    return api.refused(status, body, f"the port-forward to the pod {target.pod}", mend)
