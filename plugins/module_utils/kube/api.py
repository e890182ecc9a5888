# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Kubernetes API, as far as the tunnel and the rollout check need it: authenticated GETs and dials.

The kubernetes package turns a kubeconfig (or a pod's service account) into an address, TLS files and credentials,
plugins included. Its typed APIs and its port-forward are not used: they know no deadline, and the port-forward can hang
at its start. GETs go by urllib3, which comes with the package; dials by the websockets package (portforward.py).
"""

from __future__ import annotations

import base64
import contextlib
import copy
import http.client
import importlib
import inspect
import json
import logging
import os
import socket
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit
from urllib.request import getproxies

from ..deadline import Deadline
from ..errors import ConnectFailed, NatsOpsError, ServerRefused
from . import kubeconfig as kubeconfigs
from .waits import in_thread, within

_MAX_BODY = 64 * 1024 * 1024
_USER_AGENT = "natsops.nats"


class KubeApi:
    """One API server with the credentials for it. Make it with load() or open(); there is nothing to close.

    Attributes:
        address: The API server's URL.
        context: The context's name; None in a pod.
        origin: Where the configuration came from, for messages.
        ssl_context: For TLS to the API server; None for plain http.
        server_hostname: The name that the API server's certificate must have; None for plain http.
        proxy: URL of the HTTP proxy on the way, or None. May hold a password: never print it.
    """

    def __init__(self, configuration: Any, cluster: kubeconfigs.Cluster | None, notes: list[str]) -> None:
        self._configuration = configuration
        self._notes = notes
        self.address = str(configuration.host).rstrip("/")
        self.context = cluster.context if cluster else None
        self.origin = cluster.origin if cluster else "the pod's service account"
        namespace = cluster.namespace if cluster else kubeconfigs.service_account_namespace()
        self._namespace = namespace or "default"

        parts = urlsplit(self.address)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
            raise ConnectFailed(f"The API server's address {self.address!r} ({self.origin}) is not an http(s) URL.")
        self._netloc = parts.netloc.rpartition("@")[2]
        self._secure = parts.scheme == "https"
        self._base_path = parts.path.rstrip("/")
        # Read from the file itself: the kubernetes package knows proxy-url since 36 and tls-server-name since 25.
        entry = cluster.cluster if cluster else {}
        self.proxy = _proxy_for(parts.scheme, parts.hostname, self.url(""), entry.get("proxy-url"))
        self.ssl_context = self._make_ssl_context() if self._secure else None
        self.server_hostname = (entry.get("tls-server-name") or parts.hostname) if self._secure else None
        self._tls = self._make_tls_for_urllib3() if self._secure else {}

    @classmethod
    def load(cls, kubeconfig: str | Mapping[str, Any] | None, context: str | None) -> KubeApi:
        """Read the configuration. Blocks: a credential plugin may run. In a loop, open() is the better one.

        Args:
            kubeconfig: A path, several with ":" between them, the content as a mapping, or None: K8S_AUTH_KUBECONFIG,
                KUBECONFIG, ~/.kube/config, or the service account of the pod that we run in.
            context: A context's name; None: K8S_AUTH_CONTEXT, or the current one.

        Raises:
            BadInput: The kubeconfig is neither a path nor a mapping.
            ConnectFailed: The kubernetes package is missing; or the configuration is missing, unreadable, or has no
                such context; or its credential plugin failed.
        """
        return _load(cls, kubeconfig, context)

    @classmethod
    async def open(cls, kubeconfig: str | Mapping[str, Any] | None, context: str | None, deadline: Deadline) -> KubeApi:
        """As load(), but a credential plugin that never ends is left behind at the deadline.

        Raises:
            TimedOut: The deadline passed.
        """
        async with within(deadline, "The credential plugin of the kubeconfig"):
            return await in_thread(lambda: cls.load(kubeconfig, context))

    @property
    def namespace(self) -> str:
        """The context's own namespace, or the pod's, else "default"."""
        return self._namespace

    @property
    def name(self) -> str:
        """Which API server, for messages."""
        where = f"context {self.context}" if self.context else self.origin
        if self.proxy:
            where += f", through the proxy {urlsplit(self.proxy).netloc.rpartition('@')[2]}"
        return f"the Kubernetes API server {self.address} ({where})"

    async def get(self, path: str, query: Mapping[str, str] | None, deadline: Deadline) -> dict[str, Any]:
        """GET an object or a list.

        Args:
            path: From "/api" or "/apis" on, quoted.
            query: Not quoted.
            deadline: Of the task.

        Raises:
            ServerRefused: With the HTTP status as code, and the API's own message.
            ConnectFailed: No connection, no TLS, no sense in the answer.
            TimedOut: The deadline passed.
        """
        body = await self._get(path, query, deadline, "application/json", _MAX_BODY)
        try:
            answer = json.loads(body)
        except ValueError as error:
            raise ConnectFailed(f"The answer of {self.name} to {path} is not JSON.") from error
        if not isinstance(answer, dict):
            raise ConnectFailed(f"The answer of {self.name} to {path} is not a JSON object.")
        return answer

    async def get_text(
        self, path: str, query: Mapping[str, str] | None, deadline: Deadline, max_bytes: int = 4 * 1024 * 1024
    ) -> str:
        """GET text, such as a pod's log ("/api/v1/namespaces/N/pods/P/log"). See get() for arguments and errors.

        Args:
            max_bytes: A longer text is an error: limit logs with the query's tailLines or limitBytes.
        """
        return (await self._get(path, query, deadline, "*/*", max_bytes)).decode("utf-8", "replace")

    async def headers(self, deadline: Deadline) -> dict[str, str]:
        """The headers that authenticate. Asked for anew at each dial, since tokens expire. Secret: never print it.

        Raises:
            ConnectFailed: The token had expired and could not be had anew.
            TimedOut: The deadline passed.
        """

        def settings() -> dict[str, str]:
            with _client_log(self._notes):
                found = self._configuration.auth_settings()
            return {
                setting["key"].title(): setting["value"]
                for setting in found.values()
                if setting.get("in") == "header" and setting.get("value")
            }

        try:
            async with within(deadline, f"The credential plugin for {self.name}"):
                headers = await in_thread(settings)
        except NatsOpsError:
            raise
        except Exception as error:
            raise ConnectFailed(
                f"The credentials for {self.name} could not be refreshed: {_client_message(error)}"
            ) from error
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            # Checked here, since the libraries' own errors would quote it.
            raise ConnectFailed(f"The credentials for {self.name} hold a line break or what cannot stand in a header.")
        return {"User-Agent": _USER_AGENT} | headers

    def url(self, path: str, query: Mapping[str, str] | None = None, websocket: bool = False) -> str:
        """The whole URL of an API path."""
        scheme = ("wss" if self._secure else "ws") if websocket else ("https" if self._secure else "http")
        return f"{scheme}://{self._netloc}{self._base_path}{path}" + (f"?{urlencode(query)}" if query else "")

    def failed(self, error: BaseException, note: str = "") -> ConnectFailed:
        """The error for a connection to the API server that did not come about."""
        mend = "Check that the cluster runs and that the kubeconfig is of today."
        if isinstance(error, ssl.SSLCertVerificationError):
            mend = "Check certificate-authority and tls-server-name in the kubeconfig."
        return ConnectFailed(f"No connection to {self.name}{note}: {cause_of(error)}.", mend)

    def refused(self, status: int, body: bytes, what: str, mend: str = "") -> ServerRefused:
        """The error for an HTTP status.

        Args:
            status: What the API server answered.
            body: Of the answer: a Status object, where the API server itself answered.
            what: What was asked for.
            mend: What to do about it, where the caller knows.
        """
        try:
            message = str(json.loads(body).get("message") or "")
        except (ValueError, AttributeError):
            message = body[:300].decode("utf-8", "replace").strip()
        message = " ".join(message.split())
        notes = ""
        if status in (401, 403) and self._notes:
            notes = f" The credential plugin of the kubeconfig had failed before: {'; '.join(self._notes)}"
        if status == 401 and not mend:
            mend = "Log in to the cluster anew, or check the credentials in the kubeconfig."
        elif status == 403 and not mend:
            mend = "Have the role of this user extended by what the message names."
        return ServerRefused(
            f"{_upper(self.name)} refused {what}: HTTP {status}{': ' + message if message else ''}.{notes}",
            mend,
            code=status,
        )

    def _make_ssl_context(self) -> ssl.SSLContext:
        configuration = self._configuration
        try:
            context = ssl.create_default_context(cafile=configuration.ssl_ca_cert or None)
            # Python 3.13 asks for extensions that the CAs of many clusters lack; kubectl does not ask for them.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            if not configuration.verify_ssl:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            if configuration.cert_file:
                context.load_cert_chain(configuration.cert_file, configuration.key_file or None)
        except (OSError, ValueError) as error:
            raise ConnectFailed(
                f"The certificates of {self.origin} cannot be used: {getattr(error, 'reason', None) or error}."
            ) from error
        context.set_alpn_protocols(["http/1.1"])
        return context

    def _make_tls_for_urllib3(self) -> dict[str, Any]:
        """With a context of its own, and the certificate's name compared by urllib3 itself.

        urllib3 1.26 cannot have an address compared by the context, and 2.x, asked for a name, switches the context's
        own check off, which the websocket needs.
        """
        context = self._make_ssl_context()
        context.check_hostname = False
        return {
            "ssl_context": context,
            "server_hostname": self.server_hostname,
            "assert_hostname": self.server_hostname,
        }

    async def _get(
        self, path: str, query: Mapping[str, str] | None, deadline: Deadline, accept: str, max_body: int
    ) -> bytes:
        headers = {"Accept": accept} | await self.headers(deadline)
        async with within(deadline, _upper(self.name)):
            # A thread left behind ends by its own timeout, which is the later one so that the error is always the same.
            seconds = deadline.left() + 1
            status, body = await in_thread(lambda: self._fetch(self.url(path, query), headers, max_body, seconds))
        if status != 200:
            raise self.refused(status, body, f"GET {path}")
        return body

    def _fetch(self, url: str, headers: dict[str, str], max_body: int, seconds: float) -> tuple[int, bytes]:
        import urllib3  # comes with the kubernetes package

        if not self._configuration.verify_ssl:  # as the kubeconfig has it: no news
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        manager = urllib3.PoolManager(**self._tls)
        if self.proxy:
            user, _at, place = urlsplit(self.proxy).netloc.rpartition("@")
            secret = {"Proxy-Authorization": "Basic " + base64.b64encode(unquote(user).encode()).decode()}
            manager = urllib3.ProxyManager(f"http://{place}", proxy_headers=secret if user else None, **self._tls)
        try:
            with manager:
                response = manager.request(
                    "GET",
                    url,
                    headers=headers,
                    redirect=False,
                    retries=False,
                    timeout=urllib3.Timeout(total=seconds),
                    preload_content=False,
                    enforce_content_length=True,  # not yet the default in 1.26
                )
                try:
                    body: bytes = response.read(max_body + 1)
                    body += response.read(1)  # 1.26 says only at the next read that an answer was cut short
                finally:
                    response.close()
        except urllib3.exceptions.HTTPError as error:
            raise self.failed(_beneath(error)) from error
        if len(body) > max_body:
            raise self.failed(ValueError(f"the answer is larger than {max_body} bytes"))
        return response.status, body


def cause_of(error: BaseException) -> str:
    """Why a connection did not come about, in words."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate was not accepted: {getattr(error, 'verify_message', None) or error}"
        case ssl.SSLError():
            return f"TLS failed: {error.reason or error}"
        case socket.gaierror():
            return f"its name does not resolve: {error.strerror}"
        case ConnectionRefusedError():
            return "nothing listens there (connection refused)"
        case OSError(strerror=str() as reason) if reason:
            return reason
        case http.client.IncompleteRead():
            return "the answer was cut short"
        case http.client.HTTPException() if not isinstance(error, OSError):
            return "what answers there does not speak HTTP"
    return str(error) or type(error).__name__


def _beneath(error: Exception) -> BaseException:
    """The error of the system, or of the standard library, that one of urllib3 stands for."""
    inner: BaseException | None = error
    while inner is not None and not isinstance(inner, (OSError, http.client.HTTPException)):
        inner = inner.__cause__ or inner.__context__
    if inner is None and type(error).__name__ == "SSLError":  # its own comparison of the certificate's name
        return ssl.SSLCertVerificationError(str(error))
    return inner or error


def _proxy_for(scheme: str, host: str, url: str, configured: str | None) -> str | None:
    """The proxy's URL: proxy-url of the kubeconfig, else HTTPS_PROXY (or HTTP_PROXY) unless NO_PROXY.

    Raises:
        ConnectFailed: Not a URL, or a kind of proxy that we cannot use. It is not shown: it may hold a password.
    """
    origin, found = "proxy-url of the kubeconfig", configured
    if not found:
        origin, found = f"The environment variable {scheme.upper()}_PROXY", getproxies().get(scheme)
        if not found or host in ("localhost", "::1") or host.startswith("127."):  # kubectl exempts these, too
            return None
        # requests comes with the kubernetes package; it has the standard library's rules, and those for networks
        # (10.0.0.0/8) besides.
        if importlib.import_module("requests.utils").should_bypass_proxies(url, None):
            return None
    try:
        parts = urlsplit(found if "://" in found else f"http://{found}")
        valid = bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or parts.scheme != "http":
        raise ConnectFailed(
            f"{origin} is not the URL of an http:// proxy, the only kind that the tunnel can use.",
            "Use http://host:port, or exempt the API server with NO_PROXY.",
        )
    place = parts.netloc.rpartition("@")[2]
    if parts.username is None:
        return f"http://{place}"
    user, password = (quote(unquote(part or ""), safe="") for part in (parts.username, parts.password))
    return f"http://{user}:{password}@{place}"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _load(cls: type[KubeApi], kubeconfig: str | Mapping[str, Any] | None, context: str | None) -> KubeApi:
    cluster = kubeconfigs.find(kubeconfig, context, os.environ, Path.home())
    try:
        configurations: Any = importlib.import_module("kubernetes.client.configuration")
        incluster_config: Any = importlib.import_module("kubernetes.config.incluster_config")
        kube_config: Any = importlib.import_module("kubernetes.config.kube_config")
    except ImportError as error:
        raise ConnectFailed(
            f"The option kubernetes needs the Python package kubernetes, which cannot be imported: {error}.",
            "Install kubernetes 24.2 or newer for the Python that runs the module.",
        ) from error

    configuration = type.__call__(configurations.Configuration)  # not a copy of somebody's default
    notes: list[str] = []
    with _temporary_files_of(kube_config) as where, _client_log(notes):
        try:
            if cluster is None:
                incluster_config.load_incluster_config(client_configuration=configuration)
            elif isinstance(cluster.source, str):
                kube_config.load_kube_config(
                    config_file=cluster.source,
                    context=cluster.context,
                    client_configuration=configuration,
                    persist_config=False,
                    **where,
                )
            else:
                kube_config.load_kube_config_from_dict(
                    config_dict=copy.deepcopy(dict(cluster.source)),
                    context=cluster.context,
                    client_configuration=configuration,
                    persist_config=False,
                    **where,
                )
        except Exception as error:
            origin = f"kubeconfig {cluster.origin}" if cluster else "service account of this pod"
            raise ConnectFailed(f"The {origin} cannot be used: {_client_message(error)}") from error
        _require_credentials(cluster, configuration, notes)
        return cls(configuration, cluster, notes)


@contextlib.contextmanager
def _temporary_files_of(kube_config: Any) -> Iterator[dict[str, str]]:
    """A folder for the keys that the client takes out of a kubeconfig, gone at the end.

    They must be files for a moment, since Python's TLS reads only files. The client would keep them until the process
    ends, or for ever where it is killed.

    Yields:
        The arguments that make the client use the folder.
    """
    known: dict[str, str] = getattr(kube_config, "_temp_files", {})
    with tempfile.TemporaryDirectory(prefix="natsops-") as folder:
        before = tempfile.tempdir
        takes_folder = "temp_file_path" in inspect.signature(kube_config.load_kube_config).parameters
        if not takes_folder:  # versions before 25
            tempfile.tempdir = folder
        try:
            yield {"temp_file_path": folder} if takes_folder else {}
        finally:
            tempfile.tempdir = before
            for content in [content for content, path in known.items() if path.startswith(folder)]:
                del known[content]  # it would be handed out again


def _require_credentials(cluster: kubeconfigs.Cluster | None, configuration: Any, notes: list[str]) -> None:
    """The client only logs that a credential plugin failed, and would go on as system:anonymous."""
    if cluster is None or "exec" not in cluster.user or configuration.api_key or configuration.cert_file:
        return
    plugin = cluster.user["exec"]
    command = plugin.get("command") if isinstance(plugin, Mapping) else plugin
    cause = "; ".join(notes) or "it gave no credentials"
    raise ConnectFailed(
        f"The credential plugin {command!r} of the context {cluster.context!r} (kubeconfig {cluster.origin}) failed: "
        f"{cause}",
        "Run it by hand, or log in to the cluster anew.",
    )


@contextlib.contextmanager
def _client_log(notes: list[str]) -> Iterator[None]:
    """Collect what the kubernetes client logs on the root logger, which would else reach stderr and nobody's eyes."""

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.name == "root" and record.levelno >= logging.ERROR:
                text = " ".join(record.getMessage().split())[:500]
                if text not in notes:
                    notes.append(text)

    handler = Collect()
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


def _client_message(error: Exception) -> str:
    """What the client said, up to where it may quote an entry of the kubeconfig, secrets and all."""
    text = " ".join(str(error).split()).split("{", maxsplit=1)[0].strip()[:500]
    return f"{text or type(error).__name__}".rstrip(".") + "."
