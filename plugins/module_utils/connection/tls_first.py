# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a server that does not greet is waiting for TLS.

NATS servers speak first, unless they have handshake_first. Such a one cuts a silent connection after two seconds, and
says nothing of the reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl

_RECORDS = (b"\x15\x03", b"\x16\x03")  # TLS: an alert, a handshake; then the major version


class TlsFirstWanted(OSError):
    """The server wants TLS from the first byte on. An OSError, so that nats-py tries its other servers."""


async def answers_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Whether a greeting in TLS is answered in TLS. It holds nothing of ours, no name either."""
    writer.write(_client_hello())
    with contextlib.suppress(OSError, EOFError):
        return await reader.readexactly(2) in _RECORDS
    return False


def _client_hello() -> bytes:
    outgoing = ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing but the first answer is looked at
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing).do_handshake()
    return outgoing.read()
