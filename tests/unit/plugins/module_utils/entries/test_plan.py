# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for a bucket's entries, and the proof that it was carried out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.natsops.nats.plugins.module_utils.buckets import settings
from ansible_collections.natsops.nats.plugins.module_utils.entries.model import Entry, Value
from ansible_collections.natsops.nats.plugins.module_utils.entries.plan import (
    Compact,
    FoundEntries,
    WantedEntries,
    Write,
    plan,
)
from ansible_collections.natsops.nats.plugins.module_utils.entries.proof import problems
from ansible_collections.natsops.nats.plugins.module_utils.entries.wanted import WantedEntry

CONFIG = settings.creation("b", {"history": 5})
TIMED = CONFIG | {"allow_msg_ttl": True}
ATOMIC = CONFIG | {"allow_atomic": True}
VALUE = Value(b"v")
PUT = WantedEntry("k", VALUE)
GONE = WantedEntry("k")
STORED = Entry("k", b"", 7)
TOMBSTONE = Entry("k", b"", 7, "DEL")


def found(entry=None, *, same=False, **more):
    known = {} if entry is None else {entry.key: entry}
    return FoundEntries(**({"known": known, "same": {"k"} if same else set()} | more))


def asked(*entries, **more):
    return WantedEntries("b", entries, **more)


def changes(there, wanted, config=CONFIG):
    made = plan(there, wanted, config)
    assert not made.refusals, made.refusals
    return [(write.change, write.operation, write.expected) for write in made.operations]


def refused(there, wanted, config=CONFIG):
    return " ".join(str(refusal) for refusal in plan(there, wanted, config).refusals)


@pytest.mark.parametrize(
    ("there", "entry", "expected"),
    [
        (found(), PUT, ("created", "PUT", None)),
        (found(STORED, same=True), PUT, None),
        (found(STORED), PUT, ("updated", "PUT", None)),
        (found(TOMBSTONE), PUT, ("created", "PUT", None)),
        (found(), GONE, None),
        (found(TOMBSTONE), GONE, None),
        (found(STORED), GONE, ("deleted", "DEL", None)),
        (found(STORED), WantedEntry("k", purge=True), ("purged", "PURGE", None)),
        (found(TOMBSTONE), WantedEntry("k", purge=True), None),
        (found(TOMBSTONE, kept={"k": 1}), WantedEntry("k", purge=True), None),
        (found(TOMBSTONE, kept={"k": 2}), WantedEntry("k", purge=True), ("purged", "PURGE", None)),
        # compare-and-swap
        (found(), WantedEntry("k", VALUE, revision=0), ("created", "PUT", 0)),
        (found(TOMBSTONE), WantedEntry("k", VALUE, revision=0), ("created", "PUT", 7)),
        (found(STORED), WantedEntry("k", VALUE, revision=7), ("updated", "PUT", 7)),
        (found(STORED), WantedEntry("k", revision=7), ("deleted", "DEL", 7)),
        (found(STORED, same=True), WantedEntry("k", VALUE, revision=3), None),
        (found(TOMBSTONE), WantedEntry("k", revision=3), None),
    ],
)
def test_one_entry(there, entry, expected):
    assert changes(there, asked(entry)) == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("there", "entry", "words"),
    [
        (found(STORED), WantedEntry("k", VALUE, revision=0), "is at revision 7, and is to be missing"),
        (found(STORED), WantedEntry("k", VALUE, revision=6), "is at revision 7, and is to be at revision 6"),
        (found(STORED), WantedEntry("k", revision=6), "is at revision 7, and is to be at revision 6"),
        (found(TOMBSTONE), WantedEntry("k", VALUE, revision=6), "is at revision 7 (deleted)"),
        (found(), WantedEntry("k", VALUE, revision=6), "is not there, and is to be at revision 6"),
        (found(), WantedEntry("k", revert=3), "it is not in the bucket (any more)"),
        (found(reverted={3: Entry("x", b"", 3)}), WantedEntry("k", revert=3), "it is one of key 'x'"),
        (found(reverted={3: Entry("k", b"", 3, "DEL")}), WantedEntry("k", revert=3), "was deleted by it"),
        (found(max_payload=0), PUT, "has 1 bytes, more than the 0 that the server takes"),
        (found(), WantedEntry("k", VALUE, ttl=5), "does not allow keys with a time to live"),
    ],
)
def test_refusals_of_one_entry(there, entry, words):
    assert words in refused(there, asked(entry))


