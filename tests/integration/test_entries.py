# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries, one and many, against a real server, with the nats CLI as a second opinion."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import subprocess
import sys
import time

import nats
import pytest

_names = itertools.count()


@pytest.fixture
def bucket() -> str:
    """A bucket name of the test's own."""
    return f"entries-{next(_names)}"


@pytest.fixture
def get(server, nats_cli):
    """What the CLI reads."""
    return lambda bucket, key: nats_cli(server, "kv", "get", bucket, key, "--raw")


@pytest.fixture
def keys(server, nats_cli):
    """The keys that the CLI lists."""

    def listed(bucket):
        out = nats_cli(server, "kv", "ls", bucket)
        return [] if "No keys" in out else sorted(out.split())

    return listed


def changes(outcome):
    return {entry["key"]: entry["change"] for entry in outcome["entries"]}


class TestMany:
    def test_mapping_is_put_once(self, ok, bucket, get):
        entries = {"app.name": "welcome", "app.limits": {"b": [1], "a": None}, "app.workers": 4, "empty": ""}
        made = ok(bucket=bucket, entries=entries)
        assert made["changed"] and made["verified"] and made["entry"] is None
        assert changes(made) == dict.fromkeys(entries, "created")
        assert sorted(entry["revision"] for entry in made["entries"]) == [1, 2, 3, 4]
        assert get(bucket, "app.limits") == '{"a":null,"b":[1]}' and get(bucket, "app.workers") == "4"
        again = ok(bucket=bucket, entries=entries)
        assert not again["changed"] and again["summary"]["unchanged"] == 4 and again["entries"] == []
        changed = ok(bucket=bucket, entries=entries | {"app.name": "other"})
        assert changes(changed) == {"app.name": "updated"} and changed["summary"]["unchanged"] == 3

    def test_list_of_items(self, ok, bucket, get, keys, tmp_path):
        (tmp_path / "logo").write_bytes(b"\x00\xff")
        ok(bucket=bucket, entries={"old": "x", "gone": "y"})
        done = ok(
            bucket=bucket,
            entries=[
                {"key": "text", "value": "v"},
                {"key": "bytes", "value_base64": base64.b64encode(b"\xfe").decode()},
                {"key": "file", "value_file": str(tmp_path / "logo")},
                {"key": "old", "state": "absent"},
                {"key": "gone", "state": "absent", "purge": True},
                {"key": "never", "state": "absent"},
            ],
        )
        assert changes(done) == {
            "text": "created", "bytes": "created", "file": "created", "old": "deleted", "gone": "purged"
        }  # fmt: skip
        assert keys(bucket) == ["bytes", "file", "text"]

    def test_absent_takes_many(self, ok, bucket, keys):
        ok(bucket=bucket, entries={"a": "1", "b": "2", "c": "3"})
        assert changes(ok(bucket=bucket, entries={"a": "x", "b": "y"}, state="absent")) == {
            "a": "deleted",
            "b": "deleted",
        }
        assert keys(bucket) == ["c"]
        nothing = ok(bucket=bucket, entries=[], state="absent")
        assert not nothing["changed"] and keys(bucket) == ["c"], "an empty list never means the whole bucket"

    def test_absent_makes_no_bucket(self, ok, bucket):
        gone = ok(bucket=bucket, entries=["a"] and [{"key": "a"}], state="absent", history=3)
        assert not gone["changed"] and gone["bucket"] is None

    def test_100_000_entries_in_one_task(self, ok, bucket, server, nats_cli, tmp_path):
        lines = tmp_path / "many.jsonl"
        with lines.open("w") as file:
            for number in range(100_000):
                file.write(json.dumps({"key": f"k.{number}", "value": f"{number:0100}"}) + "\n")
        made = ok(bucket=bucket, src=str(lines), timeout=110)
        assert made["summary"]["created"] == 100_000 and made["verified"]
        assert made["bucket"]["state"]["keys"] == 100_000
        again = ok(bucket=bucket, src=str(lines), timeout=110)
        assert not again["changed"] and again["summary"]["unchanged"] == 100_000
        one = ok(bucket=bucket, key="k.77", value=f"{77:0100}")
        assert not one["changed"] and one.seconds < 5, "one key of a large bucket is not read with all the others"
        assert nats_cli(server, "kv", "get", bucket, "k.99999", "--raw") == f"{99999:0100}"

    def test_memory_stays_flat_however_large_the_bucket(self, ok, bucket, run_module, server):
        """200 MB in the bucket, a hundred keys wanted, and an exclusive filter that has to see all of it."""

        async def fill():
            client = await nats.connect(server.url)
            js = client.jetstream(publish_async_max_pending=64)
            for number in range(400):
                await js.publish_async(f"$KV.{bucket}.big.{number}", bytes(500_000))
            await js.publish_async_completed()
            await client.close()

        ok(bucket=bucket, storage="file")
        asyncio.run(fill())
        entries = {f"big.{number}": "x" for number in range(100)}
        params = dict(servers=[server.url], bucket=bucket, entries=entries, exclusive=True, filter="big.>", timeout=60)
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": params | {"_ansible_check_mode": True}})
        # A process between, so that no other test's child counts.
        measure = (
            "import resource, subprocess, sys; subprocess.run([sys.executable, '-m', sys.argv[1]], stdout=sys.stderr);"
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        )
        module = "ansible_collections.natsops.nats.plugins.modules.nats_kv"
        done = subprocess.run(
            [sys.executable, "-c", measure, module], input=arguments, capture_output=True, check=True, text=True
        )
        assert json.loads(done.stderr)["summary"] == {
            "created": 0, "updated": 100, "deleted": 300, "purged": 0, "compacted": 0, "unchanged": 0
        }  # fmt: skip
        peak = int(done.stdout) / 1024
        assert peak < 200, f"{peak:.0f} MB"


