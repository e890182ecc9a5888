# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""nats_kv against a cluster of three servers: a start that is still under way, replicas, a lost leader, no quorum."""

from __future__ import annotations

import signal
import socket

import pytest


def _free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _round in range(count)]
    ports = [held.getsockname()[1] for held in sockets]
    for held in sockets:
        held.close()
    return ports


@pytest.fixture
def cluster(start_server):
    routes = _free_ports(3)
    urls = ", ".join(f'"nats://127.0.0.1:{port}"' for port in routes)
    return [
        start_server(
            f"server_name: n{number}\njetstream {{}}\n"
            f'cluster {{ name: test, listen: "127.0.0.1:{port}", routes: [{urls}] }}'
        )
        for number, port in enumerate(routes)
    ]


def test_from_the_first_moment_to_the_last_server(cluster, run_module):
    urls = [server.url for server in cluster]

    def kv(**params):
        return run_module("nats_kv", **({"servers": urls, "bucket": "test"} | params))

    # The cluster has only just been started, and has no leader yet.
    made = kv(replicas=3, key="foo", value="bar")
    assert not made.failed, made["msg"]
    assert made["verified"] and made["bucket"]["replicas"] == 3
    assert len(made["bucket"]["cluster"]["replicas"]) == 2
    assert not kv(replicas=3, key="foo", value="bar")["changed"]

    leader = made["bucket"]["cluster"]["leader"]
    cluster[int(leader[1:])].stop(signal.SIGKILL)
    after = kv(key="foo", value="after")
    assert not after.failed, after["msg"]
    assert after["verified"] and after["bucket"]["cluster"]["leader"] not in (None, leader)

    second = after["bucket"]["cluster"]["leader"]
    cluster[int(second[1:])].stop(signal.SIGKILL)
    lost = kv(key="foo", value="lost", timeout=6)
    assert lost.failed and lost.seconds < 10
    assert "health" in lost["msg"], lost["msg"]


def test_replicas_beyond_the_servers(cluster, run_module):
    run_module("nats_kv", servers=[cluster[0].url], bucket="first", replicas=3)
    refused = run_module("nats_kv", servers=[cluster[0].url], bucket="more", replicas=5)
    assert refused.failed and "too few servers" in refused["msg"], refused["msg"]
