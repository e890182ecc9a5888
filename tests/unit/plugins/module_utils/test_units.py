# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.natsops.nats.plugins.module_utils.errors import BadInput
from ansible_collections.natsops.nats.plugins.module_utils.units import (
    format_duration,
    format_size,
    parse_duration,
    parse_size,
    seconds,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("1024", 1024),
        ("1Ki", 1024),
        ("64KiB", 65536),
        ("1.5Gi", 1610612736),
        ("10MB", 10_000_000),
        ("10 M", 10_000_000),
        ("2ti", 2 * 1024**4),
        ("unlimited", -1),
        ("-1", -1),
    ],
)
def test_sizes(text, size):
    assert parse_size(text, "max_bytes") == size


@pytest.mark.parametrize(
    "text", ["", "0", "-2", "1.5", "1Zi", "Gi", "1 2", "1e3", "0x10", "9EiB", "10000000TiB", "\u0661"]
)
def test_no_sizes(text):
    with pytest.raises(BadInput, match="'max_bytes'"):
        parse_size(text, "max_bytes")


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("90", 90 * 10**9),
        ("0", 0),
        ("unlimited", 0),
        ("1.5s", 1_500_000_000),
        ("1h30m", 5400 * 10**9),
        ("7d", 7 * 86400 * 10**9),
        ("2w", 14 * 86400 * 10**9),
        ("250ms", 250_000_000),
        ("1us", 1000),
        ("1ns", 1),
    ],
)
def test_durations(text, nanoseconds):
    assert parse_duration(text, "ttl") == nanoseconds


@pytest.mark.parametrize("text", ["", "-1s", "1 year", "1h 30m", "h", "1.5ns", "300000w", "1y", "1hour"])
def test_no_durations(text):
    with pytest.raises(BadInput, match="'ttl'"):
        parse_duration(text, "ttl")


@given(st.integers(1, 2**63 - 1))
def test_a_size_reads_back(size):
    assert parse_size(format_size(size), "max_bytes") == size


@given(st.integers(1, 2**63 - 1))
def test_a_duration_reads_back(nanoseconds):
    assert parse_duration(format_duration(nanoseconds), "ttl") == nanoseconds


@given(st.text())
def test_any_text_is_read_or_refused(text):
    for parse in (parse_size, parse_duration):
        with contextlib.suppress(BadInput):
            assert isinstance(parse(text, "o"), int)


def test_seconds():
    assert (seconds(0), seconds(10**9), seconds(1_500_000_000)) == (0, 1, 1.5)
    assert isinstance(seconds(10**9), int)
