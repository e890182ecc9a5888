# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for all tests."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# The same examples every time, and no judgement over how long one takes on a busy machine.
settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a test that was skipped was not run, and that is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("NATSOPS_TEST_STRICT") and reporter and reporter.stats.get("skipped"):
        reporter.write_line("NATSOPS_TEST_STRICT: skipped tests are failures", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
