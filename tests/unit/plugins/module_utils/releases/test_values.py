# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.natsops.nats.plugins.module_utils.errors import BadInput
from ansible_collections.natsops.nats.plugins.module_utils.releases import values


@pytest.mark.parametrize("text", ["", "---\n", "# only a comment\n", "{}"])
def test_nothing_is_an_empty_mapping(text: str) -> None:
    assert values.parse(text, "v.yaml") == {}


def test_yaml_is_read_as_helm_reads_it() -> None:
    text = "a: 2024-01-01\nb: 12:30\nc: 1:30:00.5\nd: yes\ne: 0644\nf: 1.5\ng: -7\nh: ~\ni: 0x10\n"
    assert values.parse(text, "v.yaml") == {
        "a": "2024-01-01", "b": "12:30", "c": "1:30:00.5", "d": True, "e": 420, "f": 1.5, "g": -7, "h": None, "i": 16,
    }  # fmt: skip


def test_anchors_and_merge_keys_work() -> None:
    assert values.parse("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n", "v.yaml")["b"] == {"x": 1, "y": 3}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1\nb: 2\n", "mine.yaml, line 2"),
        ("a: 1\nb: {c: 1, c: 2}\n", "line 2, column 11: the key 'c' is there twice"),
        ("a: 1\nc: !vault |\n  xyz\n", "nats_values"),
        ("- 1\n", "holds a list, not a mapping"),
        ("just text", "holds a text, not a mapping"),
        ("1: x\n", "the key 1 below 'the top' is a number"),
        ("config:\n  jetstream:\n    enabled: 'false'\n", "'config.jetstream.enabled' is the text 'false'"),
    ],
)
def test_bad_texts_are_refused_with_the_file_and_the_place(text: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        values.parse(text, "mine.yaml")
    assert said in str(caught.value)
    assert "mine.yaml" in str(caught.value)


def test_what_the_chart_hands_on_may_say_enabled_as_text() -> None:
    values.check({"podTemplate": {"merge": {"metadata": {"annotations": {"enabled": "true"}}}}}, "x")
    values.check({"container": {"env": {"enabled": "yes"}}}, "x")


def test_merging_is_helms() -> None:
    one = {"a": {"b": 1, "c": [1, 2], "d": {"e": 1}}, "z": 1}
    two = {"a": {"c": [3], "d": None, "f": 2}, "z": {"y": 1}}
    assert values.merge([one, two]) == {"a": {"b": 1, "c": [3], "d": None, "f": 2}, "z": {"y": 1}}
    assert one["a"] == {"b": 1, "c": [1, 2], "d": {"e": 1}}, "the layers stay as they are"
    assert values.merge([]) == {}


def test_at_and_switches() -> None:
    there = {"a": {"b": None, "on": True}}
    assert values.at(there, "a", "b", default=3) == 3
    assert values.at(there, "a", "x", "y", default=4) == 4
    assert values.switched_on(there, "a", "on", default=False)
    assert values.switched_on(there, "a", "missing", default=True)


SECRET = {
    "config": {
        "merge": {
            "authorization": {"users": [{"user": "ops", "password": "hunter2"}], "token": "<< $TOKEN >>"},
            "leafnodes": {"remotes": [{"url": "nats://bob:pa55@hub:7422"}]},
        },
        "nats": {"tls": {"enabled": True, "secretName": "server-tls", "key": "tls.key"}},
        "cluster": {"routeURLs": {"user": "r", "password": 12345}},
    },
    "container": {
        "env": {
            "API_KEY": "k-1",
            "GOMEMLIMIT": "1GiB",
            "PW": {"valueFrom": {"secretKeyRef": {"name": "s", "key": "p"}}},
        }
    },
    "natsBox": {
        "contexts": {"default": {"creds": {"contents": "-----BEGIN", "key": "nats.creds"}, "nkey": {"secretName": "n"}}}
    },
    "global": {"image": {"pullSecretNames": ["regcred"]}},
    "extraResources": [{"kind": "Secret", "stringData": {"x": "y-1"}}, {"kind": "ConfigMap", "data": {"x": "open"}}],
    "podTemplate": {"patch": [{"op": "add", "path": "/spec/password", "value": "patched"}]},
    "list": [{"name": "DB_PASSWORD", "value": "in-list"}, {"name": "LEVEL", "value": "debug"}],
}


def test_secrets_are_masked_and_nothing_else_is() -> None:
    shown = values.masked(SECRET)
    assert shown["config"]["merge"]["authorization"] == {
        "users": [{"user": "ops", "password": values.MASK}],
        "token": "<< $TOKEN >>",
    }
    assert shown["config"]["merge"]["leafnodes"]["remotes"][0]["url"] == f"nats://{values.MASK}@hub:7422"
    assert shown["config"]["nats"] == SECRET["config"]["nats"]
    assert shown["config"]["cluster"]["routeURLs"] == {"user": "r", "password": values.MASK}
    assert shown["container"]["env"] == {**SECRET["container"]["env"], "API_KEY": values.MASK}
    assert shown["natsBox"]["contexts"]["default"] == {
        "creds": {"contents": values.MASK, "key": "nats.creds"},
        "nkey": {"secretName": "n"},
    }
    assert shown["global"] == SECRET["global"]
    assert shown["extraResources"] == [
        {"kind": "Secret", "stringData": {"x": values.MASK}},
        {"kind": "ConfigMap", "data": {"x": "open"}},
    ]
    assert shown["podTemplate"]["patch"][0]["value"] == values.MASK
    assert [item["value"] for item in shown["list"]] == [values.MASK, "debug"]


def test_all_that_is_masked_is_told() -> None:
    assert values.secrets(SECRET) == {
        "hunter2", "bob:pa55", "12345", "k-1", "-----BEGIN", "y-1", "patched", "in-list",
    }  # fmt: skip
    assert values.secrets(None) == frozenset()
    assert values.scrubbed("a hunter2 b", values.secrets(SECRET)) == f"a {values.MASK} b"


def test_a_changed_secret_is_seen_to_change() -> None:
    before, after = values.masked_pair(
        {"a": {"password": "one"}, "l": [{"token": "t"}]},
        {"a": {"password": "two"}, "l": [{"token": "t"}, {"token": "u"}]},
    )
    assert before == {"a": {"password": values.MASK}, "l": [{"token": values.MASK}]}
    assert after == {
        "a": {"password": f"{values.MASK} (changed)"},
        "l": [{"token": values.MASK}, {"token": values.MASK}],
    }
