# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be said without a cluster: what is read from a kubeconfig, and dials that lead nowhere."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.natsops.nats.plugins.module_utils.deadline import Deadline
from ansible_collections.natsops.nats.plugins.module_utils.errors import ConnectFailed, ServerRefused, TimedOut
from ansible_collections.natsops.nats.plugins.module_utils.kube.api import KubeApi
from ansible_collections.natsops.nats.plugins.module_utils.kube.portforward import open_stream

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
    for name in ("K8S_AUTH_CONTEXT", *(f"{kind}_PROXY" for kind in ("HTTPS", "HTTP", "NO", "ALL"))):
        monkeypatch.delenv(name.lower(), raising=False)
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


def make_certificate(folder: Path, names: str = "DNS:x") -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", "/CN=x", "-addext", f"subjectAltName={names}", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip


def test_keys_leave_no_file_and_load_again(own_temp: Path) -> None:
    make_certificate(own_temp)
    key, cert = (base64.b64encode((own_temp / name).read_bytes()).decode() for name in ("key.pem", "cert.pem"))
    user = {"client-certificate-data": cert, "client-key-data": key}
    for _round in range(2):
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


@contextlib.contextmanager
def answering(*answers: bytes, tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives these answers, one a connection, whatever it is asked: its address, and what it was asked."""
    asked: list[bytes] = []

    def serve(server: socket.socket) -> None:
        for answer in answers:
            with contextlib.suppress(OSError):
                sock, _unused = server.accept()
                with sock, tls.wrap_socket(sock, server_side=True) if tls else sock as end:
                    asked.append(end.recv(65536))
                    end.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}", asked
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def get_text(api: KubeApi, max_bytes: int = 100) -> str:
    return asyncio.run(api.get_text("/x", None, Deadline(5), max_bytes))


async def dial(api: KubeApi) -> None:
    async with open_stream(api, "ns", "pod", 1, Deadline(5)):
        pass


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + b"x" * 101, "larger than 100"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 101, "larger than 100"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "cut short"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello", "cut short"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "does not speak HTTP"),
        (b"", "closed|reset|without response"),
    ],
)
def test_answers_that_are_none(answer: bytes, said: str) -> None:
    with answering(answer) as (address, _unused):
        with pytest.raises(ConnectFailed, match=f"{address}.*{said}"):
            get_text(KubeApi.load(kubeconfig(f"http://{address}"), None))


def test_answers_up_to_the_limit() -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100
    with answering(whole) as (address, asked):
        assert get_text(KubeApi.load(kubeconfig(f"http://{address}/base", {"token": "T"}), None)) == "x" * 100
    assert asked[0].startswith(b"GET /base/x HTTP/1.1\r\n") and b"Authorization: Bearer T\r\n" in asked[0]


def test_redirects_are_not_followed() -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\nstolen") as (elsewhere, asked):
        there = f"HTTP/1.1 302 Found\r\nLocation: http://{elsewhere}/\r\nContent-Length: 0\r\n\r\n".encode()
        with answering(there, there) as (address, _unused):
            api = KubeApi.load(kubeconfig(f"http://{address}", {"token": "T"}), None)
            with pytest.raises(ServerRefused, match="302"):
                get_text(api)
            with pytest.raises(ServerRefused, match="302"):
                asyncio.run(dial(api))
    assert asked == []


def test_the_name_in_the_certificate(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    make_certificate(tmp_path, "DNS:good")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    hello = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    with answering(*[hello] * 7, tls=tls) as (address, asked):

        def api(**cluster: Any) -> KubeApi:
            return KubeApi.load(kubeconfig(f"https://{address}", {"token": "T"}, **cluster), None)

        trusted = {"certificate-authority": str(tmp_path / "cert.pem")}
        good = api(**trusted, **{"tls-server-name": "good"})
        assert get_text(good) == "hello"
        with pytest.raises(ServerRefused, match="HTTP 200"):
            asyncio.run(dial(good))
        assert get_text(api(**{"insecure-skip-tls-verify": True})) == "hello"
        assert len(asked) == 3
        attempts: list[Callable[[KubeApi], Any]] = [get_text, lambda one: asyncio.run(dial(one))]
        for wrong in (api(**trusted), api(**trusted, **{"tls-server-name": "other"})):
            for attempt in attempts:  # the websocket after the GET: urllib3 has left its TLS alone
                with pytest.raises(ConnectFailed, match=r"certificate was not accepted.*tls-server-name"):
                    attempt(wrong)
    assert not any(asked[3:])  # no token went there
    assert capfd.readouterr().err == ""


def test_a_token_that_cannot_stand_in_a_header_is_not_shown() -> None:
    api = KubeApi.load(kubeconfig("https://127.0.0.1:1", {"token": "SECRET\nX: y"}), None)
    with pytest.raises(ConnectFailed, match="line break") as caught:
        get_text(api)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("server", "no_proxy", "exempt"),
    [
        ("https://api.example.com", "example.com", True),
        ("https://api.example.com", "other, .example.com", True),
        ("https://api.example.com:6443", "api.example.com:6443", True),
        ("https://notexample.com", "example.com", False),
        ("https://10.1.2.3:6443", "10.0.0.0/8", True),
        ("https://11.1.2.3:6443", "10.0.0.0/8", False),
        ("https://anything", "*", True),
        ("https://anything", "", False),
        ("https://127.0.0.1:6443", "", True),
        ("https://localhost:6443", "", True),
        ("https://[::1]:6443", "", True),
    ],
)
def test_no_proxy(monkeypatch: pytest.MonkeyPatch, server: str, no_proxy: str, exempt: bool) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert KubeApi.load(kubeconfig(server), None).proxy == (None if exempt else "http://proxy.example:3128")


def test_proxy_url_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://environment:3128")
    monkeypatch.setenv("NO_PROXY", "*")
    api = KubeApi.load(kubeconfig("https://x", **{"proxy-url": "http://me:p%40ss@file:8080/"}), None)
    assert api.proxy == "http://me:p%40ss@file:8080"
    assert "through the proxy file:8080)" in api.name and "ss@" not in api.name


@pytest.mark.parametrize("url", ["socks5://a:1", "https://me:SECRET@a", "http://", "http://me:SECRET/x@a:b", "//["])
def test_proxies_that_cannot_be_used(url: str) -> None:
    with pytest.raises(ConnectFailed, match="proxy-url of the kubeconfig is not") as caught:
        KubeApi.load(kubeconfig("https://x", **{"proxy-url": url}), None)
    assert "SECRET" not in str(caught.value)


def test_a_proxy_that_refuses() -> None:
    no = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with answering(no, no) as (address, asked):
        api = KubeApi.load(kubeconfig("https://x", **{"proxy-url": f"http://me:SECRET@{address}"}), None)
        for attempt in (lambda: get_text(api), lambda: asyncio.run(dial(api))):
            with pytest.raises(ConnectFailed, match=f"proxy {address}.*407") as caught:
                attempt()
            assert "SECRET" not in str(caught.value)
    assert all(b"CONNECT x:443 " in head and b"Basic bWU6U0VDUkVU\r\n" in head for head in asked)


def test_a_name_that_does_not_resolve() -> None:
    api = KubeApi.load(kubeconfig("https://no-such-host.invalid"), None)
    with pytest.raises(ConnectFailed, match="does not resolve"):
        asyncio.run(api.get("/api", None, Deadline(10)))


def test_a_deadline_that_has_passed_is_not_begun() -> None:
    api = KubeApi.load(kubeconfig("https://127.0.0.1:1"), None)
    with pytest.raises(TimedOut):
        asyncio.run(api.get("/api", None, Deadline(0)))
