# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tunnel on a real cluster: connect, survive, close, and say why not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlparse

import nats.errors
import pytest
from nats.aio.client import Client
from nats.js.api import KeyValueConfig

from ansible_collections.natsops.nats.plugins.module_utils.connection.tunnel import TunnelTransport
from ansible_collections.natsops.nats.plugins.module_utils.deadline import Deadline
from ansible_collections.natsops.nats.plugins.module_utils.errors import ConnectFailed, NatsOpsError, ServerRefused
from ansible_collections.natsops.nats.plugins.module_utils.kube.api import KubeApi
from ansible_collections.natsops.nats.plugins.module_utils.kube.options import from_params
from ansible_collections.natsops.nats.plugins.module_utils.kube.podhttp import http_get
from ansible_collections.natsops.nats.plugins.module_utils.kube.portforward import open_stream

if TYPE_CHECKING:
    from conftest import Lab

T = TypeVar("T")


async def quiet(_unused: Exception) -> None:
    """nats-py's error_cb: what matters is asked of the transport."""


@contextlib.asynccontextmanager
async def tunnel(
    lab: Lab, seconds: float = 60, kubeconfig: Any = None, context: str | None = None, **changes: Any
) -> AsyncIterator[tuple[Client, TunnelTransport]]:
    """A client connected through a tunnel; closed, and looked at for leaks, afterwards."""
    descriptors, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    deadline = Deadline(seconds)
    options = from_params({"namespace": lab.namespace, **({"release": lab.release} | changes)})
    transport = TunnelTransport(KubeApi.load(kubeconfig or lab.kubeconfig, context), options, deadline)
    client = Client()
    try:
        await transport.resolve()
        client._transport = transport
        await client.connect(
            f"nats://{transport.host}:4222",
            connect_timeout=5,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            error_cb=quiet,
        )
        client.options |= {"max_reconnect_attempts": -1, "reconnect_time_wait": 0.1}
        yield client, transport
    finally:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(client.close(), 3)
        await transport.aclose()
        await asyncio.sleep(0.05)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert len(os.listdir("/proc/self/fd")) <= descriptors
        assert threading.active_count() <= threads


def run(body: Awaitable[T]) -> T:
    async def main() -> T:
        async with asyncio.timeout(110):
            return await body

    with asyncio.Runner() as runner:
        runner.get_loop()
        runner.run(asyncio.sleep(0))  # what the loop itself opens is not a leak
        return runner.run(main())


def failure(body: Awaitable[Any]) -> NatsOpsError:
    with pytest.raises(NatsOpsError) as caught:
        run(body)
    return caught.value


async def opened(lab: Lab, **changes: Any) -> None:
    async with tunnel(lab, **changes):
        pass


async def again_until(deadline: Deadline, attempt: Callable[[], Awaitable[T]]) -> T:
    """Go on while the connection is down; what was under way when a pod died has timed out."""
    while True:
        try:
            return await attempt()
        except (nats.errors.Error, OSError):
            if deadline.passed:
                raise
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("by", ["release", "service"])
def test_put_and_get(lab: Lab, by: str) -> None:
    how = {"release": lab.release} if by == "release" else {"release": None, "service": lab.service}

    async def body() -> None:
        async with tunnel(lab, **how) as (client, transport):
            assert transport.host == lab.service
            assert transport.pod in lab.pods()
            stream = client.jetstream()
            bucket = await stream.create_key_value(KeyValueConfig(bucket="put", replicas=3))
            revision = await bucket.put("foo", b"bar")
            entry = await bucket.get("foo")
            assert (entry.value, entry.revision) == (b"bar", revision)
            await stream.delete_key_value("put")

    run(body())


def test_a_large_value(lab: Lab) -> None:
    async def body() -> None:
        async with tunnel(lab) as (client, _unused):
            value = os.urandom(8 * 1024 * 1024)
            assert client.max_payload > len(value)
            stream = client.jetstream(timeout=30)
            bucket = await stream.create_key_value(KeyValueConfig(bucket="large", replicas=1))
            await bucket.put("big", value)
            assert (await bucket.get("big")).value == value
            await stream.delete_key_value("large")

    run(body())