class TestSources:
    def test_folder_and_exclusive_filter(self, ok, kv, bucket, keys, tmp_path):
        folder = tmp_path / "settings"
        (folder / "app").mkdir(parents=True)
        (folder / "app" / "a").write_text("1")
        (folder / "app" / "b").write_bytes(b"\xff\x00")
        ok(bucket=bucket, entries={"app.old": "x", "application": "y", "other.a": "z"})
        params = dict(bucket=bucket, src=str(folder), src_separator=".", exclusive=True, filter="app.>")
        would = ok(**params, check=True, diff=True)
        assert keys(bucket) == ["app.old", "application", "other.a"], "check mode changes nothing"
        assert would["diff"][0]["before"] == {"app.old": "x"}
        assert set(would["diff"][0]["after"]) == {"app.a", "app.b"}
        done = ok(**params)
        assert changes(done) == changes(would) == {"app.a": "created", "app.b": "created", "app.old": "deleted"}
        assert keys(bucket) == ["app.a", "app.b", "application", "other.a"], "outside the filter nothing is touched"
        assert not ok(**params)["changed"]

    def test_yaml_and_json(self, ok, bucket, get, tmp_path):
        (tmp_path / "a.yml").write_text("a: 1\nb: {c: [true]}\n")
        (tmp_path / "a.json").write_text('[{"key": "a", "value": 1}, {"key": "b", "value": {"c": [true]}}]')
        assert ok(bucket=bucket, src=str(tmp_path / "a.yml"))["summary"]["created"] == 2
        assert not ok(bucket=bucket, src=str(tmp_path / "a.json"))["changed"]
        assert get(bucket, "b") == '{"c":[true]}'

    def test_exclusive_with_nothing_to_keep(self, ok, kv, bucket, keys):
        ok(bucket=bucket, entries={"a": "1", "b": "2"})
        refused = kv(bucket=bucket, entries={}, exclusive=True)
        assert refused.failed and "would remove all 2 keys" in refused["msg"] and keys(bucket) == ["a", "b"]
        assert ok(bucket=bucket, entries={}, exclusive=True, allow_data_loss=True, purge=True)["summary"]["purged"] == 2
        assert keys(bucket) == []


