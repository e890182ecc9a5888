# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for a bucket and a key, and the proof that it was carried out."""

from __future__ import annotations

import pytest

from ansible_collections.natsops.nats.plugins.module_utils.buckets import settings
from ansible_collections.natsops.nats.plugins.module_utils.buckets.plan import CreateBucket, DeleteBucket, UpdateBucket
from ansible_collections.natsops.nats.plugins.module_utils.buckets.store import Bucket
from ansible_collections.natsops.nats.plugins.module_utils.entries.model import Entry, Value
from ansible_collections.natsops.nats.plugins.module_utils.entries.plan import (
    DeleteEntry,
    Found,
    PutEntry,
    Wanted,
    plan,
)
from ansible_collections.natsops.nats.plugins.module_utils.entries.proof import problem

CONFIG = settings.creation("b", {"history": 5})
BUCKET = Bucket("b", CONFIG, {}, {}, "")
VALUE = Value(b"v")
STORED = Entry("k", b"v", 7)
OTHER = Entry("k", b"o", 7)
TOMBSTONE = Entry("k", b"", 7, "DEL")


def wanted(key=None, value=None, present=True, **given):
    return Wanted("b", given, key, value, present, allow_data_loss=False)


def found(bucket=BUCKET, entry=None, max_payload=1000):
    return Found(bucket, entry, max_payload)


@pytest.mark.parametrize(
    ("there", "asked", "operations"),
    [
        (found(None), wanted(), (CreateBucket,)),
        (found(), wanted(), ()),
        (found(), wanted(history=5), ()),
        (found(), wanted(history=6), (UpdateBucket,)),
        (found(), wanted(present=False), (DeleteBucket,)),
        (found(None), wanted(present=False), ()),
        (found(None), wanted("k", VALUE), (CreateBucket, PutEntry)),
        (found(), wanted("k", VALUE), (PutEntry,)),
        (found(entry=OTHER), wanted("k", VALUE, history=6), (UpdateBucket, PutEntry)),
        (found(entry=STORED), wanted("k", VALUE), ()),
        (found(entry=TOMBSTONE), wanted("k", VALUE), (PutEntry,)),
        (found(entry=TOMBSTONE), wanted("k", Value(b"")), (PutEntry,)),
        (found(entry=Entry("k", b"", 7)), wanted("k", Value(b"")), ()),
        (found(entry=STORED), wanted("k", present=False), (DeleteEntry,)),
        (found(entry=TOMBSTONE), wanted("k", present=False), ()),
        (found(), wanted("k", present=False), ()),
        (found(None), wanted("k", present=False), ()),
    ],
)
def test_operations(there, asked, operations):
    made = plan(there, asked)
    assert tuple(type(operation) for operation in made.operations) == operations
    assert len(made.diffs) == len(operations)
    assert not made.refusals


def test_too_large_is_refused_with_the_bucket_s_coming_limit():
    assert plan(found(None), wanted("k", VALUE, max_value_size=1)).refusals == ()
    assert plan(found(None), wanted("k", Value(b"vv"), max_value_size=1)).refusals
    assert plan(found(max_payload=1), wanted("k", Value(b"vv"))).refusals


@pytest.mark.parametrize(
    ("after", "asked", "revision", "said"),
    [
        (found(entry=STORED), wanted("k", VALUE), 7, None),
        (found(entry=OTHER), wanted("k", VALUE), 7, "another value"),
        (found(entry=TOMBSTONE), wanted("k", VALUE), 7, "another value"),
        (found(entry=STORED), wanted("k", VALUE), 6, "reads back at revision 7"),
        (found(), wanted("k", VALUE), 7, "is not there"),
        (found(None), wanted("k", VALUE), 7, "is not there"),
        (found(entry=TOMBSTONE), wanted("k", present=False), 7, None),
        (found(entry=STORED), wanted("k", present=False), 7, "reads back with a value"),
        (found(), wanted(history=5), None, None),
        (found(), wanted(history=6), None, "'history'"),
        (found(), wanted(present=False), None, "is there again"),
        (found(None), wanted(present=False), None, None),
    ],
)
def test_proof(after, asked, revision, said):
    found = problem(after, asked, revision)
    assert (said in found) if said else not found
