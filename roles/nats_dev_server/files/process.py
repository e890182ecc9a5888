# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at a process, or ends it. Needs neither ps nor kill, which small machines lack.

process.py show PID           prints its command line, or nothing where there is no such process
process.py end PID SECONDS    asks it to end and waits until it is gone
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def command_line(pid: int) -> str:
    """The command line of a live process; empty where there is none, or where it has ended and nobody took note."""
    if pid <= 0:
        return ""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""
    shown = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], check=False, capture_output=True, text=True)
    return shown.stdout.strip()


def end(pid: int, seconds: float) -> None:
    """Send SIGTERM, on which nats-server writes out what it holds and ends.

    Raises:
        SystemExit: It still runs after that many seconds.
    """
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    give_up = time.monotonic() + seconds
    while command_line(pid):
        if time.monotonic() > give_up:
            sys.exit(f"process {pid} still runs {seconds:g} s after SIGTERM")
        time.sleep(0.1)


match sys.argv[1:]:
    case ["show", pid]:
        print(command_line(int(pid)))
    case ["end", pid, seconds]:
        end(int(pid), float(seconds))
    case wrong:
        sys.exit(f"process.py: cannot do {wrong}")