def test_values_are_measured_with_their_headers():
    """A server counts the headers in: a value that fits by itself would be refused when half is written."""
    config = TIMED | {"max_msg_size": 10}
    assert not refused(found(), asked(WantedEntry("k", Value(b"x" * 10))), config)
    assert "10 bytes and " in refused(found(), asked(WantedEntry("k", Value(b"x" * 10), ttl=5)), config)


def test_time_to_live():
    five = Entry("k", b"", 7, ttl=5)
    assert changes(found(five, same=True), asked(WantedEntry("k", VALUE, ttl=5)), TIMED) == []
    assert changes(found(five, same=True), asked(PUT), TIMED) == []
    assert changes(found(five, same=True), asked(WantedEntry("k", VALUE, ttl=6)), TIMED) == [("updated", "PUT", None)]
    (write,) = plan(found(five, same=True), asked(WantedEntry("k", VALUE, ttl=0)), TIMED).operations
    assert write.headers == {}, "without a limit again"


def test_short_time_to_live_beside_limit_markers_is_said():
    config = TIMED | {"subject_delete_marker_ttl": 60 * 10**9}
    wanted = asked(WantedEntry("k", VALUE, ttl=5))
    assert "raises the ttl" in plan(found(), wanted, config).warnings[0]
    assert plan(found(), wanted, config | {"max_msgs_per_subject": 1}).warnings == ()


OTHERS = {"b": Entry("b", b"", 3), "a": Entry("a", b"", 2)}


class TestExclusive:
    def test_removes_what_was_seen_and_nothing_newer(self):
        made = plan(found(others=OTHERS), asked(PUT, exclusive=True), CONFIG)
        assert [(w.key, w.change, w.expected) for w in made.operations] == [
            ("k", "created", None),
            ("a", "deleted", 2),
            ("b", "deleted", 3),
        ]

    def test_empty_list_by_mistake(self):
        there = found(others=OTHERS)
        assert "remove all 2 keys" in refused(there, asked(exclusive=True))
        assert "remove all 2 keys" in refused(there, asked(GONE, exclusive=True))
        assert not refused(there, asked(exclusive=True, allow_data_loss=True))
        assert not refused(found(), asked(exclusive=True))


class TestAtomic:
    def test_needs(self):
        wanted = asked(PUT, atomic=True)
        assert "API level is 1" in refused(found(api_level=1), wanted, ATOMIC)
        assert "'allow_atomic: true'" in refused(found(api_level=2), wanted)
        assert "is a mirror" in refused(found(api_level=2), wanted, ATOMIC | {"mirror": {"name": "KV_o"}})
        many = asked(*(WantedEntry(f"k{n}", VALUE) for n in range(1001)), atomic=True)
        assert "an atomic batch takes 1000" in refused(found(api_level=2), many, ATOMIC)
        assert not refused(found(api_level=2), wanted, ATOMIC)

    def test_is_not_asked_for_where_nothing_is_to_do(self):
        assert not refused(found(STORED, same=True), asked(PUT, atomic=True))


def test_compact_leaves_what_is_written_now():
    made = plan(found(TOMBSTONE, markers={"k": 7, "j": 6}), asked(PUT, compact=0), CONFIG)
    assert [type(operation) for operation in made.operations] == [Write, Compact]
    assert made.operations[1] == Compact("j", 6)


class TestDiff:
    def test_of_one_key_and_of_many(self):
        old = Entry("k", b"old", 7)
        (one,) = plan(found(old), asked(PUT), CONFIG).diffs
        assert (one.header, one.before, one.after) == ("bucket b, key k", {"value": "old"}, {"value": "v"})
        (many,) = plan(found(old), asked(PUT, WantedEntry("n", Value(b"\xff"))), CONFIG).diffs
        assert many.before == {"k": "old"}
        assert many.after == {"k": "v", "n": {"value": None, "value_base64": "/w=="}}

    def test_hides_what_is_sensitive(self):
        made = plan(found(Entry("k", b"old", 7)), asked(PUT, GONE and WantedEntry("n", VALUE), sensitive=True), CONFIG)
        assert "old" not in str(made.diffs) and "'v'" not in str(made.diffs)
        (diff,) = made.diffs
        assert diff.before["k"] != diff.after["k"], "the change is seen"


