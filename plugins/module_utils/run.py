# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place that owns the event loop, check mode, the diff, exit_json and fail_json.

Every module of the collection is a Job and does the same four steps: look (reads), plan (pure), apply (writes; left
out in check mode), verify (reads back). Idempotence is an empty plan, the diff is the plan printed, and an error says
at which step it came and what had been carried out by then.
"""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .deadline import Deadline
from .errors import ChangeRefused, NatsOpsError, TimedOut

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# Every wait asks the deadline what is left and says what it waited for; this net catches only what does not.
GRACE_SECONDS = 1.0
HIDDEN = "(sensitive)"

Seen = TypeVar("Seen")
Operation = TypeVar("Operation")


@dataclass(frozen=True, slots=True)
class Diff:
    """What one thing (a bucket, an entry, a release) is and will be, as Ansible prints it under `--diff`."""

    header: str
    before: Mapping[str, Any] | str
    after: Mapping[str, Any] | str

    def for_ansible(self) -> dict[str, Any]:
        """The form that Ansible's callbacks take: they print mappings as sorted JSON, line by line."""
        return {
            "before_header": self.header,
            "after_header": self.header,
            "before": self.before if isinstance(self.before, str) else dict(self.before),
            "after": self.after if isinstance(self.after, str) else dict(self.after),
        }


@dataclass(frozen=True, slots=True)
class Plan(Generic[Operation]):
    """What has to be done, in order, and what we refuse to do.

    A plan with a refusal is never carried out, not even in part.
    """

    operations: tuple[Operation, ...] = ()
    refusals: tuple[ChangeRefused, ...] = ()
    diffs: tuple[Diff, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class Progress:
    """How far a task has come: kept up to date by the runner and the job, read when something fails."""

    step: str = "look"
    applied: list[str] = field(default_factory=list)


class Job(ABC, Generic[Seen, Operation]):
    """One task.

    Args:
        params: The module's parameters. Everything that can be found wrong with them is found here, before anything is
            opened: BadInput.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params
        self.diff_mode = False

    @classmethod
    def secrets(cls, params: Mapping[str, Any]) -> Iterable[str]:
        """Texts that must not be printed, beyond the options that Ansible masks itself. Asked for before the job is
        made, so that they are masked in a message about bad input as well."""
        return ()

    @classmethod
    def hidden(cls, params: Mapping[str, Any]) -> Iterable[str]:
        """Names of parameters that a result must not show."""
        return ()

    @contextlib.asynccontextmanager
    async def open(self, deadline: Deadline) -> AsyncIterator[None]:
        """Connects, and closes whatever happens."""
        yield

    @abstractmethod
    async def look(self) -> Seen:
        """Reads what is there. Changes nothing."""

    @abstractmethod
    def plan(self, seen: Seen) -> Plan[Operation]:
        """Compares what is there with what is wanted. Pure."""

    async def apply(self, plan: Plan[Operation], applied: list[str]) -> None:
        """Carries the operations out; adds a line to `applied` for each that is done."""

    async def verify(self, plan: Plan[Operation]) -> None:
        """Reads back and compares; raises VerifyFailed where something differs."""

    def failure(self) -> dict[str, Any]:
        """What a failed module returns besides its message, `step` and `applied`."""
        return {}

    @abstractmethod
    def result(self, seen: Seen, plan: Plan[Operation], *, check_mode: bool) -> dict[str, Any]:
        """What the module returns, besides `changed` and `diff`."""


async def carry_out(
    job: Job[Seen, Operation], deadline: Deadline, progress: Progress, *, check_mode: bool
) -> tuple[Plan[Operation], dict[str, Any]]:
    """Does the four steps within the deadline.

    Returns:
        The plan, and what the job has to say of the result.

    Raises:
        NatsOpsError: whatever went wrong; `progress` tells where.
    """
    try:
        async with asyncio.timeout(deadline.left() + GRACE_SECONDS), job.open(deadline):
            seen = await job.look()
            progress.step = "plan"
            plan = job.plan(seen)
            if plan.refusals:
                raise _all(plan.refusals)
            if plan.operations and not check_mode:
                progress.step = "apply"
                await job.apply(plan, progress.applied)
            if not check_mode:
                progress.step = "verify"
                await job.verify(plan)
            return plan, job.result(seen, plan, check_mode=check_mode)
    except TimeoutError as error:
        raise TimedOut(
            f"The task was not done within its {deadline.seconds:g} seconds (at the step '{progress.step}').",
            "Raise 'timeout', or find out why the server is slow.",
        ) from error


def run(module: AnsibleModule, job_class: type[Job[Any, Any]]) -> None:
    """Runs a module from its parameters to exit_json or fail_json.

    Args:
        module: With an option `timeout` (seconds, a number).
        job_class: What the module does.
    """
    progress, job = Progress(step="input"), None
    try:
        module.no_log_values.update(job_class.secrets(module.params))
        params = dict(module.params)
        # Ansible puts the parameters into what it prints.
        module.params.update({name: HIDDEN for name in job_class.hidden(params) if params.get(name) is not None})
        job = job_class(params)
        job.diff_mode = module._diff  # the documented way to ask for diff mode
        progress.step = "look"
        deadline = Deadline(module.params["timeout"])
        plan, result = asyncio.run(carry_out(job, deadline, progress, check_mode=module.check_mode))
    except BaseException as error:  # nothing but fail_json may end a module
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        _fail(module, error, progress, job.failure() if job else {})
        return
    for warning in plan.warnings:
        module.warn(warning)
    if module._diff:
        result["diff"] = [diff.for_ansible() for diff in plan.diffs]
    module.exit_json(changed=bool(plan.operations), **result)


def _fail(module: AnsibleModule, error: BaseException, progress: Progress, details: Mapping[str, Any]) -> None:
    done = {"step": progress.step, "applied": progress.applied, **details}
    done_words = f" Before that was done: {'; '.join(progress.applied)}." if progress.applied else ""
    if isinstance(error, NatsOpsError):
        module.fail_json(msg=f"{error}{done_words}", **done)
    else:
        module.fail_json(
            msg=f"Unexpected {type(error).__name__} at the step '{progress.step}': {error}. "
            f"This is a fault of natsops.nats; please report it.{done_words}",
            exception="".join(traceback.format_exception(error)),
            **done,
        )


def _all(refusals: Sequence[ChangeRefused]) -> ChangeRefused:
    """One error that says every refusal: a user wants to mend all of them in one go."""
    if len(refusals) == 1:
        return refusals[0]
    return ChangeRefused(" ".join(str(refusal) for refusal in refusals))
