# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module nats_kv against a real server: keys, check mode, diff, idempotence, verification."""

from __future__ import annotations

import itertools

import pytest

_names = itertools.count()


@pytest.fixture
def bucket() -> str:
    """A bucket name of the test's own."""
    return f"bucket-{next(_names)}"


class TestEntry:
    def test_put_and_read_back(self, ok, bucket, server, nats_cli):
        put = ok(bucket=bucket, key="foo", value="bar")
        assert put["changed"] and put["verified"]
        entry = put["entry"]
        assert (entry["key"], entry["value"], entry["revision"], entry["operation"]) == ("foo", "bar", 1, "PUT")
        again = ok(bucket=bucket, key="foo", value="bar")
        assert not again["changed"] and again["verified"] and again["entry"]["revision"] == 1
        assert nats_cli(server, "kv", "get", bucket, "foo", "--raw").strip() == "bar"

    def test_what_the_cli_put_is_read(self, ok, bucket, server, nats_cli):
        nats_cli(server, "kv", "add", bucket)
        nats_cli(server, "kv", "put", bucket, "foo", "theirs")
        assert not ok(bucket=bucket, key="foo", value="theirs")["changed"]
        assert ok(bucket=bucket, key="foo", value="ours")["entry"]["revision"] == 2

    @pytest.mark.parametrize("value", ["", "ü€😀", "a\nb\r\n", "x" * 100_000, "{{ not_a_template }}"])
    def test_text(self, ok, bucket, value):
        put = ok(bucket=bucket, key="k", value=value)
        assert put["entry"]["value"] == value
        assert not ok(bucket=bucket, key="k", value=value)["changed"]

    @pytest.mark.parametrize("value", [{"b": [1, 2], "a": {"c": None}}, [], 0, 1.5, True, False])
    def test_structures_are_json(self, ok, bucket, value, server, nats_cli):
        import json

        ok(bucket=bucket, key="k", value=value)
        assert json.loads(nats_cli(server, "kv", "get", bucket, "k", "--raw")) == value
        assert not ok(bucket=bucket, key="k", value=value)["changed"]

    def test_json_is_compared_as_json(self, ok, bucket):
        ok(bucket=bucket, key="k", value='{ "b": 1, "a": 2 }')
        assert not ok(bucket=bucket, key="k", value={"a": 2, "b": 1})["changed"]
        assert ok(bucket=bucket, key="k", value='{"a":2,"b":1}')["changed"], "text is compared as text"

    def test_delete(self, ok, bucket):
        ok(bucket=bucket, key="k", value="v")
        gone = ok(bucket=bucket, key="k", state="absent")
        assert gone["changed"] and gone["verified"]
        assert (gone["entry"]["operation"], gone["entry"]["value"], gone["entry"]["revision"]) == ("DEL", None, 2)
        again = ok(bucket=bucket, key="k", state="absent")
        assert not again["changed"] and again["entry"]["revision"] == 2, "no second tombstone"
        assert ok(bucket=bucket, key="k", value="v")["entry"]["revision"] == 3

    def test_delete_what_never_was(self, ok, bucket):
        assert not ok(bucket=bucket, key="k", state="absent")["changed"]
        ok(bucket=bucket)
        gone = ok(bucket=bucket, key="k", state="absent")
        assert not gone["changed"] and gone["entry"]["revision"] is None
        assert gone["bucket"]["state"]["values"] == 0

    def test_purged_by_the_cli(self, ok, bucket, server, nats_cli):
        ok(bucket=bucket, key="k", value="v")
        nats_cli(server, "kv", "purge", bucket, "k", "--force")
        gone = ok(bucket=bucket, key="k", state="absent")
        assert not gone["changed"] and gone["entry"]["operation"] == "PURGE"
        assert ok(bucket=bucket, key="k", value="v")["changed"]

    def test_longest_key_that_fits(self, ok, kv, bucket):
        room = 4000 - len(f"$KV.{bucket}.")
        assert ok(bucket=bucket, key="k" * room, value="v")["verified"]
        assert "too long" in kv(bucket=bucket, key="k" * (room + 1), value="v")["msg"]


