# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entries as users write them: options, mappings, lists, files and folders."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.natsops.nats.plugins.module_utils.entries import sources
from ansible_collections.natsops.nats.plugins.module_utils.entries.model import Value
from ansible_collections.natsops.nats.plugins.module_utils.entries.wanted import (
    OPTIONS,
    WantedEntry,
    from_items,
    from_params,
    without_doubles,
)
from ansible_collections.natsops.nats.plugins.module_utils.errors import BadInput

NONE = dict.fromkeys(OPTIONS.values()) | {"state": "present", "purge": False}


def items(given, state="present", purge=False):
    return from_items(given, "b", state=state, purge=purge)


def read(path, separator="/", state="present"):
    return sources.read(str(path), "b", separator=separator, state=state, purge=False)


def test_a_mapping_and_a_list_say_the_same():
    text = WantedEntry("a", Value(b"x"))
    number = WantedEntry("b/c", Value(b"4", structured=True))
    assert items({"a": "x", "b/c": 4}) == [text, number]
    assert items([{"key": "a", "value": "x"}, {"key": "b/c", "value": 4}]) == [text, number]


def test_every_part_of_an_item(tmp_path):
    (tmp_path / "f").write_bytes(b"\xff")
    assert items([{"key": "k", "value_file": str(tmp_path / "f")}])[0].value == Value(b"\xff")
    assert items([{"key": "k", "value_base64": "/w=="}])[0].value == Value(b"\xff")
    assert items([{"key": "k", "revert": 3}]) == [WantedEntry("k", revert=3)]
    assert items([{"key": "k", "value": "", "ttl": "1h", "revision": "7"}]) == [
        WantedEntry("k", Value(b""), ttl=3600, revision=7)
    ]
    assert items([{"key": "k", "value": "", "ttl": "unlimited", "revision": 0}])[0].ttl == 0
    assert items([{"key": "k", "state": "absent", "purge": True}]) == [WantedEntry("k", purge=True)]
    assert items([{"key": "k"}, {"key": "l", "state": "present", "value": ""}], state="absent", purge=True) == [
        WantedEntry("k", purge=True),
        WantedEntry("l", Value(b"")),
    ]


def test_keys_of_a_mapping_that_are_to_be_gone():
    assert items({"a": "whatever", "b": None}, state="absent") == [WantedEntry("a"), WantedEntry("b")]


def test_options_say_the_same_as_an_item():
    params = NONE | {"key": "k", "value": "v", "key_ttl": "90s", "revision": 4}
    assert [from_params(params, "b")] == items([{"key": "k", "value": "v", "ttl": "90s", "revision": 4}])
    assert from_params(NONE, "b") is None
    for option in ("value", "value_base64", "value_file", "revert", "key_ttl", "revision"):
        with pytest.raises(BadInput, match=f"'{option}' is given without 'key'"):
            from_params(NONE | {option: "1"}, "b")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("text", "'entries' is neither a mapping nor a list, but text"),
        (["x"], r"'entries[0]' is not a mapping, but text"),
        ([{"value": "v"}], "'entries[0]' has no key"),
        ([{"key": 5, "value": "v"}], "a key that is no text"),
        ({5: "v"}, "a key that is no text"),
        ([{"key": "k", "vlaue": "hidden-word"}], "unknown part 'vlaue'. Did you mean 'value'?"),
        ([{"key": "k", "zzz": "hidden-word"}], "An item may have key, value"),
        ([{"key": "k"}], "given without 'entries[0].value'"),
        ({"k": None}, "it is null"),
        ([{"key": "k", "value": "hidden-word", "value_base64": ""}], "'entries[0].value_base64' are both given"),
        ([{"key": "k", "value": "hidden-word", "state": "absent"}], "'entries[0].value' is given for key 'k'"),
        ([{"key": "k", "ttl": "5s", "state": "absent"}], "'entries[0].ttl' is given for key 'k'"),
        ([{"key": "k", "value": "hidden-word", "state": "gone"}], "'entries[0].state' 'gone' is not a state"),
        ([{"key": "k", "value": "hidden-word", "revision": -1}], "'entries[0].revision' -1 is not a revision"),
        ([{"key": "k", "value": "hidden-word", "revision": True}], "True is not a revision"),
        ([{"key": "k", "value": "hidden-word", "revision": "²"}], "is not a revision"),
        ([{"key": "k", "value": "hidden-word", "ttl": "1500ms"}], "'entries[0].ttl' '1s500ms' is not a whole number"),
        ([{"key": "k", "value": "hidden-word", "ttl": "soon"}], "'entries[0].ttl' 'soon' is not a duration"),
        ([{"key": "k", "revert": 0}], "'entries[0].revert' 0 is not a revision"),
        ([{"key": "k", "state": "absent", "purge": "maybe"}], "neither true nor false"),
        ([{"key": "k", "value_base64": 5}], "'entries[0].value_base64' is no text"),
        ([{"key": "k", "value_file": "/nonexistent"}], "'/nonexistent' cannot be read"),
        ([{"key": "k", "value_file": "a\0b"}], "cannot be read"),
        ([{"key": "a..b", "value": "hidden-word"}], "'entries[0].key' 'a..b' is not a valid key"),
        ([{"key": ">", "state": "absent"}], "'entries[0].key' '>' is not a valid key"),
    ],
)
def test_bad_items_are_named_and_values_are_not(given, words):
    with pytest.raises(BadInput) as refused:
        items(given)
    assert words in str(refused.value)
    assert "hidden-word" not in str(refused.value)


def test_the_same_key_twice():
    with pytest.raises(BadInput, match="names the key 'k' twice"):
        without_doubles(items([{"key": "k", "value": "a"}, {"key": "k", "value": "b"}]))


