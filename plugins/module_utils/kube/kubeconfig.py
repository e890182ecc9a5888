# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which cluster is meant: find the kubeconfig, read it, and pick the context. Nothing is asked of a cluster here."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import BadInput, ConnectFailed

Document = Mapping[str, Any]

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class Cluster:
    """The context that was picked, with what it points to.

    Args:
        origin: Where it stands, for messages: a path, several, or "the kubeconfig given as a mapping".
        context: Its name.
        namespace: The context's own namespace, if it has one.
        cluster: The cluster's entry (server, proxy-url, tls-server-name ...).
        user: The user's entry. Holds secrets: never printed.
        source: What the kubernetes client is to load: a path list, or the mapping.
    """

    origin: str
    context: str
    namespace: str | None
    cluster: Document = field(repr=False)
    user: Document = field(repr=False)
    source: str | Document = field(repr=False)


def find(
    kubeconfig: str | Document | None, context: str | None, environ: Mapping[str, str], home: Path
) -> Cluster | None:
    """Find and read the configuration; the order is that of kubernetes.core, then that of kubectl.

    The option, K8S_AUTH_KUBECONFIG, KUBECONFIG, ~/.kube/config; and the context: the option, K8S_AUTH_CONTEXT, the
    current context.

    Args:
        kubeconfig: The option: a path, several with ":" between them, or the content as a mapping.
        context: The option.
        environ: The environment.
        home: Of the user who runs the module.

    Returns:
        None where there is no kubeconfig but we run in a pod with a service account.

    Raises:
        BadInput: The option holds a kubeconfig's text instead of a path or a mapping.
        ConnectFailed: Missing, unreadable, no YAML, or no such context.
    """
    context = context or environ.get("K8S_AUTH_CONTEXT") or None
    if isinstance(kubeconfig, Mapping):
        return select(kubeconfig, context, "the kubeconfig given as a mapping", kubeconfig)
    if kubeconfig and ("\n" in kubeconfig or kubeconfig.lstrip().startswith("{")):
        raise BadInput(
            "kubernetes.kubeconfig holds text that is neither a path nor a mapping.",
            "Give a path, or the content as a mapping (filter it with from_yaml).",
        )
    listed, origin = next(
        (
            (value, name)
            for value, name in (
                (kubeconfig, "kubernetes.kubeconfig"),
                (environ.get("K8S_AUTH_KUBECONFIG"), "the environment variable K8S_AUTH_KUBECONFIG"),
                (environ.get("KUBECONFIG"), "the environment variable KUBECONFIG"),
            )
            if value
        ),
        (None, ""),
    )
    if listed is None:
        default = home / ".kube" / "config"
        if not default.exists():
            _require_service_account(context, environ, default)
            return None
        listed, origin = str(default), "the default place"
    paths = [_expanded(part, home) for part in listed.split(os.pathsep) if part]
    there = [path for path in paths if path.exists()]  # kubectl, too, goes on with those of a list that exist
    if not there:
        names = ", ".join(str(path) for path in paths)
        raise ConnectFailed(
            f"The kubeconfig {names or repr(listed)}, named by {origin}, does not exist.",
            "Set kubernetes.kubeconfig to one that does.",
        )
    where = ", ".join(str(path) for path in there)
    merged = merge([_read(path) for path in there])
    return select(merged, context, where, os.pathsep.join(str(path) for path in there))


def merge(documents: Sequence[Document]) -> dict[str, Any]:
    """Merge kubeconfigs as kubectl does: the first to name a thing wins.

    Not by the kubernetes package's own merger: there the last file's current-context wins, and a broken file is an
    error that does not name it.
    """
    merged: dict[str, Any] = {"clusters": [], "contexts": [], "users": [], "current-context": ""}
    for document in documents:
        merged["current-context"] = merged["current-context"] or document.get("current-context") or ""
        for kind in ("clusters", "contexts", "users"):
            known = {item.get("name") for item in merged[kind]}
            merged[kind] += [item for item in _entries(document, kind) if item.get("name") not in known]
    return merged


def select(config: Document, context: str | None, origin: str, source: str | Document) -> Cluster:
    """Pick a context.

    Args:
        config: One kubeconfig, or several merged.
        context: Its name; None means the current one.
        origin: See Cluster.
        source: See Cluster.

    Raises:
        ConnectFailed: No such context, or one that points to nothing. The contexts there are are named.
    """
    contexts = _named(config, "contexts", "context")
    there = f"There are: {', '.join(sorted(contexts))}." if contexts else "There is none in it."
    name = context or config.get("current-context")
    if not name:
        raise ConnectFailed(
            f"The kubeconfig {origin} has no current context, and none was asked for.",
            f"Set kubernetes.context. {there}" if contexts else there,
        )
    if name not in contexts:
        asked = "" if context else "current "
        raise ConnectFailed(
            f"The kubeconfig {origin} does not have the {asked}context {name!r}.", f"{there} Set kubernetes.context."
        )
    chosen = contexts[name]
    cluster = _named(config, "clusters", "cluster").get(chosen.get("cluster"))
    if cluster is None or not cluster.get("server"):
        raise ConnectFailed(
            f"The context {name!r} of the kubeconfig {origin} points to the cluster {chosen.get('cluster')!r}, "
            "which has no entry with a server."
        )
    user = _named(config, "users", "user").get(chosen.get("user"), {})
    return Cluster(origin, str(name), chosen.get("namespace") or None, cluster, user, source)


def service_account_namespace() -> str | None:
    """The namespace of the pod that we run in, or None."""
    try:
        return (_SERVICE_ACCOUNT / "namespace").read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def _named(config: Document, kind: str, inner: str) -> dict[Any, Document]:
    return {
        item.get("name"): item.get(inner) or {}
        for item in _entries(config, kind)
        if isinstance(item.get(inner) or {}, Mapping)
    }


def _entries(config: Document, kind: str) -> list[Document]:
    entries = config.get(kind)
    return [item for item in entries if isinstance(item, Mapping)] if isinstance(entries, list) else []


def _expanded(part: str, home: Path) -> Path:
    return home / part[2:] if part.startswith("~/") else Path(os.path.expanduser(part))


def _require_service_account(context: str | None, environ: Mapping[str, str], default: Path) -> None:
    if environ.get("KUBERNETES_SERVICE_HOST") and (_SERVICE_ACCOUNT / "token").is_file() and context is None:
        return
    raise ConnectFailed(
        "There is no kubeconfig: kubernetes.kubeconfig, K8S_AUTH_KUBECONFIG and KUBECONFIG are not set, "
        f"{default} does not exist, and this is not a pod with a service account.",
        "Set kubernetes.kubeconfig.",
    )


def _read(path: Path) -> Document:
    import yaml  # comes with ansible-core and with the kubernetes package

    try:
        document = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise ConnectFailed(f"The kubeconfig {path} cannot be read: {error.strerror or error}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)  # the text around it may hold a secret: only the line is named
        line = f" (line {mark.line + 1})" if mark is not None else ""
        raise ConnectFailed(f"The kubeconfig {path} is not YAML{line}.") from error
    if not isinstance(document, Mapping):
        raise ConnectFailed(f"The kubeconfig {path} {'is empty' if document is None else 'is not a mapping'}.")
    return document
