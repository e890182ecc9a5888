# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options: one table that yields the argument spec, the environment fallbacks and the checks.

An environment variable counts only where the user chose nothing for that matter: with `token` given, NATS_USER in the
environment does not make a second way to authenticate; with `kubernetes` given, NATS_URL is not looked at.
The doc fragment `connection` documents the same options; a unit test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from ..errors import BadInput
from ..kube.options import ARGSPEC as KUBERNETES_SPEC
from ..kube.options import KubernetesOptions
from ..kube.options import from_params as kubernetes_from_params
from ..kube.options import secrets as kubernetes_secrets
from . import auth_creds, auth_nkey, auth_token, auth_user, tls

AUTH_METHODS = (auth_user, auth_token, auth_nkey, auth_creds)
SECRET = ("password", "token", "nkey_seed")
DEFAULT_SERVER = "nats://127.0.0.1:4222"

SPEC: dict[str, dict[str, Any]] = {
    "servers": {"type": "list", "elements": "str"},
    "timeout": {"type": "float", "default": 30.0},
    **tls.SPEC,
    **{name: spec for method in AUTH_METHODS for name, spec in method.SPEC.items()},
    **KUBERNETES_SPEC,
}
SERVERS_VARIABLE = "NATS_URL"


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """How to reach NATS, checked and complete. Secrets are kept out of its text form."""

    servers: tuple[str, ...]
    timeout: float
    auth_name: str
    auth_arguments: Mapping[str, Any] = field(repr=False)
    tls: Mapping[str, str | None]
    tls_demanded: bool
    kubernetes: KubernetesOptions | None


def secrets(params: Mapping[str, Any], environment: Mapping[str, str]) -> set[str]:
    """Everything secret that Ansible does not know of, valid or not: it must not be printed either way."""
    found = {environment.get(method.ENVIRONMENT.get(name, ""), "") for method in AUTH_METHODS for name in SECRET}
    found |= kubernetes_secrets((params.get("kubernetes") or {}).get("kubeconfig"))
    for text in [*(params.get("servers") or []), environment.get(SERVERS_VARIABLE, "")]:
        for url in text.split(","):
            # `user:password@`, or `token@`
            user_info = url.rpartition("@")[0].rpartition("://")[2]
            password = user_info.partition(":")[2] or user_info
            found |= {password, unquote(password)}
    return found - {""}


def from_params(params: Mapping[str, Any], environment: Mapping[str, str]) -> ConnectionOptions:
    """Checks the options and fills in what the environment knows.

    Args:
        params: A module's parameters; options that were not given are None.
        environment: The process's environment variables.

    Raises:
        BadInput: naming the option, the value and the mend.
    """
    if not params["timeout"] > 0:
        raise BadInput(f"'timeout' {params['timeout']:g} is not a time to wait.", "Give a number of seconds above 0.")
    kubernetes = kubernetes_from_params(params["kubernetes"]) if params.get("kubernetes") else None
    if kubernetes and params.get("servers"):
        raise BadInput(
            "'servers' and 'kubernetes' are both given.",
            "Give 'kubernetes' to go through the API server, or 'servers' to connect directly.",
        )
    tls_params = _with_environment(params, tls.SPEC, tls.ENVIRONMENT, environment)
    urls, url_auth = ((), {}) if kubernetes else _servers(params.get("servers"), environment)
    method, auth_params = _authentication(params, url_auth, environment)
    if method:
        method.validate(auth_params)
    return ConnectionOptions(
        servers=urls,
        timeout=float(params["timeout"]),
        auth_name=method.NAME if method else "",
        auth_arguments=method.connect_arguments(auth_params) if method else {},
        tls=tls_params,
        tls_demanded=any(url.startswith("tls://") for url in urls) or any(tls_params[name] for name in tls.DEMANDING),
        kubernetes=kubernetes,
    )


def _with_environment(
    params: Mapping[str, Any], names: Mapping[str, Any], variables: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, Any]:
    """The options of one matter: as given, or, where none of them is, as the environment has them."""
    given = {name: params.get(name) for name in names}
    if any(value is not None for value in given.values()):
        return given
    return given | {name: environment[variable] for name, variable in variables.items() if environment.get(variable)}


def _authentication(
    params: Mapping[str, Any], url_auth: Mapping[str, str], environment: Mapping[str, str]
) -> tuple[Any, dict[str, Any]]:
    """The one way to authenticate that was chosen: by option, else in the URL, else by the environment."""
    every = {name: params.get(name) for method in AUTH_METHODS for name in method.SPEC}
    if not any(value is not None for value in every.values()):
        if url_auth:
            every |= url_auth
        else:
            variables = {name: var for method in AUTH_METHODS for name, var in method.ENVIRONMENT.items()}
            every |= {name: environment[var] for name, var in variables.items() if environment.get(var)}
            if every["user"] is not None and every["password"] is None:
                # The nats CLI takes NATS_USER without a password as a token.
                every |= {"user": None, "token": every["token"] or every["user"]}
    chosen = [m for m in AUTH_METHODS if any(every[name] is not None for name in m.SPEC)]
    if len(chosen) > 1:
        names = " and ".join(f"'{name}'" for name, value in every.items() if value is not None)
        raise BadInput(f"More than one way to authenticate is given: {names}.", "Give one.")
    return (chosen[0] if chosen else None), every


def _servers(given: list[str] | None, environment: Mapping[str, str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """The URLs without what they hold of users and passwords, and that user and password."""
    option = "servers"
    if not given and environment.get(SERVERS_VARIABLE):
        given, option = [environment[SERVERS_VARIABLE]], SERVERS_VARIABLE
    texts = [text.strip() for item in given or [DEFAULT_SERVER] for text in item.split(",") if text.strip()]
    if not texts:
        raise BadInput(f"'{option}' holds no server.", "Give at least one, such as nats://gsas-nats:4222.")
    urls: list[str] = []
    auth: dict[str, str] = {}
    for text in texts:
        url, own = _server(text, option)
        urls.append(url)
        if own and auth and own != auth:
            raise BadInput(
                f"'{option}' holds URLs with different users.", "Give the user by the options 'user' and 'password'."
            )
        auth = auth or own
    return tuple(urls), auth


def _server(text: str, option: str) -> tuple[str, dict[str, str]]:
    shown = text.rpartition("@")[2]  # never what may be a password
    bad = BadInput(f"'{option}' '{shown}' is not a NATS URL.", "Write it as nats://host:4222 or tls://host:4222.")
    try:
        parts = urlsplit(text if "://" in text else f"nats://{text}")
        port = parts.port or 4222
    except ValueError as error:
        raise bad from error
    if parts.scheme in ("ws", "wss"):
        raise BadInput(
            f"'{option}' '{shown}' is a WebSocket URL, which this collection does not speak.",
            "Use the client port: nats://host:4222.",
        )
    if parts.scheme not in ("nats", "tls") or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise bad
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    auth: dict[str, str] = {}
    if parts.username and parts.password:
        auth = {"user": unquote(parts.username), "password": unquote(parts.password)}
    elif parts.username:
        auth = {"token": unquote(parts.username)}
    return f"{parts.scheme}://{host}:{port}", auth
