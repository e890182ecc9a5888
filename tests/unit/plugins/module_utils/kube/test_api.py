# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be said without a cluster: what is read from a kubeconfig, and dials that lead nowhere."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.natsops.nats.plugins.module_utils.deadline import Deadline
from ansible_collections.natsops.nats.plugins.module_utils.errors import ConnectFailed, TimedOut
from ansible_collections.natsops.nats.plugins.module_utils.kube.api import KubeApi

pytest.importorskip("kubernetes")


def kubeconfig(server: str, user: dict[str, Any] | None = None, **cluster: Any) -> dict[str, Any]:
    return {
        "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "gsas"}}],
        "users": [{"name": "u", "user": user or {}}],
    }


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("K8S_AUTH_CONTEXT", "HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def mute() -> Iterator[str]:
    """A listener whose backlog accepts, and that never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=10) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def own_temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def headers(api: KubeApi) -> dict[str, str]:
    return asyncio.run(api.headers(Deadline(5)))


def test_token_and_names() -> None:
    api = KubeApi.load(kubeconfig("https://api.example:8443/k8s/c1/", {"token": "T"}, **{"tls-server-name": "x"}), None)
    assert headers(api)["Authorization"] == "Bearer T"
    assert (api.namespace, api.context, api.server_hostname) == ("gsas", "here", "x")
    assert api.url("/api/v1/x", {"a": "b c"}) == "https://api.example:8443/k8s/c1/api/v1/x?a=b+c"
    assert api.url("/x", websocket=True) == "wss://api.example:8443/k8s/c1/x"
    assert api.ssl_context is not None and api.ssl_context.verify_mode is ssl.CERT_REQUIRED


def test_user_and_password() -> None:
    api = KubeApi.load(kubeconfig("https://x", {"username": "a", "password": "b"}), None)
    assert headers(api)["Authorization"] == "Basic YTpi"


def test_insecure() -> None:
    api = KubeApi.load(kubeconfig("https://x", **{"insecure-skip-tls-verify": True}), None)
    assert api.ssl_context is not None and api.ssl_context.verify_mode is ssl.CERT_NONE
    assert KubeApi.load(kubeconfig("http://x"), None).ssl_context is None


def test_keys_leave_no_file_and_load_again(own_temp: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", "/CN=x", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=own_temp, check=True, capture_output=True,
    )  # fmt: skip
    key, cert = (base64.b64encode((own_temp / name).read_bytes()).decode() for name in ("key.pem", "cert.pem"))
    user = {"client-certificate-data": cert, "client-key-data": key}
    for _ in range(2):
        KubeApi.load(kubeconfig("https://x", user, **{"certificate-authority-data": cert}), None)
    assert sorted(path.name for path in own_temp.iterdir()) == ["cert.pem", "key.pem"]


def test_certificates_that_are_none(own_temp: Path) -> None:
    with pytest.raises(ConnectFailed, match="cannot be used"):
        KubeApi.load(kubeconfig("https://x", **{"certificate-authority-data": "bm9uZQ=="}), None)
    with pytest.raises(ConnectFailed, match="cannot be used"):
        KubeApi.load(kubeconfig("https://x", **{"certificate-authority": "/nonexistent"}), None)
    assert list(own_temp.iterdir()) == []


def plugin(script: str) -> dict[str, Any]:
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": ["-c", script],
            "interactiveMode": "Never",
        }
    }


def test_a_plugin_that_gives_a_token() -> None:
    status = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "P"}}
    api = KubeApi.load(kubeconfig("https://x", plugin(f"print('''{json.dumps(status)}''')")), None)
    assert headers(api)["Authorization"] == "Bearer P"


def test_a_plugin_that_fails(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConnectFailed, match="log in first") as caught:
        KubeApi.load(kubeconfig("https://x", plugin("import sys; sys.exit('log in first')")), None)
    assert "'here'" in caught.value.message
    assert capfd.readouterr().err == ""


def test_a_plugin_that_never_ends() -> None:
    begun = time.monotonic()
    with pytest.raises(TimedOut, match="credential plugin"):
        asyncio.run(KubeApi.open(kubeconfig("https://x", plugin("import time; time.sleep(20)")), None, Deadline(1)))
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("server", ["ftp://x", "https://", "https://x:y", "x"])
def test_addresses_that_are_none(server: str) -> None:
    with pytest.raises(ConnectFailed, match="not an http"):
        KubeApi.load(kubeconfig(server), None)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_mute_server_ends_at_the_deadline(mute: str, scheme: str) -> None:
    api = KubeApi.load(kubeconfig(f"{scheme}://{mute}"), None)
    begun = time.monotonic()
    with pytest.raises(TimedOut, match=mute):
        asyncio.run(api.get("/api", None, Deadline(0.5)))
    assert 0.4 < time.monotonic() - begun < 2


def test_a_mute_proxy_ends_at_the_deadline(mute: str) -> None:
    api = KubeApi.load(kubeconfig("https://api.example", **{"proxy-url": f"http://{mute}"}), None)
    with pytest.raises(TimedOut, match=f"api.example.*proxy {mute}"):
        asyncio.run(api.get("/api", None, Deadline(0.5)))


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    api = KubeApi.load(kubeconfig(f"https://{address}"), None)
    with pytest.raises(ConnectFailed, match=f"{address}.*context here.*nothing listens"):
        asyncio.run(api.get("/api", None, Deadline(5)))


def test_a_name_that_does_not_resolve() -> None:
    api = KubeApi.load(kubeconfig("https://no-such-host.invalid"), None)
    with pytest.raises(ConnectFailed, match="does not resolve"):
        asyncio.run(api.get("/api", None, Deadline(10)))


def test_a_deadline_that_has_passed_is_not_begun() -> None:
    api = KubeApi.load(kubeconfig("https://127.0.0.1:1"), None)
    with pytest.raises(TimedOut):
        asyncio.run(api.get("/api", None, Deadline(0)))
