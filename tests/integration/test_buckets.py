# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Buckets against real servers: every setting made, found as it is, changed or refused; those of others taken over."""

from __future__ import annotations

import asyncio
import functools
import itertools
import json
import time
from typing import Any

import pytest
from any_settings import mirrors, ordinary
from conftest import Outcome
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from nats.js.errors import KeyNotFoundError

from ansible_collections.natsops.nats.plugins.module_utils.buckets import settings
from ansible_collections.natsops.nats.plugins.module_utils.deadline import Deadline
from ansible_collections.natsops.nats.plugins.module_utils.errors import NatsOpsError
from ansible_collections.natsops.nats.plugins.module_utils.kv import KvJob
from ansible_collections.natsops.nats.plugins.module_utils.run import Progress, carry_out
from ansible_collections.natsops.nats.plugins.modules import nats_kv

_names = itertools.count()


@pytest.fixture
def bucket() -> str:
    """A bucket name of the test's own."""
    return f"bucket-{next(_names)}"


@pytest.fixture
def config_of(server, nats_cli):
    """A bucket's stream as the CLI shows it."""

    def read(name: str) -> dict[str, Any]:
        return json.loads(nats_cli(server, "stream", "info", "--json", f"KV_{name}"))["config"]

    return read


def in_process(server, *, check: bool = False, diff: bool = False, **params: Any) -> Outcome:
    """nats_kv without a process of its own: hundreds of buckets are tried."""
    defaults = {name: spec.get("default") for name, spec in nats_kv.ARGUMENT_SPEC.items()}
    progress = Progress(step="input")
    try:
        made = KvJob(defaults | {"servers": [server.url]} | params)
        plan, result = asyncio.run(carry_out(made, Deadline(30), progress, check_mode=check))
    except NatsOpsError as error:
        return Outcome({"msg": str(error), "step": progress.step, "applied": progress.applied}, failed=True)
    result |= {"changed": bool(plan.operations), "warnings": plan.warnings}
    if diff:
        result["diff"] = [one.for_ansible() for one in plan.diffs]
    return Outcome(result, failed=False)


@pytest.fixture
def kv(server):
    """nats_kv against the shared server."""
    return functools.partial(in_process, server)


@pytest.fixture
def with_nats(server):
    """Calls a function with nats-py's JetStream."""
    import nats

    def call(work):
        async def run():
            client = await nats.connect(server.url)
            try:
                return await work(client.jetstream())
            finally:
                await client.close()

        return asyncio.run(run())

    return call


def eventually(look, wanted, seconds=10.0):
    """Waits for what a server does in its own time."""
    limit = time.monotonic() + seconds
    while (found := look()) != wanted and time.monotonic() < limit:
        time.sleep(0.1)
    assert found == wanted


class TestBucket:
    def test_is_made_once(self, ok, bucket):
        first = ok(bucket=bucket)
        assert first["changed"] and first["verified"]
        assert first["bucket"]["stream"] == f"KV_{bucket}"
        assert first["entry"] is None
        assert not ok(bucket=bucket)["changed"]

    def test_is_made_as_the_cli_makes_it(self, ok, bucket, server, nats_cli, config_of):
        ok(bucket=bucket)
        nats_cli(server, "kv", "add", f"{bucket}-cli")
        ours, theirs = config_of(bucket), config_of(f"{bucket}-cli")
        for config in (ours, theirs):
            for own in ("name", "subjects", "metadata"):
                config.pop(own, None)
        assert ours == theirs

    def test_change_touches_only_what_is_given(self, ok, bucket):
        ok(bucket=bucket, description="kept", history=2, ttl="1d")
        changed = ok(bucket=bucket, history=4)
        assert changed["changed"]
        assert (changed["bucket"]["history"], changed["bucket"]["description"], changed["bucket"]["ttl"]) == (
            4,
            "kept",
            86400,
        )

    def test_ttl_below_the_window_for_duplicates(self, ok, bucket):
        ok(bucket=bucket)
        assert ok(bucket=bucket, ttl="5s", allow_data_loss=True)["bucket"]["ttl"] == 5
        assert ok(bucket=f"{bucket}-new", ttl="100ms")["bucket"]["ttl"] == 0.1

    def test_delete(self, ok, bucket, server, nats_cli):
        ok(bucket=bucket, key="k", value="v")
        gone = ok(bucket=bucket, state="absent", allow_data_loss=True)
        assert gone["changed"] and gone["bucket"] is None and gone["verified"]
        assert not ok(bucket=bucket, state="absent", allow_data_loss=True)["changed"]
        assert bucket not in nats_cli(server, "kv", "ls")

    def test_a_stream_that_is_no_bucket_is_left_alone(self, kv, bucket, server, nats_cli):
        nats_cli(server, "stream", "add", f"KV_{bucket}", "--subjects", f"other.{bucket}", "--defaults")
        for state in ("present", "absent"):
            refused = kv(bucket=bucket, state=state)
            assert refused.failed and "no key/value bucket" in refused["msg"]
        assert f"KV_{bucket}" in nats_cli(server, "stream", "ls", "--names")


