# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.natsops.nats.plugins.module_utils.buckets import settings, subjects

DOMAIN = "$JS.leaf.API."
EXTERNAL = {"external": {"api": "$JS.hub.API", "deliver": ""}}


@pytest.mark.parametrize(
    ("config", "write_prefix", "read", "write"),
    [
        ({}, "", "$KV.b.k", "$KV.b.k"),
        ({}, DOMAIN, "$KV.b.k", f"{DOMAIN}$KV.b.k"),
        ({"mirror": None}, "", "$KV.b.k", "$KV.b.k"),
        ({"sources": [{"name": "KV_a"}]}, "", "$KV.b.k", "$KV.b.k"),
        ({"mirror": {"name": "KV_a"}}, "", "$KV.a.k", "$KV.a.k"),
        ({"mirror": {"name": "KV_a", "external": None}}, DOMAIN, "$KV.a.k", f"{DOMAIN}$KV.a.k"),
        ({"mirror": {"name": "KV_a"} | EXTERNAL}, "", "$KV.a.k", "$JS.hub.API.$KV.a.k"),
        ({"mirror": {"name": "KV_a"} | EXTERNAL}, DOMAIN, "$KV.a.k", "$JS.hub.API.$KV.a.k"),
        (
            {"mirror": {"name": "KV_a", "subject_transforms": [{"src": "$KV.a.>", "dest": "$KV.b.>"}]}},
            "",
            "$KV.b.k",
            "$KV.a.k",
        ),
        # A transform that only filters.
        (
            {"mirror": {"name": "KV_a", "subject_transforms": [{"src": "$KV.a.app.>", "dest": ""}]}},
            "",
            "$KV.a.k",
            "$KV.a.k",
        ),
    ],
)
def test_where_keys_are_read_and_written(config, write_prefix, read, write):
    found = subjects.of("b", config, write_prefix)
    assert (found.read("k"), found.write("k")) == (read, write)
    assert found.key(read) == "k" and found.key("$KV.other.k") is None


def test_our_own_mirror():
    config = settings.creation("b", settings.parse({"mirror": {"bucket": "a", "domain": "hub"}}))
    assert subjects.of("b", config) == subjects.Subjects("$KV.a.", "$JS.hub.API.$KV.a.")