def test_goes_on_when_its_pod_dies(lab: Lab) -> None:
    async def body() -> None:
        async with tunnel(lab) as (client, transport):
            stream = client.jetstream(timeout=2)
            bucket = await stream.create_key_value(KeyValueConfig(bucket="dies", replicas=3))
            await bucket.put("n", b"0")
            first = transport.pod
            assert first is not None
            lab.kubectl("delete", "pod", first, "--wait=false", "--grace-period=1")
            limit = Deadline(40)
            begun = time.monotonic()
            while transport.pod == first or not client.is_connected:
                assert not limit.passed
                await asyncio.sleep(0.05)
            print(f"another pod after {time.monotonic() - begun:.1f} s")
            await again_until(limit, lambda: bucket.put("n", b"1"))
            assert (await again_until(limit, lambda: bucket.get("n"))).value == b"1"
            assert transport.pod in lab.pods() - {first}
            await again_until(limit, lambda: stream.delete_key_value("dies"))

    run(body())
    lab.wait_ready()


def test_an_address_that_a_server_advertises_is_not_dialled(lab: Lab) -> None:
    async def body() -> None:
        options = from_params({"namespace": lab.namespace, "release": lab.release})
        transport = TunnelTransport(KubeApi.load(lab.kubeconfig, None), options, Deadline(10))
        try:
            await transport.resolve()
            for _round in range(2):  # the connection of resolve(), and a dial of its own
                await transport.connect(urlparse("nats://192.0.2.1:4222"), 32768, 5)
                info = json.loads((await transport.readline()).removeprefix(b"INFO "))
                assert info["server_name"] == transport.pod
        finally:
            await transport.aclose()

    run(body())


def test_each_dial_looks_up_which_pods_there_are_now(lab: Lab) -> None:
    """Pods have come and gone since the last look: here, the service is led from one pod to another."""
    old, new = sorted(lab.pods())[:2]

    def lead_to(pod: str) -> None:
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "moving"},
            "spec": {
                "selector": {"statefulset.kubernetes.io/pod-name": pod},
                "ports": [{"name": "nats", "port": 4222}],
            },
        }
        lab.kubectl("apply", "-f", "-", stdin=json.dumps(service))
        behind = "{.items[*].endpoints[*].targetRef.name}"
        limit = Deadline(10)
        while True:
            label = "kubernetes.io/service-name=moving"
            if lab.kubectl("get", "endpointslices", "-l", label, "-o", f"jsonpath={behind}") == pod:
                return
            assert not limit.passed
            time.sleep(0.1)

    async def body() -> None:
        options = from_params({"namespace": lab.namespace, "service": "moving"})
        transport = TunnelTransport(KubeApi.load(lab.kubeconfig, None), options, Deadline(20))
        try:
            await transport.resolve()
            for pod in (old, new):
                lead_to(pod)
                await transport.connect(urlparse(transport.url), 32768, 5)
                info = json.loads((await transport.readline()).removeprefix(b"INFO "))
                assert info["server_name"] == transport.pod == pod
        finally:
            await transport.aclose()

    lead_to(old)
    run(body())


def test_many_connects(lab: Lab) -> None:
    async def body() -> None:
        api = KubeApi.load(lab.kubeconfig, None)
        options = from_params({"namespace": lab.namespace, "release": lab.release})
        before = None
        for _round in range(60):
            async with asyncio.timeout(5):
                transport = TunnelTransport(api, options, Deadline(5))
                await transport.resolve()
                client = Client()
                client._transport = transport
                await client.connect(f"nats://{transport.host}:4222", max_reconnect_attempts=1, error_cb=quiet)
                await client.close()
                await transport.aclose()
            before = before or len(os.listdir("/proc/self/fd"))
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert len(os.listdir("/proc/self/fd")) <= before

    run(body())


