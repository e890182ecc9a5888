# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy

import pytest
from any_settings import mirrors, ordinary
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ansible_collections.natsops.nats.plugins.module_utils.buckets import settings
from ansible_collections.natsops.nats.plugins.module_utils.errors import BadInput, ServerRefused
from ansible_collections.natsops.nats.plugins.module_utils.units import SECOND

ANY = hypothesis_settings(max_examples=200)


def test_creation_defaults_read_back():
    config = settings.creation("b", {})
    assert config["name"] == "KV_b" and config["subjects"] == ["$KV.b.>"]
    assert settings.read(config) == {s.name: s.default for s in settings.SETTINGS}


def test_what_older_servers_do_not_know_is_left_out():
    newer = {"compression", "metadata", "allow_msg_ttl", "subject_delete_marker_ttl", "allow_atomic"}
    assert newer.isdisjoint(settings.creation("b", {}))
    assert newer <= set(
        settings.creation(
            "b", {"compression": "s2", "metadata": {"a": "b"}, "limit_marker_ttl": SECOND, "allow_atomic": True}
        )
    )


def test_a_mirror_has_no_subjects_of_its_own():
    config = settings.creation("copy", settings.parse({"mirror": {"bucket": "origin"}}))
    assert "subjects" not in config and config["mirror_direct"] and config["mirror"] == {"name": "KV_origin"}


@ANY
@given(ordinary | mirrors)
def test_what_is_written_is_read(given_options):
    wanted = settings.parse(given_options)
    config = settings.creation("b", wanted)
    implied = {"allow_msg_ttl": True} if wanted.get("limit_marker_ttl") else {}
    assert settings.read(config) == {s.name: s.default for s in settings.SETTINGS} | wanted | implied


@ANY
@given(ordinary | mirrors, ordinary)
def test_only_what_is_given_is_written(before, given_options):
    config = settings.creation("b", settings.parse(before)) | {"metadata": {"_nats.level": "1", "own": "x"}, "new": 7}
    kept, wanted = copy.deepcopy(config), settings.parse(given_options)
    after = settings.written(config, wanted)
    assert config == kept, "the configuration that was read is left as it is"
    implied = {"allow_msg_ttl": True} if wanted.get("limit_marker_ttl") else {}
    assert settings.read(after) == settings.read(config) | wanted | implied
    touched = {s.field for s in settings.SETTINGS if s.name in wanted} | {"allow_msg_ttl"}
    if "ttl" in wanted:
        touched.add("duplicate_window")
    assert {k: v for k, v in after.items() if k not in touched} == {k: v for k, v in kept.items() if k not in touched}
    assert after["metadata"]["_nats.level"] == "1"


@ANY
@given(ordinary | mirrors, st.data())
def test_nothing_differs_from_what_is_there(given_options, data):
    """However a server or another client spells what is not set."""
    wanted = settings.parse(given_options)
    config = settings.creation("b", wanted)
    for field, nothings in {
        "compression": ("none", "", None),
        "metadata": ({}, None),
        "placement": ({}, None, {"cluster": "", "tags": []}, {"tags": None}),
        "republish": (None,),
        "mirror": (None,),
        "sources": (None, []),
        "subject_delete_marker_ttl": (0, None),
        "allow_msg_ttl": (False, None),
        "allow_atomic": (False, None),
        "max_bytes": (-1, 0),
        "max_msg_size": (-1, 0),
        "description": ("", None),
    }.items():
        if config.get(field) in nothings:
            spelling = data.draw(st.sampled_from([*nothings, ...]))
            config.pop(field, None)
            if spelling is not ...:
                config[field] = spelling
    assert settings.differing(settings.read(config), wanted) == ()


def test_sources_that_stay_are_written_as_they_were():
    theirs = {
        "name": "KV_a",
        "subject_transforms": [{"src": "$KV.a.>", "dest": "$KV.b.>"}],
        "consumer": {"name": "durable"},
    }
    config = settings.creation("b", {}) | {"sources": [theirs]}
    after = settings.written(config, settings.parse({"sources": [{"bucket": "c"}, {"bucket": "a"}]}))
    assert theirs in after["sources"] and len(after["sources"]) == 2


@pytest.mark.parametrize(("ttl", "window"), [(0, 120), (5, 5), (600, 120)])
def test_window_for_duplicates_is_never_longer_than_the_ttl(ttl, window):
    assert settings.creation("b", {"ttl": ttl * SECOND})["duplicate_window"] == window * SECOND