class TestCompareAndSwap:
    def test_put(self, ok, kv, bucket, get):
        assert ok(bucket=bucket, key="k", value="a", revision=0)["entry"]["revision"] == 1
        refused = kv(bucket=bucket, key="k", value="b", revision=0)
        assert refused.failed and "is at revision 1, and is to be missing" in refused["msg"]
        assert not ok(bucket=bucket, key="k", value="a", revision=0)["changed"], "a second run of the same"
        assert ok(bucket=bucket, key="k", value="b", revision=1)["entry"]["revision"] == 2
        refused = kv(bucket=bucket, key="k", value="c", revision=1)
        assert refused.failed and "is at revision 2" in refused["msg"] and get(bucket, "k") == "b"

    def test_delete(self, ok, kv, bucket):
        ok(bucket=bucket, key="k", value="a")
        refused = kv(bucket=bucket, key="k", state="absent", revision=7)
        assert refused.failed and "is at revision 1, and is to be at revision 7" in refused["msg"]
        assert ok(bucket=bucket, key="k", state="absent", revision=1)["entry"]["operation"] == "DEL"
        assert ok(bucket=bucket, key="k", value="b", revision=0)["changed"], "a deleted key does not exist"

    def test_the_server_compares_as_well(self, ok, bucket, server):
        """Two writers at once: one of ten wins, and the others say so."""
        ok(bucket=bucket, key="k", value="start")
        from concurrent.futures import ThreadPoolExecutor

        from ansible_collections.natsops.nats.plugins.module_utils.buckets.subjects import of
        from ansible_collections.natsops.nats.plugins.module_utils.connection.connect import open_session
        from ansible_collections.natsops.nats.plugins.module_utils.connection.jetstream import JetStream
        from ansible_collections.natsops.nats.plugins.module_utils.connection.options import from_params
        from ansible_collections.natsops.nats.plugins.module_utils.deadline import Deadline
        from ansible_collections.natsops.nats.plugins.module_utils.entries.place import Place
        from ansible_collections.natsops.nats.plugins.module_utils.entries.plan import Write
        from ansible_collections.natsops.nats.plugins.module_utils.entries.writing import write_each
        from ansible_collections.natsops.nats.plugins.module_utils.errors import ServerRefused

        def one(number):
            async def write():
                async with open_session(
                    from_params({"servers": [server.url], "timeout": 10}, {}), Deadline(10)
                ) as session:
                    place = Place(JetStream(session), bucket, of(bucket, {}))
                    await write_each(
                        place, [Write("k", "PUT", "updated", b"%d" % number, expected=1)], won.append_write, []
                    )

            won = Won()
            try:
                asyncio.run(write())
            except ServerRefused as error:
                assert error.code in (10071, 10164)
            return won.count

        class Won:
            count = 0

            def append_write(self, write, revision):
                self.count += 1

        with ThreadPoolExecutor(10) as pool:
            assert sum(pool.map(one, range(10))) == 1