class TestFiles:
    def test_yaml_json_and_lines_say_the_same(self, tmp_path):
        (tmp_path / "a.yml").write_text("a: x\nb.c: [1, 2]\n")
        (tmp_path / "a.json").write_text('{"a": "x", "b.c": [1, 2]}')
        (tmp_path / "a.jsonl").write_text('{"key": "a", "value": "x"}\n\n{"key": "b.c", "value": [1, 2]}\n')
        (tmp_path / "list.yaml").write_text("- {key: a, value: x}\n- {key: b.c, value: [1, 2]}\n")
        wanted = items({"a": "x", "b.c": [1, 2]})
        for name in ("a.yml", "a.json", "a.jsonl", "list.yaml"):
            assert read(tmp_path / name) == wanted, name

    def test_dates_in_yaml_stay_text(self, tmp_path):
        (tmp_path / "a.yml").write_text("a: 2026-11-24\n")
        assert read(tmp_path / "a.yml")[0].value == Value(b"2026-11-24")

    @pytest.mark.parametrize(
        ("name", "text", "words"),
        [
            ("a.txt", "", "neither a folder nor a file that ends in"),
            ("a.json", '{"a": 1', "is not valid JSON (line 1, column 8"),
            ("a.json", '{"a": "hidden-word", "a": "hidden-word"}', "names the key 'a' twice"),
            ("a.json", '"hidden-word"', "neither a mapping nor a list"),
            ("a.yml", "a: [hidden-word\nb: c", "is not valid YML (line"),
            ("a.yml", "a: hidden-word\na: hidden-word\n", "names the key 'a' twice"),
            ("a.yml", "", "but nothing"),
            ("a.yml", "a: !!python/object/apply:os.getcwd []", "is not valid YML (line 1)"),
            ("a.jsonl", '{"key": "a", "value": "hidden-word"}\n{"key"\n', "line 2 is not JSON"),
            ("a.jsonl", '{"key": "a", "value": "hidden-word"}\n{"key": "b"}\n', "line 2.key' 'b' is given without"),
            ("a.jsonl", "5", "line 1' is not a mapping"),
            ("a.jsonl", '{"key": "a", "value": "1", "value": "2"}', "line 1 names 'value' twice"),
            ("a.yml", "a: !!int hidden-word", "is not valid YML (a value is not of the type"),
            ("a.yml", "a: !!bool hidden-word", "is not valid YML"),
            ("a.yml", "a: !!timestamp x", "is not valid YML"),
            ("a.yml", "a: !!int ''", "is not valid YML"),
        ],
    )
    def test_bad_files(self, tmp_path, name, text, words):
        (tmp_path / name).write_text(text)
        with pytest.raises(BadInput) as refused:
            read(tmp_path / name)
        assert words in str(refused.value) and name in str(refused.value)
        assert "hidden-word" not in str(refused.value).replace(str(tmp_path), "")

    def test_merged_mappings_are_no_doubles(self, tmp_path):
        (tmp_path / "a.yml").write_text("x: {b: {mid: &mid {<<: &base {k: 1}, k: 2}}}\ntop: {<<: *mid, z: 3}\n")
        assert read(tmp_path / "a.yml")[1].value == Value(b'{"k":2,"z":3}', structured=True)

    def test_no_text_and_no_file(self, tmp_path):
        (tmp_path / "a.json").write_bytes(b"\xff\xfe")
        with pytest.raises(BadInput, match="not a text in UTF-8"):
            read(tmp_path / "a.json")
        with pytest.raises(BadInput, match="cannot be read"):
            read(tmp_path / "none.json")


class TestFolder:
    def test_a_file_a_key(self, tmp_path):
        (tmp_path / "app" / "limits").mkdir(parents=True)
        (tmp_path / "app" / "limits" / "cpu.max").write_bytes(b"4\n")
        (tmp_path / "app" / "logo").write_bytes(b"\xff")
        assert read(tmp_path) == [
            WantedEntry("app/limits/cpu.max", Value(b"4\n")),
            WantedEntry("app/logo", Value(b"\xff")),
        ]
        assert [entry.key for entry in read(tmp_path, ".")] == ["app.limits.cpu.max", "app.logo"]
        assert read(tmp_path, state="absent") == [WantedEntry("app/limits/cpu.max"), WantedEntry("app/logo")]

    def test_nothing_is_left_out_in_silence(self, tmp_path):
        (tmp_path / ".hidden").write_text("x")
        with pytest.raises(BadInput, match=r"hidden.*The key is the file's name"):
            read(tmp_path)
        (tmp_path / ".hidden").unlink()
        (tmp_path / "elsewhere").symlink_to("/")
        with pytest.raises(BadInput, match="which is no file"):
            read(tmp_path)


PARTS = st.dictionaries(
    st.sampled_from([*OPTIONS, "other"]) | st.text(max_size=3),
    st.none() | st.booleans() | st.integers() | st.text(),
    max_size=5,
)


@given(st.lists(PARTS | st.text() | st.integers()) | st.dictionaries(st.text() | st.integers(), st.text()) | st.text())
def test_whatever_is_given_is_taken_or_refused(given):
    try:
        found = items(given)
    except BadInput as error:
        assert error.mend
    else:
        assert all(isinstance(entry, WantedEntry) for entry in found)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.text() | st.integers(), min_size=1))
def test_what_json_lines_say_is_what_a_mapping_says(tmp_path_factory, given):
    path = tmp_path_factory.mktemp("lines") / "a.jsonl"
    path.write_text("".join(json.dumps({"key": key, "value": value}) + "\n" for key, value in given.items()))
    assert read(path) == items(given)