@pytest.mark.parametrize(
    ("have", "want", "refused"),
    [
        ({"history": 5}, {"history": 5}, False),
        ({"history": 5}, {"history": 6}, False),
        ({"history": 5}, {"history": 4}, True),
        ({"history": -1}, {"history": 4}, True),
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


@pytest.mark.parametrize(
    ("have", "want", "words"),
    [
        ({}, {"mirror": {"bucket": "a"}}, "only a new bucket can be made a mirror"),
        ({"mirror": {"bucket": "a"}}, {"mirror": {"bucket": "b"}}, "never changes what a bucket mirrors"),
        ({"mirror": {"bucket": "a"}}, {"mirror": {"bucket": "a", "domain": "d"}}, "never changes what"),
        ({"mirror": {"bucket": "a"}}, {"mirror": {}}, "nobody could read it any more"),
        ({"mirror": {"bucket": "a"}}, {"mirror": {"bucket": "a"}}, ""),
        ({}, {"mirror": {}}, ""),
    ],
)
def test_a_mirror_stays_what_it_is(have, want, words):
    there = settings.read(settings.creation("b", settings.parse(have)))
    found = settings.refusals("b", there, settings.parse(want), {}, allow_data_loss=True)
    assert [words in str(refusal) for refusal in found] == [True] * bool(words)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"history": 0}, "'history' 0 is out of range"),
        ({"replicas": 6}, "from 1 to 5"),
        ({"description": "ü" * 2049}, "longer than the 4096 bytes"),
        ({"ttl": "99ms"}, "'ttl' '99ms' is too short"),
        ({"max_value_size": "2Gi"}, "'max_value_size' '2Gi' is out of range"),
        ({"metadata": {"a": 1}}, "'metadata' has 'a': 1, which is not text"),
        ({"metadata": {1: "a"}}, "which is not text"),
        ({"metadata": {"_nats.level": "1"}}, "names that begin with '_nats.' are the server's"),
        ({"metadata": {"": "a"}}, "'metadata' has the name ''"),
        ({"metadata": {"a": "x" * 131000}}, "'metadata' is larger than"),
        ({"republish": {"source": ">"}}, "'republish' has no 'destination'"),
        ({"republish": {"source": ">", "destination": "a b"}}, "'republish.destination' 'a b' is not a subject"),
        ({"republish": {"source": "a..b", "destination": "c"}}, "'republish.source' 'a..b' is not a subject"),
        ({"limit_marker_ttl": "1500ms"}, "not a whole number of seconds"),
        ({"limit_marker_ttl": "0.5s"}, "not a whole number of seconds"),
        ({"limit_marker_ttl": "1m", "allow_msg_ttl": False}, "It needs 'allow_msg_ttl: true'"),
        ({"mirror": {"domain": "hub"}}, "'mirror' names no bucket"),
        ({"mirror": {"bucket": "a.b"}}, "'mirror.bucket' 'a.b' is not a valid bucket name"),
        ({"mirror": {"bucket": "a", "domain": "b.c"}}, "'mirror.domain' 'b.c' is not a domain"),
        ({"mirror": {"bucket": "a", "domain": "d", "api_prefix": "p"}}, "are both given"),
        ({"mirror": {"bucket": "a", "api_prefix": "p.>"}}, "'mirror.api_prefix' 'p.>' is not a subject"),
        ({"mirror": {"bucket": "a", "api_prefix": "p..q"}}, "'mirror.api_prefix' 'p..q' is not a subject"),
        ({"mirror": {"bucket": "a", "deliver_prefix": "d"}}, "is given without 'mirror.api_prefix'"),
        ({"mirror": {"bucket": "a", "filter": "a..b"}}, "'mirror.filter' 'a..b' is not a filter"),
        ({"mirror": {"bucket": "a", "start_revision": -1}}, "'mirror.start_revision' -1 is not a revision"),
        ({"mirror": {"bucket": "a", "start_revision": 1, "start_time": "2026-01-01T00:00:00Z"}}, "are both given"),
        ({"mirror": {"bucket": "a", "start_time": "yesterday"}}, "'mirror.start_time' 'yesterday' is not a time"),
        ({"mirror": {"bucket": "a", "start_time": "2026-01-01T00:00:00"}}, "has no time zone"),
        ({"mirror": {"bucket": "a"}, "sources": [{"bucket": "b"}]}, "'mirror' and 'sources' are both given"),
        ({"mirror": {"bucket": "a"}, "allow_atomic": True}, "'mirror' and 'allow_atomic' are both given"),
        ({"mirror": {"bucket": "a"}, "limit_marker_ttl": "1m"}, "'mirror' and 'limit_marker_ttl' are both given"),
        ({"sources": [{"bucket": "a"}, {"bucket": "b c"}]}, "'sources[1].bucket' 'b c' is not a valid bucket name"),
        ({"sources": [{}]}, "'sources[0]' names no bucket"),
        ({"sources": [{"bucket": "a"}, {"bucket": "a"}]}, "'sources' names bucket 'a' twice"),
        ({"sources": [{"bucket": "a", "filter": "a.>.b"}]}, "'sources[0].filter' 'a.>.b' is not a filter"),
    ],
)
def test_bad_input(params, words):
    with pytest.raises(BadInput) as caught:
        settings.parse(params)
    assert words in str(caught.value) and caught.value.mend


def test_what_a_refusal_leaves_unsaid():
    def refused(code, said):
        return ServerRefused(f"The server refused creating bucket 'b': ({said}, {code}).", code=code)

    unknown = refused(10025, 'invalid JSON: json: unknown field "allow_atomic"')
    assert "'allow_atomic', which needs nats-server 2.12; this is 2.11.4" in settings.refused_words(
        unknown, "2.11.4", 1
    )
    assert not settings.refused_words(refused(10025, "invalid JSON: something else"), "2.11.4", 1)
    assert (
        settings.refused_words(refused(10005, "no suitable peers"), "2.15.1", 3) == "In sight: 3 addresses of servers."
    )
    assert not settings.refused_words(refused(10005, "no suitable peers"), "2.15.1", None)
    assert not settings.refused_words(refused(10052, "no"), "2.15.1", 3)