def test_nothing_is_said_when_the_loop_ends_with_it_open(lab: Lab) -> None:
    script = """
import asyncio, sys, nats
from ansible_collections.natsops.nats.plugins.module_utils.connection.tunnel import TunnelTransport
from ansible_collections.natsops.nats.plugins.module_utils.deadline import Deadline
from ansible_collections.natsops.nats.plugins.module_utils.kube.api import KubeApi
from ansible_collections.natsops.nats.plugins.module_utils.kube.options import from_params

async def main():
    options = from_params({"namespace": sys.argv[2], "release": sys.argv[3]})
    transport = TunnelTransport(KubeApi.load(sys.argv[1], None), options, Deadline(20))
    await transport.resolve()
    if sys.argv[4] == "connected":
        client = nats.aio.client.Client()
        client._transport = transport
        await client.connect(f"nats://{transport.host}:4222")
    print("open")

asyncio.run(main())
"""
    command = [sys.executable, "-X", "dev", "-c", script, lab.kubeconfig, lab.namespace, lab.release]
    for state in ("resolved", "connected"):
        done = subprocess.run([*command, state], check=False, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0
        assert done.stdout == "open\n"
        assert "Traceback" not in done.stderr and "was destroyed" not in done.stderr, done.stderr


def test_cancelled_at_any_moment(lab: Lab) -> None:
    async def body() -> None:
        api = KubeApi.load(lab.kubeconfig, None)
        options = from_params({"namespace": lab.namespace, "release": lab.release})
        before = None
        for number in range(40):
            transport = TunnelTransport(api, options, Deadline(20))
            task = asyncio.create_task(transport.resolve())
            await asyncio.sleep(number / 1000)
            task.cancel()
            await asyncio.wait([task])
            await transport.aclose()
            await asyncio.sleep(0.02)
            before = before or len(os.listdir("/proc/self/fd"))
        assert asyncio.all_tasks() == {asyncio.current_task()}
        limit = Deadline(5)
        while len(os.listdir("/proc/self/fd")) > before:  # a GET left behind ends in its thread, with its answer
            assert not limit.passed
            await asyncio.sleep(0.05)

    run(body())


def test_http_to_a_pod(lab: Lab) -> None:
    async def body() -> None:
        api = KubeApi.load(lab.kubeconfig, None)
        pod = min(lab.pods())
        assert await http_get(api, lab.namespace, pod, 8222, "/healthz", Deadline(10)) == (200, b'{"status":"ok"}')
        status, answer = await http_get(api, lab.namespace, pod, 8222, "/varz", Deadline(10))
        assert (status, json.loads(answer)["server_name"]) == (200, pod)
        assert (await http_get(api, lab.namespace, pod, 8222, "/none", Deadline(10)))[0] == 404
        with pytest.raises(ConnectFailed, match="nothing listens on port 9999"):
            await http_get(api, lab.namespace, pod, 9999, "/", Deadline(10))
        async with open_stream(api, lab.namespace, pod, 4222, Deadline(10)) as (reader, _unused):
            assert (await reader.readline()).startswith(b"INFO ")

    run(body())


def test_logs(lab: Lab) -> None:
    api = KubeApi.load(lab.kubeconfig, None)
    path = f"/api/v1/namespaces/{lab.namespace}/pods/{min(lab.pods())}/log"
    assert "Server is ready" in run(api.get_text(path, {"container": "nats"}, Deadline(10)))


def test_no_such_pod(lab: Lab) -> None:
    error = failure(http_get(KubeApi.load(lab.kubeconfig, None), lab.namespace, "nobody", 8222, "/", Deadline(10)))
    assert isinstance(error, ServerRefused) and error.code == 404
    assert 'pods "nobody" not found' in error.message


def test_wrong_context(lab: Lab) -> None:
    error = failure(opened(lab, context="nobody"))
    assert "'nobody'" in error.message and lab.config()["current-context"] in error.mend


def test_no_such_service_release_or_namespace(lab: Lab) -> None:
    error = failure(opened(lab, release=None, service="tunnel-nat"))
    assert "'tunnel-nat'" in error.message and f"'{lab.service}'" in error.mend
    error = failure(opened(lab, release="tunel"))
    assert "'tunel'" in error.message and f"'{lab.release}'" in error.mend
    error = failure(opened(lab, namespace="nobody"))
    assert "'nobody'" in error.message and "kubernetes.namespace" in error.mend


def test_the_port_is_not_nats(lab: Lab) -> None:
    error = failure(opened(lab, release=None, service=f"{lab.service}-headless", port=99))
    assert "kubernetes.port 99" in error.message and "nats 4222" in error.message


def test_no_pod_ready(lab: Lab) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "waiting"},
        "spec": {"selector": {"app": "waiting"}, "ports": [{"name": "nats", "port": 4222}]},
    }
    lab.kubectl("apply", "-f", "-", stdin=json.dumps(service))
    time.sleep(1)
    assert "No pod stands behind" in failure(opened(lab, release=None, service="waiting")).message

    image = json.loads(lab.kubectl("get", "pod", min(lab.pods()), "-o", "json"))["spec"]["containers"][0]["image"]
    probe = {"tcpSocket": {"port": 9}, "periodSeconds": 1}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "never-ready", "labels": {"app": "waiting"}},
        "spec": {"containers": [{"name": "x", "image": image, "readinessProbe": probe}]},
    }
    lab.kubectl("apply", "-f", "-", stdin=json.dumps(pod))
    lab.kubectl("wait", "pod", "never-ready", "--for=jsonpath={.status.phase}=Running", "--timeout=60s")
    time.sleep(1)
    assert "is ready: never-ready" in failure(opened(lab, release=None, service="waiting")).message