# What it is made with, how results show that, and what it is changed to, with how that is shown.
EVERY = {
    "description": ("d", "d", "", ""),
    "history": (7, 7, 8, 8),
    "ttl": ("1h30m", 5400, "36h", 129600),
    "replicas": (1, 1, 1, 1),
    "max_bytes": ("1Mi", 2**20, "10MB", 10**7),
    "max_value_size": ("4KiB", 4096, "100", 100),
    "compression": ("s2", "s2", "none", "none"),
    "metadata": ({"team": "a", "empty": ""}, {"team": "a", "empty": ""}, {"other": "b"}, {"other": "b"}),
    "republish": (
        {"source": ">", "destination": "again.>"},
        {"source": ">", "destination": "again.>", "headers_only": False},
        {},
        {},
    ),
    "limit_marker_ttl": ("90s", 90, "unlimited", 0),
    "allow_msg_ttl": (False, False, True, True),
    "allow_atomic": (True, True, False, False),
    "allow_direct": (False, False, True, True),
    "sources": (
        [{"bucket": "elsewhere", "filter": "app.*.x", "start_time": "2026-01-01T02:00:00+02:00"}],
        [
            {
                "bucket": "elsewhere",
                "api_prefix": "",
                "deliver_prefix": "",
                "filter": "app.*.x",
                "start_revision": 0,
                "start_time": "2026-01-01T00:00:00Z",
            }
        ],
        [],
        [],
    ),
}


@pytest.mark.parametrize("name", EVERY)
class TestEverySetting:
    def test_made_found_and_changed(self, ok, bucket, name):
        first, first_shown, second, second_shown = EVERY[name]
        made = ok(bucket=bucket, **{name: first})
        assert made["bucket"][name] == first_shown and made["verified"]
        assert not ok(bucket=bucket, **{name: first})["changed"]
        if first == second:
            return
        would = ok(bucket=bucket, **{name: second}, check=True, diff=True)
        assert would["changed"] and would["bucket"][name] == second_shown
        (diff,) = would["diff"]
        differing = {part for part in diff["before"] if diff["before"][part] != diff["after"][part]}
        assert differing == {name}
        assert not ok(bucket=bucket, **{name: first})["changed"], "check mode changes nothing"
        changed = ok(bucket=bucket, **{name: second})
        assert changed["changed"] and changed["bucket"][name] == second_shown
        others = set(settings.read({"name": "KV_"})) - {name}
        assert {part: changed["bucket"][part] for part in others} == {part: made["bucket"][part] for part in others}
        assert not ok(bucket=bucket, **{name: second})["changed"]


