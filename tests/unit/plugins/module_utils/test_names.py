# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.natsops.nats.plugins.module_utils.errors import BadInput
from ansible_collections.natsops.nats.plugins.module_utils.names import checked_bucket, checked_key


@pytest.mark.parametrize("name", ["a", "A-b_9", "b" * 252])
def test_bucket_names(name):
    assert checked_bucket(name) == name


@pytest.mark.parametrize("name", ["", "a.b", "a b", "a\n", "ä", ">", "*", "b" * 253])
def test_no_bucket_names(name):
    with pytest.raises(BadInput, match="'bucket'"):
        checked_bucket(name)


@pytest.mark.parametrize("key", ["a", "a.b", "a/b=c_d-E.9", "-", "=", "a" * 3990])
def test_keys(key):
    assert checked_key(key, "b") == key


@pytest.mark.parametrize(
    "key", ["", ".", ".a", "a.", "a..b", "a b", "a\n", "a\r\nPUB x 0\r\n", ">", "*", "a.*", "a" * 4000]
)
def test_no_keys(key):
    with pytest.raises(BadInput, match="'key'"):
        checked_key(key, "b")


@given(st.text())
def test_a_key_that_passes_is_one_subject_without_wildcards(key):
    try:
        checked_key(key, "b")
    except BadInput as error:
        assert "\n" not in str(error)
    else:
        assert all(key.split(".")) and not set(key) & set("*> \t\r\n")
