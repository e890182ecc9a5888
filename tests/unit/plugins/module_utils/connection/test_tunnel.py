# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.natsops.nats.plugins.module_utils.connection.tunnel import TunnelBroke, ordered
from ansible_collections.natsops.nats.plugins.module_utils.errors import NatsOpsError
from ansible_collections.natsops.nats.plugins.module_utils.kube.endpoints import PodTarget


def test_order_of_pods() -> None:
    targets = [PodTarget(name, "ns", 4222) for name in ("a", "b", "c", "d")]
    seen = set()
    for _round in range(200):
        names = [target.pod for target in ordered(targets, ["gone", "b", "a"])]
        assert names[2:] == ["b", "a"]  # the latest last
        seen.add(tuple(names[:2]))
    assert seen == {("c", "d"), ("d", "c")}


def test_an_end_with_a_reason_is_an_oserror_that_speaks() -> None:
    error = TunnelBroke("It ended.", "Mend it.")
    assert isinstance(error, OSError) and isinstance(error, NatsOpsError)
    assert (str(error), error.message, error.mend) == ("It ended. Mend it.", "It ended.", "Mend it.")