def test_all_settings_at_once(run_module, server, bucket):
    def ok(**params: Any) -> Outcome:
        outcome = run_module("nats_kv", servers=[server.url], **params)
        assert not outcome.failed, outcome["msg"]
        return outcome

    wanted = {name: row[0] for name, row in EVERY.items() if name != "allow_msg_ttl"} | {"storage": "memory"}
    made = ok(bucket=bucket, **wanted)
    shown = {name: row[1] for name, row in EVERY.items()} | {"storage": "memory", "allow_msg_ttl": True}
    assert {name: made["bucket"][name] for name in shown} == shown
    assert not ok(bucket=bucket, **wanted)["changed"]
    assert not ok(bucket=bucket, ttl="5400", max_bytes="1048576", metadata=wanted["metadata"])["changed"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("before", "after", "words"),
        [
            ({"storage": "file"}, {"storage": "memory"}, "never changes it in place"),
            ({"history": 5}, {"history": 2}, "drop all but the newest 2"),
            ({}, {"ttl": "1h"}, "older than 1h"),
            ({"ttl": "2d"}, {"ttl": "1d"}, "older than 1d"),
            ({"key": "k", "value": "x" * 200}, {"max_bytes": "100"}, "no new key could be put"),
            ({"allow_msg_ttl": True}, {"allow_msg_ttl": False}, "never switches it off again"),
            ({"limit_marker_ttl": "1h"}, {"allow_msg_ttl": False}, "never switches it off again"),
            ({}, {"mirror": {"bucket": "elsewhere"}}, "only a new bucket can be made a mirror"),
            (
                {"mirror": {"bucket": "elsewhere"}},
                {"mirror": {"bucket": "there"}},
                "never changes what a bucket mirrors",
            ),
            ({"mirror": {"bucket": "elsewhere"}}, {"mirror": {}}, "nobody could read it any more"),
        ],
    )
    def test_of_what_cannot_be_or_loses_data(self, ok, kv, bucket, before, after, words):
        had = ok(bucket=bucket, **before)["bucket"]
        for check in (True, False):
            refused = kv(bucket=bucket, description="new", **after, check=check)
            assert refused.failed and words in refused["msg"] and refused["applied"] == []
        now = ok(bucket=bucket)["bucket"]
        assert {name: now[name] for name in had if name != "origins"} == {
            name: had[name] for name in had if name != "origins"
        }

    def test_all_at_once(self, ok, kv, bucket):
        ok(bucket=bucket, history=5)
        refused = kv(bucket=bucket, history=2, storage="memory", ttl="1h")
        assert all(name in refused["msg"] for name in ("'history'", "'storage'", "'ttl'"))

    def test_data_loss_on_the_users_word(self, ok, kv, bucket):
        ok(bucket=bucket, history=5)
        for value in "abc":
            ok(bucket=bucket, key="k", value=value)
        after = ok(bucket=bucket, history=1, allow_data_loss=True)
        assert after["bucket"]["state"]["values"] == 1
        assert ok(bucket=bucket, max_bytes="10", allow_data_loss=True)["bucket"]["state"]["values"] == 1
        assert kv(bucket=bucket, storage="memory", allow_data_loss=True).failed, "it is no word for the impossible"

    def test_history_of_a_stream_that_keeps_all(self, kv, bucket, with_nats):
        async def work(js):
            await js.add_stream(name=f"KV_{bucket}", subjects=[f"$KV.{bucket}.>"])

        with_nats(work)
        refused = kv(bucket=bucket, history=64)
        assert refused.failed and "drop all but the newest 64 revisions of every key" in refused["msg"]

    def test_by_the_server_names_the_setting(self, kv, bucket):
        refused = kv(bucket=bucket, republish={"source": ">", "destination": f"$KV.{bucket}.>"})
        assert refused.failed and refused["step"] == "apply"
        assert "republish destination forms a cycle" in refused["msg"]

    def test_replicas_on_a_single_server(self, ok, kv, bucket):
        for check in (True, False):
            refused = kv(bucket=bucket, replicas=3, check=check)
            assert refused.failed and refused["step"] == "plan" and "single server" in refused["msg"]
        ok(bucket=bucket)
        assert "single server" in kv(bucket=bucket, replicas=3)["msg"]


BY_FLAG: dict[str, dict[str, Any]] = {
    "--description=d": {"description": "d"},
    "--history=5": {"history": 5},
    "--storage=memory": {"storage": "memory"},
    "--ttl=90s": {"ttl": "1m30s"},
    "--marker-ttl=30s": {"limit_marker_ttl": "30s", "allow_msg_ttl": True},
    "--replicas=1": {"replicas": 1},
    "--max-value-size=4KiB": {"max_value_size": "4Ki"},
    "--max-bucket-size=1MiB": {"max_bytes": "1Mi"},
    "--compress": {"compression": "s2"},
    "--metadata=a=b": {"metadata": {"a": "b"}},
    "--source=origin": {"sources": [{"bucket": "origin"}]},
    "--republish-source=$KV.> --republish-destination=r.> --republish-headers": {
        "republish": {"source": "$KV.>", "destination": "r.>", "headers_only": True}
    },
}
NONE: dict[str, Any] = {
    "description": "",
    "history": 1,
    "ttl": "unlimited",
    "storage": "file",
    "replicas": 1,
    "max_bytes": "unlimited",
    "max_value_size": "unlimited",
    "compression": "none",
    "metadata": {},
    "placement": {},
    "republish": {},
    "mirror": {},
    "sources": [],
    "limit_marker_ttl": "unlimited",
    "allow_msg_ttl": False,
    "allow_atomic": False,
}


