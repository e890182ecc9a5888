# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options: one table that yields the argument spec, the environment fallbacks and the checks.

A context or an environment variable counts only where the user chose nothing for that matter (servers, authentication,
TLS, JetStream's prefix, inboxes): with `token` given, NATS_USER in the environment does not make a second way to
authenticate; with `kubernetes` given, NATS_URL is not looked at.
The doc fragment `connection` documents the same options; a unit test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from ..errors import BadInput
from ..kube.options import ARGSPEC as KUBERNETES_SPEC
from ..kube.options import KubernetesOptions
from ..kube.options import from_params as kubernetes_from_params
from ..kube.options import secrets as kubernetes_secrets
from . import auth_creds, auth_nkey, auth_token, auth_user, contexts, tls

AUTH_METHODS = (auth_user, auth_token, auth_nkey, auth_creds)
SECRET = ("password", "token", "nkey_seed", "creds")
DEFAULT_SERVER = "nats://127.0.0.1:4222"
DEFAULT_INBOX = "_INBOX"
DEFAULT_PREFIX = "$JS.API."

SPEC: dict[str, dict[str, Any]] = {
    "servers": {"type": "list", "elements": "str"},
    "nats_context": {"type": "str"},
    "timeout": {"type": "float", "default": 30.0},
    "domain": {"type": "str"},
    "api_prefix": {"type": "str"},
    "inbox_prefix": {"type": "str"},
    "tls_first": {"type": "bool"},
    **tls.SPEC,
    **{name: spec for method in AUTH_METHODS for name, spec in method.SPEC.items()},
    **KUBERNETES_SPEC,
}
AUTH_OPTIONS = tuple(name for method in AUTH_METHODS for name in method.SPEC)
SERVERS_VARIABLE = "NATS_URL"
CONTEXT_VARIABLE = "NATS_CONTEXT"
VARIABLES: Mapping[str, str] = {
    **tls.ENVIRONMENT,
    **{name: variable for method in AUTH_METHODS for name, variable in method.ENVIRONMENT.items()},
}


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """How to reach NATS, checked and complete. Secrets are kept out of its text form."""

    servers: tuple[str, ...]
    timeout: float
    auth_name: str
    auth_arguments: Mapping[str, Any] = field(repr=False)
    tls: Mapping[str, str | None]
    tls_demanded: bool
    tls_first: bool
    kubernetes: KubernetesOptions | None
    api_prefix: str
    inbox_prefix: str


@dataclass(frozen=True, slots=True)
class _Layer:
    """One place from which options come: the task, a context, the environment."""

    name: str
    values: Mapping[str, Any] = field(repr=False)


def secrets(params: Mapping[str, Any], environment: Mapping[str, str]) -> set[str]:
    """Everything secret that Ansible does not know of, valid or not: it must not be printed either way."""
    found = {environment.get(method.ENVIRONMENT.get(name, ""), "") for method in AUTH_METHODS for name in SECRET}
    found |= kubernetes_secrets((params.get("kubernetes") or {}).get("kubeconfig"))
    found |= set(auth_creds.secret_lines(params.get("creds") or ""))
    urls = [*(params.get("servers") or []), environment.get(SERVERS_VARIABLE, "")]
    for name in filter(None, (params.get("nats_context"), environment.get(CONTEXT_VARIABLE))):
        texts, url = contexts.secrets(name, environment)
        found |= texts | {line for text in texts for line in auth_creds.secret_lines(text)}
        urls.append(url)
    for text in urls:
        for url in text.split(","):
            # `user:password@`, or `token@`
            user_info = url.rpartition("@")[0].rpartition("://")[2]
            password = user_info.partition(":")[2] or user_info
            found |= {password, unquote(password)}
    return found - {""}


def from_params(params: Mapping[str, Any], environment: Mapping[str, str]) -> ConnectionOptions:
    """Checks the options and fills in what a context and the environment know.

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
    layers = _layers(params, environment)
    # The name is a matter of its own: no context can hold one, and it is not to shut out a context's CA.
    tls_params = _first(layers, tls.DEMANDING) | _first(layers, ("tls_hostname",))
    tls_first = bool(_first(layers, ("tls_first",))["tls_first"])
    urls, url_auth = ((), {}) if kubernetes else _servers(layers)
    method, auth_params = _authentication(layers, url_auth)
    if method:
        method.validate(auth_params)
    demanding = any(url.startswith("tls://") for url in urls) or any(tls_params[name] for name in tls.DEMANDING)
    return ConnectionOptions(
        servers=urls,
        timeout=float(params["timeout"]),
        auth_name=method.NAME if method else "",
        auth_arguments=method.connect_arguments(auth_params) if method else {},
        tls=tls_params,
        tls_demanded=demanding or tls_first,
        tls_first=tls_first,
        kubernetes=kubernetes,
        api_prefix=_api_prefix(_first(layers, ("domain", "api_prefix"))),
        inbox_prefix=_subject(_first(layers, ("inbox_prefix",))["inbox_prefix"] or DEFAULT_INBOX, "inbox_prefix"),
    )


def _layers(params: Mapping[str, Any], environment: Mapping[str, str]) -> list[_Layer]:
    """What counts first comes first. As with the nats CLI, single variables count more than NATS_CONTEXT."""
    layers = [_Layer("servers", params)]
    if params.get("nats_context"):
        layers.append(_Layer("nats_context", contexts.load(params["nats_context"], "nats_context", environment)))
    variables: dict[str, Any] = {name: environment[var] for name, var in VARIABLES.items() if environment.get(var)}
    if environment.get(SERVERS_VARIABLE):
        variables["servers"] = [environment[SERVERS_VARIABLE]]
    layers.append(_Layer(SERVERS_VARIABLE, variables))
    if environment.get(CONTEXT_VARIABLE) and not params.get("nats_context"):
        context = contexts.load(environment[CONTEXT_VARIABLE], CONTEXT_VARIABLE, environment)
        layers.append(_Layer(CONTEXT_VARIABLE, context))
    return layers


def _first(layers: Sequence[_Layer], names: Sequence[str]) -> dict[str, Any]:
    """The options of one matter, all from the first place that says anything of it."""
    for layer in layers:
        given = {name: layer.values.get(name) for name in names}
        if any(value is not None for value in given.values()):
            return given
    return dict.fromkeys(names)


def _authentication(layers: Sequence[_Layer], url_auth: Mapping[str, str]) -> tuple[Any, dict[str, Any]]:
    """The one way to authenticate that was chosen: by option, else in the URL, else by a context or the environment."""
    task, *others = layers
    every = _first([task, _Layer("", url_auth), *others], AUTH_OPTIONS)
    by_option = any(task.values.get(name) is not None for name in AUTH_OPTIONS)
    if not by_option and every["user"] is not None and every["password"] is None:
        # The nats CLI takes a user without a password as a token.
        every |= {"user": None, "token": every["token"] or every["user"]}
    chosen = [m for m in AUTH_METHODS if any(every[name] is not None for name in m.SPEC)]
    if len(chosen) > 1:
        names = " and ".join(f"'{name}'" for name, value in every.items() if value is not None)
        raise BadInput(f"More than one way to authenticate is given: {names}.", "Give one.")
    return (chosen[0] if chosen else None), every


def _api_prefix(given: Mapping[str, str | None]) -> str:
    """The prefix of JetStream's API, with a dot at its end."""
    domain, prefix = given["domain"], given["api_prefix"]
    if domain and prefix:
        raise BadInput("'domain' and 'api_prefix' are both given.", "Give one of them.")
    if domain:
        if "." in domain:
            raise BadInput(f"'domain' {domain!r} is not a JetStream domain.", "Give its name, without dots.")
        return f"$JS.{_subject(domain, 'domain')}.API."
    return f"{_subject(prefix.removesuffix('.'), 'api_prefix')}." if prefix else DEFAULT_PREFIX


def _subject(text: str, option: str) -> str:
    if not text.isprintable() or any(c in " *>" for c in text) or "" in text.split("."):
        raise BadInput(
            f"'{option}' {text!r} is not a subject.",
            "Write tokens with dots between them, without blanks and wildcards.",
        )
    return text


def _servers(layers: Sequence[_Layer]) -> tuple[tuple[str, ...], dict[str, str]]:
    """The URLs without what they hold of users and passwords, and that user and password."""
    option, given = next(
        ((layer.name, layer.values["servers"]) for layer in layers if layer.values.get("servers")),
        ("servers", [DEFAULT_SERVER]),
    )
    texts = [text.strip() for item in given for text in item.split(",") if text.strip()]
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