class TestTimeToLive:
    def test_of_a_key(self, ok, bucket, server, nats_cli):
        made = ok(bucket=bucket, key="k", value="v", key_ttl="1h")
        assert made["bucket"]["allow_msg_ttl"] and made["entry"]["ttl"] == 3600
        assert not ok(bucket=bucket, key="k", value="v", key_ttl="60m")["changed"]
        assert not ok(bucket=bucket, key="k", value="v")["changed"]
        assert ok(bucket=bucket, key="k", value="v", key_ttl="2h")["entry"]["ttl"] == 7200
        assert "Nats-TTL: 7200s" in nats_cli(server, "stream", "get", f"KV_{bucket}", "2")
        assert ok(bucket=bucket, key="k", value="v", key_ttl="unlimited")["entry"]["ttl"] == 0

    def test_needs_a_bucket_that_allows_it(self, ok, kv, bucket):
        ok(bucket=bucket)
        refused = kv(bucket=bucket, key="k", value="v", key_ttl="1h")
        assert refused.failed and "'allow_msg_ttl: true'" in refused["msg"]
        assert ok(bucket=bucket, key="k", value="v", key_ttl="1h", allow_msg_ttl=True)["changed"]

    def test_expired_deleted_and_empty_are_told_apart(self, ok, bucket):
        ok(bucket=bucket, limit_marker_ttl="1h", history=1, entries={"deleted": "x", "empty": "", "purged": "y"})
        ok(bucket=bucket, key="expired", value="v", key_ttl="1s")
        ok(bucket=bucket, key="deleted", state="absent")
        ok(bucket=bucket, key="purged", state="absent", purge=True)
        time.sleep(1.5)
        seen = {}
        for key in ("deleted", "purged", "empty", "expired"):
            state = {"value": ""} if key == "empty" else {"state": "absent"}
            outcome = ok(bucket=bucket, key=key, **state)
            assert not outcome["changed"], key
            seen[key] = (outcome["entry"]["operation"], outcome["entry"]["marker"], outcome["entry"]["value"])
        assert seen == {
            "deleted": ("DEL", None, None),
            "purged": ("PURGE", None, None),
            "empty": ("PUT", None, ""),
            "expired": ("PURGE", "MaxAge", None),
        }
        assert ok(bucket=bucket, key="expired", value="v", revision=0)["changed"], "an expired key does not exist"


class TestPurgeAndRevert:
    def test_purge_takes_the_history(self, ok, bucket):
        for value in "abc":
            ok(bucket=bucket, history=5, key="k", value=value)
        gone = ok(bucket=bucket, key="k", state="absent", purge=True)
        assert gone["entry"]["operation"] == "PURGE" and gone["bucket"]["state"]["values"] == 1
        assert not ok(bucket=bucket, key="k", state="absent", purge=True)["changed"]

    def test_marker_of_a_purge_that_goes_away_by_itself(self, ok, kv, bucket):
        ok(bucket=bucket, allow_msg_ttl=True, key="k", value="v")
        gone = ok(bucket=bucket, key="k", state="absent", purge=True, key_ttl="1s")
        assert gone["entry"]["operation"] == "PURGE" and gone["entry"]["ttl"] == 1
        time.sleep(1.5)
        assert ok(bucket=bucket)["bucket"]["state"]["values"] == 0
        refused = kv(bucket=bucket, key="k", state="absent", key_ttl="1s")
        assert refused.failed and "'key_ttl' is given for key 'k'" in refused["msg"]

    def test_purge_of_a_deleted_key_takes_what_is_behind_it(self, ok, bucket):
        for value in "abc":
            ok(bucket=bucket, history=5, key="k", value=value)
        ok(bucket=bucket, key="k", state="absent")
        assert ok(bucket=bucket, key="k", state="absent", purge=True)["bucket"]["state"]["values"] == 1

    def test_revert(self, ok, kv, bucket, get):
        for value in ("a", "b"):
            ok(bucket=bucket, history=5, entries={"k": value, "other": value})
        back = ok(bucket=bucket, key="k", revert=1)
        assert back["changed"] and back["entry"]["value"] == "a" and get(bucket, "k") == "a"
        assert not ok(bucket=bucket, key="k", revert=1)["changed"]
        assert "it is one of key 'other'" in kv(bucket=bucket, key="k", revert=2)["msg"]
        assert "not in the bucket" in kv(bucket=bucket, key="k", revert=99)["msg"]
        ok(bucket=bucket, key="k", state="absent")
        assert ok(bucket=bucket, key="k", revert=3)["entry"]["value"] == "b"

    def test_compact(self, ok, bucket):
        ok(bucket=bucket, history=5, entries={"a": "1", "b": "2", "c": "3"})
        ok(bucket=bucket, entries={"a": "", "b": ""}, state="absent")
        assert not ok(bucket=bucket, compact="1h")["changed"], "too young"
        only = ok(bucket=bucket, compact="0s", filter="a")
        assert only["summary"]["compacted"] == 1
        rest = ok(bucket=bucket, compact="0s")
        assert rest["summary"]["compacted"] == 1 and rest["bucket"]["state"]["values"] == 1
        assert not ok(bucket=bucket, compact="0s")["changed"]