class TestTakenOver:
    """What others have made is as wanted when it is, however they write it."""

    @pytest.mark.parametrize("flags", [*BY_FLAG, " ".join(BY_FLAG)], ids=lambda flags: flags[:24])
    def test_from_the_cli(self, ok, bucket, server, nats_cli, flags):
        nats_cli(server, "kv", "add", bucket, *flags.split())
        given_options: dict[str, Any] = {}
        for flag, options in BY_FLAG.items():
            if flag in flags:
                given_options |= options
        if "allow_msg_ttl" not in given_options:
            given_options["allow_msg_ttl"] = False
        assert not ok(bucket=bucket)["changed"]
        assert not ok(bucket=bucket, **given_options)["changed"]
        assert not ok(bucket=bucket, **(NONE | {"allow_direct": True} | given_options))["changed"]

    def test_a_mirror_from_the_cli(self, ok, bucket, server, nats_cli):
        nats_cli(server, "kv", "add", bucket)
        for number, (flags, origin) in enumerate(
            [([], {}), (["--mirror-domain", "hub"], {"domain": "hub"}), ([], {"filter": ">"})]
        ):
            copy = f"{bucket}-{number}"
            nats_cli(server, "kv", "add", copy, "--mirror", bucket, *flags)
            found = ok(bucket=copy, mirror={"bucket": bucket} | origin)
            assert not found["changed"] and found["bucket"]["mirror"]["bucket"] == bucket
            assert not ok(bucket=copy, **(NONE | {"mirror": {"bucket": bucket} | origin}))["changed"]
        changed = ok(bucket=f"{bucket}-0", description="d", republish={"source": ">", "destination": "m.>"})
        assert changed["changed"] and changed["bucket"]["mirror"]["bucket"] == bucket

    def test_from_nats_py(self, ok, bucket, with_nats):
        from nats.js.api import KeyValueConfig, RePublish, StorageType

        async def work(js):
            await js.create_key_value(KeyValueConfig(bucket=bucket))
            await js.create_key_value(
                KeyValueConfig(
                    bucket=f"{bucket}-all",
                    description="d",
                    max_value_size=4096,
                    history=5,
                    ttl=90,
                    max_bytes=2**20,
                    storage=StorageType.MEMORY,
                    replicas=1,
                    republish=RePublish(src=">", dest="r.>"),
                    direct=True,
                )
            )

        with_nats(work)
        assert not ok(bucket=bucket)["changed"]
        assert not ok(bucket=bucket, **(NONE | {"allow_msg_ttl": True, "allow_direct": False}))["changed"]
        same = dict(
            description="d",
            max_value_size="4KiB",
            history=5,
            ttl="90s",
            max_bytes="1Mi",
            storage="memory",
            replicas=1,
            republish={"source": ">", "destination": "r.>", "headers_only": False},
            allow_direct=True,
        )
        assert not ok(bucket=f"{bucket}-all", **same)["changed"]

    @pytest.mark.parametrize(
        ("fields", "options"),
        [
            ({}, {}),
            ({"max_age": 5400 * 10**9, "max_msgs_per_subject": 3}, {"ttl": "1h30m", "history": 3}),
            ({"subject_delete_marker_ttl": 10**9, "allow_msg_ttl": True}, {"limit_marker_ttl": "1s"}),
            ({"placement": {"tags": []}}, {"placement": {}}),
            ({"republish": {"src": "", "dest": "r.>"}}, {"republish": {"source": ">", "destination": "r.>"}}),
            (
                {
                    "sources": [
                        {
                            "name": f"KV_{name}",
                            "subject_transforms": [{"src": f"$KV.{name}.>", "dest": "$KV.BUCKET.>"}],
                            "opt_start_time": "2026-01-01T00:00:00Z",
                            "external": None,
                        }
                        for name in ("z", "a")
                    ]
                },
                {
                    "sources": [
                        {"bucket": "a", "start_time": "2026-01-01T01:00:00+01:00"},
                        {"bucket": "z", "start_time": "2025-12-31T22:00:00.000-02:00"},
                    ]
                },
            ),
            (
                {
                    "subjects": None,
                    "mirror": {"name": "KV_a", "opt_start_seq": 5, "external": {"api": "$JS.hub.API", "deliver": ""}},
                    "mirror_direct": True,
                },
                {"mirror": {"bucket": "a", "domain": "hub", "start_revision": 5}},
            ),
            (
                {"subjects": None, "mirror": {"name": "KV_a", "filter_subject": "$KV.a.app.>"}, "mirror_direct": True},
                {"mirror": {"bucket": "a", "filter": "app.>"}},
            ),
        ],
    )
    def test_from_a_controller(self, ok, bucket, with_nats, fields, options):
        """As nats.go sends it (CreateKeyValue), which the JetStream controller uses."""
        config = {
            "name": f"KV_{bucket}",
            "subjects": [f"$KV.{bucket}.>"],
            "retention": "limits",
            "max_consumers": -1,
            "max_msgs": -1,
            "max_bytes": -1,
            "discard": "new",
            "max_age": 0,
            "max_msgs_per_subject": 1,
            "max_msg_size": -1,
            "storage": "file",
            "num_replicas": 1,
            "duplicate_window": 120 * 10**9,
            "allow_rollup_hdrs": True,
            "deny_delete": True,
            "deny_purge": False,
            "allow_direct": True,
            "mirror_direct": False,
            "compression": "none",
            "consumer_limits": {},
        } | json.loads(json.dumps(fields).replace("BUCKET", bucket))

        async def work(js):
            return await js._api_request(f"$JS.API.STREAM.CREATE.KV_{bucket}", json.dumps(config).encode())

        with_nats(work)
        assert not ok(bucket=bucket)["changed"]
        assert not ok(bucket=bucket, **options)["changed"]
        rest = {"allow_msg_ttl": True} if "limit_marker_ttl" in options else {}
        assert not ok(bucket=bucket, **(NONE | rest | options))["changed"]
        changed = ok(bucket=bucket, description="d")
        assert changed["changed"] and not ok(bucket=bucket, **options)["changed"]

    def test_a_change_keeps_what_we_have_no_option_for(self, ok, bucket, with_nats, config_of):
        async def work(js):
            config = {
                "name": f"KV_{bucket}",
                "subjects": [f"$KV.{bucket}.>", f"more.{bucket}"],
                "max_msgs_per_subject": 1,
                "discard": "old",
                "max_consumers": 7,
                "allow_msg_counter": True,
                "consumer_limits": {"max_ack_pending": 9},
                "metadata": {"theirs": "x"},
            }
            return await js._api_request(f"$JS.API.STREAM.CREATE.KV_{bucket}", json.dumps(config).encode())

        with_nats(work)
        before = config_of(bucket)
        assert ok(bucket=bucket, description="d")["changed"]
        assert config_of(bucket) == before | {"description": "d"}


