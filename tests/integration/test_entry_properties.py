# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any valid keys and values, through a real server and back, and the nats CLI's opinion of them."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.natsops.nats.plugins.module_utils.deadline import Deadline
from ansible_collections.natsops.nats.plugins.module_utils.errors import BadInput
from ansible_collections.natsops.nats.plugins.module_utils.kv import KvJob
from ansible_collections.natsops.nats.plugins.module_utils.kv_info import KvInfoJob
from ansible_collections.natsops.nats.plugins.module_utils.names import checked_filter, checked_key, matches
from ansible_collections.natsops.nats.plugins.module_utils.run import Progress, carry_out
from ansible_collections.natsops.nats.plugins.modules import nats_kv, nats_kv_info

REAL = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
_names = itertools.count()

TOKENS = st.text("abcXYZ019-_/=", min_size=1, max_size=8)
KEYS = st.lists(TOKENS, min_size=1, max_size=4).map(".".join)
JSON = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ITEMS = st.one_of(
    st.builds(lambda value: {"value": value}, st.text() | JSON),
    st.builds(lambda data: {"value_base64": base64.b64encode(data).decode()}, st.binary(max_size=200)),
)


@pytest.fixture
def job(server):
    """Runs a module's job in this process: hundreds of them are tried."""

    def run(module: Any, kind: Any, **params: Any) -> dict[str, Any]:
        given = {name: spec.get("default") for name, spec in module.ARGUMENT_SPEC.items()}
        made = kind(given | {"servers": [server.url]} | params)
        plan, result = asyncio.run(carry_out(made, Deadline(30), Progress(), check_mode=False))
        return result | {"changed": bool(plan.operations)}

    return run


def expected(item: dict[str, Any]) -> bytes:
    if "value_base64" in item:
        return base64.b64decode(item["value_base64"])
    value = item["value"]
    if isinstance(value, str):
        return value.encode()
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def stored(entry: dict[str, Any]) -> bytes:
    return base64.b64decode(entry["value_base64"]) if "value_base64" in entry else entry["value"].encode()


@REAL
@given(st.dictionaries(KEYS, ITEMS, max_size=40))
def test_what_is_put_is_read(job, wanted):
    bucket = f"any-{next(_names)}"
    entries = [{"key": key, **item} for key, item in wanted.items()]
    made = job(nats_kv, KvJob, bucket=bucket, storage="memory", entries=entries)
    assert made["summary"]["created"] == len(wanted)
    (found,) = job(nats_kv_info, KvInfoJob, bucket=bucket, entries="values")["buckets"]
    assert {entry["key"]: stored(entry) for entry in found["entries"]} == {
        key: expected(item) for key, item in wanted.items()
    }
    assert not job(nats_kv, KvJob, bucket=bucket, entries=entries)["changed"]
    gone = job(nats_kv, KvJob, bucket=bucket, entries={}, exclusive=True, allow_data_loss=True)
    assert gone["summary"]["deleted"] == len(wanted)
    job(nats_kv, KvJob, bucket=bucket, state="absent", allow_data_loss=True)


@REAL
@given(
    st.sets(KEYS, min_size=1, max_size=20),
    st.lists(TOKENS | st.just("*"), min_size=1, max_size=3),
    st.booleans(),
)
def test_a_filter_takes_in_what_the_server_says(job, keys, tokens, rest):
    pattern = ".".join([*tokens, ">"] if rest else tokens)
    bucket = f"filter-{next(_names)}"
    job(nats_kv, KvJob, bucket=bucket, storage="memory", entries=dict.fromkeys(keys, "v"))
    (found,) = job(nats_kv_info, KvInfoJob, bucket=bucket, entries="keys", filter=pattern)["buckets"]
    assert {entry["key"] for entry in found["entries"]} == {key for key in keys if matches(pattern, key)}
    job(nats_kv, KvJob, bucket=bucket, state="absent", allow_data_loss=True)


@given(st.text(max_size=30) | st.text("ab.*> \n\t\0/", max_size=10))
def test_a_key_is_taken_or_refused_with_a_mend(text):
    try:
        checked_key(text, "b")
    except BadInput as error:
        assert error.mend
        assert all(character.isprintable() for character in str(error))
    else:
        assert checked_filter(text, "b") == text and matches(text, text)
        assert not {"*", ">", " ", "\n", "\0"} & set(text)


def test_the_cli_agrees(job, server, nats_cli):
    """What we put, the CLI gets; what it puts, we get: a sample of everything that is hard to spell."""
    values = [
        "",
        " ",
        "plain",
        "ünïcödé €😀",
        "a\nb\n",
        "\t",
        "'\"$(x)`",
        "{{ x }}",
        "null",
        '{"b": 1, "a": 2}',
        "x" * 9999,
    ]
    keys = ["a", "a/b", "a.b.c", "a-", "_", "=", "a=b", "A-1_2", "0"]
    bucket = f"cli-{next(_names)}"
    pairs = {f"{key}.{number}": value for number, value in enumerate(values) for key in keys[:1]}
    pairs |= {key: f"value of {key}" for key in keys}
    job(nats_kv, KvJob, bucket=bucket, entries=pairs)
    for key, value in pairs.items():
        assert nats_cli(server, "kv", "get", bucket, key, "--raw") == value
    for key, value in pairs.items():
        nats_cli(server, "kv", "put", bucket, key, f"{value}!")
    (found,) = job(nats_kv_info, KvInfoJob, bucket=bucket, entries="values")["buckets"]
    assert {entry["key"]: entry["value"] for entry in found["entries"]} == {k: f"{v}!" for k, v in pairs.items()}
    assert not job(nats_kv, KvJob, bucket=bucket, entries={key: f"{value}!" for key, value in pairs.items()})["changed"]
