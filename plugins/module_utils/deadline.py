# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One deadline a task, handed down to every wait: no pile of timeouts that add up."""

from __future__ import annotations

import time
from collections.abc import Callable


class Deadline:
    """A moment on the monotonic clock by which the task must be done.

    Args:
        seconds: From now. Not negative.
        clock: Seconds that only grow; another one in tests.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def left(self, at_most: float | None = None) -> float:
        """Seconds that are left, never below 0, and never more than `at_most` where that is given."""
        left = max(0.0, self._end - self._clock())
        return left if at_most is None else min(left, at_most)

    @property
    def passed(self) -> bool:
        """Whether nothing is left."""
        return self.left() <= 0.0
