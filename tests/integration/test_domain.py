# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A JetStream domain behind a leaf node: the same bucket on both sides, and only the one that is meant is touched."""

from __future__ import annotations

import time

import pytest


@pytest.fixture
def kv(run_module, hub_and_leaf):
    """nats_kv through the leaf node."""

    def run(**params):
        outcome = run_module("nats_kv", **({"servers": [hub_and_leaf[1].url], "bucket": "shared"} | params))
        assert not outcome.failed, outcome["msg"]
        return outcome

    return run


def test_only_the_domain_that_is_meant_is_touched(kv, hub_and_leaf, nats_cli, run_module):
    hub, leaf = hub_and_leaf
    kv(key="who", value="leaf")
    made = kv(domain="hub", key="who", value="hub", history=3)
    assert made["changed"] and made["verified"] and made["bucket"]["history"] == 3
    assert nats_cli(hub, "kv", "get", "shared", "who", "--raw") == "hub"
    assert nats_cli(leaf, "kv", "get", "shared", "who", "--raw") == "leaf"
    assert nats_cli(leaf, "--js-domain", "hub", "kv", "get", "shared", "who", "--raw") == "hub"
    assert not kv(domain="hub", key="who", value="hub")["changed"]
    assert not kv(domain="leaf", key="who", value="leaf")["changed"]
    assert not kv(api_prefix="$JS.hub.API", key="who", value="hub")["changed"]

    many = {f"k.{number}": str(number) for number in range(500)}
    done = kv(domain="hub", entries=many, allow_atomic=True)
    assert done["summary"]["created"] == 500 and done["verified"]
    assert kv(domain="hub", entries={"a": "1", "b": "2"}, atomic=True)["verified"]
    assert len(nats_cli(hub, "kv", "ls", "shared").split()) == 503
    assert nats_cli(leaf, "kv", "ls", "shared").split() == ["who"]

    info = run_module("nats_kv_info", servers=[leaf.url], domain="hub", bucket="shared", entries="values", filter="k.*")
    assert {entry["key"]: entry["value"] for entry in info["buckets"][0]["entries"]} == many

    nats_cli(leaf, "--js-domain", "hub", "kv", "put", "shared", "theirs", "x")
    assert not kv(domain="hub", key="theirs", value="x")["changed"]
    assert kv(domain="hub", entries={"who": "hub"}, exclusive=True)["summary"]["deleted"] == 503
    assert kv(domain="hub", compact="0s")["summary"]["compacted"] == 503
    assert kv(domain="hub", state="absent", allow_data_loss=True)["verified"]
    assert nats_cli(leaf, "kv", "get", "shared", "who", "--raw") == "leaf"


def test_mirror_of_a_bucket_in_another_domain(kv, hub_and_leaf, nats_cli, run_module):
    hub, leaf = hub_and_leaf
    kv(domain="hub", bucket="origin", key="a", value="1")
    made = kv(bucket="copy", mirror={"bucket": "origin", "domain": "hub"})
    assert made["bucket"]["mirror"]["api_prefix"] == "$JS.hub.API"
    assert not kv(bucket="copy", mirror={"bucket": "origin", "domain": "hub"})["changed"]
    written = kv(bucket="copy", key="b", value="2")
    assert written["verified"] and nats_cli(hub, "kv", "get", "origin", "b", "--raw") == "2"
    assert nats_cli(leaf, "kv", "get", "copy", "a", "--raw") == "1"
    info = run_module("nats_kv_info", servers=[leaf.url], bucket="copy", entries="keys")["buckets"][0]
    assert [entry["key"] for entry in info["entries"]] == ["a", "b"]
    assert info["origins"][0]["name"] == "origin"


def test_sources_and_a_part_of_a_bucket_in_another_domain(kv, hub_and_leaf, nats_cli):
    hub, leaf = hub_and_leaf
    kv(domain="hub", bucket="far", entries={"app.a": "1", "app.b.c": "2", "rest": "3"})

    def keys(bucket, wanted):
        for _round in range(100):
            if (found := sorted(nats_cli(leaf, "kv", "ls", bucket).split())) == wanted:
                break
            time.sleep(0.1)
        assert found == wanted

    # Of the same name, whose keys fit as they are, and of another one.
    for bucket in ("far", "near"):
        listed = [{"bucket": "far", "domain": "hub", "filter": "app.>"}]
        kv(bucket=bucket, sources=listed)
        keys(bucket, ["app.a", "app.b.c"])
        assert not kv(bucket=bucket, sources=listed)["changed"]
        assert not kv(bucket=bucket, sources=[{"bucket": "far", "api_prefix": "$JS.hub.API", "filter": "app.>"}])[
            "changed"
        ]
        assert kv(bucket=bucket, key="own", value="4")["verified"]
    # A mirror of a part does not answer for its origin from here.
    kv(bucket="part", mirror={"bucket": "far", "domain": "hub", "filter": "app.>"})
    keys("part", ["app.a", "app.b.c"])
    for _round in range(20):
        assert nats_cli(hub, "kv", "get", "far", "rest", "--raw") == "3"
