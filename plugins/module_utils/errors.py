# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exceptions of the collection. Logic raises them; only the runner turns them into a failed task.

Every one says what went wrong and with what (option, value, what was found), and how it is mended.
"""

from __future__ import annotations


class NatsOpsError(Exception):
    """The root of all errors that a user may see.

    Args:
        message: One sentence: the option or the thing, the value, and what was found.
        mend: One sentence: what the user can do about it. May be empty where nothing can be done.
    """

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(f"{message} {mend}".strip())
        self.message = message
        self.mend = mend


class BadInput(NatsOpsError):
    """An option's value cannot be used. Raised before anything is asked of a server."""


class ConnectFailed(NatsOpsError):
    """No usable connection to NATS or to the Kubernetes API."""


class TimedOut(NatsOpsError):
    """The task's deadline passed. What was under way may or may not have happened: the message says which."""


class ServerRefused(NatsOpsError):
    """The server answered with an error.

    Args:
        message: See NatsOpsError.
        mend: See NatsOpsError.
        code: The server's own number (JetStream `err_code`, or an HTTP status), 0 where it gave none.
    """

    def __init__(self, message: str, mend: str = "", code: int = 0) -> None:
        super().__init__(message, mend)
        self.code = code


class ChangeRefused(NatsOpsError):
    """A change that we do not make: the server cannot make it in place, or data would be lost without a word."""


class VerifyFailed(NatsOpsError):
    """What was read back is not what was written."""
