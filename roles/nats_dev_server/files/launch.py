# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starts a command in a session of its own, so that it outlives the playbook and a Ctrl-C in its terminal.

Arguments: the log file (appended to, readable by its owner alone), then the command.
"""

from __future__ import annotations

import os
import subprocess
import sys

log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