class TestAtomic:
    def test_all_or_none(self, ok, kv, bucket, keys):
        made = ok(bucket=bucket, entries={f"k{n}": str(n) for n in range(1000)}, atomic=True)
        assert made["bucket"]["allow_atomic"] and made["summary"]["created"] == 1000 and made["verified"]
        assert [entry["revision"] for entry in made["entries"]] == list(range(1, 1001))
        assert not ok(bucket=bucket, entries={"k1": "1", "k2": "2"}, atomic=True)["changed"]
        mixed = ok(
            bucket=bucket,
            atomic=True,
            entries=[
                {"key": "k1", "value": "new", "revision": 2},
                {"key": "k2", "state": "absent"},
                {"key": "k3", "state": "absent", "purge": True},
            ],
        )
        assert changes(mixed) == {"k1": "updated", "k2": "deleted", "k3": "purged"}
        assert len(keys(bucket)) == 998

    def test_a_refusal_leaves_nothing(self, ok, kv, bucket, server, keys):
        """What only the server can refuse, in the middle of the batch."""
        ok(bucket=bucket, allow_atomic=True, max_bytes="2000", key="a", value="x")
        refused = kv(bucket=bucket, atomic=True, entries={f"k{n}": "y" * 100 for n in range(30)})
        assert refused.failed and refused["step"] == "apply" and refused["entries"] == []
        assert keys(bucket) == ["a"]

    def test_needs(self, ok, kv, bucket):
        ok(bucket=bucket)
        refused = kv(bucket=bucket, entries={"a": "1"}, atomic=True)
        assert refused.failed and "'allow_atomic: true'" in refused["msg"]
        many = kv(bucket=bucket, entries={f"k{n}": "" for n in range(1001)}, atomic=True, allow_atomic=True)
        assert many.failed and "an atomic batch takes 1000" in many["msg"]


def test_a_failure_in_the_middle_says_what_was_written(ok, kv, bucket, keys):
    ok(bucket=bucket, max_bytes="20000")
    refused = kv(bucket=bucket, entries={f"k{n:03}": "x" * 100 for n in range(500)})
    assert refused.failed and refused["step"] == "apply" and "'max_bytes' is reached" in refused["msg"]
    assert "entries written (listed in 'entries')" in refused["msg"]
    assert sorted(entry["key"] for entry in refused["entries"]) == keys(bucket) != []
    assert refused["unknown"] == []