class TestTheCliReadsIt:
    def test_every_setting(self, ok, bucket, server, nats_cli):
        ok(
            bucket=bucket,
            description="what it is for",
            history=5,
            ttl="90s",
            storage="memory",
            max_bytes="1Mi",
            max_value_size="4KiB",
            compression="s2",
            metadata={"team": "a"},
            limit_marker_ttl="30s",
            republish={"source": ">", "destination": "r.>", "headers_only": True},
            sources=[{"bucket": "origin"}],
        )
        shown = " ".join(nats_cli(server, "kv", "info", bucket).split())
        for words in (
            "Description: what it is for",
            "History Kept: 5",
            "Maximum Age: 1m30s",
            "Storage: Memory",
            "Maximum Bucket Size: 1.0 MiB",
            "Maximum Value Size: 4.0 KiB",
            "Compressed: true",
            "team: a",
            "Per-Key TTL Supported: true",
            "Limit Marker TTL: 30s",
            "Republishing Headers: > to r.>",
            "Source Bucket: origin",
        ):
            assert words in shown

    def test_what_kv_info_does_not_show(self, ok, bucket, config_of):
        ok(bucket=bucket, allow_atomic=True, allow_direct=False)
        config = config_of(bucket)
        assert config["allow_atomic"] and not config["allow_direct"]

    def test_and_edits_it(self, ok, bucket, server, nats_cli):
        ok(bucket=bucket, history=5, metadata={"team": "a"}, allow_atomic=True, compression="s2")
        nats_cli(server, "kv", "edit", bucket, "--description", "theirs")
        after = ok(bucket=bucket, history=5, metadata={"team": "a"}, compression="s2", description="theirs")
        assert not after["changed"]


