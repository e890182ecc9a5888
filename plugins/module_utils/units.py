# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sizes and durations, from the way people write them to bytes and nanoseconds, and back.

Sizes: `1024`, `64KiB`, `1Gi` (powers of 1024), `10MB`, `10M` (powers of 1000). Durations: `90`, `90s`, `1h30m`, `7d`.
Servers count durations in whole nanoseconds, so they are whole numbers here as well: floats would not compare.
"""

from __future__ import annotations

import re
from decimal import Decimal

from .errors import BadInput

UNLIMITED = "unlimited"

_SIZES = {"": 1, "b": 1} | {
    prefix + suffix: base**power
    for power, prefix in enumerate("kmgt", start=1)
    for base, suffix in ((1024, "i"), (1024, "ib"), (1000, ""), (1000, "b"))
}
_DURATIONS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
    "w": 604_800_000_000_000,
}
SECOND = _DURATIONS["s"]
LARGEST = 2**63 - 1  # servers keep both as signed 64-bit numbers

_NUMBER = r"\d+(?:\.\d+)?"
_SIZE = re.compile(rf"({_NUMBER})\s*([a-zA-Z]*)", re.ASCII)
_PART = re.compile(rf"({_NUMBER})(ns|us|µs|ms|s|m|h|d|w)", re.ASCII)


def parse_size(text: str, option: str) -> int:
    """Bytes, or -1 for `unlimited` (also written -1).

    Args:
        text: Such as `1Gi`, `64KiB`, `10MB`, `4096`, `unlimited`.
        option: The option to name in the error.

    Raises:
        BadInput: Not a size, not a whole number of bytes, zero, or too large for a server.
    """
    text = text.strip()
    if text in ("-1", UNLIMITED):
        return -1
    match = _SIZE.fullmatch(text)
    factor = _SIZES.get(match[2].lower()) if match else None
    if match is None or factor is None:
        raise BadInput(
            f"'{option}' {text!r} is not a size.",
            f"Write a number of bytes, or a number with a unit, such as 64KiB, 1Gi or 10MB; or '{UNLIMITED}'.",
        )
    size = Decimal(match[1]) * factor
    if size != int(size):
        raise BadInput(f"'{option}' {text!r} is not a whole number of bytes.", "Write a size such as 1536MiB.")
    if not 0 < size <= LARGEST:
        raise BadInput(f"'{option}' {text!r} is out of range.", f"Write a size from 1 byte to 8EiB, or '{UNLIMITED}'.")
    return int(size)


def parse_duration(text: str, option: str) -> int:
    """Nanoseconds; 0 stands for no limit (`0` or `unlimited`).

    Args:
        text: Such as `90s`, `36h`, `1h30m`, `7d`, or a plain number of seconds.
        option: The option to name in the error.

    Raises:
        BadInput: Not a duration, finer than a nanosecond, or too large for a server.
    """
    text = text.strip()
    if text == UNLIMITED:
        return 0
    if re.fullmatch(_NUMBER, text, re.ASCII):
        parts = [(text, "s")]
    else:
        parts = _PART.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            raise BadInput(
                f"'{option}' {text!r} is not a duration.",
                f"Write a number of seconds, or numbers with units, such as 90s, 36h, 1h30m or 7d; or '{UNLIMITED}'.",
            )
    nanoseconds = sum(Decimal(number) * _DURATIONS[unit] for number, unit in parts)
    if nanoseconds != int(nanoseconds):
        raise BadInput(f"'{option}' {text!r} is finer than a nanosecond.", "Write a coarser duration.")
    if nanoseconds > LARGEST:
        raise BadInput(f"'{option}' {text!r} is longer than the 292 years that a server counts.", "Write less.")
    return int(nanoseconds)


def format_size(size: int) -> str:
    """The shortest exact text that parse_size reads back."""
    if size < 0:
        return UNLIMITED
    for power, prefix in reversed(list(enumerate("KMGT", start=1))):
        if size >= 1024**power and size % 1024**power == 0:
            return f"{size // 1024**power}{prefix}iB"
    return str(size)


def format_duration(nanoseconds: int) -> str:
    """The shortest exact text that parse_duration reads back."""
    if nanoseconds == 0:
        return UNLIMITED
    rest, text = nanoseconds, ""
    for unit in ("d", "h", "m", "s", "ms", "us", "ns"):
        count, rest = divmod(rest, _DURATIONS[unit])
        if count:
            text += f"{count}{unit}"
    return text


def seconds(nanoseconds: int) -> int | float:
    """Seconds as results show them: a whole number wherever it is one."""
    whole, rest = divmod(nanoseconds, SECOND)
    return nanoseconds / SECOND if rest else whole
