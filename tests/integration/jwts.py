# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An operator with one account, and users of it: what `nsc` makes, for tests."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from typing import Any

import nkeys


class _Key:
    """An NKey, with its seed."""

    def __init__(self, prefix: int) -> None:
        self.seed = nkeys.encode_seed(os.urandom(32), prefix).decode()
        self._pair = nkeys.from_seed(bytearray(self.seed.encode()))
        self.public = self._pair.public_key.decode()

    def sign(self, data: bytes) -> bytes:
        return self._pair.sign(data)


class Operator:
    """An operator, a system account, an account with JetStream, and its users."""

    def __init__(self) -> None:
        self._operator = _Key(nkeys.PREFIX_BYTE_OPERATOR)
        self._system = _Key(nkeys.PREFIX_BYTE_ACCOUNT)
        self._account = _Key(nkeys.PREFIX_BYTE_ACCOUNT)
        gone = _Key(nkeys.PREFIX_BYTE_USER)
        self.revoked = self.credentials(user=gone)
        self._revocations = {gone.public: int(time.time()) + 60}

    def server_config(self) -> str:
        """The lines of nats.conf that make a server trust the operator."""
        return "\n".join(f"{name}: {json.dumps(value)}" for name, value in self.settings().items())

    def settings(self) -> dict[str, Any]:
        """The settings of a server that make it trust the operator."""
        operator = self._jwt(
            self._operator, self._operator.public, "op", {"system_account": self._system.public}, "operator"
        )
        limits = dict.fromkeys(("subs", "data", "payload", "imports", "exports", "conn", "leaf"), -1)
        stores = dict.fromkeys(("mem_storage", "disk_storage", "streams", "consumer"), -1)
        system = self._jwt(
            self._operator, self._system.public, "SYS", {"limits": limits | {"wildcards": True}}, "account"
        )
        account = self._jwt(
            self._operator,
            self._account.public,
            "A",
            {"limits": limits | stores | {"wildcards": True}, "revocations": self._revocations},
            "account",
        )
        return {
            "operator": operator,
            "system_account": self._system.public,
            "resolver": "MEMORY",
            "resolver_preload": {self._system.public: system, self._account.public: account},
        }

    def credentials(self, lives: int = 3600, *, other_seed: bool = False, user: _Key | None = None) -> str:
        """A user's credentials, as `nsc` writes them.

        Args:
            lives: Seconds until they expire; negative for expired ones.
            other_seed: Put somebody else's seed beside the JWT.
            user: Whose; somebody new by default.
        """
        user = user or _Key(nkeys.PREFIX_BYTE_USER)
        jwt = self._jwt(self._account, user.public, "u", {"subs": -1, "data": -1, "payload": -1}, "user", lives)
        seed = _Key(nkeys.PREFIX_BYTE_USER).seed if other_seed else user.seed
        return (
            f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
            "************************* IMPORTANT *************************\n\n"
            f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        )

    @staticmethod
    def _jwt(issuer: _Key, subject: str, name: str, nats: dict[str, Any], kind: str, lives: int = 0) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {"iat": now, "iss": issuer.public, "name": name, "sub": subject, "nats": nats}
        claims["nats"] |= {"type": kind, "version": 2}
        if lives:
            claims["exp"] = now + lives
        digest = hashlib.new("sha512_256", json.dumps(claims).encode()).digest()
        claims["jti"] = base64.b32encode(digest).decode().rstrip("=")
        parts = [_encoded(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ed25519-nkey"}, claims)]
        return ".".join([*parts, _encoded(issuer.sign(".".join(parts).encode()))])


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