def token(lab: Lab, rules: list[dict[str, Any]]) -> str:
    """A token of an account that may do just this."""
    name = f"account-{time.monotonic_ns()}"
    lab.kubectl("create", "serviceaccount", name)
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": name},
        "rules": rules,
    }
    lab.kubectl("apply", "-f", "-", stdin=json.dumps(role))
    lab.kubectl("create", "rolebinding", name, f"--role={name}", f"--serviceaccount={lab.namespace}:{name}")
    return lab.kubectl("create", "token", name).strip()


LOOK = {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list"]}
FORWARD = {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["get", "create"]}


def test_forbidden_to_look(lab: Lab) -> None:
    error = failure(opened(lab, kubeconfig=lab.config_with_token(token(lab, []))))
    assert isinstance(error, ServerRefused) and error.code == 403
    assert "endpointslices" in error.message and "list on endpointslices" in error.mend


def test_forbidden_to_forward(lab: Lab) -> None:
    error = failure(opened(lab, kubeconfig=lab.config_with_token(token(lab, [LOOK]))))
    assert isinstance(error, ServerRefused) and error.code == 403
    assert "get and create on pods/portforward" in error.mend


def test_the_rights_that_are_named_are_enough(lab: Lab) -> None:
    run(opened(lab, kubeconfig=lab.config_with_token(token(lab, [LOOK, FORWARD]))))


def test_a_token_that_is_none(lab: Lab) -> None:
    error = failure(opened(lab, kubeconfig=lab.config_with_token("nonsense")))
    assert isinstance(error, ServerRefused) and error.code == 401
    assert "nonsense" not in str(error)


def test_a_certificate_that_is_not_trusted(lab: Lab) -> None:
    config = lab.config()
    for item in config["clusters"]:
        del item["cluster"]["certificate-authority-data"]
    error = failure(opened(lab, kubeconfig=config))
    assert "certificate was not accepted" in error.message and "certificate-authority" in error.mend


class CutProxy:
    """An HTTP proxy that can cut all that goes through it."""

    def __init__(self) -> None:
        self.writers: list[asyncio.StreamWriter] = []
        self.asked: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head)
        host, _colon, port = head.split()[1].rpartition(":")
        there, to_there = await asyncio.open_connection(host, int(port))
        self.writers += [writer, to_there]
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(self.pump(reader, to_there), self.pump(there, writer))

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    def cut(self) -> None:
        for writer in self.writers:
            writer.transport.abort()
        self.writers.clear()


def test_through_a_proxy_that_is_cut(lab: Lab) -> None:
    async def body() -> None:
        proxy = CutProxy()
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        config = lab.config()
        port = server.sockets[0].getsockname()[1]
        for item in config["clusters"]:
            item["cluster"]["proxy-url"] = f"http://me:word@127.0.0.1:{port}"
        try:
            deadline = Deadline(30)
            options = from_params({"namespace": lab.namespace, "release": lab.release})
            transport = TunnelTransport(KubeApi.load(config, None), options, deadline)
            await transport.resolve()
            client = Client()
            client._transport = transport
            await client.connect(f"nats://{transport.host}:4222", error_cb=quiet, reconnect_time_wait=0.1)
            assert all("Proxy-Authorization: Basic" in head for head in proxy.asked)
            proxy.cut()
            begun = time.monotonic()
            await asyncio.sleep(0.05)
            while not client.is_connected or client.stats["reconnects"] == 0:
                assert not deadline.passed, transport.cause
                await asyncio.sleep(0.02)
            assert time.monotonic() - begun < 5
            await client.flush()
            await client.close()
            await transport.aclose()
        finally:
            proxy.cut()
            server.close()

    run(body())
