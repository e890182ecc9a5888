# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real nats-servers on free ports of the loopback, and modules run as processes of their own, as Ansible runs them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

# Nothing of the developer's own environment may reach the tests.
CLEAN_ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("NATS_", "KUBECONFIG"))}


@dataclass
class Server:
    """A running nats-server."""

    process: subprocess.Popen[bytes]
    folder: Path
    port: int
    monitor: int | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(10)


@dataclass
class Outcome:
    """What a module said."""

    data: dict[str, Any]
    failed: bool
    output: str = field(repr=False, default="")
    seconds: float = 0.0

    def __getitem__(self, name: str) -> Any:
        return self.data[name]


@pytest.fixture(scope="session")
def nats_server_binary() -> str:
    beside = Path(sys.executable).with_name("nats-server")
    return str(beside) if beside.exists() else shutil.which("nats-server") or pytest.fail("no nats-server binary")


@pytest.fixture(scope="module")
def start_server(nats_server_binary: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Starts servers; they end with the test module."""
    running: list[Server] = []

    def start(config: str = "jetstream {}", port: int = -1, folder: Path | None = None) -> Server:
        folder = folder or tmp_path_factory.mktemp("server")
        ports = folder / "ports"
        ports.mkdir(exist_ok=True)
        for old in ports.iterdir():
            old.unlink()
        text = config.replace("jetstream {}", f'jetstream {{ store_dir: "{folder}/js" }}')
        (folder / "nats.conf").write_text(f'listen: "127.0.0.1:{port}"\nports_file_dir: "{ports}"\n{text}\n')
        with (folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [nats_server_binary, "-c", str(folder / "nats.conf")], stdout=log, stderr=log, cwd=folder
            )
        limit = time.monotonic() + 10
        while not (found := list(ports.glob("*.ports"))) or not found[0].read_text().strip():
            if process.poll() is not None or time.monotonic() > limit:
                process.kill()
                pytest.fail(f"nats-server did not start:\n{(folder / 'log').read_text()}")
            time.sleep(0.02)
        listening = json.loads(found[0].read_text())
        server = Server(process, folder, int(listening["nats"][0].rpartition(":")[2]))
        running.append(server)
        return server

    yield start
    for server in running:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait(10)


@pytest.fixture(scope="module")
def start_cluster(start_server: Callable[..., Server]) -> Callable[[], list[Server]]:
    """Starts three servers that are one cluster named `test`; each has the tags `disk:ssd` and `zone:<its number>`."""

    def start() -> list[Server]:
        held = [socket.create_server(("127.0.0.1", 0)) for _number in range(3)]
        ports = [one.getsockname()[1] for one in held]
        for one in held:
            one.close()
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in ports)
        return [
            start_server(
                f'server_name: n{number}\nserver_tags: ["disk:ssd", "zone:{number}"]\njetstream {{}}\n'
                f'cluster {{ name: test, listen: "127.0.0.1:{port}", routes: [{routes}] }}'
            )
            for number, port in enumerate(ports)
        ]

    return start


@pytest.fixture(scope="module")
def hub_and_leaf(start_server: Callable[..., Server]) -> tuple[Server, Server]:
    """Two servers, each with a JetStream domain of its name: a hub, and a leaf node that is connected to it."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    hub = start_server(
        f'server_name: hub\njetstream {{ domain: hub, store_dir: "js" }}\nleafnodes {{ listen: "127.0.0.1:{port}" }}'
    )
    leaf = start_server(
        'server_name: leaf\njetstream { domain: leaf, store_dir: "js" }\n'
        f'leafnodes {{ remotes: [{{ url: "nats://127.0.0.1:{port}" }}] }}'
    )
    return hub, leaf


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server]) -> Server:
    """One server with JetStream."""
    return start_server()


Runner = Callable[..., Outcome]


@pytest.fixture(scope="session")
def run_module() -> Runner:
    """Runs a module of the collection: run_module("nats_kv", servers=[...], bucket="test")."""

    def run(
        name: str, *, check: bool = False, diff: bool = False, environment: dict[str, str] | None = None, **params: Any
    ) -> Outcome:
        arguments = {
            "ANSIBLE_MODULE_ARGS": params
            | {"_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_remote_tmp": "/tmp"}
        }
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", f"ansible_collections.natsops.nats.plugins.modules.{name}"],
            input=json.dumps(arguments),
            capture_output=True,
            check=False,
            text=True,
            timeout=120,
            env=CLEAN_ENVIRONMENT | (environment or {}),
        )
        seconds = time.monotonic() - began
        output = done.stdout + done.stderr
        try:
            data = json.loads(done.stdout.strip().splitlines()[-1])
        except (ValueError, IndexError):
            pytest.fail(f"the module printed no result:\n{output}")
        assert not done.stderr, done.stderr
        return Outcome(data, bool(data.get("failed")), output, seconds)

    return run


@pytest.fixture
def kv(run_module: Runner, server: Server) -> Runner:
    """nats_kv against the shared server."""

    def run(**params: Any) -> Outcome:
        return run_module("nats_kv", **({"servers": [server.url]} | params))

    return run


@pytest.fixture
def ok(kv: Runner) -> Runner:
    """nats_kv that must not fail."""

    def run(**params: Any) -> Outcome:
        outcome = kv(**params)
        assert not outcome.failed, outcome["msg"]
        return outcome

    return run


@pytest.fixture(scope="session")
def nats_cli() -> Callable[..., str]:
    """The nats CLI, as a second opinion: nats_cli(server, "kv", "get", ...)."""
    binary = shutil.which("nats")
    if not binary:
        pytest.skip("the nats CLI is not in PATH: the second opinion on what we wrote is missing")

    def run(server: Server, *words: str) -> str:
        done = subprocess.run(
            [binary, "--no-context", "--server", server.url, *words],
            capture_output=True,
            check=False,
            text=True,
            timeout=30,
            env=CLEAN_ENVIRONMENT,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture
def slow_line() -> Iterator[Callable[[int, int], str]]:
    """A line to a local port that carries so many bytes a second, each way: slow_line(port, bytes) gives its URL."""
    listeners: list[socket.socket] = []

    def carry(source: socket.socket, sink: socket.socket, speed: int) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(speed // 20):
                sink.sendall(data)
                time.sleep(len(data) / speed)
            sink.shutdown(socket.SHUT_WR)

    def serve(listener: socket.socket, port: int, speed: int) -> None:
        with contextlib.suppress(OSError):
            while True:
                near = listener.accept()[0]
                far = socket.create_connection(("127.0.0.1", port))
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=carry, args=(*pair, speed), daemon=True).start()

    def start(port: int, speed: int) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=serve, args=(listener, port, speed), daemon=True).start()
        return f"nats://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in listeners:
        listener.close()