def test_not_a_thousand_refusals():
    wanted = asked(*(WantedEntry(f"k{n}", VALUE, revision=1) for n in range(1000)))
    made = plan(found(), wanted, CONFIG)
    assert len(made.refusals) == 11 and "990 more" in str(made.refusals[-1])


KEYS = st.sampled_from("abcdef")
ENTRIES = st.builds(
    Entry,
    KEYS,
    st.binary(max_size=2),
    st.integers(1, 99),
    st.sampled_from(["PUT", "DEL", "PURGE"]),
    ttl=st.integers(0, 3),
)
WANTED = st.builds(
    WantedEntry,
    KEYS,
    st.none() | st.builds(Value, st.binary(max_size=2)),
    ttl=st.none() | st.integers(0, 3),
    purge=st.booleans(),
)


@given(st.lists(ENTRIES, unique_by=lambda e: e.key), st.lists(WANTED, unique_by=lambda e: e.key))
def test_a_plan_carried_out_leaves_nothing_to_do(entries, wanted):
    def seen(store):
        same = {w.key for w in wanted if w.value and w.key in store and store[w.key].value == w.value.data}
        return FoundEntries(known={w.key: store[w.key] for w in wanted if w.key in store}, same=same)

    store = {entry.key: entry for entry in entries}
    untouched = store.keys() - {w.key for w in wanted}
    after = dict(store)
    for revision, write in enumerate(plan(seen(store), asked(*wanted), TIMED).operations, start=100):
        after[write.key] = Entry(write.key, write.value, revision, write.operation, ttl=write.ttl)
        assert write.made(after[write.key])
    assert plan(seen(after), asked(*wanted), TIMED).operations == ()
    for w in wanted:
        live = w.key in after and after[w.key].live
        assert live == w.present
    assert all(after[key] == store[key] for key in untouched)


class TestProof:
    write = Write("k", "PUT", "created", b"v")

    @pytest.mark.parametrize(
        ("read", "words"),
        [
            ({"k": Entry("k", b"v", 3)}, ""),
            ({}, "and is not there"),
            ({"k": Entry("k", b"v", 4)}, "at revision 4"),
            ({"k": Entry("k", b"o", 3)}, "another value"),
            ({"k": Entry("k", b"", 3, "DEL")}, "another value"),
        ],
    )
    def test_of_a_value(self, read, words):
        said = " ".join(problems("b", [(self.write, 3)], read, 1.0))
        assert words in said and bool(said) == bool(words)

    def test_of_a_delete(self):
        write = Write("k", "DEL", "deleted")
        assert not problems("b", [(write, 3)], {"k": Entry("k", b"", 3, "DEL")}, 1.0)
        assert "with a value" in problems("b", [(write, 3)], {"k": Entry("k", b"", 3)}, 1.0)[0]

    def test_what_was_not_to_live_that_long_may_be_gone(self):
        write = Write("k", "PUT", "created", b"v", ttl=2)
        expired = {"k": Entry("k", b"", 9, "PURGE", marker="MaxAge")}
        assert problems("b", [(write, 3)], expired, 1.0)
        assert not problems("b", [(write, 3)], expired, 2.5) and not problems("b", [(write, 3)], {}, 2.5)
        assert problems("b", [(write, 3)], {"k": Entry("k", b"", 9, "DEL")}, 2.5), "somebody deleted it"
        ever = Write("k", "PUT", "created", b"v")
        assert problems("b", [(ever, 3)], {}, 2.5) and not problems("b", [(ever, 3)], {}, 2.5, bucket_ttl=2)

    def test_names_a_few_and_counts_the_rest(self):
        writes = [(Write(f"k{n}", "PUT", "created", b"v"), n) for n in range(100)]
        said = problems("b", writes, {}, 1.0)
        assert len(said) == 6 and said[-1] == "And 95 more keys."
