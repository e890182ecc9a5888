# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP to a port of a pod, such as the NATS monitor port 8222, through a port-forward."""

from __future__ import annotations

import http.client
import io

from ..deadline import Deadline
from ..errors import ConnectFailed
from .api import KubeApi, cause_of
from .endpoints import PodTarget
from .portforward import PortForward
from .waits import within

MAX_BODY = 4 * 1024 * 1024  # bytes, head included
_CHUNK = 64 * 1024


async def http_get(
    api: KubeApi, namespace: str, pod: str, port: int, path: str, deadline: Deadline
) -> tuple[int, bytes]:
    """GET a path of a pod's HTTP server. Any status is an answer, not an error.

    Args:
        api: The cluster.
        namespace: Of the pod.
        pod: Its name.
        port: The container's port.
        path: With the query: "/healthz?js-meta-only=true".
        deadline: Of the task.

    Returns:
        Status and body.

    Raises:
        ConnectFailed: No way there, nothing listens on the port, or no HTTP answer, or one above 4 MiB.
        ServerRefused: The API server refused the port-forward.
        TimedOut: The deadline passed.
    """
    what = f"http://{pod}:{port}{path}"
    request = f"GET {path} HTTP/1.1\r\nHost: {pod}:{port}\r\nConnection: close\r\n\r\n"
    async with await PortForward.open(api, PodTarget(pod, namespace, port), deadline) as forward:
        try:
            async with within(deadline, f"{what}, asked through {api.name},"):
                forward.writer.write(request.encode("ascii"))
                received = bytearray()
                answer = None
                while answer is None:
                    data = await forward.reader.read(_CHUNK)
                    received += data
                    answer = parsed(received, ended=not data)
                return answer
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ConnectFailed(
                f"No answer from {what}: {forward.error or cause_of(error)}.",
                "Check that the pod runs and has that port open.",
            ) from error


def parsed(received: bytes | bytearray, ended: bool) -> tuple[int, bytes] | None:
    """Status and body, once all is there; None until then.

    Tried at each arrival: the API server passes a pod's end of stream on only a second after it came.

    Args:
        received: All so far.
        ended: Nothing will follow.

    Raises:
        HTTPException: Not HTTP, or cut short.
        ValueError: Too large.
    """
    if len(received) > MAX_BODY:
        raise ValueError(f"the answer is larger than {MAX_BODY} bytes")
    if not ended and b"\r\n\r\n" not in received:
        return None
    response = http.client.HTTPResponse(_Recorded(bytes(received)))  # type: ignore[arg-type]
    response.begin()
    if not ended and response.length is None and not response.chunked:
        return None  # the end of the stream ends the body
    try:
        return response.status, response.read()
    except http.client.IncompleteRead:
        if ended:
            raise
        return None


class _Recorded:
    """As much of a socket as HTTPResponse asks for."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._content)
