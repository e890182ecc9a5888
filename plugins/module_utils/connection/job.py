# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every job that talks to NATS shares: its connection options and its session."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from ..deadline import Deadline
from ..run import Job, Operation, Seen
from .connect import Session, open_session
from .jetstream import JetStream
from .options import ConnectionOptions, from_params, secrets


class NatsJob(Job[Seen, Operation]):
    """A job with a connection to NATS, open from look to verify.

    Args:
        params: The module's parameters.

    Raises:
        BadInput: A connection option cannot be used.
    """

    session: Session
    jetstream: JetStream

    def __init__(self, params: Mapping[str, Any]) -> None:
        super().__init__(params)
        self.connection = from_params(params, os.environ)

    @classmethod
    def secrets(cls, params: Mapping[str, Any]) -> Iterable[str]:
        """Secrets in the environment, in URLs and in a kubeconfig, which Ansible does not know of."""
        return secrets(params, os.environ)

    @contextlib.asynccontextmanager
    async def open(self, deadline: Deadline) -> AsyncIterator[None]:
        """Connects for the length of the task."""
        async with connected(self.connection, deadline) as jetstream:
            self.jetstream, self.session = jetstream, jetstream.session
            yield


@contextlib.asynccontextmanager
async def connected(options: ConnectionOptions, deadline: Deadline) -> AsyncIterator[JetStream]:
    """JetStream over a connection of its own. Raises as open_session()."""
    async with open_session(options, deadline) as session:
        yield JetStream(session, options.api_prefix)
