# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.natsops.nats.plugins.module_utils.buckets import settings
from ansible_collections.natsops.nats.plugins.module_utils.units import SECOND


def test_creation_defaults_read_back():
    config = settings.creation("b", {})
    assert config["name"] == "KV_b" and config["subjects"] == ["$KV.b.>"]
    assert settings.read(config) == {s.name: s.default for s in settings.SETTINGS}


def test_zero_sizes_of_older_servers_are_unlimited():
    config = settings.creation("b", {}) | {"max_bytes": 0, "max_msg_size": 0}
    assert settings.read(config)["max_bytes"] == settings.read(config)["max_value_size"] == -1


def test_an_update_keeps_what_it_does_not_know():
    config = settings.creation("b", {}) | {"allow_atomic": True, "metadata": {"_nats.level": "1"}, "new_field": 7}
    written = settings.written(config, {"history": 5})
    assert written == config | {"max_msgs_per_subject": 5}


@pytest.mark.parametrize(("ttl", "window"), [(0, 120), (5, 5), (600, 120)])
def test_window_for_duplicates_is_never_longer_than_the_ttl(ttl, window):
    assert settings.creation("b", {"ttl": ttl * SECOND})["duplicate_window"] == window * SECOND


@pytest.mark.parametrize(
    ("have", "want", "refused"),
    [
        ({"history": 5}, {"history": 5}, False),
        ({"history": 5}, {"history": 6}, False),
        ({"history": 5}, {"history": 4}, True),
        ({"ttl": 0}, {"ttl": 10}, True),
        ({"ttl": 10}, {"ttl": 0}, False),
        ({"ttl": 10}, {"ttl": 9}, True),
        ({"ttl": 10}, {"ttl": 11}, False),
        ({"max_bytes": 100}, {"max_bytes": 10}, False),
        ({"max_bytes": -1}, {"max_bytes": 6}, True),
        ({"replicas": 3}, {"replicas": 1}, True),
        ({"replicas": 1}, {"replicas": 3}, False),
        ({"allow_msg_ttl": True}, {"allow_msg_ttl": False}, True),
        ({"allow_atomic": True}, {"allow_atomic": False}, False),
        ({"compression": "s2"}, {"compression": "none"}, False),
        ({"storage": "file"}, {"storage": "memory"}, True),
        ({"description": "a"}, {"description": "b"}, False),
    ],
)
def test_refusals(have, want, refused):
    have = settings.read(settings.creation("b", have))
    state = {"bytes": 7}
    assert bool(settings.refusals("b", have, want, state, allow_data_loss=False)) is refused
    still = refused and not {"storage", "allow_msg_ttl"}.isdisjoint(want)
    assert bool(settings.refusals("b", have, want, state, allow_data_loss=True)) is still
