# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.natsops.nats.plugins.module_utils.entries.model import Entry, for_result, parse_value
from ansible_collections.natsops.nats.plugins.module_utils.errors import BadInput

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.lists(JSON) | st.dictionaries(st.text(), JSON))
def test_structures_read_back_and_are_compared_as_json(value):
    try:
        wanted = parse_value(value)
    except BadInput:
        return  # a lone surrogate
    assert json.loads(wanted.data) == value
    assert wanted.same_as(json.dumps(value, indent=2).encode())


def test_text_is_compared_as_bytes():
    assert parse_value('{"a": 1}').same_as(b'{"a": 1}')
    assert not parse_value('{"a": 1}').same_as(b'{"a":1}')


@pytest.mark.parametrize("stored", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_differs(stored):
    assert not parse_value({"a": 1}).same_as(stored)


@pytest.mark.parametrize("value", [float("nan"), object(), "\ud800", {"a": "\ud800"}])
def test_no_values(value):
    with pytest.raises(BadInput, match="'value'"):
        parse_value(value)


def test_results():
    assert for_result(None, "k")["operation"] is None
    assert for_result(Entry("k", b"", 1), "k")["value"] == ""
    assert for_result(Entry("k", b"", 2, "DEL"), "k")["value"] is None
    assert for_result(Entry("k", b"\xff", 3), "k") == {
        "key": "k",
        "value": None,
        "value_base64": "/w==",
        "revision": 3,
        "operation": "PUT",
        "created": None,
    }
