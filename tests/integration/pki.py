# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A CA with a server's and a client's certificate, and another CA, for tests."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Pki:
    """The files ca.pem, server.pem, server.key, client.pem, client.key and other.pem in a folder."""

    def __init__(self, folder: Path, *names: str) -> None:
        """Certificates for 127.0.0.1, nats.test and the names given."""
        self.folder = folder
        self._names = ("nats.test", *names)
        ca = self._issue("ca")
        self._issue("server", *ca)
        self._issue("client", *ca)
        self._issue("other")

    def server_config(self, *more: str) -> str:
        """The line of nats.conf for TLS; `verify: true` makes it mutual."""
        parts = [f'cert_file: "{self.folder}/server.pem"', f'key_file: "{self.folder}/server.key"']
        return f"tls {{ {', '.join([*parts, *more])} }}"

    @property
    def mutual(self) -> tuple[str, str]:
        """For server_config(): only with a client certificate."""
        return f'ca_file: "{self.folder}/ca.pem"', "verify: true"

    def _issue(self, name: str, issuer: Any = None, issuer_key: Any = None) -> tuple[Any, Any]:
        now = datetime.datetime.now(datetime.UTC)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        names = [*map(x509.DNSName, self._names), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(True, False, False, False, False, issuer is None, issuer is None, False, False),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if issuer:
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
            )
        made = builder.sign(issuer_key or key, hashes.SHA256())
        (self.folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        (self.folder / f"{name}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return made, key
