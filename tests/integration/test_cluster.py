# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""nats_kv against a cluster of three servers: a start that is still under way, replicas, a lost leader, no quorum."""

from __future__ import annotations

import asyncio
import signal
import threading
import time

import nats
import pytest


@pytest.fixture
def cluster(start_cluster):
    """Its servers are killed: one for each test."""
    return start_cluster()


def in_the_middle(servers, bucket, action):
    """Does something once a thousand entries are in a bucket."""

    async def watch():
        client = await nats.connect([server.url for server in servers])
        try:
            messages = 0
            while messages < 1000:
                messages = (await client.jetstream().stream_info(f"KV_{bucket}")).state.messages
                await asyncio.sleep(0.005)
        finally:
            await client.close()
        action()

    thread = threading.Thread(target=asyncio.run, args=(watch(),))
    thread.start()
    return thread


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


def test_many_entries_while_the_leader_is_killed(cluster, run_module, nats_cli):
    """Every entry is there afterwards, once, and proved so; what was acknowledged by the dead leader included."""
    urls = [server.url for server in cluster]
    made = run_module("nats_kv", servers=urls, bucket="many", replicas=3, timeout=60)
    assert not made.failed, made["msg"]
    leader = cluster[int(made["bucket"]["cluster"]["leader"][1:])]
    entries = {f"k.{number}": f"{number:0200}" for number in range(20_000)}
    midway = in_the_middle(cluster, "many", lambda: leader.stop(signal.SIGKILL))
    done = run_module("nats_kv", servers=urls, bucket="many", entries=entries, timeout=90)
    midway.join()
    assert not done.failed, done["msg"]
    assert done["verified"] and done["summary"]["created"] == 20_000
    assert done["bucket"]["cluster"]["leader"] != made["bucket"]["cluster"]["leader"], "the kill came too late to count"
    alive = [server.url for server in cluster if server is not leader]
    read = run_module("nats_kv_info", servers=alive, bucket="many", entries="values", timeout=60)
    assert {entry["key"]: entry["value"] for entry in read["buckets"][0]["entries"]} == entries
    again = run_module("nats_kv", servers=alive, bucket="many", entries=entries, timeout=60)
    assert not again["changed"]


def test_reading_is_never_behind_the_leader(cluster, run_module):
    """A consumer may live on a replica that lags: what was just written is seen all the same, twenty times."""
    from ansible_collections.natsops.nats.plugins.module_utils.buckets import store
    from ansible_collections.natsops.nats.plugins.module_utils.connection.job import connected
    from ansible_collections.natsops.nats.plugins.module_utils.connection.options import from_params
    from ansible_collections.natsops.nats.plugins.module_utils.deadline import Deadline
    from ansible_collections.natsops.nats.plugins.module_utils.entries import reading, writing
    from ansible_collections.natsops.nats.plugins.module_utils.entries.place import place_of
    from ansible_collections.natsops.nats.plugins.module_utils.entries.plan import Write

    assert not run_module("nats_kv", servers=[cluster[0].url], bucket="lag", replicas=3, timeout=60).failed

    async def rounds():
        options = from_params({"servers": [cluster[0].url], "timeout": 60.0}, {})
        async with connected(options, Deadline(60)) as jetstream:
            place = place_of(jetstream, await store.find(jetstream, "lag"))
            for turn in range(20):
                value = f"{turn}".encode()
                writes = [Write(f"k.{number}", "PUT", "updated", value) for number in range(300)]
                await writing.write_each(place, writes, lambda write, revision: None, [])
                read = {entry.key: entry.value async for entry in reading.watch(place)}
                assert read == {write.key: value for write in writes}, f"turn {turn}"

    asyncio.run(rounds())


def test_a_server_that_stops_for_a_while(start_server, run_module):
    """Acknowledgements that come late, or not at all: the task waits, looks, and ends with everything there, once."""
    server = start_server()
    run_module("nats_kv", servers=[server.url], bucket="pause", history=5)
    entries = {f"k.{number}": "v" for number in range(20_000)}

    def pause():
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(5)
        server.process.send_signal(signal.SIGCONT)

    midway = in_the_middle([server], "pause", pause)
    done = run_module("nats_kv", servers=[server.url], bucket="pause", entries=entries, timeout=60)
    midway.join()
    assert not done.failed, done["msg"]
    assert done.seconds > 5, "the pause came too late to count"
    assert done["verified"] and done["bucket"]["state"]["keys"] == 20_000


def test_running_out_of_time_says_what_is_unknown(start_server, run_module):
    server = start_server()
    run_module("nats_kv", servers=[server.url], bucket="stop")
    entries = {f"k.{number}": "v" for number in range(20_000)}
    midway = in_the_middle([server], "stop", lambda: server.process.send_signal(signal.SIGSTOP))
    cut = run_module("nats_kv", servers=[server.url], bucket="stop", entries=entries, timeout=6)
    midway.join()
    server.process.send_signal(signal.SIGCONT)
    assert cut.failed and cut["step"] == "apply" and cut.seconds < 9, cut
    assert cut["unknown"] and "unknown" in cut["msg"]
    written = {entry["key"] for entry in cut["entries"]}
    assert not written & set(cut["unknown"])
    info = run_module("nats_kv_info", servers=[server.url], bucket="stop", entries="keys")
    there = {entry["key"] for entry in info["buckets"][0]["entries"]}
    assert written <= there <= written | set(cut["unknown"]), "nothing is there of which the task did not speak"
    assert not run_module("nats_kv", servers=[server.url], bucket="stop", entries=entries).failed
