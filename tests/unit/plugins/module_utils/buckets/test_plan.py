# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.natsops.nats.plugins.module_utils.buckets import plan, settings
from ansible_collections.natsops.nats.plugins.module_utils.buckets.sight import servers_in_sight
from ansible_collections.natsops.nats.plugins.module_utils.buckets.store import Bucket


def wanted(**options):
    return plan.WantedBucket("b", settings.parse(options), allow_data_loss=False)


def there(**options):
    return Bucket("b", settings.creation("b", settings.parse(options)), {}, {}, "")


@pytest.mark.parametrize(
    ("info", "servers"),
    [
        ({"jetstream": True}, 1),
        ({"jetstream": True, "connect_urls": ["192.0.2.1:4222"]}, 1),
        ({"jetstream": True, "cluster": "c", "connect_urls": ["192.0.2.1:4222", "192.0.2.2:4222"]}, 2),
        ({"jetstream": True, "cluster": "c"}, None),
        ({"jetstream": True, "cluster": "c", "connect_urls": None}, None),
        ({}, None),
        ({"connect_urls": ["192.0.2.1:4222"]}, None),
    ],
)
def test_servers_in_sight(info, servers):
    assert servers_in_sight(info) == servers


@pytest.mark.parametrize("found", [None, there()])
@pytest.mark.parametrize(
    ("servers", "refused", "warned"), [(1, True, False), (2, False, True), (3, False, False), (None, False, False)]
)
def test_replicas_and_the_servers_in_sight(found, servers, refused, warned):
    made = plan.present(found, wanted(replicas=3), servers)
    assert bool(made.refusals) is refused and bool(made.warnings) is warned
    assert not refused or "'replicas' 3 of bucket 'b' needs a cluster" in str(made.refusals[0])


def test_replicas_that_are_there_already():
    assert plan.present(there(replicas=3), wanted(replicas=3), 1) == plan.Plan()
    changed = plan.present(there(replicas=3), wanted(replicas=3, description="d"), 1)
    assert changed.operations and not changed.refusals and not changed.warnings


@pytest.mark.parametrize(
    ("mirror", "refused"),
    [
        ({"bucket": "a"}, False),
        ({"bucket": "a", "filter": ">"}, False),
        ({"bucket": "a", "filter": "app.>"}, True),
        ({"bucket": "a", "start_revision": 5}, True),
        ({"bucket": "a", "start_time": "2026-01-01T00:00:00Z"}, True),
        ({"bucket": "a", "filter": "app.>", "domain": "hub"}, False),
    ],
)
def test_a_mirror_of_a_part_beside_its_origin(mirror, refused):
    made = plan.present(None, wanted(mirror=mirror))
    assert bool(made.refusals) is refused
    assert plan.present(None, wanted(mirror=mirror), origin=there(allow_direct=False)).refusals == ()
    # One that somebody has made is left alone.
    assert plan.present(there(mirror=mirror), wanted(mirror=mirror)) == plan.Plan()


@pytest.mark.parametrize(
    ("origin", "options", "refused"),
    [
        (there(ttl="1h"), {}, False),
        (there(ttl="1h"), {"ttl": "60m"}, False),
        (there(ttl="1h"), {"ttl": "2h"}, True),
        (there(ttl="1h"), {"ttl": "unlimited"}, True),
        (there(), {"ttl": "1h"}, True),
        (there(ttl="1h", allow_direct=False), {"ttl": "2h"}, False),
        (None, {"ttl": "2h"}, False),
        (there(history=5), {"history": 4}, True),
        (there(history=5), {"history": 6}, False),
        (None, {"history": 4}, False),
    ],
)
def test_a_mirror_drops_entries_as_its_origin_does(origin, options, refused):
    made = plan.present(None, wanted(mirror={"bucket": "a"}, **options), origin=origin)
    assert bool(made.refusals) is refused and bool(made.warnings) is (origin is None)
    elsewhere = wanted(mirror={"bucket": "a", "domain": "hub"}, **options)
    assert plan.present(None, elsewhere) == plan.Plan(
        (plan.CreateBucket(plan.config_after(None, elsewhere)),), diffs=plan.present(None, elsewhere).diffs
    )


def test_what_a_mirror_takes_over():
    assert plan.as_origin(None) == {}
    assert plan.as_origin(there(history=5)) == {"ttl": 0, "history": 5}
    assert plan.as_origin(there(ttl="1h", limit_marker_ttl="1m")) == {
        "ttl": 3600 * 10**9,
        "history": 1,
        "allow_msg_ttl": True,
    }
