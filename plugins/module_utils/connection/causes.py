# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a connection failed, in words: from what the socket, TLS and nats-py raise to a message with its mend."""

from __future__ import annotations

import re
import socket
import ssl

from ..errors import ConnectFailed, NatsOpsError
from .tls_first import TlsFirstWanted
from .transport import PlainTextHeard, PlainTextRefused

WANTS_CERTIFICATE = "The server wants a client certificate: give 'tls_cert_file' and 'tls_key_file'."


def explained(error: BaseException, server: str, auth_name: str, *, certificate_wanted: bool = False) -> NatsOpsError:
    """The error to show for one failed attempt to connect.

    Args:
        error: What was raised.
        server: Host and port that were dialled, or the service behind a tunnel.
        auth_name: The way to authenticate that was used, empty for none.
        certificate_wanted: The server has said that it wants a client certificate, and none was given.
    """
    if isinstance(error, NatsOpsError):
        return error
    text = str(error)
    match error:
        case PlainTextRefused():
            return ConnectFailed(
                f"{server} offers no TLS, and the connection was asked to use it: nothing was sent.",
                "Switch TLS on in the server, or drop the tls:// scheme and the 'tls_' options.",
            )
        case PlainTextHeard():
            return ConnectFailed(
                f"{server} said something in plain text before TLS had begun.",
                "Drop 'tls_first', or set handshake_first in the server.",
            )
        case TlsFirstWanted():
            return ConnectFailed(
                f"{server} wants TLS from the first byte on (handshake_first), and was waiting for it.",
                "Set 'tls_first: true'; or, if that is not NATS, give its client port, 4222 unless it was changed.",
            )
        case socket.gaierror():
            return ConnectFailed(
                f"The name in {server} does not resolve.",
                "Check it; a name inside Kubernetes is reached through the option 'kubernetes'.",
            )
        case ssl.SSLError():
            return _from_tls(error, server)
        case TimeoutError():
            return ConnectFailed(
                f"{server} did not answer in time.", "Check address, port and firewalls, or raise 'timeout'."
            )
        case OSError() if _refused(error):
            return ConnectFailed(
                f"Nothing listens at {server}: connection refused.", "Check that the server runs, and its port."
            )
        case ConnectionResetError() | BrokenPipeError() if certificate_wanted:
            # Its alert may be lost in the cut.
            return ConnectFailed(f"TLS with {server} failed: the server cut the connection.", WANTS_CERTIFICATE)
        case ConnectionResetError() | BrokenPipeError():
            return ConnectFailed(
                f"{server} cut the connection while it was being opened.",
                "Check the credentials, and whether the port speaks TLS; the server's log says more.",
            )
        case OSError():
            return ConnectFailed(f"{server} cannot be reached: {error.strerror or text}.", "Check address and port.")
    return _from_protocol(text, server, auth_name)


def _from_tls(error: ssl.SSLError, server: str) -> ConnectFailed:
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConnectFailed(
            f"The certificate of {server} is not accepted: {error.verify_message.rstrip('.')}.",
            "Give the CA by 'tls_ca_file', and the name in the certificate by 'tls_hostname'.",
        )
    reason = (error.reason or str(error)).replace("_", " ").lower()
    mend = "Check that the port speaks TLS; where 'tls_first' is given, that the server has handshake_first."
    if "certificate required" in reason:
        mend = WANTS_CERTIFICATE
    return ConnectFailed(f"TLS with {server} failed: {reason}.", mend)


def _refused(error: OSError) -> bool:
    # A name with several addresses fails with one OSError that holds the others as text only.
    return isinstance(error, ConnectionRefusedError) or (error.errno is None and "Connect call failed" in str(error))


def _from_protocol(text: str, server: str, auth_name: str) -> ConnectFailed:
    said = re.sub(r"^nats: ", "", text).strip("'\" ")
    lower = said.lower()
    if "authorization violation" in lower or "authorization failed" in lower:
        if auth_name:
            return ConnectFailed(
                f"{server} refused the {auth_name} (authorization violation).",
                # The server gives one answer to all of these.
                "Check whether they are expired, revoked, or for other servers."
                if auth_name == "credentials"
                else "Check the credentials.",
            )
        return ConnectFailed(
            f"{server} asks for authentication (authorization violation), and none was given.",
            "Give 'user' and 'password', 'token', 'creds_file', 'nkey_seed', or a client certificate.",
        )
    if "authentication expired" in lower:
        return ConnectFailed(f"The credentials for {server} have expired.", "Issue new ones.")
    if "authentication timeout" in lower:
        return ConnectFailed(f"{server} gave up waiting for the authentication.", "Try again.")
    if "empty response from server" in lower or "json parse error" in lower:
        return ConnectFailed(f"{server} does not speak NATS.", "Give the client port, 4222 unless it was changed.")
    if "maximum connections" in lower:
        return ConnectFailed(f"{server} takes no more connections.", "Raise max_connections of the server or account.")
    return ConnectFailed(f"Connecting to {server} failed: {said or 'no reason given'}.")
