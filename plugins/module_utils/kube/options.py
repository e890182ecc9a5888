# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module option `kubernetes`: its argument spec, and what it holds once it is checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import BadInput

DEFAULT_PORT = 4222

# The kubeconfig is not marked no_log: that would mask every word in it ("v1", "default") in all that a module returns.
# What is secret in it is told by secrets().
ARGSPEC: dict[str, Any] = {
    "kubernetes": {
        "type": "dict",
        "options": {
            "kubeconfig": {"type": "raw"},
            "context": {"type": "str"},
            "namespace": {"type": "str"},
            "service": {"type": "str"},
            "release": {"type": "str"},
            "port": {"type": "int", "default": DEFAULT_PORT},
        },
        "mutually_exclusive": [("service", "release")],
        "required_one_of": [("service", "release")],
    },
}

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(rf"{_LABEL.pattern}(\.{_LABEL.pattern})*")
_LIMITS = {"namespace": (_LABEL, 63), "service": (_LABEL, 63), "release": (_SUBDOMAIN, 53)}  # 53: Helm's own limit
_SECRET_KEYS = frozenset(
    {
        "access-token",
        "client-certificate-data",
        "client-key-data",
        "client-secret",
        "id-token",
        "password",
        "refresh-token",
        "token",
    }
)


@dataclass(frozen=True, slots=True)
class KubernetesOptions:
    """Which service of which cluster a tunnel leads to. Either service or release is set, never both.

    Args:
        kubeconfig: A path, several with ":" between them, the content, or None: see KubeApi.load.
        context: A context's name; None: the current one.
        namespace: None: the context's own.
        service: The Service's name.
        release: The Helm release that the Service belongs to.
        port: The Service's port for NATS clients, 1 to 65535.
    """

    kubeconfig: str | Mapping[str, Any] | None = field(repr=False)
    context: str | None
    namespace: str | None
    service: str | None
    release: str | None
    port: int = DEFAULT_PORT


def from_params(params: Mapping[str, Any]) -> KubernetesOptions:
    """Check the value of the option `kubernetes`. Empty text counts as not given.

    Raises:
        BadInput: Naming the option, the value and the mend.
    """
    kubeconfig = params.get("kubeconfig") or None
    if kubeconfig is not None and not isinstance(kubeconfig, (str, Mapping)):
        raise BadInput(
            f"kubernetes.kubeconfig must be a path or a mapping, not {type(kubeconfig).__name__}.",
            "Give a path, or the kubeconfig's content as a mapping.",
        )
    names = {name: _name(name, params.get(name)) for name in _LIMITS}
    given = [name for name in ("service", "release") if names[name]]
    if len(given) != 1:
        raise BadInput(
            "kubernetes needs one of service and release, "
            + (f"and both are given ({names['service']!r}, {names['release']!r})." if given else "and none is given."),
            "Set service to the Service's name, or release to the Helm release's name.",
        )
    return KubernetesOptions(
        kubeconfig=kubeconfig,
        context=_text("context", params.get("context")),
        namespace=names["namespace"],
        service=names["service"],
        release=names["release"],
        port=_port(params.get("port")),
    )


def secrets(kubeconfig: object) -> set[str]:
    """The values of a kubeconfig given as a mapping that must never be shown (for AnsibleModule.no_log_values)."""
    return set(_secrets(kubeconfig, ""))


def _secrets(value: object, key: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        inside = "value" if "name" in value and "value" in value else None  # env of a credential plugin
        for name, item in value.items():
            yield from _secrets(item, "token" if name == inside else str(name))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _secrets(item, key)
    elif key in _SECRET_KEYS and isinstance(value, str) and value:
        yield value


def _text(option: str, value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise BadInput(f"kubernetes.{option} must be text, not {value!r}.", "Quote it.")
    return value


def _name(option: str, value: object) -> str | None:
    text = _text(option, value)
    if text is None:
        return None
    pattern, limit = _LIMITS[option]
    if len(text) > limit or not pattern.fullmatch(text):
        dots = ", dots" if pattern is _SUBDOMAIN else ""
        raise BadInput(
            f"kubernetes.{option} is {text!r}, which no {option} can be called.",
            f"Use at most {limit} small letters, digits{dots} and inner hyphens.",
        )
    return text


def _port(value: object) -> int:
    if value is None or value == "":
        return DEFAULT_PORT
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65535:
        raise BadInput(f"kubernetes.port is {value!r}.", "Use the Service's port, 1 to 65535 (the chart's is 4222).")
    return value