class TestCheckAndDiff:
    def test_check_mode_changes_nothing(self, ok, bucket, server, nats_cli):
        would = ok(bucket=bucket, key="k", value="v", history=3, check=True)
        assert would["changed"] and not would["verified"]
        assert would["bucket"]["history"] == 3 and would["entry"]["value"] == "v" and would["entry"]["revision"] is None
        assert bucket not in nats_cli(server, "kv", "ls")
        ok(bucket=bucket, key="k", value="v")
        assert not ok(bucket=bucket, key="k", value="v", check=True)["changed"]
        assert ok(bucket=bucket, key="k", state="absent", check=True)["changed"]
        assert ok(bucket=bucket, state="absent", allow_data_loss=True, check=True)["changed"]
        assert not ok(bucket=bucket, key="k", value="v")["changed"]

    def test_check_mode_finds_refusals(self, ok, kv, bucket):
        ok(bucket=bucket, history=3)
        assert kv(bucket=bucket, history=1, check=True).failed

    def test_diff(self, ok, bucket):
        made = ok(bucket=bucket, key="k", value="old", diff=True)["diff"]
        assert [(d["before"], d["after"].get("value", "")) for d in made] == [({}, ""), ({}, "old")]
        changed = ok(bucket=bucket, key="k", value="new", max_bytes="1Gi", diff=True, check=True)["diff"]
        assert changed[0]["before"]["max_bytes"] == "unlimited" and changed[0]["after"]["max_bytes"] == "1GiB"
        assert (changed[1]["before"], changed[1]["after"]) == ({"value": "old"}, {"value": "new"})
        assert changed[1]["before_header"] == f"bucket {bucket}, key k"
        assert ok(bucket=bucket, key="k", value="old", diff=True)["diff"] == []


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"bucket": "no dots."}, "'bucket' 'no dots.' is not a valid bucket name"),
        ({"bucket": ""}, "it is empty"),
        ({"bucket": "test\n"}, "it has the character '\\n'"),
        ({"bucket": ">"}, "not a valid bucket name"),
        ({"bucket": "b" * 253}, "253 characters"),
        ({"bucket": "b", "key": ">", "value": "v"}, "'key' '>' is not a valid key"),
        ({"bucket": "b", "key": "*", "state": "absent"}, "not a valid key"),
        ({"bucket": "b", "key": "a..b", "value": "v"}, "two dots in a row"),
        ({"bucket": "b", "key": ".a", "value": "v"}, "begins or ends with a dot"),
        ({"bucket": "b", "key": "k" * 5000, "value": "v"}, "too long"),
        ({"bucket": "b", "key": "k"}, "without 'value'"),
        ({"bucket": "b", "value": "v"}, "without 'key'"),
        ({"bucket": "b", "history": 0}, "'history' 0 is out of range"),
        ({"bucket": "b", "history": 65}, "from 1 to 64"),
        ({"bucket": "b", "replicas": 6}, "from 1 to 5"),
        ({"bucket": "b", "ttl": "1 year"}, "'ttl' '1 year' is not a duration"),
        ({"bucket": "b", "max_bytes": "1Zi"}, "'max_bytes' '1Zi' is not a size"),
        ({"bucket": "b", "max_value_size": "0"}, "out of range"),
        ({"bucket": "b", "timeout": 0}, "'timeout' 0 is not a time to wait"),
        ({"bucket": "b", "description": "d" * 5000}, "longer than the 4096 bytes"),
        ({"bucket": "b", "servers": ["http://127.0.0.1"]}, "is not a NATS URL"),
        ({"bucket": "b", "servers": ["ws://127.0.0.1"]}, "WebSocket"),
        ({"bucket": "b", "user": "u"}, "'user' is given without 'password'"),
        (
            {"bucket": "b", "user": "user-word", "password": "pass-word", "token": "token-word"},
            "More than one way to authenticate",
        ),
        ({"bucket": "b", "creds_file": "/nonexistent"}, "'creds_file' '/nonexistent' cannot be read"),
        ({"bucket": "b", "nkey_seed": "SUwrong"}, "does not hold a valid NKey seed"),
        ({"bucket": "b", "tls_ca_file": "/dev/null"}, "'tls_ca_file' '/dev/null' holds no certificate"),
        ({"bucket": "b", "tls_cert_file": "/dev/null"}, "without 'tls_key_file'"),
    ],
)
def test_bad_input_is_named_before_anything_is_opened(run_module, params, words):
    refused = run_module("nats_kv", **({"servers": ["nats://127.0.0.1:1"]} | params))
    assert refused.failed and refused["step"] in ("input", "look"), refused
    assert words in refused["msg"]
    assert "Nothing listens" not in refused["msg"]


def test_value_too_large_for_the_bucket(kv, bucket):
    refused = kv(bucket=bucket, key="k", value="x" * 200, max_value_size="100")
    assert refused.failed and "200 bytes, more than the 'max_value_size' 100" in refused["msg"]
    assert not kv(bucket=bucket, state="absent", allow_data_loss=True)["changed"], "the bucket was not made"


def test_value_too_large_for_the_server(kv, bucket):
    refused = kv(bucket=bucket, key="k", value="x" * 2_000_000)
    assert refused.failed and "more than the 1048576 that the server takes" in refused["msg"]
    assert not kv(bucket=bucket, state="absent", allow_data_loss=True)["changed"], "the bucket was not made"


def test_bucket_full(ok, kv, bucket):
    ok(bucket=bucket, max_bytes="200", key="k", value="x" * 50)
    refused = kv(bucket=bucket, key="l", value="x" * 100)
    assert refused.failed and "'max_bytes' is reached" in refused["msg"] and refused["step"] == "apply"


def test_verification_finds_what_went_elsewhere(start_server, run_module):
    """A server that maps one key's subject to another's acknowledges the write, and the key is not there."""
    server = start_server('jetstream {}\nmappings { "$KV.test.foo": "$KV.test.elsewhere" }')
    params = {"servers": [server.url], "bucket": "test", "key": "foo", "value": "bar"}
    refused = run_module("nats_kv", **params)
    assert refused.failed and refused["step"] == "verify"
    assert "Key 'foo' of bucket 'test' was written at revision 1 and is not there." in refused["msg"]
    assert refused["applied"] == ["bucket 'test' created", "key 'foo' written at revision 1"]
    unproved = run_module("nats_kv", **params, verify=False)
    assert not unproved.failed and not unproved["verified"]