class TestSensitive:
    SECRET = "s3cret-w0rd"

    def test_is_never_shown(self, ok, kv, bucket, tmp_path, get):
        secret = self.SECRET
        (tmp_path / "a.json").write_text(json.dumps({"c": secret}))
        first = ok(bucket=bucket, key="k", value=f"{secret}-old", sensitive=True, diff=True)
        assert get(bucket, "k") == f"{secret}-old"
        outcomes = [
            first,
            ok(bucket=bucket, key="k", value=secret, sensitive=True, diff=True),
            ok(bucket=bucket, key="k", value=secret, sensitive=True, diff=True),
            ok(bucket=bucket, key="k", value=[secret], sensitive=True, diff=True, check=True),
            ok(bucket=bucket, entries={"a": secret, "b": {"x": secret}}, sensitive=True, diff=True),
            ok(bucket=bucket, src=str(tmp_path / "a.json"), sensitive=True, diff=True),
            ok(bucket=bucket, entries={}, exclusive=True, allow_data_loss=True, sensitive=True, diff=True),
            kv(bucket=bucket, key="k", value=secret, revision=77, sensitive=True),
            kv(bucket=bucket, key="k.", value=secret, sensitive=True),
            kv(bucket=bucket, entries=[{"key": "k", "vlaue": secret}], sensitive=True),
            kv(bucket=bucket, key="k", value=secret * 1000, max_value_size="10", sensitive=True),
        ]
        for outcome in outcomes:
            assert secret not in outcome.output
            assert base64.b64encode(secret.encode()).decode() not in outcome.output
        assert first["entry"]["value"] is None and first["entry"]["size"] == len(secret) + 4
        assert outcomes[1]["diff"][0]["before"] != outcomes[1]["diff"][0]["after"], "that it changes is seen"

    def test_other_values_are_shown_whole(self, ok, bucket):
        """A value is no secret by itself: Ansible must not mask the word all over the result."""
        shown = ok(bucket=bucket, key="true", value="true", diff=True)
        assert shown["entry"]["value"] == "true" and shown["entry"]["key"] == "true"

    def test_a_password_stays_masked(self, start_server, run_module):
        server = start_server('jetstream {}\nauthorization { user: ops, password: "pa55-word" }')
        outcome = run_module(
            "nats_kv", servers=[server.url], user="ops", password="pa55-word", bucket="b", key="k", value="pa55-word"
        )
        assert not outcome.failed and "pa55-word" not in outcome.output


class TestMirrorsAndSources:
    def test_mirror_is_read_and_written_through_its_origin(self, ok, bucket, get):
        ok(bucket=bucket, entries={"a": "1", "b": "2"})
        copy = f"{bucket}-copy"
        ok(bucket=copy, mirror={"bucket": bucket})
        deadline = time.monotonic() + 5
        while ok(bucket=copy)["bucket"]["state"]["values"] < 2 and time.monotonic() < deadline:
            pass
        assert not ok(bucket=copy, entries={"a": "1", "b": "2"})["changed"]
        written = ok(bucket=copy, key="c", value="3")
        assert written["verified"] and written["entry"]["revision"] == 3
        assert get(bucket, "c") == "3"
        assert ok(bucket=copy, key="a", state="absent")["verified"]
        assert ok(bucket=bucket, key="a", state="absent")["changed"] is False

    def test_sources_are_read_as_own_keys(self, ok, bucket, get):
        for name in ("x", "y"):
            ok(bucket=f"{bucket}-{name}", key=f"{name}.k", value=name)
        ok(bucket=bucket, sources=[{"bucket": f"{bucket}-x"}, {"bucket": f"{bucket}-y"}])
        deadline = time.monotonic() + 5
        while ok(bucket=bucket)["bucket"]["state"]["values"] < 2 and time.monotonic() < deadline:
            pass
        assert not ok(bucket=bucket, entries={"x.k": "x", "y.k": "y"})["changed"]
        assert ok(bucket=bucket, key="own", value="v")["verified"] and get(bucket, "x.k") == "x"


