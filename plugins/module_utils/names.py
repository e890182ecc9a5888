# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a bucket and a key may be called, and the subjects and streams that follow (NATS ADR-8).

Checked before every call: a client lets `a..b` and a trailing newline through, and `purge(">")` wipes a bucket.
"""

from __future__ import annotations

import re

from .errors import BadInput

# A stream's name is at most 255 characters (nats-server JSMaxNameLen), of which "KV_" takes three.
BUCKET_LENGTH = 252
# A server closes the connection when a protocol line is longer than 4,096 bytes; the rest of the line is the verb,
# the reply subject and two sizes.
SUBJECT_LENGTH = 4000

_BUCKET = re.compile(r"[a-zA-Z0-9_-]+")
_KEY = re.compile(r"[-/_=.a-zA-Z0-9]+")


def checked_bucket(name: str, option: str = "bucket") -> str:
    """Returns the name when it is a valid bucket name.

    Args:
        name: What the user gave.
        option: The option to name in the error.

    Raises:
        BadInput: It is not (ADR-8: letters, digits, `_` and `-`).
    """
    if not _BUCKET.fullmatch(name):
        raise BadInput(
            f"'{option}' {_shown(name)} is not a valid bucket name{_first_bad(name, _BUCKET)}.",
            "Use letters, digits, '_' and '-' only.",
        )
    if len(name) > BUCKET_LENGTH:
        raise BadInput(
            f"'{option}' {_shown(name)} has {len(name)} characters, more than the {BUCKET_LENGTH} that a server takes.",
            "Use a shorter name.",
        )
    return name


def checked_key(key: str, bucket: str, option: str = "key") -> str:
    """Returns the key when it is valid.

    Args:
        key: What the user gave.
        bucket: The bucket that it goes into, since both share one line of the protocol.
        option: The option to name in the error.

    Raises:
        BadInput: It is not (ADR-8), wildcards included.
    """
    if not _KEY.fullmatch(key):
        raise BadInput(
            f"'{option}' {_shown(key)} is not a valid key{_first_bad(key, _KEY)}.",
            "Use letters, digits and '-', '/', '_', '=', '.' only.",
        )
    if key.startswith(".") or key.endswith(".") or ".." in key:
        raise BadInput(
            f"'{option}' {_shown(key)} is not a valid key: it begins or ends with a dot, or has two dots in a row.",
            "Put at least one other character before, between and after the dots.",
        )
    subject = key_subject(bucket, key)
    if len(subject) > SUBJECT_LENGTH:
        raise BadInput(
            f"'{option}' {_shown(key)} is too long: its subject has {len(subject)} characters, more than the "
            f"{SUBJECT_LENGTH} that fit a line of the protocol.",
            "Use a shorter key.",
        )
    return key


def is_key(text: str) -> bool:
    """Whether a name that was found is one of a key; a server stores others too, such as `a.*`."""
    return bool(_KEY.fullmatch(text)) and "" not in text.split(".")


def checked_filter(text: str, bucket: str, option: str = "filter") -> str:
    """Returns the filter when it is a valid one for keys: a key in which `*` may stand for a whole token between dots,
    and a last `>` for all the tokens that follow.

    Args:
        text: What the user gave.
        bucket: The bucket whose keys are meant.
        option: The option to name in the error.

    Raises:
        BadInput: It is not.
    """
    *first, last = text.split(".")
    literal = ["k" if part == "*" else part for part in first] + ["k" if last in ("*", ">") else last]
    try:
        checked_key(".".join(literal), bucket, option)
    except BadInput as error:
        raise BadInput(
            f"'{option}' {_shown(text)} is not a filter for keys.",
            "Write a key in which '*' may stand for one token between dots and a last '>' for all that follow, such as "
            "'app.*.limits', 'app.>' or '>'.",
        ) from error
    return text


def matches(pattern: str, key: str) -> bool:
    """Whether a filter takes in a key."""
    wanted, tokens = pattern.split("."), key.split(".")
    if wanted[-1] == ">":
        wanted.pop()
        if len(tokens) <= len(wanted):
            return False
        tokens = tokens[: len(wanted)]
    return len(wanted) == len(tokens) and all(w in ("*", t) for w, t in zip(wanted, tokens, strict=True))


def stream_name(bucket: str) -> str:
    """The stream behind a bucket."""
    return f"KV_{bucket}"


def bucket_name(stream: str) -> str:
    """The bucket that a stream is behind."""
    return stream.removeprefix("KV_")


def key_subject(bucket: str, key: str) -> str:
    """The subject on which a key's entries are published."""
    return f"$KV.{bucket}.{key}"


def _first_bad(text: str, pattern: re.Pattern[str]) -> str:
    if not text:
        return ": it is empty"
    bad = next((c for c in text if not pattern.fullmatch(c)), None)
    return f": it has the character {bad!r}" if bad else ""


def _shown(text: str) -> str:
    """The text as a message may show it: control characters escaped, long ones cut."""
    shown = repr(text)
    return shown if len(shown) <= 80 else f"{shown[:60]}...'"