class TestOrigins:
    def put(self, server, nats_cli, bucket, **entries):
        for key, value in entries.items():
            nats_cli(server, "kv", "put", bucket, key.replace("_", "."), value)

    def test_sources_flow_and_are_read(self, ok, bucket, server, nats_cli):
        one, two = f"{bucket}-1", f"{bucket}-2"
        for origin in (one, two):
            ok(bucket=origin)
        self.put(server, nats_cli, one, app_a="1", app_b_x="2", rest="3")
        self.put(server, nats_cli, two, two="4")
        listed = [{"bucket": one, "filter": "app.>"}, {"bucket": two}]
        ok(bucket=bucket, sources=listed)

        def keys() -> list[str]:
            return sorted(nats_cli(server, "kv", "ls", bucket).split())

        eventually(keys, ["app.a", "app.b.x", "two"])
        assert nats_cli(server, "kv", "get", bucket, "app.b.x", "--raw") == "2"
        assert not ok(bucket=bucket, sources=listed[::-1])["changed"], "their order means nothing"
        after = ok(bucket=bucket)["bucket"]
        assert {origin["name"]: (origin["lag"], origin["error"]) for origin in after["origins"]} == {
            one: (0, None),
            two: (0, None),
        }
        assert all(origin["active"] >= 0 for origin in after["origins"])
        # One goes, one comes with another filter; what was copied stays.
        ok(bucket=bucket, sources=[{"bucket": one, "filter": "*"}])
        eventually(keys, ["app.a", "app.b.x", "rest", "two"])
        self.put(server, nats_cli, two, late="5")
        ok(bucket=bucket, key="own", value="6")
        assert keys() == ["app.a", "app.b.x", "own", "rest", "two"]

    def test_wildcards_in_filters(self, ok, bucket, server, nats_cli):
        origin = f"{bucket}-1"
        ok(bucket=origin)
        self.put(server, nats_cli, origin, a_x_1="1", b_x_2="2", a_y_1="3", x="4")
        ok(bucket=bucket, sources=[{"bucket": origin, "filter": "*.x.*"}])
        eventually(lambda: sorted(nats_cli(server, "kv", "ls", bucket).split()), ["a.x.1", "b.x.2"])

    def test_a_source_that_is_not_there(self, ok, bucket):
        ok(bucket=bucket, sources=[{"bucket": f"{bucket}-none"}])
        eventually(
            lambda: [(o["name"], o["active"], o["error"]) for o in ok(bucket=bucket)["bucket"]["origins"]],
            [(f"{bucket}-none", -1, "stream not found")],
        )

    def test_a_source_of_another_kind_is_made_readable(self, ok, bucket, with_nats, server, nats_cli):
        """One without a transform copies keys under the origin's subjects."""
        origin = f"{bucket}-1"
        ok(bucket=origin, key="a", value="1")
        config = {
            "name": f"KV_{bucket}",
            "subjects": [f"$KV.{bucket}.>"],
            "max_msgs_per_subject": 1,
            "sources": [{"name": f"KV_{origin}"}],
        }

        async def work(js):
            await js._api_request(f"$JS.API.STREAM.CREATE.KV_{bucket}", json.dumps(config).encode())

        with_nats(work)
        assert ok(bucket=bucket)["bucket"]["sources"][0]["unreadable"]
        made = ok(bucket=bucket, sources=[{"bucket": origin}])
        assert made["changed"] and "unreadable" not in made["bucket"]["sources"][0]
        assert not ok(bucket=bucket, sources=[{"bucket": origin}])["changed"]

    def test_mirror(self, ok, bucket, server, nats_cli, run_module, config_of):
        copy = f"{bucket}-copy"
        ok(bucket=bucket, entries={"a": "1", "b": "2"})
        made = ok(bucket=copy, mirror={"bucket": bucket}, history=5)
        assert made["bucket"]["mirror"]["bucket"] == bucket and made["verified"]
        theirs = f"{bucket}-theirs"
        nats_cli(server, "kv", "add", theirs, "--mirror", bucket, "--history", "5")
        ours = config_of(copy)
        assert {k: v for k, v in ours.items() if k not in ("name", "metadata")} == {
            k: v for k, v in config_of(theirs).items() if k not in ("name", "metadata")
        }
        assert f"Origin Bucket: {bucket}" in nats_cli(server, "kv", "info", copy)
        eventually(lambda: ok(bucket=copy)["bucket"]["state"]["keys"], 2)
        assert not ok(bucket=copy, entries={"a": "1", "b": "2"})["changed"]
        (state,) = ok(bucket=copy)["bucket"]["origins"]
        assert state["name"] == bucket and state["lag"] == 0 and state["error"] is None
        listed = run_module("nats_kv_info", servers=[server.url])["buckets"]
        assert {bucket, copy} <= {found["name"] for found in listed}, "a mirror is listed though it has no subjects"

    def test_a_mirror_drops_entries_as_its_origin_does(self, ok, kv, bucket, with_nats):
        copy = f"{bucket}-copy"
        ok(bucket=bucket, ttl="2s", history=3, key="early", value="1", allow_msg_ttl=True)
        refused = kv(bucket=copy, mirror={"bucket": bucket}, ttl="1h")
        assert refused.failed and "hold other entries" in refused["msg"]
        made = ok(bucket=copy, mirror={"bucket": bucket})["bucket"]
        assert (made["ttl"], made["history"], made["allow_msg_ttl"]) == (2, 3, True)
        assert not ok(bucket=copy, mirror={"bucket": bucket})["changed"]
        for name in (bucket, copy):
            eventually(functools.partial(lambda it: ok(bucket=it)["bucket"]["state"]["values"], name), 0)

        async def direct_reads(js):
            store, found = await js.key_value(bucket), set()
            for _round in range(50):
                try:
                    found.add((await store.get("early")).value)
                except KeyNotFoundError:
                    found.add(None)
            return found

        assert with_nats(direct_reads) == {None}
        assert "not there" in ok(bucket=f"{bucket}-none", mirror={"bucket": "nowhere"})["warnings"][0]

    def test_a_mirror_that_answers_for_its_origin_holds_all_of_it(self, kv, ok, bucket, with_nats):
        """Why a mirror of a part is refused: what the server makes of one."""
        copy = f"{bucket}-copy"
        ok(bucket=bucket, entries={"a": "1", "b": "2"})
        for check in (True, False):
            refused = kv(bucket=copy, mirror={"bucket": bucket, "filter": "a"}, check=check)
            assert refused.failed and "know only a part of the keys" in refused["msg"]
        assert ok(bucket=copy, mirror={"bucket": bucket})["changed"]
        eventually(lambda: ok(bucket=copy)["bucket"]["state"]["keys"], 2)

        async def direct_reads(js):
            store = await js.key_value(bucket)
            return {(await store.get(key)).value for key in "ab" * 50}

        assert with_nats(direct_reads) == {b"1", b"2"}


