# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""NATS through the Kubernetes API server: a transport for nats-py whose every dial leads to a ready pod of a service.

How to use it (nats-py has no option for a transport, so it is put in place before connect; so in 2.2 to 2.16)::

    transport = TunnelTransport(api, options, deadline, tls_demanded=False)
    try:
        await transport.resolve()  # the errors come out here
        client = nats.aio.client.Client()
        client._transport = transport
        await client.connect(f"nats://{transport.host}:4222", tls_hostname=transport.host, ...)
        ...
        await client.close()
    finally:
        await transport.aclose()

tls_hostname is to be set because nats-py would check TLS against the names of peers that the servers advertise.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from urllib.parse import ParseResult

from ..deadline import Deadline
from ..errors import ConnectFailed, NatsOpsError, TimedOut
from ..kube.api import KubeApi
from ..kube.endpoints import PodTarget, Service, find
from ..kube.options import KubernetesOptions
from ..kube.portforward import PortForward
from .transport import GuardedTransport

_LINE_LIMIT = 1024 * 1024  # bytes; nats-py reads the INFO line whole, and a large cluster's is long
_CLOSE_SECONDS = 2.0
_LOOK_AGAIN_SECONDS = 0.5


def ordered(targets: Sequence[PodTarget], dialled: Sequence[str]) -> list[PodTarget]:
    """Pods never dialled first, in any order (load is spread), then those whose last dial is longest ago.

    Args:
        targets: Ready pods.
        dialled: Names of pods, the latest dialled last: a new dial mostly means that the latest one is in trouble.
    """
    age = {pod: number for number, pod in enumerate(dialled)}
    return sorted(random.sample(targets, len(targets)), key=lambda target: age.get(target.pod, -1))


class TunnelBroke(ConnectFailed, OSError):
    """The API server ended the connection to the pod, and said why. An OSError, so that nats-py dials again."""


class TunnelTransport(GuardedTransport):
    """Dials pods, not addresses.

    The host and port that nats-py asks for are not looked at: pod addresses that a server advertises to the client join
    nats-py's pool, are not reachable from here, and might be a stranger's in our network. Each dial looks up which pods
    are ready now, and begins with those that it did not dial before.

    Args:
        api: The cluster.
        options: Which service.
        deadline: Of the task.
        tls_demanded: See GuardedTransport.
    """

    def __init__(
        self, api: KubeApi, options: KubernetesOptions, deadline: Deadline, tls_demanded: bool = False
    ) -> None:
        super().__init__(tls_demanded)
        self._api = api
        self._options = options
        self._deadline = deadline
        self._service: Service | None = None
        self._forward: PortForward | None = None
        self._prepared = False
        self._dialled_pods: list[str] = []  # the latest last
        self._cause: NatsOpsError | None = None

    @property
    def host(self) -> str:
        """The service's name, for the NATS URL: TLS is checked against it. Known after resolve()."""
        return self._service.name if self._service else ""

    @property
    def url(self) -> str:
        """The URL to give to nats-py. Known after resolve()."""
        return f"nats://{self.host}:{self._options.port}"

    @property
    def pod(self) -> str | None:
        """The pod of the latest connection."""
        return self._forward.target.pod if self._forward else None

    @property
    def cause(self) -> NatsOpsError | None:
        """Why the latest dial failed, or why the connection it gave broke; None if neither happened.

        nats-py itself ends with NoServersError, or with a timeout of the request that was under way.
        """
        if self._cause is None and self._forward is not None and self._forward.error:
            target = self._forward.target
            return TunnelBroke(
                f"The connection to port {target.port} of the pod {target.pod} (namespace {target.namespace}) ended: "
                f"{self._forward.error.rstrip('.')}.",
                "Check that the pod runs and that NATS listens there (kubernetes.port).",
            )
        return self._cause

    async def resolve(self) -> Service:
        """Look the service up and open the first connection, which nats-py's first connect() then takes.

        Raises:
            ConnectFailed: No API server, no such service, no ready pod.
            ServerRefused: Not allowed.
            TimedOut: The deadline passed.
        """
        await self._open(self._deadline, patient=False)
        self._prepared = True
        if self._service is None:
            raise AssertionError
        return self._service

    async def dial(self, uri: ParseResult, buffer_size: int, connect_timeout: float) -> None:
        """For nats-py: connect to some ready pod.

        A first dial ends with its first failure, at connect_timeout at the latest. A later one, after a pod has died,
        waits for a pod to become ready for as long as the task's deadline allows.
        """
        self.dialled = f"{self.host or uri.hostname}:{self._options.port}"
        again = self._io_writer is not None
        if not self._prepared or self._forward is None or self._forward.closed:
            await self._open(self._deadline if again else Deadline(self._deadline.left(connect_timeout)), patient=again)
        self._prepared = False
        if self._forward is None:
            raise AssertionError
        self.adopt(self._forward.reader, self._forward.writer)

    @contextlib.asynccontextmanager
    async def another(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Another byte stream to the pod of the latest dial; closed at the end."""
        if self._forward is None:
            raise AssertionError
        async with await PortForward.open(self._api, self._forward.target, self._deadline) as forward:
            yield forward.reader, forward.writer

    async def readline(self) -> bytes:
        """For nats-py: read a line of the handshake.

        Raises:
            TlsFirstWanted: The server waits for TLS.
            TunnelBroke: The stream ended, and the API server said why (nothing listens on the port, most often).
        """
        line = await super().readline()
        if not line and (cause := self.cause) is not None:
            raise cause
        return line

    async def wait_closed(self) -> None:
        """For nats-py: wait until all is closed, for a bounded time: a TLS goodbye may never be answered."""
        try:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    if self._io_writer is not None:  # older nats-py does not look
                        await super().wait_closed()
        finally:
            if self._forward is not None:
                await self._forward.aclose()

    async def aclose(self) -> None:
        """Close everything, whatever state it is in. May be called again."""
        if self._io_writer is not None:
            self.close()  # type: ignore[no-untyped-call]
        await self.wait_closed()

    async def _open(self, deadline: Deadline, patient: bool) -> None:
        if self._forward is not None:
            await self._forward.aclose()
        while True:
            try:
                self._service = await find(self._api, self._options, deadline)
                self._forward = await self._first_of(ordered(self._service.targets, self._dialled_pods), deadline)
            except NatsOpsError as error:
                # Where time is up between two looks, the failure before tells more.
                if not (patient and self._cause is not None and isinstance(error, TimedOut)):
                    self._cause = error
                if not patient or deadline.left() <= _LOOK_AGAIN_SECONDS:
                    raise self._cause from error
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            else:
                self._cause = None
                return

    async def _first_of(self, targets: list[PodTarget], deadline: Deadline) -> PortForward:
        failure: NatsOpsError | None = None
        for number, target in enumerate(targets):
            self._dialled_pods = [pod for pod in self._dialled_pods if pod != target.pod] + [target.pod]
            share = Deadline(deadline.left() / (len(targets) - number))  # a pod on a dead node must not eat it all
            try:
                return await PortForward.open(self._api, target, share, _LINE_LIMIT)
            except NatsOpsError as error:
                failure = failure or error
        if failure is None:
            raise AssertionError
        raise failure
