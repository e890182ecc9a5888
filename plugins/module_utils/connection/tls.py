# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS towards NATS: the options, and the context that they make."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from ..errors import BadInput
from .files import readable_file

SPEC: dict[str, dict[str, Any]] = {
    "tls_ca_file": {"type": "path"},
    "tls_cert_file": {"type": "path"},
    "tls_key_file": {"type": "path"},
    "tls_hostname": {"type": "str"},
}
ENVIRONMENT = {"tls_ca_file": "NATS_CA", "tls_cert_file": "NATS_CERT", "tls_key_file": "NATS_KEY"}
# The options that mean "hold this connection in TLS or not at all"; tls_hostname alone only says which name to check.
DEMANDING = ("tls_ca_file", "tls_cert_file", "tls_key_file")


def context(params: Mapping[str, Any]) -> ssl.SSLContext:
    """The context for a connection to NATS: verifying always, TLS 1.2 or newer.

    Raises:
        BadInput: A file is missing or holds something else, or a certificate comes without its key.
    """
    ca, cert, key = (params.get(name) for name in ("tls_ca_file", "tls_cert_file", "tls_key_file"))
    if (cert is None) != (key is None):
        given, missing = ("tls_cert_file", "tls_key_file") if cert else ("tls_key_file", "tls_cert_file")
        raise BadInput(f"'{given}' is given without '{missing}'.", f"Set '{missing}' (or {ENVIRONMENT[missing]}) too.")
    for option in DEMANDING:
        if params.get(option) is not None:
            readable_file(params[option], option)
    try:
        made = ssl.create_default_context(cafile=ca)
    except ssl.SSLError as error:
        raise BadInput(f"'tls_ca_file' {ca!r} holds no certificate in PEM form.", "Give the CA's PEM file.") from error
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if cert is not None:
        try:
            # The empty password keeps OpenSSL from asking on the terminal for an encrypted key's.
            made.load_cert_chain(cert, key, password="")
        except (ssl.SSLError, ValueError) as error:
            raise BadInput(
                f"'tls_cert_file' {cert!r} and 'tls_key_file' {key!r} are not a certificate and its unencrypted key.",
                "Give both in PEM form, the key without a passphrase.",
            ) from error
    return made