ANY = hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


class TestAnySettings:
    @ANY
    @given(ordinary | mirrors)
    def test_are_made_and_found(self, ok, options):
        bucket = f"any-{next(_names)}"
        made = ok(bucket=bucket, **options)["bucket"]
        wanted = settings.given_back(settings.parse(options))
        assert {name: made[name] for name in wanted} == wanted
        assert not ok(bucket=bucket, **options)["changed"]
        ok(bucket=bucket, state="absent", allow_data_loss=True)

    @ANY
    @given(ordinary | mirrors, ordinary)
    def test_are_changed_or_refused_and_nothing_else_is(self, ok, kv, before, after):
        bucket = f"any-{next(_names)}"
        had = ok(bucket=bucket, **before)["bucket"]
        names = [setting.name for setting in settings.SETTINGS]
        changed = kv(bucket=bucket, **after, allow_data_loss=True)
        expected = {name: had[name] for name in names}
        if changed.failed:
            assert changed["applied"] == [], changed["msg"]
        else:
            wanted = settings.given_back(settings.parse(after))
            expected |= wanted | ({"allow_msg_ttl": True} if wanted.get("limit_marker_ttl") else {})
            assert not ok(bucket=bucket, **after)["changed"]
        now = ok(bucket=bucket)["bucket"]
        assert {name: now[name] for name in names} == expected
        ok(bucket=bucket, state="absent", allow_data_loss=True)