class TestFoundByReview:
    """Each of these once lost something, or said what was not so."""

    def test_no_key_of_large_values_is_left_out(self, ok, run_module, server, bucket):
        """A server that is asked for so many bytes leaves out a message after each batch, where there is a history."""
        entries = {f"k{number}": f"{number}".ljust(500_000) for number in range(100)}
        ok(bucket=bucket, history=2, entries=entries, timeout=60)
        info = run_module("nats_kv_info", servers=[server.url], bucket=bucket, entries="values", timeout=60)
        assert {entry["key"]: entry["value"] for entry in info["buckets"][0]["entries"]} == entries
        assert not ok(bucket=bucket, entries=entries, timeout=60)["changed"]
        only = ok(bucket=bucket, entries={"k0": entries["k0"]}, exclusive=True, timeout=60)
        assert only["summary"]["deleted"] == 99 and only["summary"]["unchanged"] == 1

    def test_a_bucket_is_not_deleted_by_an_empty_list(self, ok, kv, bucket, keys):
        ok(bucket=bucket, key="k", value="v")
        refused = kv(bucket=bucket, entries=None, state="absent")
        assert refused.failed and "holds 1 values" in refused["msg"] and "allow_data_loss" in refused["msg"]
        for option in ("purge", "atomic"):
            refused = kv(bucket=bucket, state="absent", allow_data_loss=True, **{option: True})
            assert refused.failed and f"'{option}' is given, and the bucket is to be absent" in refused["msg"]
        assert keys(bucket) == ["k"]

    def test_a_new_mirror_does_not_decide_on_entries_that_it_has_not(self, ok, kv, bucket):
        ok(bucket=bucket, entries={"a": "1", "b": "2"})
        mirror = {"mirror": {"bucket": bucket}, "entries": {"a": "1"}}
        for check in (True, False):
            refused = kv(bucket=f"{bucket}-copy", **mirror, exclusive=True, check=check)
            assert refused.failed and "is not there yet" in refused["msg"]
        refused = kv(bucket=f"{bucket}-sum", sources=[{"bucket": bucket}], entries={"c": "3"}, exclusive=True)
        assert refused.failed and "is not there yet" in refused["msg"]

    def test_keys_that_a_shorter_ttl_lets_go_are_said(self, ok, kv, bucket):
        ok(bucket=bucket, entries={"a": "1", "b": "2"})
        time.sleep(2.5)
        refused = kv(bucket=bucket, ttl="2s", allow_data_loss=True, entries={"a": "1", "b": "2"})
        assert refused.failed and refused["step"] == "verify" and "2 keys that were as wanted" in refused["msg"]
        assert ok(bucket=bucket, ttl="2s", entries={"a": "1", "b": "2"})["summary"]["created"] == 2

    def test_a_key_whose_name_is_a_wildcard_takes_no_others_with_it(self, ok, bucket, server, keys):
        async def put():
            client = await nats.connect(server.url)
            await client.jetstream().publish(f"$KV.{bucket}.a.*", b"x")
            await client.close()

        ok(bucket=bucket, entries={"a.b": "1", "a.c": "2", "old": "3"})
        asyncio.run(put())
        done = ok(bucket=bucket, entries={"a.b": "1", "a.c": "2"}, exclusive=True, purge=True)
        assert changes(done) == {"old": "purged"} and "1 keys by names that no client can use" in done.output
        ok(bucket=bucket, compact="0s")
        assert {"a.b", "a.c"} <= set(keys(bucket))

    def test_large_values_over_a_slow_line(self, ok, bucket, server, run_module, slow_line):
        """80 kB a second, and values that take longer than any patience to begin with."""
        ok(bucket=bucket)
        url = slow_line(server.port, 80_000)
        for params in ({"key": "k", "value": "v" * 300_000}, {"entries": {f"k{n}": "w" * 200_000 for n in range(3)}}):
            done = run_module("nats_kv", servers=[url], bucket=bucket, timeout=60, **params)
            assert not done.failed, done["msg"]
            assert done["verified"]
        assert ok(bucket=bucket)["bucket"]["state"]["last_revision"] == 4, "nothing was sent twice"

    def test_headers_of_a_batch_are_measured_beforehand(self, kv, ok, bucket):
        refused = kv(bucket=bucket, atomic=True, entries={"x": "1", "y": "v" * 1_048_576})
        assert refused.failed and refused["step"] == "plan" and "more than the 1048576" in refused["msg"]
        refused = kv(bucket=bucket, atomic=True, max_value_size="200", entries={"x": "v" * 150})
        assert refused.failed and refused["step"] == "plan" and "'max_value_size' 200" in refused["msg"]
        ok(bucket=bucket, max_value_size="10", key="a", value="1")
        refused = kv(bucket=bucket, key="a", state="absent", check=True)
        assert refused.failed and "The marker that removes key 'a'" in refused["msg"]

    def test_revert_twice_where_going_back_trimmed_the_revision(self, ok, bucket):
        for value in "ab":
            ok(bucket=bucket, history=2, key="k", value=value)
        assert ok(bucket=bucket, key="k", revert=1)["changed"]
        again = ok(bucket=bucket, key="k", revert=1)
        assert not again["changed"] and again["entry"]["value"] == "a"

    def test_a_ttl_that_the_server_raises_is_not_written_again(self, ok, bucket):
        params = dict(bucket=bucket, history=5, limit_marker_ttl="60s", key="k", value="v", key_ttl="10s")
        assert ok(**params)["changed"]
        assert not ok(**params)["changed"]

    def test_a_user_who_may_not_delete_consumers(self, start_server, run_module):
        server = start_server(
            "jetstream {}\nauthorization { users: [{ user: u, password: p, permissions: { "
            'publish: { allow: [">"], deny: ["$JS.API.CONSUMER.DELETE.>"] }, subscribe: ">" } }] }'
        )
        params = dict(servers=[server.url], user="u", password="p", bucket="b", exclusive=True)
        for value in "ab":
            done = run_module("nats_kv", **params, entries={f"k{number}": value for number in range(100)})
            assert not done.failed, done["msg"]

    def test_a_mirror_is_not_compacted(self, ok, kv, bucket):
        ok(bucket=bucket, entries={"a": "1"})
        ok(bucket=f"{bucket}-copy", mirror={"bucket": bucket})
        ok(bucket=bucket, key="a", state="absent")
        time.sleep(0.5)
        refused = kv(bucket=f"{bucket}-copy", compact="0s")
        assert refused.failed and "is a mirror" in refused["msg"]

    def test_pipes_are_not_waited_for(self, kv, bucket, tmp_path):
        import os

        os.mkfifo(tmp_path / "pipe.yml")
        for params in ({"key": "k", "value_file": str(tmp_path / "pipe.yml")}, {"src": str(tmp_path / "pipe.yml")}):
            refused = kv(bucket=bucket, **params)
            assert refused.failed and "is not a file" in refused["msg"] and refused.seconds < 5


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"key": "k", "value": "v", "entries": {}}, "'key' is given together with 'entries' or 'src'"),
        ({"exclusive": True}, "'exclusive' is given without 'entries' and 'src'"),
        ({"exclusive": True, "entries": {"a": "1"}, "filter": "app.>"}, "does not take in the key 'a'"),
        ({"exclusive": True, "entries": {}, "state": "absent"}, "'exclusive' is given with 'state: absent'"),
        ({"entries": {}, "filter": "app.>"}, "'filter' is given without 'exclusive'"),
        ({"entries": {}, "filter": "a..>", "exclusive": True}, "'filter' 'a..>' is not a filter"),
        ({"entries": {}, "filter": "a*", "exclusive": True}, "'filter' 'a*' is not a filter"),
        ({"compact": "1h", "state": "absent"}, "'compact' is given, and the bucket is to be absent"),
        ({"compact": "soon"}, "'compact' 'soon' is not a duration"),
        ({"src": "/nonexistent"}, "'/nonexistent' is neither a folder nor a file"),
        ({"entries": "a: b"}, "'entries' is neither a mapping nor a list, but text"),
        ({"key": "k", "revert": 3, "value": "v"}, "are both given for key 'k'"),
        ({"key": "k", "state": "absent", "key_ttl": "5s"}, "'key_ttl' is given for key 'k'"),
        ({"revision": 3}, "'revision' is given without 'key'"),
    ],
)
def test_bad_input_is_named_before_anything_is_opened(run_module, params, words):
    refused = run_module("nats_kv", servers=["nats://127.0.0.1:1"], bucket="b", **params)
    assert refused.failed and refused["step"] == "input", refused
    assert words in refused["msg"]
