# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.natsops.nats.plugins.module_utils.entries import messages
from ansible_collections.natsops.nats.plugins.module_utils.entries.model import (
    Entry,
    for_result,
    parse_base64,
    parse_value,
)
from ansible_collections.natsops.nats.plugins.module_utils.errors import BadInput

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(st.lists(JSON) | st.dictionaries(st.text(), JSON))
def test_structures_read_back_and_are_compared_as_json(value):
    wanted = parse_value(value)
    assert json.loads(wanted.data) == value
    assert wanted.same_as(json.dumps(value, indent=2).encode())


@given(st.text())
def test_text_is_stored_as_it_is(text):
    assert parse_value(text).data.decode() == text


@given(st.binary())
def test_bytes_come_back(data):
    text = base64.encodebytes(data).decode()  # with line breaks
    assert parse_base64(text, "value_base64").data == data


@pytest.mark.parametrize("text", ["*", "YQ", "YQ=", "é", "YQ==YQ=="])
def test_what_is_not_base64(text):
    with pytest.raises(BadInput, match="'value_base64' is not base64"):
        parse_base64(text, "value_base64")


def test_text_is_compared_as_bytes():
    assert parse_value('{"a": 1}').same_as(b'{"a": 1}')
    assert not parse_value('{"a": 1}').same_as(b'{"a":1}')


@pytest.mark.parametrize("stored", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_differs(stored):
    assert not parse_value({"a": 1}).same_as(stored)


@pytest.mark.parametrize("value", [float("nan"), object(), "\ud800secret", {"a": "\ud800secret"}])
def test_no_values(value):
    with pytest.raises(BadInput, match="'value'") as refused:
        parse_value(value)
    assert "secret" not in str(refused.value)


def test_results():
    assert for_result(None, "k")["operation"] is None
    assert for_result(Entry("k", b"", 1), "k")["value"] == ""
    assert for_result(Entry("k", b"", 2, "DEL"), "k")["value"] is None
    assert for_result(Entry("k", b"secret", 2), "k", values=False)["value"] is None
    assert for_result(Entry("k", b"\xff", 3, size=1), "k") == {
        "key": "k",
        "value": None,
        "value_base64": "/w==",
        "size": 1,
        "revision": 3,
        "operation": "PUT",
        "marker": None,
        "ttl": 0,
        "created": None,
    }


class TestMessages:
    @pytest.mark.parametrize(
        ("headers", "operation", "marker", "live"),
        [
            ({}, "PUT", "", True),
            ({"KV-Operation": "DEL"}, "DEL", "", False),
            ({"KV-Operation": "PURGE", "Nats-Rollup": "sub"}, "PURGE", "", False),
            ({"Nats-Marker-Reason": "MaxAge"}, "PURGE", "MaxAge", False),
            ({"Nats-Marker-Reason": "Remove"}, "DEL", "Remove", False),
            ({"Nats-Marker-Reason": "Purge"}, "PURGE", "Purge", False),
        ],
    )
    def test_empty_values_tombstones_and_markers_are_told_apart(self, headers, operation, marker, live):
        entry = messages.delivered("k", b"", headers, 1, 0)
        assert (entry.operation, entry.marker, entry.live) == (operation, marker, live)

    @given(st.sampled_from(["PUT", "DEL", "PURGE"]), st.integers(0, 10**6), st.none() | st.integers(0, 2**63))
    def test_headers_come_back(self, operation, ttl, expected):
        headers = messages.write_headers(operation, ttl=ttl, expected=expected)
        entry = messages.delivered("k", b"", headers, 1, 0)
        assert (entry.operation, entry.ttl) == (operation, ttl)
        wire = b"NATS/1.0\r\n" + b"".join(f"{k}: {v}\r\n".encode() for k, v in headers.items()) + b"\r\n"
        assert messages.headers_size(headers) == (len(wire) if headers else 0)
        stored = {"seq": 1, "hdrs": base64.b64encode(wire).decode(), "time": entry.created}
        assert messages.stored("k", stored) == entry

    @pytest.mark.parametrize(
        ("text", "seconds"), [("60", 60), ("60s", 60), ("1h", 3600), ("1h0m5s", 3605), ("never", 0), ("", 0)]
    )
    def test_time_to_live_in_all_its_forms(self, text, seconds):
        assert messages.delivered("k", b"", {"Nats-TTL": text}, 1, 0).ttl == seconds

    def test_times_are_written_as_the_server_writes_them(self):
        assert messages.delivered("k", b"", {}, 1, 1795486117247981155).created == "2026-11-24T02:08:37.247981155Z"
        assert messages.delivered("k", b"", {}, 1, 1795486117200800080).created == "2026-11-24T02:08:37.20080008Z"
        assert messages.delivered("k", b"", {}, 1, 1795486117000000000).created == "2026-11-24T02:08:37Z"

    def test_size_of_a_value_that_was_not_asked_for(self):
        assert messages.delivered("k", b"", {"Nats-Msg-Size": "42"}, 1, 0).size == 42