@pytest.fixture(scope="module")
def cluster(start_cluster):
    return start_cluster()


class TestCluster:
    @pytest.fixture
    def kv(self, cluster, run_module):
        """nats_kv against the cluster."""

        def run(**params):
            return run_module("nats_kv", **({"servers": [one.url for one in cluster]} | params))

        return run

    def test_replicas(self, kv, ok, bucket):
        made = ok(bucket=bucket, replicas=3)["bucket"]
        assert made["replicas"] == 3 and made["cluster"]["name"] == "test"
        held = {replica["name"] for replica in made["cluster"]["replicas"]} | {made["cluster"]["leader"]}
        assert held == {"n0", "n1", "n2"}
        eventually(
            lambda: [
                (replica["current"], replica["offline"])
                for replica in ok(bucket=bucket)["bucket"]["cluster"]["replicas"]
            ],
            [(True, False), (True, False)],
        )
        for replica in ok(bucket=bucket)["bucket"]["cluster"]["replicas"]:
            assert replica["lag"] == 0 and 0 <= replica["active"] < 60
        assert not ok(bucket=bucket, replicas=3)["changed"]
        refused = kv(bucket=bucket, replicas=1)
        assert refused.failed and "of the 3 servers that hold it only 1 would keep it" in refused["msg"]
        fewer = ok(bucket=bucket, replicas=1, allow_data_loss=True)
        assert fewer["changed"] and fewer["bucket"]["replicas"] == 1
        more = ok(bucket=bucket, replicas=3)
        assert more["changed"] and more["bucket"]["replicas"] == 3 and more["verified"]

    def test_more_replicas_than_servers_in_sight(self, kv, ok, bucket):
        would = ok(bucket=bucket, replicas=5, check=True)
        assert would["changed"] and any("only 3 addresses of servers" in str(text) for text in would["warnings"])
        refused = kv(bucket=bucket, replicas=5)
        assert refused.failed and "too few servers" in refused["msg"] and "In sight: 3 addresses" in refused["msg"]

    def test_placement(self, kv, ok, bucket, cluster, nats_cli):
        made = ok(bucket=bucket, placement={"cluster": "test", "tags": ["zone:1", "disk:ssd"]})
        assert made["bucket"]["cluster"]["leader"] == "n1"
        assert made["bucket"]["placement"] == {"cluster": "test", "tags": ["disk:ssd", "zone:1"]}
        assert not ok(bucket=bucket, placement={"cluster": "test", "tags": ["disk:ssd", "zone:1"]})["changed"]
        ok(bucket=bucket, key="k", value="v")
        assert ok(bucket=bucket, placement={"tags": ["zone:2"]})["changed"]
        eventually(lambda: ok(bucket=bucket)["bucket"]["cluster"]["leader"], "n2", seconds=20)
        assert not ok(bucket=bucket, key="k", value="v", placement={"tags": ["zone:2"]})["changed"]
        freed = ok(bucket=bucket, placement={})
        assert freed["changed"] and freed["bucket"]["placement"] == {"cluster": "", "tags": []}
        assert not ok(bucket=bucket, placement={})["changed"]
        refused = kv(bucket=f"{bucket}-none", placement={"tags": ["zone:9"]})
        assert refused.failed and "zone:9" in refused["msg"]

    def test_placement_from_the_cli(self, ok, bucket, cluster, nats_cli):
        ok(bucket=f"{bucket}-first")  # the cluster has settled
        nats_cli(cluster[0], "kv", "add", bucket, "--replicas", "3", "--tags", "disk:ssd", "--cluster", "test")
        assert not ok(bucket=bucket)["changed"]
        assert not ok(bucket=bucket, replicas=3, placement={"cluster": "test", "tags": ["disk:ssd"]})["changed"]
