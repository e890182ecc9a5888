# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The runner's order of steps and its deadline, with jobs made of plain Python."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from ansible_collections.natsops.nats.plugins.module_utils.deadline import Deadline
from ansible_collections.natsops.nats.plugins.module_utils.errors import ChangeRefused, TimedOut, VerifyFailed
from ansible_collections.natsops.nats.plugins.module_utils.run import Job, Plan, Progress, carry_out

WRITE = Plan(("write",))


class Recorder(Job):
    def __init__(self, plan=WRITE, slow="", broken=""):
        super().__init__({})
        self._plan, self._slow, self._broken, self.steps = plan, slow, broken, []

    async def _step(self, name):
        self.steps.append(name)
        if self._slow == name:
            await asyncio.sleep(60)
        if self._broken == name:
            raise VerifyFailed("differs")

    @contextlib.asynccontextmanager
    async def open(self, deadline):
        await self._step("open")
        try:
            yield
        finally:
            self.steps.append("close")

    async def look(self):
        await self._step("look")

    def plan(self, seen):
        self.steps.append("plan")
        return self._plan

    async def apply(self, plan, applied):
        await self._step("apply")
        applied.append("written")

    async def verify(self, plan):
        await self._step("verify")

    def result(self, seen, plan, *, check_mode):
        return {}


def carried_out(job, check_mode=False, seconds=10.0):
    progress = Progress()
    try:
        asyncio.run(carry_out(job, Deadline(seconds), progress, check_mode=check_mode))
    finally:
        job.progress = progress
    return job.steps


def test_order():
    assert carried_out(Recorder()) == ["open", "look", "plan", "apply", "verify", "close"]


def test_check_mode_neither_applies_nor_verifies():
    assert carried_out(Recorder(), check_mode=True) == ["open", "look", "plan", "close"]


def test_empty_plan_is_not_applied():
    assert carried_out(Recorder(Plan())) == ["open", "look", "plan", "verify", "close"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_nothing_of_a_refused_plan_is_applied(check_mode):
    job = Recorder(Plan(("write",), (ChangeRefused("first."), ChangeRefused("second."))))
    with pytest.raises(ChangeRefused, match=r"first\. second\."):
        carried_out(job, check_mode)
    assert job.steps == ["open", "look", "plan", "close"]
    assert (job.progress.step, job.progress.applied) == ("plan", [])


@pytest.mark.parametrize("step", ["open", "look", "apply", "verify"])
def test_deadline(step):
    job = Recorder(slow=step)
    with pytest.raises(TimedOut, match=r"0\.1 seconds"):
        carried_out(job, seconds=0.1)
    assert job.progress.step == ("look" if step == "open" else step)
    assert "close" in job.steps or step == "open"


def test_failure_tells_what_had_been_applied():
    job = Recorder(broken="verify")
    with pytest.raises(VerifyFailed):
        carried_out(job)
    assert (job.progress.step, job.progress.applied) == ("verify", ["written"])


def test_deadline_counts_down_to_zero():
    now = [100.0]
    deadline = Deadline(5, clock=lambda: now[0])
    assert (deadline.left(), deadline.left(2), deadline.passed) == (5, 2, False)
    now[0] = 106
    assert (deadline.left(), deadline.left(2), deadline.passed) == (0, 0, True)
