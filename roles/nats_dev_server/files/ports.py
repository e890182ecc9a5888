# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints the TCP ports that may be used for the given host:port pairs, as a JSON list; port 0 means any free one.

    ports.py [--ours PORT,PORT] HOST:PORT...

Fails, naming the pair, where somebody listens already. Our own ports, which our server has now, are not tried.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys


def usable(pairs: list[str], ours: set[int]) -> list[int]:
    """Bind every pair at once, so that no two get the same free port.

    Raises:
        SystemExit: A port cannot be listened on; the message says which and why.
    """
    listeners: list[socket.socket] = []
    ports: list[int] = []
    for pair in pairs:
        host, _colon, port = pair.rpartition(":")
        if int(port) in ours:
            ports.append(int(port))
            continue
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family)
        # As nats-server does it: a port that lately closed connections still occupy is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host.strip("[]"), int(port)))
            listener.listen()
        except OSError as error:
            sys.exit(f"cannot listen on {pair}: {error.strerror}")
        listeners.append(listener)
        ports.append(listener.getsockname()[1])
    return ports


parser = argparse.ArgumentParser()
parser.add_argument("--ours", type=lambda text: {int(port) for port in text.split(",")}, default=set())
parser.add_argument("pairs", nargs="+")
arguments = parser.parse_args()
print(json.dumps(usable(arguments.pairs, arguments.ours)))
